//! The text encoder of a checkpoint as the rest sees it.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ClipText, FAMILY};
use crate::text::{EmbeddingFolders, Prompt, encode};
use crate::weights::Weights;
use crate::{Cancel, Embedding, Encoding, Result, TextEncoder, TextInfo};

/// Heads of every attention of CLIP-L.
const HEADS: usize = 12;

/// CLIP's text tower, and the textual inversions that prompts may name.
pub(super) struct SdText {
    info: TextInfo,
    tower: Arc<ClipText>,
    embeddings: EmbeddingFolders,
    last_layer: Option<i32>,
}

impl SdText {
    /// The tower in `weights`, with so many heads where that is said beside them.
    pub fn load(
        name: &str,
        weights: &Weights<'_>,
        heads: Option<u64>,
        embeddings: Vec<PathBuf>,
    ) -> Result<Self> {
        let heads = heads.and_then(|heads| usize::try_from(heads).ok()).unwrap_or(HEADS);
        let tower = ClipText::load(weights, heads)?;
        let info = TextInfo {
            name: name.into(),
            family: FAMILY.into(),
            width: tower.width() as u32,
            layers: tower.layers() as u32,
        };
        let embeddings = EmbeddingFolders(embeddings);
        Ok(Self { info, tower: Arc::new(tower), embeddings, last_layer: None })
    }
}

impl TextEncoder for SdText {
    fn info(&self) -> &TextInfo {
        &self.info
    }

    fn with_last_layer(self: Arc<Self>, layer: i32) -> Result<Arc<dyn TextEncoder>> {
        Ok(Arc::new(Self {
            info: self.info.clone(),
            tower: Arc::clone(&self.tower),
            embeddings: self.embeddings.clone(),
            last_layer: Some(layer),
        }))
    }

    fn encode(&self, prompt: &str, cancel: Cancel<'_>) -> Result<Encoding> {
        let prompt = Prompt::read(prompt, self.tower.width(), &self.embeddings)?;
        let encoded = encode(&self.tower, &prompt.chunks, self.last_layer, cancel)?;
        let embedding = Embedding { rows: encoded.tokens, pooled: Some(encoded.pooled) };
        Ok(Encoding { embedding, warnings: prompt.warnings })
    }
}
