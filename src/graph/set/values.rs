//! Parameter files: a JSON object of settings' names and their values.

use crate::graph::error::shown;
use crate::graph::{ErrorCode, GraphError, json};
use serde_json::{Map, Value};

/// The names and values that a parameter file holds, in its order.
///
/// # Errors
/// `invalid_json`, `duplicate_key` for a name that stands twice, `limit_exceeded`;
/// `invalid_setting` for other JSON than an object.
pub fn values(bytes: &[u8]) -> Result<Map<String, Value>, GraphError> {
    match json::parse(bytes)? {
        Value::Object(values) => Ok(values),
        other => {
            let expected = "a JSON object of names and values";
            Err(GraphError::new(ErrorCode::InvalidSetting, shown(&other), expected))
        }
    }
}
