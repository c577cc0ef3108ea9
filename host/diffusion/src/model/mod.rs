//! What a network is to the rest: its facts, what it is asked and told, and the answers of a step.
//!
//! No family is known here; [`crate::families`] brings networks that implement [`Denoiser`].

mod adapter;
mod conditioning;
mod denoiser;
mod dispatch;
mod guidance;

pub use adapter::Adapter;
pub use conditioning::Conditioning;
pub use denoiser::{Cancel, Denoiser, ModelInfo, Request};
pub use dispatch::{predict, timesteps};
pub use guidance::Prediction;
