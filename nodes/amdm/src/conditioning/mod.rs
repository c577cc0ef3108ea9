//! What models are asked for.

pub(crate) mod bounding_box;
pub(crate) mod condition_json;
pub(crate) mod tiny_attributes;
pub(crate) mod tiny_layout;
pub(crate) mod tiny_style;

mod condition;
