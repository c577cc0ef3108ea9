//! Models.

pub(crate) mod checkpoint_loader_simple;
pub(crate) mod model_loader;
