//! The `LATENT` wire: a tensor and the name of its latent space.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use amdm_sdk::{Error, ModelInfo, Object, Tensor, Value};

/// A latent of shape [batch, channels, height, width].
pub(crate) fn build(samples: Tensor, space: impl Into<Option<String>>) -> Result<Object, Error> {
    let mut fields = vec![("samples", Value::Tensor(samples))];
    fields.extend(space.into().map(|space| ("latent-space", Value::Text(space))));
    Object::build("LATENT", fields)
}

/// The tensor of a latent, which must be of the model's latent space; one that an embedder gave in
/// memory names none and is taken at its word.
pub(crate) fn samples(latent: &Object, model: &ModelInfo) -> Result<Tensor, Error> {
    let space: Option<String> = latent.get_optional("latent-space")?;
    if let Some(space) = space.filter(|space| *space != model.latent_space) {
        let message = format!(
            "found a latent of space {space}, expected {} for model {}",
            model.latent_space, model.name
        );
        return Err(Error::invalid(message).at("latent"));
    }
    latent.get("samples")
}
