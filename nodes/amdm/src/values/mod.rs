//! Values for several nodes at once.

pub(crate) mod primitive;
