//! `ModelLoader`: a diffusion model by name.
//!
//! The host finds and loads it, once for all runs; a name never leads outside its directories.

use alloc::string::String;

use amdm_sdk::{Call, Error, Model, json};

use crate::pack::model_loader::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::load(&inputs.model_name, &options(&inputs.family))
        .map_err(|error| if error.input.is_none() { error.at("model_name") } else { error })?;
    Ok(Outputs { model: model.to_object() })
}

/// What the host is told about how to load the file.
fn options(family: &str) -> String {
    match family {
        "" | "auto" => String::new(),
        family => json::object([("family", json::string(family))]),
    }
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn only_a_family_that_is_named_is_passed_on() {
        assert_eq!(options("auto"), "");
        assert_eq!(options(""), "");
        assert_eq!(options("tiny-style"), r#"{"family":"tiny-style"}"#);
    }
}
