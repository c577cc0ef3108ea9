//! The embedded tiny family: three pixel-space networks of 490 thousand parameters each.
//!
//! They share schedule and data space, 32 x 32 RGB in [-1, 1], and know different things: `layout`
//! where objects are, `attributes` their colours and shapes, `style` the background. Weights lie in
//! the binary, so that examples and tests run without a download.

mod blocks;
mod conditions;
mod denoiser;
mod kind;
mod network;
mod schedule;

use std::sync::Arc;

use amdm::error::Error;

use self::denoiser::Tiny;
use self::kind::Kind;
use super::{BuiltIn, Sizes};
use crate::{Denoiser, Device, Header, Result, WeightFile};

/// What the family is called.
const FAMILY: &str = "tiny";
/// Pixels of an image's side.
const SIDE: usize = 32;
const EXTENT: u32 = 32;
const CHANNELS: u32 = 3;
/// One latent: [channels, height, width].
const LATENT_SHAPE: [u32; 3] = [CHANNELS, EXTENT, EXTENT];
/// Bytes of a weight file: float32 weights have 2 MB.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Tensors that together no other network has.
const MARKS: [&str; 4] = ["inp.weight", "d0.n1.weight", "tok.4.weight", "lay.weight"];

/// The family.
pub(super) struct Family;

impl super::Family for Family {
    fn name(&self) -> &str {
        FAMILY
    }

    fn kinds(&self) -> Vec<&str> {
        Kind::ALL.map(Kind::name).into()
    }

    fn recognise(&self, header: &Header) -> Vec<&str> {
        let ours = MARKS.iter().all(|name| header.tensor(name).is_some());
        if ours { self.kinds() } else { Vec::new() }
    }

    fn file_bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn sizes(&self, kind: &str) -> Option<Sizes> {
        let sizes = |_| Sizes { latent_shape: LATENT_SHAPE.into(), pixels: 1, multiple: Some(0) };
        Kind::named(kind).map(sizes)
    }

    fn built_in(&self) -> Vec<BuiltIn> {
        let built_in =
            |kind: Kind| BuiltIn { name: kind.name(), kind: kind.name(), weights: kind.weights() };
        Kind::ALL.map(built_in).into()
    }

    fn load(
        &self,
        kind: &str,
        name: &str,
        weights: &WeightFile,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>> {
        let kind = Kind::named(kind).ok_or_else(|| {
            let expected = self.kinds().join(", ");
            Error::invalid(format!("found kind `{kind}`, expected one of {expected}"))
        })?;
        Ok(Arc::new(Tiny::load(kind, name, weights, device)?))
    }
}
