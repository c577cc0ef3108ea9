//! The maths of the crate `amdm` over the host's handles, with the feature `math`.
//!
//! * [`Handle`], [`Context`]: the host's tensors and step context as [`amdm::math`] sees them.
//! * [`MathOperator`]: an operator of [`amdm::math`] as a step operator of a pack.
//! * [`lift`], [`lower`]: errors of the contract and of the maths, each as the other; the same for
//!   enums under longer names.

mod handle;
mod operator;

pub use handle::{Context, Handle};
pub use operator::MathOperator;

use amdm::error::Error;

amdm::codes!(pub crate::ErrorCode => lift_code, lower_code);
amdm::phases!(pub crate::Phase => lift_phase, lower_phase);
amdm::parts!(pub crate::Part => lift_part, lower_part);
amdm::prediction_kinds!(pub crate::PredictionKind => lift_kind, lower_kind);

/// An error of the contract as the maths has it.
#[must_use]
pub fn lift(error: crate::Error) -> Error {
    Error { code: lift_code(error.code), message: error.message, input: error.input }
}

/// An error of the maths as the contract has it.
#[must_use]
pub fn lower(error: Error) -> crate::Error {
    crate::Error { code: lower_code(error.code), message: error.message, input: error.input }
}

/// A level of the maths as the contract has it.
#[must_use]
pub fn lower_level(level: amdm::math::NoiseLevel) -> crate::NoiseLevel {
    let amdm::math::NoiseLevel { timestep, signal, noise } = level;
    crate::NoiseLevel { timestep, signal, noise }
}

#[cfg(test)]
mod tests {
    use crate::choice::Choice;
    use crate::{Part, Phase, PredictionKind};

    #[test]
    fn choices_are_written_as_the_maths_writes_them() {
        fn agree<T: Choice>(text: impl Fn(T) -> &'static str) {
            T::ALL.iter().for_each(|case| assert_eq!(case.text(), text(*case)));
        }
        agree(|phase: Phase| super::lift_phase(phase).as_str());
        agree(|part: Part| super::lift_part(part).as_str());
        agree(|kind: PredictionKind| super::lift_kind(kind).as_str());
    }
}
