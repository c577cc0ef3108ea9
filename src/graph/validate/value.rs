//! A JSON value against the declared type, range and choices of an input.

use super::lists::Permitted;
use crate::catalogue::Input;
use crate::graph::error::{quoted, shown};
use crate::graph::{ErrorCode, GraphError, Resolved};
use serde_json::{Number, Value};

/// Choices that a message lists; more are counted.
const SHOWN_CHOICES: usize = 20;

/// Whether values of the type can be written into a graph; others come through links only.
pub(in crate::graph) fn is_widget(kind: &str) -> bool {
    matches!(kind, "BOOLEAN" | "INT" | "FLOAT" | "STRING" | "COMBO")
}

/// The value in the input's type. `names`: its choices.
pub(in crate::graph) fn resolve(
    input: &Input,
    value: &Value,
    names: &Permitted<'_>,
) -> Result<Resolved, GraphError> {
    let fault = |code| {
        let inside = if value.is_array() { " inside __value__" } else { "" };
        GraphError::new(code, format!("{}{inside}", shown(value)), expected(input, names))
    };
    match (input.r#type.as_str(), value) {
        ("BOOLEAN", Value::Bool(value)) => Ok(Resolved::Boolean(*value)),
        ("INT", Value::Number(number)) => {
            let whole = whole(number).map_err(fault)?;
            within(whole, bound(&input.min), bound(&input.max)).map_err(fault)?;
            Ok(Resolved::Integer(whole))
        }
        ("FLOAT", Value::Number(number)) => {
            let float = number.as_f64().ok_or(ErrorCode::InvalidInputType).map_err(fault)?;
            let bound = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
            within(float, bound(&input.min), bound(&input.max)).map_err(fault)?;
            Ok(Resolved::Float(float))
        }
        ("STRING" | "COMBO", Value::String(text)) if names.has(text) => {
            Ok(Resolved::Text(text.clone()))
        }
        ("STRING" | "COMBO", Value::String(_)) => Err(fault(ErrorCode::ValueNotInList)),
        (kind, _) if !is_widget(kind) => Err(fault(ErrorCode::BadLinkedInput)),
        _ => Err(fault(ErrorCode::InvalidInputType)),
    }
}

/// Whole numbers may be written as `3.0` and `1e3`.
fn whole(number: &Number) -> Result<i64, ErrorCode> {
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    let float = number.as_f64().ok_or(ErrorCode::InvalidInputType)?;
    if float.fract() != 0.0 {
        return Err(ErrorCode::InvalidInputType);
    }
    const END: f64 = 9_223_372_036_854_775_808.0;
    match float {
        f if f >= END => Err(ErrorCode::ValueBiggerThanMax),
        f if f < -END => Err(ErrorCode::ValueSmallerThanMin),
        f => Ok(f as i64),
    }
}

fn bound(value: &Option<Value>) -> Option<i64> {
    match value {
        Some(Value::Number(number)) => match whole(number) {
            Ok(whole) => Some(whole),
            Err(ErrorCode::ValueBiggerThanMax) => Some(i64::MAX),
            Err(ErrorCode::ValueSmallerThanMin) => Some(i64::MIN),
            Err(_) => None,
        },
        _ => None,
    }
}

fn within<T: PartialOrd>(value: T, min: Option<T>, max: Option<T>) -> Result<(), ErrorCode> {
    if min.is_some_and(|min| value < min) {
        return Err(ErrorCode::ValueSmallerThanMin);
    }
    if max.is_some_and(|max| value > max) {
        return Err(ErrorCode::ValueBiggerThanMax);
    }
    Ok(())
}

/// What the input takes, in words.
pub(in crate::graph) fn expected(input: &Input, names: &Permitted<'_>) -> String {
    match input.r#type.as_str() {
        "BOOLEAN" => "true or false".to_owned(),
        "INT" => format!("a whole number{}", range(input)),
        "FLOAT" => format!("a number{}", range(input)),
        "STRING" | "COMBO" => {
            let kind = input.choices_from.as_deref().unwrap_or("choices");
            match names {
                Permitted::Any => "text".to_owned(),
                _ if names.len() == 0 => format!("one of the {kind}, of which there are none"),
                _ if names.len() > SHOWN_CHOICES => format!("one of the {} {kind}", names.len()),
                _ => either(names.iter().map(quoted)),
            }
        }
        kind => format!("a link to {} output", article(kind)),
    }
}

fn range(input: &Input) -> String {
    let plain = |bound: &Value| match bound.as_f64() {
        Some(float) if bound.is_f64() => float.to_string(),
        _ => bound.to_string(),
    };
    match (&input.min, &input.max) {
        (Some(min), Some(max)) => format!(" from {} to {}", plain(min), plain(max)),
        (Some(min), None) => format!(" of at least {}", plain(min)),
        (None, Some(max)) => format!(" of at most {}", plain(max)),
        (None, None) if input.r#type == "INT" => " of 64 bits".to_owned(),
        (None, None) => String::new(),
    }
}

/// `a MODEL`, `an IMAGE`.
pub(in crate::graph) fn article(name: &str) -> String {
    let vowel = name.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// `x`, `x or y`, `x, y or z`.
pub(in crate::graph) fn either(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    let Some(last) = items.pop() else { return "nothing".to_owned() };
    if items.is_empty() { last } else { format!("{} or {last}", items.join(", ")) }
}
