//! Names to networks: built in, registered by the embedder, or found in model directories.
//!
//! A network is loaded once and shared by everyone who asks for it with the same options; a file
//! that has changed since is loaded anew. A name resolves inside the model directories or not at
//! all. What a file holds is for the families to say: none is known here.

mod closest;
mod directory;
pub mod listing;
mod models;
mod recognition;

pub use models::{ModelSource, Models};
