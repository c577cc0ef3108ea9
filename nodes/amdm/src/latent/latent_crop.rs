//! `LatentCrop`: a rectangle of latents, at most 64 pixels from the right and the bottom.

use amdm_sdk::{Call, Error};

use super::empty_latent_image::PIXELS;
use super::value;
use crate::area;
use crate::pack::latent_crop::{Inputs, Outputs};

/// Values that are left at least.
const LEAST: u32 = 8;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples: latent, width, height, x, y } = inputs;
    let samples = value::planes(&latent)?;
    let own = area::sides(&samples, area::LATENT)?;
    let part = |side: usize, at: u32, length: u32| {
        let at = (at / PIXELS).min(own[side].saturating_sub(LEAST));
        (at, (length / PIXELS).min(own[side] - at))
    };
    let ((top, rows), (left, columns)) = (part(0, y, height), part(1, x, width));
    let samples = area::cut(&samples, area::LATENT, [top, left], [rows, columns])?;
    Ok(Outputs { latent: value::with_samples(&latent, samples)? })
}
