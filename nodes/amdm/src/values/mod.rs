//! Values for several nodes at once.

pub(crate) mod preview_any;
pub(crate) mod primitive;
