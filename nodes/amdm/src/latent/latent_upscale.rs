//! `LatentUpscale`: latents at the size of an image, cut evenly where asked.

use amdm_sdk::{Call, Error};

use super::empty_latent_image::PIXELS;
use super::value;
use crate::area;
use crate::pack::latent_upscale::{Crop, Inputs, Outputs};

/// Shortest side that is asked for, in pixels.
const LEAST: u32 = 64;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let samples = value::planes(&inputs.samples)?;
    let own = area::sides(&samples, area::LATENT)?;
    let Some(sides) = resolve(own, [inputs.height, inputs.width]) else {
        return Ok(Outputs { latent: inputs.samples });
    };
    let crop = inputs.crop == Crop::Center;
    let scaled = value::fit(samples, sides, inputs.upscale_method, crop)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples, scaled)? })
}

/// Height and width in values for those in pixels; a side of 0 follows from the other. `None` where
/// both are 0.
fn resolve(own: [u32; 2], wanted: [u32; 2]) -> Option<[u32; 2]> {
    let follow = |from: u32, own_from: u32, own_to: u32| {
        let exact = f64::from(own_to) * f64::from(from) / f64::from(own_from);
        (libm::rint(exact) as u32).max(LEAST)
    };
    let pixels = match wanted.map(|side| if side == 0 { 0 } else { side.max(LEAST) }) {
        [0, 0] => return None,
        [height, 0] => [height, follow(height, own[0], own[1])],
        [0, width] => [follow(width, own[1], own[0]), width],
        both => both,
    };
    Some(pixels.map(|side| side / PIXELS))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn sides_are_in_pixels_and_at_least_64() {
        assert_eq!(resolve([8, 16], [0, 0]), None);
        assert_eq!(resolve([8, 16], [128, 0]), Some([16, 32]));
        assert_eq!(resolve([8, 16], [0, 100]), Some([8, 12]));
        assert_eq!(resolve([8, 16], [1, 77]), Some([8, 9]));
    }
}
