//! `LatentBatch`: two batches of latents joined.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Object, Tensor, Value};

use super::value::{self, SAMPLES};
use crate::batch;
use crate::pack::latent_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples1: first, samples2: second } = inputs;
    value::together(&first, &second)?;
    let a = value::planes(&first)?;
    let own = value::planes(&second)?;
    let mut places = places(&first, batch::entries(&a))?;
    places.extend(self::places(&second, batch::entries(&own))?);
    let joined = Tensor::concat(&[&a, &value::sized(own, &a)?], 0)?;
    let fields = vec![(SAMPLES, Value::Tensor(joined)), value::batch_index_field(&places)];
    Ok(Outputs { latent: value::with(&first, fields)? })
}

fn places(latent: &Object, entries: u32) -> Result<Vec<u64>, Error> {
    Ok(value::batch_index(latent)?.unwrap_or_else(|| (0..u64::from(entries)).collect()))
}
