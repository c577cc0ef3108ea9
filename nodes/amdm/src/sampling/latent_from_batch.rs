//! `LatentFromBatch`: some entries of a batch of latents, which keep their places for the noise.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor, Value};

use crate::batch;
use crate::latent::value::{self, NOISE_MASK, SAMPLES};
use crate::pack::latent_from_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples: latent, batch_index, length } = inputs;
    let samples = value::samples(&latent)?;
    let entries = batch::entries(&samples);
    let (start, length) = batch::range(entries, batch_index, length);
    let picked = u64::from(start)..u64::from(start + length);
    let places = match value::batch_index(&latent)? {
        Some(places) => {
            let picked = places.into_iter().skip(start as usize).take(length as usize);
            picked.collect::<Vec<_>>()
        }
        None => picked.collect(),
    };
    let mut fields = vec![
        (SAMPLES, Value::Tensor(samples.narrow(0, start, length)?)),
        value::batch_index_field(&places),
    ];
    let mask: Option<Tensor> = latent.get_optional(NOISE_MASK)?;
    if let Some(mask) = mask.filter(|mask| batch::entries(mask) > 1) {
        let mask = batch::cycle(mask, entries)?.narrow(0, start, length)?;
        fields.push((NOISE_MASK, Value::Tensor(mask)));
    }
    Ok(Outputs { latent: value::with(&latent, fields)? })
}
