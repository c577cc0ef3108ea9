//! `CLIPSetLastLayer`: a text encoder that stops earlier.

use amdm_sdk::{Call, Error, TextEncoder};

use crate::pack::clip_set_last_layer::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let encoder = TextEncoder::from_object(&inputs.clip)?;
    let layer = i32::try_from(inputs.stop_at_clip_layer).unwrap_or(-1);
    Ok(Outputs { clip: encoder.with_last_layer(layer)?.to_object() })
}
