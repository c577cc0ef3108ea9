//! The noise that a batch of latents starts from, as ComfyUI draws it.

use alloc::format;
use alloc::vec::Vec;

use super::TorchCpu;
use crate::error::{Code, Error};

/// Places that noise is drawn for before the last one wanted: each costs a draw.
const PLACES: u32 = 1 << 16;

/// Noise of shape `[batch, ...]` with `n` values a sample, from the stream of `seed`.
///
/// Without `places` one draw makes all of the batch. With them, one place for each sample, each
/// sample has the noise that a single latent at that place would get: the stream draws a sample for
/// every place from 0, and equal places give equal noise.
///
/// Fails where there is not one place a sample, and where a place is above 65,535.
pub fn initial_noise(
    seed: u64,
    batch: usize,
    n: usize,
    places: Option<&[u32]>,
) -> Result<Vec<f32>, Error> {
    let mut stream = TorchCpu::new(seed);
    let Some(places) = places else { return Ok(stream.normal(batch * n)) };
    if places.len() != batch {
        let text = format!("{} places, expected {batch}, one a sample", places.len());
        return Err(Error::invalid(text).at("batch_index"));
    }
    let last = places.iter().copied().max().unwrap_or(0);
    if last >= PLACES {
        let text = format!("place {last}, expected one below {PLACES}");
        return Err(Error::new(Code::LimitExceeded, text).at("batch_index"));
    }
    let mut noise = alloc::vec![0.0; batch * n];
    for place in 0..=last {
        let drawn = stream.normal(n);
        let samples = noise.chunks_exact_mut(n.max(1)).zip(places);
        for (sample, _) in samples.filter(|(_, wanted)| **wanted == place) {
            sample.copy_from_slice(&drawn);
        }
    }
    Ok(noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_the_noise_of_single_latents() {
        let drawn = |places: &[u32]| initial_noise(42, places.len(), 16, Some(places));
        let all = drawn(&[0, 1, 2, 3]).unwrap_or_default();
        assert_eq!(initial_noise(42, 4, 16, None).as_deref(), Ok(&all[..]));
        let picked = drawn(&[3, 1, 3]).unwrap_or_default();
        assert_eq!(picked, [&all[48..], &all[16..32], &all[48..]].concat());
    }

    #[test]
    fn places_that_fit_no_batch_are_refused() {
        let text = |batch, places: &[u32]| {
            let found = initial_noise(0, batch, 16, Some(places));
            found.err().map(|error| error.message).unwrap_or_default()
        };
        assert_eq!(text(2, &[1]), "1 places, expected 2, one a sample");
        assert_eq!(text(1, &[65_536]), "place 65536, expected one below 65536");
    }
}
