//! A mask over a sampling: only what lies under it is sampled, in every lane.

use alloc::vec::Vec;

use crate::error::Error;
use crate::math::solver::sigma::inpaint::Inpaint;
use crate::math::{NoiseLevel, Prediction, PredictionKind, Tensor};

/// What lies outside, by lane.
pub(super) struct Mask<T>(Vec<Inpaint<T>>);

impl<T: Tensor> Mask<T> {
    /// `mask` is 1 where to sample; outside stay the lanes' latents, as networks see them, with the
    /// lanes' noise.
    pub fn new(mask: &T, lanes: Vec<(T, T)>) -> Result<Self, Error> {
        let lane = |(clean, noise)| Inpaint::new(mask.share(), clean, noise);
        Ok(Self(lanes.into_iter().map(lane).collect::<Result<_, Error>>()?))
    }

    /// What the lane's network is asked about in place of `latent`, which is at `level`.
    pub fn before(&self, lane: u32, latent: &T, level: NoiseLevel) -> Result<T, Error> {
        self.0[lane as usize].before(latent, level)
    }

    /// What the loop gets in place of a prediction of `kind` about `asked`: clean latents, which
    /// outside are the given ones.
    pub fn after(
        &self,
        lane: u32,
        (asked, level): (&T, NoiseLevel),
        kind: PredictionKind,
        prediction: Prediction<T>,
    ) -> Result<Prediction<T>, Error> {
        let clean = |value: T| self.0[lane as usize].after(&clean(asked, level, kind, value)?);
        let part = |part: Option<T>| part.map(clean).transpose();
        Ok(Prediction {
            guided: clean(prediction.guided)?,
            conditional: part(prediction.conditional)?,
            unconditional: part(prediction.unconditional)?,
        })
    }
}

/// The clean latent that a prediction of `kind` says is in `asked`.
pub(super) fn clean<T: Tensor>(
    asked: &T,
    level: NoiseLevel,
    kind: PredictionKind,
    value: T,
) -> Result<T, Error> {
    if kind == PredictionKind::Sample {
        return Ok(value);
    }
    let (keep, add) = level.denoised_factors(kind).ok_or_else(|| {
        Error::invalid("a prediction of the noise where there is no signal, expected another kind")
    })?;
    T::linear_combination(&[(asked, keep), (&value, add)])
}
