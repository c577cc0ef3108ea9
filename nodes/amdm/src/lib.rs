//! The standard pack: the nodes of `wit/standard.wit`, one file a node.
//!
//! Built for `wasm32-wasip2` by `cargo xtask nodes` without the standard library and without an
//! import of WASI. Formulas come from `amdm::math`; what needs a device, a file or a network asks
//! the host. On other targets this is an ordinary library, for tests.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod aggregate_step;
mod bounding_box;
mod condition_json;
mod decode_latent;
mod draw_boxes;
mod empty_latent;
mod encode_image;
mod image_from_batch;
mod image_grid;
mod image_label;
mod image_scale;
mod image_scale_by;
mod lane;
mod latent_from_batch;
mod load_image;
mod manifold_refine;
mod model_loader;
mod preview_image;
mod primitive;
mod sampler;
mod save_image;
mod text_image;
mod tiny_attributes;
mod tiny_layout;
mod tiny_style;

mod batch;
mod condition;
mod handle;
mod json;
mod latent;
pub mod pack;
mod picture;
mod step_operator;
