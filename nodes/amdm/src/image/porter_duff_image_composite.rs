//! `PorterDuffImageComposite`: transparent images over, in and out of each other.
//!
//! Porter and Duff, "Compositing Digital Images" (1984), and the blend modes of that family, on
//! colours that are weighted with their opacity.

use amdm_sdk::images::Filter;
use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::batch;
use crate::mask::plane;
use crate::pack::porter_duff_image_composite::{Inputs, Mode, Outputs};

/// Opacity down to which a result has a colour.
const VISIBLE: f64 = 1e-5;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let size = picture::size(&inputs.destination)?;
    let parts = [inputs.source, inputs.destination, inputs.source_alpha, inputs.destination_alpha];
    let entries = parts.iter().map(batch::entries).min().unwrap_or(0);
    let [source, destination, source_mask, mask] = parts;
    let sides = [size[1], size[2]];
    let colour = |image: Tensor| fitted(batch::cycle(image, entries)?, sides);
    let opacity = |mask: Tensor| {
        let mask = batch::cycle(plane::planes(mask)?, entries)?;
        let [height, width] = plane::sides(&mask)?;
        fitted(mask.reshape(&[entries, height, width, 1])?, sides)?.affine(-1.0, 1.0)
    };
    let (source_opacity, opacity) = (opacity(source_mask)?, opacity(mask)?);
    let source = Layer { colour: colour(source)?.mul(&source_opacity)?, opacity: source_opacity };
    let destination = Layer { colour: colour(destination)?.mul(&opacity)?, opacity };
    let result = compose(&source, &destination, inputs.mode)?;
    let nothing = Tensor::full(&[1], 0.0)?;
    let plain = result.colour.div(&result.opacity)?;
    let image = result.opacity.select(VISIBLE, &plain, &nothing)?.clamp(0.0, 1.0)?;
    let mask = result.opacity.affine(-1.0, 1.0)?.reshape(&[entries, size[1], size[2]])?;
    Ok(Outputs { image, mask })
}

fn fitted(image: Tensor, sides: [u32; 2]) -> Result<Tensor, Error> {
    let [_, height, width, _] = picture::size(&image)?;
    if [height, width] == sides {
        return Ok(image);
    }
    picture::fit(image, sides, Filter::Bicubic, true)
}

/// Colours times opacity, and opacity.
struct Layer {
    colour: Tensor,
    opacity: Tensor,
}

impl Layer {
    fn new(colour: Tensor, opacity: Tensor) -> Self {
        Self { colour, opacity }
    }

    fn share(&self) -> Self {
        Self { colour: self.colour.share(), opacity: self.opacity.share() }
    }

    /// Both times the same.
    fn times(&self, factor: &Tensor) -> Result<Self, Error> {
        Ok(Self { colour: self.colour.mul(factor)?, opacity: self.opacity.mul(factor)? })
    }

    fn plus(&self, other: &Self) -> Result<Self, Error> {
        let colour = self.colour.add(&other.colour)?;
        Ok(Self { colour, opacity: self.opacity.add(&other.opacity)? })
    }

    /// What it lets through.
    fn open(&self) -> Result<Tensor, Error> {
        self.opacity.affine(-1.0, 1.0)
    }
}

/// `a + b - a b`.
fn union(a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    a.add(b)?.sub(&a.mul(b)?)
}

fn compose(source: &Layer, under: &Layer, mode: Mode) -> Result<Layer, Error> {
    let (a, b) = (&source.opacity, &under.opacity);
    let over = |top: &Layer, below: &Layer| top.plus(&below.times(&top.open()?)?);
    let on_top = |top: &Layer, below: &Layer| -> Result<Layer, Error> {
        let colour = top.colour.mul(&below.opacity)?.add(&below.colour.mul(&top.open()?)?)?;
        Ok(Layer::new(colour, below.opacity.share()))
    };
    // What each shows where the other is not.
    let apart = || source.times(&under.open()?)?.plus(&under.times(&source.open()?)?);
    match mode {
        Mode::Add => {
            let sum = source.plus(under)?;
            Ok(Layer::new(sum.colour.clamp(0.0, 1.0)?, sum.opacity.clamp(0.0, 1.0)?))
        }
        Mode::Clear => Ok(Layer::new(under.colour.affine(0.0, 0.0)?, b.affine(0.0, 0.0)?)),
        Mode::Darken => {
            let darker = source.colour.minimum(&under.colour)?;
            Ok(Layer::new(apart()?.colour.add(&darker)?, union(a, b)?))
        }
        Mode::Lighten => {
            let lighter = source.colour.maximum(&under.colour)?;
            Ok(Layer::new(apart()?.colour.add(&lighter)?, union(a, b)?))
        }
        Mode::Src => Ok(source.share()),
        Mode::Dst => Ok(under.share()),
        Mode::SrcOver => over(source, under),
        Mode::DstOver => over(under, source),
        Mode::SrcIn => source.times(b),
        Mode::DstIn => under.times(a),
        Mode::SrcOut => source.times(&under.open()?),
        Mode::DstOut => under.times(&source.open()?),
        Mode::SrcAtop => on_top(source, under),
        Mode::DstAtop => on_top(under, source),
        Mode::Xor => apart(),
        Mode::Multiply => Ok(Layer::new(source.colour.mul(&under.colour)?, a.mul(b)?)),
        Mode::Screen => Ok(Layer::new(union(&source.colour, &under.colour)?, union(a, b)?)),
        Mode::Overlay => {
            let product = source.colour.mul(&under.colour)?.affine(2.0, 0.0)?;
            let rest = b.sub(&source.colour)?.mul(&a.sub(&under.colour)?)?;
            let light = a.mul(b)?.sub(&rest.affine(2.0, 0.0)?)?;
            // Dark where twice the colour below is less than its opacity.
            let dark = b.sub(&under.colour.affine(2.0, 0.0)?)?;
            Ok(Layer::new(dark.select(0.0, &product, &light)?, union(a, b)?))
        }
    }
}
