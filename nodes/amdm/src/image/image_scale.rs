//! `ImageScale`: images at a width and a height, cut evenly where asked.

use amdm_sdk::{Call, Error, images};

use super::picture;
use crate::pack::image_scale::{Crop, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [_, own_height, own_width, _] = picture::size(&inputs.image)?;
    let own = (own_width, own_height);
    let Some(wanted) = resolve(own, (inputs.width, inputs.height)) else {
        return Ok(Outputs { image: inputs.image });
    };
    let (x, y) = match inputs.crop {
        Crop::Disabled => (0, 0),
        Crop::Center => margins(own, wanted),
    };
    let mut image = inputs.image;
    if y > 0 {
        image = image.narrow(1, y, own_height - 2 * y)?;
    }
    if x > 0 {
        image = image.narrow(2, x, own_width - 2 * x)?;
    }
    let image = images::resize(&image, wanted.0, wanted.1, inputs.upscale_method)?;
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

/// Pixels to cut at each side (left and right, top and bottom), so that proportions stay.
fn margins(own: (u32, u32), wanted: (u32, u32)) -> (u32, u32) {
    let (own_width, own_height) = (f64::from(own.0), f64::from(own.1));
    let own_aspect = own_width / own_height;
    let aspect = f64::from(wanted.0) / f64::from(wanted.1);
    let half = |side: f64, part: f64| libm::rint((side - side * part) / 2.0) as u32;
    if own_aspect > aspect {
        (half(own_width, aspect / own_aspect).min((own.0 - 1) / 2), 0)
    } else {
        (0, half(own_height, own_aspect / aspect).min((own.1 - 1) / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::{margins, resolve};

    #[test]
    fn a_side_of_0_follows_from_the_other() {
        assert_eq!(resolve((64, 32), (0, 0)), None);
        assert_eq!(resolve((64, 32), (128, 0)), Some((128, 64)));
        assert_eq!(resolve((64, 32), (0, 8)), Some((16, 8)));
        assert_eq!(resolve((640, 2), (32, 0)), Some((32, 1)));
    }

    #[test]
    fn the_longer_side_is_cut_evenly() {
        assert_eq!(margins((64, 32), (32, 32)), (16, 0));
        assert_eq!(margins((32, 64), (32, 32)), (0, 16));
        assert_eq!(margins((32, 32), (64, 64)), (0, 0));
        assert_eq!(margins((2, 1), (1, 1000)), (0, 0));
    }
}
