//! The `LATENT` wire: a tensor and the name of its latent space.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Error, ModelInfo, Object, Tensor, Value};

/// A latent of shape [batch, channels, height, width].
pub(crate) fn build(samples: Tensor, space: impl Into<Option<String>>) -> Result<Object, Error> {
    let mut fields = vec![("samples", Value::Tensor(samples))];
    fields.extend(space.into().map(|space| ("latent-space", Value::Text(space))));
    Object::build("LATENT", fields)
}

/// The latents of `lanes` lanes, each of `shape`: `all` of them is one batch for all lanes, or all
/// lanes' batches one after the other.
pub(crate) fn by_lanes(all: &Tensor, shape: &[u32], lanes: usize) -> Result<Vec<Tensor>, Error> {
    let found = all.shape();
    let one = (0..lanes).map(|_| all.share());
    let Some((&rows, rest)) = shape.split_first() else { return Ok(one.collect()) };
    if found == shape {
        return Ok(one.collect());
    }
    let count = lanes as u32;
    let fits = found
        .split_first()
        .is_some_and(|(&first, axes)| axes == rest && rows.checked_mul(count) == Some(first));
    if !fits {
        let more = if lanes > 1 { format!(", or {lanes} times the rows") } else { String::new() };
        let message = format!("found shape {found:?}, expected {shape:?}{more}");
        return Err(Error::invalid(message));
    }
    (0..count).map(|lane| all.narrow(0, lane * rows, rows)).collect()
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
    let samples: Tensor = latent.get("samples")?;
    let (found, expected) = (samples.shape(), model.latent_shape.len() + 1);
    if found.len() == expected {
        return Ok(samples);
    }
    let message = format!(
        "found a latent of shape {found:?}, expected {expected} extents for model {}",
        model.name
    );
    Err(Error::invalid(message).at("latent"))
}
