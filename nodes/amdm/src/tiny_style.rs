//! `TinyStyle`: a background's texture as conditioning of the built-in model `tiny-style`.
//!
//! The model takes `{"style": ...}`.

use alloc::format;

use amdm_sdk::{Call, Error, Model};

use crate::pack::tiny_style::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let json = format!("{{\"style\":\"{}\"}}", inputs.style.as_str());
    let conditioning = Model::from_object(&inputs.model)?.condition(&json, &[])?;
    Ok(Outputs { conditioning })
}
