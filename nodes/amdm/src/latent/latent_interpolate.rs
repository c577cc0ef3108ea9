//! `LatentInterpolate`: directions and lengths of two latents mixed apart, over the channels.

use amdm_sdk::{Call, Error, Tensor};

use super::value;
use crate::pack::latent_interpolate::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let (a, b) = value::pair(&inputs.samples1, &inputs.samples2)?;
    let mix = |a: &Tensor, b: &Tensor| {
        a.affine(inputs.ratio, 0.0)?.add(&b.affine(1.0 - inputs.ratio, 0.0)?)
    };
    let (long_a, long_b) = (length(&a)?, length(&b)?);
    let mixed = mix(&direction(&a, &long_a)?, &direction(&b, &long_b)?)?;
    let samples = direction(&mixed, &length(&mixed)?)?.mul(&mix(&long_a, &long_b)?)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples1, samples)? })
}

/// Of the vectors over the channels: [batch, 1, height, width].
fn length(samples: &Tensor) -> Result<Tensor, Error> {
    samples.mul(samples)?.sum(1)?.sqrt()
}

/// Vectors of length 1; those of length 0 stay.
fn direction(samples: &Tensor, length: &Tensor) -> Result<Tensor, Error> {
    length.select(0.0, &samples.div(length)?, samples)
}
