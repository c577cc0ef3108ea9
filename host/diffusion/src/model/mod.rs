//! What a network is to the rest: its facts, what it is asked and told, and the answers of a step.
//!
//! No family is known here; [`crate::families`] brings networks that implement [`Denoiser`].

mod adapter;
mod codec;
mod conditioning;
mod denoiser;
mod dispatch;
mod entries;
mod guidance;
mod text;

pub use adapter::Adapter;
pub use codec::{Codec, LatentInfo, Tiling};
pub use conditioning::Conditioning;
pub use denoiser::{Cancel, Denoiser, ModelInfo, Request};
pub use dispatch::{predict, timesteps};
pub use entries::{Entry, Question, ask};
pub use guidance::Prediction;
pub use text::{Embedding, Encoding, TextEncoder, TextInfo};
