//! What models are asked for.

pub(crate) mod bounding_box;
pub(crate) mod condition_json;
pub(crate) mod conditioning_average;
pub(crate) mod conditioning_combine;
pub(crate) mod conditioning_concat;
pub(crate) mod conditioning_set_area;
pub(crate) mod conditioning_set_area_percentage;
pub(crate) mod conditioning_set_area_strength;
pub(crate) mod conditioning_set_mask;
pub(crate) mod conditioning_set_timestep_range;
pub(crate) mod conditioning_zero_out;
pub(crate) mod tiny_attributes;
pub(crate) mod tiny_layout;
pub(crate) mod tiny_style;

mod condition;
mod entry;
