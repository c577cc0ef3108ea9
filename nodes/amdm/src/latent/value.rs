//! The fields of `LATENT` values: samples, their places in a batch, where a sampler may change them.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Error, Object, Tensor, Value};

use crate::{area, batch};

/// Names of fields.
pub(crate) const SAMPLES: &str = "samples";
pub(crate) const SPACE: &str = "latent-space";
pub(crate) const NOISE_MASK: &str = "noise-mask";
pub(crate) const BATCH_INDEX: &str = "batch-index";

/// The tensor of a latent.
pub(crate) fn samples(latent: &Object) -> Result<Tensor, Error> {
    latent.get(SAMPLES)
}

/// The tensor of a latent [batch, channels, height, width].
pub(crate) fn planes(latent: &Object) -> Result<Tensor, Error> {
    let samples = samples(latent)?;
    let shape = samples.shape();
    if shape.len() == 4 {
        return Ok(samples);
    }
    let expected = "[batch, channels, height, width]";
    Err(Error::invalid(format!("found a latent of shape {shape:?}, expected {expected}")))
}

/// The latent with other fields; those that are not named stay.
pub(crate) fn with(latent: &Object, fields: Vec<(&str, Value)>) -> Result<Object, Error> {
    let named = |(name, value): (&str, Value)| (String::from(name), Some(value));
    latent.with_fields(fields.into_iter().map(named).collect())
}

/// The latent with other samples.
pub(crate) fn with_samples(latent: &Object, samples: Tensor) -> Result<Object, Error> {
    with(latent, vec![(SAMPLES, Value::Tensor(samples))])
}

/// Refuses two latents of different spaces.
pub(crate) fn together(first: &Object, second: &Object) -> Result<(), Error> {
    let space = |latent: &Object| latent.get_optional::<String>(SPACE);
    match (space(first)?, space(second)?) {
        (Some(a), Some(b)) if a != b => {
            Err(Error::invalid(format!("found latents of the spaces {a} and {b}, expected one")))
        }
        _ => Ok(()),
    }
}

/// Samples at another size; with `crop` their middle, in the new proportions.
pub(crate) fn fit(
    samples: Tensor,
    [height, width]: [u32; 2],
    filter: Resampling,
    crop: bool,
) -> Result<Tensor, Error> {
    let samples =
        if crop { area::middle(samples, area::LATENT, [height, width])? } else { samples };
    samples.resize(height, width, filter)
}

/// `samples` in the shape of `like`, but for the batch: linear, and cut evenly.
pub(crate) fn sized(samples: Tensor, like: &Tensor) -> Result<Tensor, Error> {
    let wanted = area::sides(like, area::LATENT)?;
    if area::sides(&samples, area::LATENT)? == wanted {
        return Ok(samples);
    }
    fit(samples, wanted, Resampling::Bilinear, true)
}

/// The samples of two latents of one space, the second in the shape of the first.
pub(crate) fn pair(first: &Object, second: &Object) -> Result<(Tensor, Tensor), Error> {
    together(first, second)?;
    let a = planes(first)?;
    let b = batch::cycle(sized(planes(second)?, &a)?, batch::entries(&a))?;
    Ok((a, b))
}

/// The places of the entries in the batch that noise is made for, where they are not their own.
pub(crate) fn batch_index(latent: &Object) -> Result<Option<Vec<u64>>, Error> {
    let Some(value) = latent.field(BATCH_INDEX) else { return Ok(None) };
    let fault = || Error::internal(format!("field `{BATCH_INDEX}` is no JSON list of numbers"));
    let Value::Json(text) = value else { return Err(fault()) };
    let inner = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let numbers = inner.ok_or_else(fault)?.split(',').map(str::trim);
    let numbers = numbers.filter(|number| !number.is_empty()).map(str::parse);
    numbers.collect::<Result<_, _>>().map(Some).map_err(|_| fault())
}

/// The same as a field.
pub(crate) fn batch_index_field(places: &[u64]) -> (&'static str, Value) {
    let numbers = places.iter().map(|place| format!("{place}"));
    (BATCH_INDEX, Value::Json(amdm_sdk::json::array(numbers)))
}
