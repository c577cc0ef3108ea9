//! The `LATENT` wire: a tensor and the name of its latent space.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use amdm_sdk::{Error, ModelInfo, Object, Tensor, Value};

/// A latent of shape [batch, channels, height, width].
pub(crate) fn build(samples: Tensor, space: String) -> Result<Object, Error> {
    let fields = vec![("samples", Value::Tensor(samples)), ("latent-space", Value::Text(space))];
    Object::build("LATENT", fields)
}

/// The tensor of a latent, which must be of the model's latent space.
pub(crate) fn samples(latent: &Object, model: &ModelInfo) -> Result<Tensor, Error> {
    let space: String = latent.get("latent-space")?;
    if space != model.latent_space {
        let message = format!(
            "found a latent of space {space}, expected {} for model {}",
            model.latent_space, model.name
        );
        return Err(Error::invalid(message).at("latent"));
    }
    latent.get("samples")
}
