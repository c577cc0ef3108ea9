//! `PreviewAny`: a value shown as text.

use alloc::format;
use alloc::string::String;

use amdm_sdk::{Call, Error, Value, json};

use crate::pack::preview_any::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let text = text(inputs.source);
    call.set_ui(&json::object([("text", json::array([json::string(&text)]))]));
    Ok(Outputs { text })
}

/// Numbers as Python writes them.
fn text(value: Value) -> String {
    match value {
        Value::Boolean(true) => "True".into(),
        Value::Boolean(false) => "False".into(),
        Value::Integer(number) => format!("{number}"),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) | Value::Json(text) => text,
        Value::Tensor(tensor) => format!("a tensor of shape {:?}", tensor.shape()),
        Value::Object(object) => object.kind(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_shown_themselves() {
        assert_eq!(text(Value::Boolean(true)), "True");
        assert_eq!(text(Value::Float(3.0)), "3.0");
        assert_eq!(text(Value::Integer(-2)), "-2");
        assert_eq!(text(Value::Text("a".into())), "a");
    }
}
