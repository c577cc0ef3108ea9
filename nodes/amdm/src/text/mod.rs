//! Prompts.

pub(crate) mod clip_set_last_layer;
pub(crate) mod clip_text_encode;
