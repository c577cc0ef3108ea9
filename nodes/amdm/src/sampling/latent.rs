//! The `LATENT` wire: a tensor and the name of its latent space.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Error, LatentInfo, ModelInfo, Object, Tensor, Value};

use crate::latent::value::NOISE_MASK;
use crate::{area, batch};

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

/// What a network sees of what a wire carries: `(samples - shift) * scale`.
pub(crate) fn to_network(samples: &Tensor, info: &LatentInfo) -> Result<Tensor, Error> {
    match (info.scale.as_slice(), info.shift.as_slice()) {
        (&[scale], &[shift]) if (scale, shift) == (1.0, 0.0) => Ok(samples.share()),
        (&[scale], &[shift]) => samples.affine(scale, -shift * scale),
        (scale, shift) => {
            samples.sub(&by_channel(shift, samples)?)?.mul(&by_channel(scale, samples)?)
        }
    }
}

/// What a wire carries of what a network sees: `samples / scale + shift`.
pub(crate) fn to_wire(samples: &Tensor, info: &LatentInfo) -> Result<Tensor, Error> {
    match (info.scale.as_slice(), info.shift.as_slice()) {
        (&[scale], &[shift]) if (scale, shift) == (1.0, 0.0) => Ok(samples.share()),
        (&[scale], &[shift]) => samples.affine(1.0 / scale, shift),
        (scale, shift) => {
            samples.div(&by_channel(scale, samples)?)?.add(&by_channel(shift, samples)?)
        }
    }
}

/// One number for each channel, to meet a latent.
fn by_channel(numbers: &[f64], samples: &Tensor) -> Result<Tensor, Error> {
    let mut shape = vec![1; samples.shape().len()];
    if let Some(channels) = shape.get_mut(1) {
        *channels = numbers.len() as u32;
    }
    let values = numbers.iter().map(|&number| number as f32).collect::<Vec<_>>();
    Tensor::from_f32(&shape, &values)
}

/// The tensor of a latent, which must be of the latent space `space`, or of none.
pub(crate) fn of_space(latent: &Object, space: &str) -> Result<Tensor, Error> {
    let found: Option<String> = latent.get_optional("latent-space")?;
    match found.filter(|found| *found != space) {
        Some(found) => {
            Err(Error::invalid(format!("found a latent of space {found}, expected {space}")))
        }
        None => latent.get("samples"),
    }
}

/// The tensor of a latent, which must be of the model's latent space; one that an embedder gave in
/// memory names none and is taken at its word.
pub(crate) fn samples(latent: &Object, model: &ModelInfo) -> Result<Tensor, Error> {
    let samples = of_space(latent, &model.latent.space).map_err(|error| {
        let message = format!("{} for model {}", error.message, model.name);
        Error { message, ..error }.at("latent")
    })?;
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

/// Where a sampler may change the latent, in the size of `samples`, which are its own.
pub(crate) fn mask(latent: &Object, samples: &Tensor) -> Result<Option<Tensor>, Error> {
    let Some(mask) = latent.get_optional::<Tensor>(NOISE_MASK)? else { return Ok(None) };
    let [height, width] = area::sides(samples, area::LATENT)?;
    let mask = mask.resize(height, width, Resampling::Bilinear)?;
    batch::cycle(mask, batch::entries(samples)).map(Some)
}
