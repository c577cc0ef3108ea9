//! What a network answers, and the formula of guidance, once for all networks.

use amdm::math::Tensor as _;

use crate::{Result, Tensor};

/// The answer to a [`Request`](super::Request), in the model's own
/// [`PredictionKind`](amdm::math::PredictionKind), shaped as the latent.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `unconditional + guidance * (conditional - unconditional)`.
    pub guided: Tensor,
    /// Where parts were asked for.
    pub conditional: Option<Tensor>,
    /// Where parts were asked for.
    pub unconditional: Option<Tensor>,
}

impl Prediction {
    /// Guidance from the parts that ran. With guidance 1 the guided prediction is the conditional
    /// one to the bit, whether or not the other ran.
    ///
    /// # Errors
    /// `invalid_input` where the parts do not fit each other.
    #[allow(clippy::float_cmp)]
    pub fn guide(
        conditional: Tensor,
        unconditional: Option<Tensor>,
        guidance: f64,
        parts: bool,
    ) -> Result<Self> {
        let guided = match &unconditional {
            Some(base) if guidance != 1.0 => {
                Tensor::linear_combination(&[(base, 1.0 - guidance), (&conditional, guidance)])?
            }
            _ => conditional.clone(),
        };
        let conditional = parts.then_some(conditional);
        Ok(Self { guided, conditional, unconditional: unconditional.filter(|_| parts) })
    }
}
