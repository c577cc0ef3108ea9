//! `ManifoldRefine`: moves each lane's merged latent towards what that lane itself expects.

use alloc::boxed::Box;

use amdm::math::{ManifoldRefine, Mean, Mode};
use amdm_sdk::math::{Handle, MathOperator};
use amdm_sdk::{Call, Error, Operator};

use crate::pack::manifold_refine::{self, Inputs};

/// The operator, with the inputs as they stand.
pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Box<dyn Operator>, Error> {
    let mode = match inputs.mode {
        manifold_refine::Mode::Shell => Mode::Shell,
        manifold_refine::Mode::Radius => Mode::Radius,
    };
    let mean = match inputs.mean {
        manifold_refine::Mean::Posterior => Mean::Posterior,
        manifold_refine::Mean::Official => Mean::Official,
    };
    let operator =
        ManifoldRefine::<Handle>::new(mode, mean, inputs.radius, inputs.shell, inputs.clamp);
    Ok(Box::new(MathOperator(operator)))
}
