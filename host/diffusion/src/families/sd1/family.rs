//! The family as the registry knows it: its files, its sizes, and how they are opened.

use std::sync::Arc;

use amdm::error::Error;

use super::codec::SdCodec;
use super::model::Model;
use super::{FAMILY, LATENT_SHAPE, PIXELS};
use crate::families::{Place, Sizes};
use crate::weights::{Architecture, Checkpoint, Part, TensorFile};
use crate::{Codec, Denoiser, Device, Header, Result, WeightFile};

/// The only kind of file.
const KIND: &str = FAMILY;
/// Bytes of a file that is no mapped one: a whole checkpoint in float32 has 4.3 GB.
const FILE_BYTES_MAX: u64 = 16 << 30;

/// The family.
pub(in crate::families) struct Family;

impl crate::Family for Family {
    fn name(&self) -> &str {
        "Stable Diffusion 1"
    }

    fn kinds(&self) -> Vec<&str> {
        vec![KIND]
    }

    fn recognise(&self, header: &Header) -> Vec<&str> {
        match Architecture::of(header) {
            Architecture::StableDiffusion1 => vec![KIND],
            _ => Vec::new(),
        }
    }

    fn file_bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn sizes(&self, kind: &str) -> Option<Sizes> {
        let sizes =
            Sizes { latent_shape: LATENT_SHAPE.into(), pixels: PIXELS, multiple: Some(PIXELS) };
        (kind == KIND).then_some(sizes)
    }

    fn load(
        &self,
        _: &str,
        name: &str,
        weights: &WeightFile,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>> {
        let checkpoint = Checkpoint::file(TensorFile::new(weights.clone(), name)?);
        Ok(Arc::new(Model::new(name, checkpoint, Vec::new(), device)?))
    }

    fn open(
        &self,
        _: &str,
        name: &str,
        place: &Place<'_>,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>> {
        let checkpoint = Checkpoint::open(place.path, name, place.root)?;
        let embeddings = place.directories.iter().map(|root| root.join("embeddings")).collect();
        Ok(Arc::new(Model::new(name, checkpoint, embeddings, device)?))
    }

    fn codec(
        &self,
        name: &str,
        place: &Place<'_>,
        device: &Device,
    ) -> Result<Option<Arc<dyn Codec>>> {
        let checkpoint = Checkpoint::open(place.path, name, place.root)?;
        if !matches!(checkpoint.architecture(), Architecture::Vae | Architecture::StableDiffusion1)
        {
            return Ok(None);
        }
        let weights = checkpoint.weights(Part::Vae, device)?;
        Ok(Some(Arc::new(SdCodec::load(name, &weights)?)))
    }
}

/// A checkpoint of another architecture.
pub(super) fn unlike(name: &str, found: Architecture) -> Error {
    let found = found.name();
    crate::error::unsupported(format!(
        "model file `{name}`: found {found}, expected a Stable Diffusion 1 model"
    ))
}
