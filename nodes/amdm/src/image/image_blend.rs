//! `ImageBlend`: two images mixed.

use amdm_sdk::images::Filter;
use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::pack::image_blend::{Inputs, Mode, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { image1: a, image2, blend_factor: factor, blend_mode } = inputs;
    let mut b = picture::alike(image2, &a)?;
    let a = picture::alike(a, &b)?;
    if a.shape() != b.shape() {
        let [_, height, width, _] = picture::size(&a)?;
        b = picture::fit(b, [height, width], Filter::Bicubic, true)?;
    }
    let blended = blend(&a, &b, blend_mode)?;
    let mixed = a.affine(1.0 - factor, 0.0)?.add(&blended.affine(factor, 0.0)?)?;
    Ok(Outputs { image: mixed.clamp(0.0, 1.0)? })
}

fn blend(a: &Tensor, b: &Tensor, mode: Mode) -> Result<Tensor, Error> {
    match mode {
        Mode::Normal => Ok(b.share()),
        Mode::Multiply => a.mul(b),
        Mode::Screen => screen(a, b),
        Mode::Overlay => {
            let dark = a.mul(b)?.affine(2.0, 0.0)?;
            let light = negative(a)?.mul(&negative(b)?)?.affine(-2.0, 1.0)?;
            a.select(0.5, &light, &dark)
        }
        Mode::SoftLight => {
            let twice = b.affine(2.0, -1.0)?;
            let dark = a.add(&twice.mul(a)?.mul(&negative(a)?)?)?;
            let light = a.add(&twice.mul(&lifted(a)?.sub(a)?)?)?;
            b.select(0.5, &light, &dark)
        }
        Mode::Difference => a.sub(b),
    }
}

fn negative(x: &Tensor) -> Result<Tensor, Error> {
    x.affine(-1.0, 1.0)
}

fn screen(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    negative(&negative(a)?.mul(&negative(b)?)?)
}

/// What soft light draws a bright place to: the root above a quarter, a polynomial below.
fn lifted(x: &Tensor) -> Result<Tensor, Error> {
    let dark = x.affine(16.0, -12.0)?.mul(x)?.affine(1.0, 4.0)?.mul(x)?;
    x.select(0.25, &x.sqrt()?, &dark)
}
