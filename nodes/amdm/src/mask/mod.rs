//! Masks: made, changed, joined, and to and from images.

pub(crate) mod crop_mask;
pub(crate) mod feather_mask;
pub(crate) mod grow_mask;
pub(crate) mod image_color_to_mask;
pub(crate) mod image_to_mask;
pub(crate) mod invert_mask;
pub(crate) mod load_image_mask;
pub(crate) mod mask_composite;
pub(crate) mod mask_to_image;
pub(crate) mod solid_mask;
pub(crate) mod threshold_mask;

pub(crate) mod plane;
