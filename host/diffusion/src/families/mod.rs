//! Networks by family.

pub(crate) mod tiny;
