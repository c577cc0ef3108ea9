//! Enums of the contract and the host's own: a table each, for both directions.

use amdm::error::Code;
use amdm::math::{Part, Phase, PredictionKind};
use amdm_diffusion::Dtype;
use amdm_diffusion::image::Filter;

use crate::report::Level;
use crate::wasm::bindings::amdm::node::{images, models, sampling, types};

/// Makes functions out of the names of cases that both sides have: `lift` from the contract's enum
/// to the host's, `lower` back. What the host has besides becomes `else`.
macro_rules! cases {
    (lift $name:ident: $wit:ty => $host:ty { $($case:ident),* $(,)? }) => {
        pub fn $name(case: $wit) -> $host {
            match case {
                $(<$wit>::$case => <$host>::$case,)*
            }
        }
    };
    (lower $name:ident: $host:ty => $wit:ty { $($case:ident),* $(,)? } $(else $other:ident)?) => {
        pub fn $name(case: $host) -> $wit {
            match case {
                $(<$host>::$case => <$wit>::$case,)*
                $(_ => <$wit>::$other,)?
            }
        }
    };
}

macro_rules! codes {
    ($($way:ident $name:ident: $from:ty => $to:ty $(, else $other:ident)?;)*) => {
        $(cases! { $way $name: $from => $to {
            InvalidInput, NotFound, Unsupported, OutOfMemory, LimitExceeded, InputOutput, Cancelled,
            Denied, Internal,
        } $(else $other)? })*
    };
}

codes! {
    lift lift_code: types::ErrorCode => Code;
    lower lower_code: Code => types::ErrorCode, else Internal;
}
cases! { lift lift_kind: models::PredictionKind => PredictionKind {
    Epsilon, Velocity, Sample, Flow,
} }
cases! { lower lower_kind: PredictionKind => models::PredictionKind {
    Epsilon, Velocity, Sample, Flow,
} }
cases! { lift lift_phase: sampling::Phase => Phase { Prepare, Predicted, Stepped } }
cases! { lower lower_phase: Phase => sampling::Phase { Prepare, Predicted, Stepped } }
cases! { lift lift_part: sampling::Part => Part { Guided, Conditional, Unconditional } }
cases! { lift lift_level: types::LogLevel => Level { Trace, Debug, Info, Warn, Error } }
cases! { lift lift_filter: images::Filter => Filter {
    NearestExact, Bilinear, Area, Bicubic, Lanczos,
} }

/// The contract's case for one of the host's.
///
/// # Errors
/// Traps for a type of values that the contract does not know.
pub fn lower_dtype(dtype: Dtype) -> wasmtime::Result<types::Dtype> {
    Ok(match dtype {
        Dtype::Float32 => types::Dtype::Float32,
        Dtype::Float16 => types::Dtype::Float16,
        Dtype::Bfloat16 => types::Dtype::Bfloat16,
        Dtype::Uint8 => types::Dtype::Uint8,
        Dtype::Int64 => types::Dtype::Int64,
        other => wasmtime::bail!("the contract has no dtype {other:?}"),
    })
}
