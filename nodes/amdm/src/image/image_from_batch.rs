//! `ImageFromBatch`: some images of a batch.

use amdm_sdk::{Call, Error};

use crate::batch;
use crate::pack::image_from_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { image: batch::pick(&inputs.image, inputs.batch_index, inputs.length)? })
}
