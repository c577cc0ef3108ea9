//! `LatentComposite`: latents put into others, with edges that fade.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor};

use super::empty_latent_image::PIXELS;
use super::value;
use crate::pack::latent_composite::{Inputs, Outputs};
use crate::{area, batch};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples_to: latent, samples_from, x, y, feather } = inputs;
    value::together(&latent, &samples_from)?;
    let (under, from) = (value::planes(&latent)?, value::planes(&samples_from)?);
    let (whole, own) = (area::sides(&under, area::LATENT)?, area::sides(&from, area::LATENT)?);
    let (at, feather) = ([y / PIXELS, x / PIXELS], feather / PIXELS);
    let visible = [0, 1].map(|side: usize| own[side].min(whole[side].saturating_sub(at[side])));
    if visible.contains(&0) {
        return Ok(Outputs { latent });
    }
    let from = area::cut(&from, area::LATENT, [0, 0], visible)?;
    let from = batch::cycle(from, batch::entries(&under))?;
    let piece = if feather == 0 {
        from
    } else {
        let fade = |side: usize| {
            let inside = [at[side] > 0, at[side] + visible[side] < whole[side]];
            fade(visible[side], feather, inside)
        };
        let rows = Tensor::from_f32(&[1, 1, visible[0], 1], &fade(0))?;
        let mask = rows.mul(&Tensor::from_f32(&[1, 1, 1, visible[1]], &fade(1))?)?;
        let under = area::cut(&under, area::LATENT, at, visible)?;
        from.mul(&mask)?.add(&under.mul(&mask.affine(-1.0, 1.0)?)?)?
    };
    let samples = area::paste(&under, area::LATENT, at, piece)?;
    Ok(Outputs { latent: value::with_samples(&latent, samples)? })
}

/// What each entry along a side is multiplied with: rises over `feather` entries from the ends that
/// are `inside`.
fn fade(side: u32, feather: u32, [start, end]: [bool; 2]) -> Vec<f32> {
    let mut factors = vec![1.0_f32; side as usize];
    for (at, step) in (1..=feather.min(side)).enumerate() {
        let factor = (1.0 / f64::from(feather) * f64::from(step)) as f32;
        if start {
            factors[at] *= factor;
        }
        if end {
            factors[side as usize - 1 - at] *= factor;
        }
    }
    factors
}

#[cfg(test)]
mod tests {
    #[test]
    fn ends_inside_fade() {
        assert_eq!(super::fade(4, 2, [true, false]), [0.5, 1.0, 1.0, 1.0]);
        assert_eq!(super::fade(4, 2, [false, true]), [1.0, 1.0, 1.0, 0.5]);
        assert_eq!(super::fade(2, 4, [true, true]), [0.125, 0.125]);
    }
}
