//! Models.

pub(crate) mod model_loader;
