//! `RepeatLatentBatch`: a batch of latents, again and again.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor, Value};

use super::value::{self, NOISE_MASK, SAMPLES};
use crate::batch;
use crate::pack::repeat_latent_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples: latent, amount } = inputs;
    let samples = value::samples(&latent)?;
    let entries = batch::entries(&samples);
    let mut fields = vec![(SAMPLES, Value::Tensor(batch::repeat(samples, amount)?))];
    let mask: Option<Tensor> = latent.get_optional(NOISE_MASK)?;
    if let Some(mask) = mask.filter(|mask| batch::entries(mask) > 1) {
        let found = batch::entries(&mask);
        let mask = batch::cycle(mask, found.max(entries))?;
        fields.push((NOISE_MASK, Value::Tensor(batch::repeat(mask, amount)?)));
    }
    if let Some(places) = value::batch_index(&latent)? {
        fields.push(value::batch_index_field(&continued(&places, amount)));
    }
    Ok(Outputs { latent: value::with(&latent, fields)? })
}

/// The places, and for each repetition the same beyond the last one.
fn continued(places: &[u64], amount: u32) -> Vec<u64> {
    let (least, most) = (places.iter().min(), places.iter().max());
    let span = least.zip(most).map_or(0, |(least, most)| most - least + 1);
    let repetitions = (0..u64::from(amount))
        .flat_map(|i| places.iter().map(move |place| place.saturating_add(span.saturating_mul(i))));
    repetitions.collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn places_go_on_beyond_the_last() {
        assert_eq!(super::continued(&[4, 7], 2), [4, 7, 8, 11]);
        assert!(super::continued(&[], 2).is_empty());
    }
}
