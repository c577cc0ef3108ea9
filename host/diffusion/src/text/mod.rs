//! Text for networks: prompts with weights and embeddings, their tokens, what an encoder makes of
//! them. The rules are those of ComfyUI for Stable Diffusion 1.x.

mod brackets;
mod chunks;
mod embedding;
mod encode;
mod prompt;
mod tokenizer;

pub use chunks::{CHUNK, Chunk, Token, Word};
pub use embedding::{Embedding, Embeddings, embedding_file};
pub use encode::{Encoded, TextTower, encode};
pub use prompt::Prompt;
pub use tokenizer::{END, START, Tokenizer};
