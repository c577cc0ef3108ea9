//! Pictures: read, changed, put together, written.

pub(crate) mod canny;
pub(crate) mod draw_boxes;
pub(crate) mod empty_image;
pub(crate) mod get_image_size;
pub(crate) mod image_batch;
pub(crate) mod image_blend;
pub(crate) mod image_blur;
pub(crate) mod image_composite_masked;
pub(crate) mod image_crop;
pub(crate) mod image_from_batch;
pub(crate) mod image_grid;
pub(crate) mod image_invert;
pub(crate) mod image_label;
pub(crate) mod image_pad_for_outpaint;
pub(crate) mod image_scale;
pub(crate) mod image_scale_by;
pub(crate) mod image_scale_to_total_pixels;
pub(crate) mod image_sharpen;
pub(crate) mod join_image_with_alpha;
pub(crate) mod load_image;
pub(crate) mod porter_duff_image_composite;
pub(crate) mod preview_image;
pub(crate) mod save_image;
pub(crate) mod split_image_with_alpha;
pub(crate) mod text_image;

mod kernel;
pub(crate) mod picture;
