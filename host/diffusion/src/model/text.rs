//! What turns prompts into conditions; the same contract as interface `encoders` in
//! `wit/encoders.wit`.

use std::sync::Arc;

use super::{Cancel, Conditioning};
use crate::{Result, Tensor};

/// Facts about a text encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextInfo {
    /// What it was loaded by.
    pub name: String,
    /// Models of this family understand what it gives.
    pub family: String,
    /// Width of a token's row.
    pub width: u32,
    /// Layers, of which the last is -1.
    pub layers: u32,
}

/// What a text encoder made of a prompt. Networks attend to it.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// [1, tokens, width].
    pub rows: Tensor,
    /// [1, width], where the encoder has one.
    pub pooled: Option<Tensor>,
}

impl Embedding {
    /// Who made such a condition, as messages say it.
    const MAKER: &str = "a text encoder";

    /// It as a network's condition.
    pub fn into_condition(self) -> Conditioning {
        let bytes = self.rows.bytes() + self.pooled.as_ref().map_or(0, Tensor::bytes);
        Conditioning::new(Self::MAKER, "", self, bytes)
    }
}

/// What an encoder makes of a prompt.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// What networks attend to.
    pub embedding: Embedding,
    /// What of the prompt was left out, such as an embedding that is not there.
    pub warnings: Vec<String>,
}

/// A text encoder.
pub trait TextEncoder: Send + Sync {
    /// Facts about it.
    fn info(&self) -> &TextInfo;

    /// The same encoder that stops at a layer: -1 the last, -2 the one before it, and so on; one
    /// that is not there stands for the last.
    ///
    /// # Errors
    /// `unsupported` where it cannot.
    fn with_last_layer(self: Arc<Self>, layer: i32) -> Result<Arc<dyn TextEncoder>>;

    /// What a prompt with weights and `embedding:name` says.
    ///
    /// # Errors
    /// `invalid_input` for a prompt it does not take, `limit_exceeded` for too long a one,
    /// `cancelled` once `cancel` says so.
    fn encode(&self, prompt: &str, cancel: Cancel<'_>) -> Result<Encoding>;
}
