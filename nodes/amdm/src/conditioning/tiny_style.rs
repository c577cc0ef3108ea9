//! `TinyStyle`: a background's texture as conditioning of the built-in model `tiny-style`.
//!
//! The model takes `{"style": ...}`.

use amdm_sdk::{Call, Error, json};

use super::condition;
use crate::pack::tiny_style::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let style = json::object([("style", json::string(inputs.style.as_str()))]);
    let conditioning = condition::of(&inputs.model, "style", &style)?;
    Ok(Outputs { conditioning })
}
