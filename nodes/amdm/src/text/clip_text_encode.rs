//! `CLIPTextEncode`: a prompt as conditioning.

use amdm_sdk::{Call, Error, TextEncoder};

use crate::pack::clip_text_encode::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let encoder = TextEncoder::from_object(&inputs.clip)?;
    Ok(Outputs { conditioning: encoder.encode(&inputs.text)? })
}
