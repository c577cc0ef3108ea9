//! `TextImage`: text on a plain ground.

use amdm_sdk::{Call, Error, images};

use crate::pack::text_image::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let image = images::text(&inputs.text, inputs.width, inputs.height, inputs.size as f32)?;
    Ok(Outputs { image })
}
