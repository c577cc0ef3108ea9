//! Pictures: read, changed, put together, written.

pub(crate) mod draw_boxes;
pub(crate) mod image_from_batch;
pub(crate) mod image_grid;
pub(crate) mod image_label;
pub(crate) mod image_scale;
pub(crate) mod image_scale_by;
pub(crate) mod load_image;
pub(crate) mod preview_image;
pub(crate) mod save_image;
pub(crate) mod text_image;

pub(crate) mod picture;
