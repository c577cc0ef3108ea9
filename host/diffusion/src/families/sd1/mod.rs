//! The networks of Stable Diffusion 1.x, with the names of diffusers' files.
//!
//! [`Unet`] predicts noise, [`Vae`] makes latents of pictures and pictures of latents, [`ClipText`]
//! makes a context of tokens, [`ControlNet`] and [`Grounding`] act inside a UNet's call through
//! [`Hook`]. Widths and depths come from the shapes of the tensors. Facts, not code, are from the
//! publications: latent diffusion (2112.10752), CLIP (2103.00020), ControlNet (2302.05543) and
//! GLIGEN (2301.07093).

mod clip;
mod codec;
// Nothing attaches control networks and grounding yet.
#[allow(dead_code)]
mod control;
mod encoder;
mod family;
#[allow(dead_code)]
mod grounding;
mod hook;
mod model;
mod preview;
mod residual;
mod text;
mod tiles;
mod transformer;
mod unet;
mod vae;

#[cfg(test)]
mod parity;

use amdm::error::Error;

pub(crate) use self::clip::{ClipText, Sequence, TextStates, Token};
#[allow(unused_imports)]
pub(crate) use self::control::{Control, ControlNet, Hint};
pub(super) use self::family::Family;
#[allow(unused_imports)]
pub(crate) use self::grounding::{Grounded, Grounding};
#[allow(unused_imports)]
pub(crate) use self::hook::{Block, Hook};
pub(crate) use self::unet::Unet;
pub(crate) use self::vae::Vae;
use crate::weights::Weights;
use crate::{Result, Tensor};

/// What the family is called.
const FAMILY: &str = "sd1";
/// One latent at the native size: [channels, height, width].
const LATENT_SHAPE: [u32; 3] = [4, 64, 64];
/// Pixels of a picture's side for each value of a latent's side.
const PIXELS: u32 = 8;

/// Groups of all norms over maps.
pub(crate) const GROUPS: usize = 32;

/// What the shapes of a UNet's tensors do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Heads of every attention.
    pub(crate) heads: usize,
    /// Groups of all norms over maps.
    pub(crate) groups: usize,
}

/// Those of Stable Diffusion 1.x.
impl Default for Facts {
    fn default() -> Self {
        Self { heads: 8, groups: GROUPS }
    }
}

/// Inputs and outputs of the layer called `name`.
fn widths(weights: &Weights<'_>, name: &str) -> Result<(usize, usize)> {
    let name = format!("{name}.weight");
    match weights.shape(&name).as_deref() {
        Some(&[outputs, inputs, ..]) if outputs > 0 && inputs > 0 => Ok((inputs, outputs)),
        Some(found) => {
            let message =
                format!("weight `{name}` has shape {found:?}, expected [outputs, inputs]");
            Err(Error::invalid(message))
        }
        None => Err(Error::invalid(format!("weights lack the tensor `{name}`"))),
    }
}

/// Whether there is a layer called `name`.
fn has(weights: &Weights<'_>, name: &str) -> bool {
    weights.shape(&format!("{name}.weight")).is_some()
}

/// All of `name.0`, `name.1` and so on which have a layer, called `name.N` and then `part`, loaded
/// by `load` from their names and numbers.
fn series<T>(
    weights: &Weights<'_>,
    name: &str,
    part: &str,
    mut load: impl FnMut(&str, usize) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    loop {
        let entry = format!("{name}.{}", found.len());
        if !has(weights, &format!("{entry}{part}")) {
            return Ok(found);
        }
        found.push(load(&entry, found.len())?);
    }
}

/// Refuses a tensor whose extents are not `expected`, where 0 stands for any.
fn check(what: &str, tensor: &Tensor, expected: &[usize]) -> Result<()> {
    let found = tensor.extents();
    let fits = |(&found, &expected): (&u32, &usize)| expected == 0 || found as usize == expected;
    if found.len() == expected.len() && found.iter().zip(expected).all(fits) {
        return Ok(());
    }
    let expected: Vec<String> = expected
        .iter()
        .map(|&extent| if extent == 0 { "any".into() } else { extent.to_string() })
        .collect();
    let message = format!("{what} has shape {found:?}, expected [{}]", expected.join(", "));
    Err(Error::invalid(message))
}
