//! Text for networks: prompts with weights and embeddings, their tokens, what an encoder makes of
//! them. The rules are those of ComfyUI for Stable Diffusion 1.x.

mod brackets;
mod chunks;
mod embedding;
mod encode;
mod prompt;
#[cfg(test)]
mod recorded;
mod tokenizer;

pub use chunks::{CHUNK, Chunk, Token, Word};
pub use embedding::{Embedding, EmbeddingFolders, Embeddings};
pub use encode::Encoded;
pub(crate) use encode::encode;
pub use prompt::Prompt;
pub use tokenizer::{END, START, Tokenizer};
