//! `ConditionJson`: what any model is asked for, in the JSON that it takes.

use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Model, Tensor};

use crate::pack::condition_json::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::from_object(&inputs.model)?;
    let named = [("image", inputs.image), ("mask", inputs.mask)];
    let parts = named.iter().filter_map(|(name, tensor)| Some(((*name).into(), tensor.as_ref()?)));
    let conditioning = model.condition(&inputs.json, &parts.collect::<Vec<(_, &Tensor)>>());
    conditioning
        .map(|conditioning| Outputs { conditioning })
        .map_err(|error| if error.input.is_some() { error } else { error.at("json") })
}
