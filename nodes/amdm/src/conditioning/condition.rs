//! What a model is told, for the conditioning nodes of the tiny family.

use alloc::format;

use amdm_sdk::{Error, Model, Object};

/// The conditioning that `json` is to `model`; its key is `key`.
///
/// A model that names what it takes and does not name `key` is the wrong one for the node.
pub(crate) fn of(model: &Object, key: &str, json: &str) -> Result<Object, Error> {
    let model = Model::from_object(model)?;
    let info = model.info();
    let schema = info.conditioning_schema;
    if schema.contains("\"properties\"") && !schema.contains(&format!("\"{key}\"")) {
        let message = format!("found model {}, expected one that takes {key}", info.name);
        return Err(Error::invalid(message).at("model"));
    }
    model.condition(json, &[])
}
