//! `TinyStyle`: a background's texture as conditioning of the built-in model `tiny-style`.
//!
//! The model takes `{"style": ...}`.

use alloc::format;

use amdm_sdk::{Call, Error};

use crate::condition;
use crate::pack::tiny_style::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let json = format!("{{\"style\":\"{}\"}}", inputs.style.as_str());
    let conditioning = condition::of(&inputs.model, "style", &json)?;
    Ok(Outputs { conditioning })
}
