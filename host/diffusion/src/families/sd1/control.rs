//! ControlNet: a copy of a UNet's first half that sees a picture and adds to the maps on their way
//! from the way down to the way up.

use amdm::error::Error;

use super::encoder::Encoder;
use super::hook::Hook;
use super::transformer::Call;
use super::{Facts, check, series, widths};
use crate::kernels::{Activation, Convolution, Map, Pointwise, Work};
use crate::weights::Weights;
use crate::{Cancel, Result, Tensor};

/// Pixels of a hint for each value of a latent's side.
const PIXELS: usize = 8;

/// A ControlNet for UNets of Stable Diffusion 1.x.
pub(crate) struct ControlNet {
    encoder: Encoder,
    /// From the picture to maps of the latent's size: each layer, and whether it halves the sides.
    hint: Vec<Convolution>,
    outputs: Vec<Pointwise>,
    pictures: usize,
}

/// A picture as a [`ControlNet`] sees it; its size fits latents of one size.
pub(crate) struct Hint(Map);

/// What a [`ControlNet`] adds in a UNet's call, times a factor each.
pub(crate) struct Control {
    maps: Vec<Map>,
    /// One for every map on its way, and one for the middle.
    pub(crate) scales: Vec<f32>,
}

impl ControlNet {
    /// The names of a UNet's first half, `controlnet_cond_embedding`, `controlnet_down_blocks` and
    /// `controlnet_mid_block`.
    ///
    /// # Errors
    /// `invalid_input` for a tensor that is missing or has another shape.
    pub(crate) fn load(weights: &Weights<'_>, facts: Facts) -> Result<Self> {
        let name = "controlnet_cond_embedding";
        let convolution =
            |name: &str, stride| Convolution::load(weights, name, widths(weights, name)?, stride);
        let input = format!("{name}.conv_in");
        let mut hint = vec![convolution(&input, 1)?];
        let blocks = format!("{name}.blocks");
        // Every second block halves the sides.
        hint.extend(series(weights, &blocks, "", |name, index| convolution(name, 1 + index % 2))?);
        hint.push(convolution(&format!("{name}.conv_out"), 1)?);
        let output = |name: &str| Pointwise::load(weights, name, widths(weights, name)?);
        let mut outputs = series(weights, "controlnet_down_blocks", "", |name, _| output(name))?;
        outputs.push(output("controlnet_mid_block")?);
        Ok(Self {
            encoder: Encoder::load(weights, facts, &mut Vec::new())?,
            hint,
            outputs,
            pictures: widths(weights, &input)?.0,
        })
    }

    /// Looks at pictures [rows, 3, height, width] in [0, 1], of one row or of as many as latents
    /// will have, whose sides are 8 times those of the latents.
    ///
    /// # Errors
    /// `invalid_input` for another shape, `cancelled` once `cancel` says so.
    pub(crate) fn hint(&self, pictures: &Tensor, cancel: Cancel<'_>) -> Result<Hint> {
        check("a control picture", pictures, &[0, self.pictures, 0, 0])?;
        Work::on(pictures.device(), cancel, |work| {
            let mut x = Map::of(pictures)?;
            for (index, layer) in self.hint.iter().enumerate() {
                x = layer.apply(&x, None, work)?;
                if index + 1 < self.hint.len() {
                    x = x.activated(Activation::Silu, work)?;
                }
            }
            Ok(Hint(x))
        })
    }

    /// What the network adds in a UNet's call with the same arguments, every factor `scale`.
    ///
    /// # Errors
    /// `invalid_input` for shapes that do not fit, `cancelled` once `cancel` says so.
    pub(crate) fn control(
        &self,
        latent: &Tensor,
        timesteps: &[f64],
        context: &Tensor,
        Hint(hint): &Hint,
        scale: f32,
        cancel: Cancel<'_>,
    ) -> Result<Control> {
        Work::on(latent.device(), cancel, |work| {
            let start = self.encoder.start(latent, timesteps, context, work)?;
            let [rows, _, height, width] = start.latent.extents()?;
            let [hints, _, found_height, found_width] = hint.extents()?;
            if (found_height, found_width) != (height, width) || (hints != 1 && hints != rows) {
                let found = (hints, found_height * PIXELS, found_width * PIXELS);
                let message = format!(
                    "a control picture has rows, height and width {found:?}, expected {:?}",
                    (rows, height * PIXELS, width * PIXELS)
                );
                return Err(Error::invalid(message));
            }
            let call = Call { context: &start.context, hooks: &[], work };
            let (mut maps, middle) = self.encoder.run(&start, Some(hint.repeated(rows)?), call)?;
            maps.push(middle);
            if maps.len() != self.outputs.len() {
                let (found, expected) = (self.outputs.len(), maps.len());
                let message =
                    format!("a control network has {found} output layers, expected {expected}");
                return Err(Error::invalid(message));
            }
            let outputs = self.outputs.iter().zip(&maps);
            let maps = outputs.map(|(output, map)| output.apply(map, None, work));
            let maps = maps.collect::<Result<Vec<_>>>()?;
            Ok(Control { scales: vec![scale; maps.len()], maps })
        })
    }
}

impl Control {
    /// What is added, without the factors: [rows, channels, height, width] each.
    pub(crate) fn maps(&self) -> &[Map] {
        &self.maps
    }
}

impl Hook for Control {
    fn skip(&self, index: usize, map: Map) -> Result<Map> {
        match (self.maps.get(index), self.scales.get(index)) {
            (Some(added), Some(&scale)) => map.plus(added, scale),
            _ => Ok(map),
        }
    }
}

#[cfg(test)]
impl Hint {
    /// The maps.
    pub(super) fn tensor(&self, device: &crate::Device) -> Tensor {
        self.0.share().into_tensor(device).unwrap_or_else(|e| unreachable!("{e}"))
    }
}
