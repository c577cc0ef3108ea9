//! `ImageScale`: images at a width and a height, cut evenly where asked.

use amdm_sdk::{Call, Error};

use super::picture;
use crate::pack::image_scale::{Crop, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [_, height, width, _] = picture::size(&inputs.image)?;
    let Some((width, height)) = resolve((width, height), (inputs.width, inputs.height)) else {
        return Ok(Outputs { image: inputs.image });
    };
    let crop = inputs.crop == Crop::Center;
    let image = picture::fit(inputs.image, [height, width], inputs.upscale_method, crop)?;
    Ok(Outputs { image })
}

/// Width and height to scale to; a side of 0 follows from the other. `None` where both are 0.
fn resolve(own: (u32, u32), wanted: (u32, u32)) -> Option<(u32, u32)> {
    let follow = |from: u32, own_from: u32, own_to: u32| {
        let exact = f64::from(own_to) * f64::from(from) / f64::from(own_from);
        (libm::rint(exact) as u32).max(1)
    };
    match wanted {
        (0, 0) => None,
        (0, height) => Some((follow(height, own.1, own.0), height)),
        (width, 0) => Some((width, follow(width, own.0, own.1))),
        both => Some(both),
    }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_side_of_0_follows_from_the_other() {
        assert_eq!(resolve((64, 32), (0, 0)), None);
        assert_eq!(resolve((64, 32), (128, 0)), Some((128, 64)));
        assert_eq!(resolve((64, 32), (0, 8)), Some((16, 8)));
        assert_eq!(resolve((640, 2), (32, 0)), Some((32, 1)));
    }
}
