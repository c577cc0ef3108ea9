//! Enums of the contract and the host's own. Those that every face mirrors have their cases in
//! [`amdm`]; the others are only lifted.

use amdm_diffusion::pixels::Filter;
use amdm_diffusion::{Dtype, Edge, Resampling};

use crate::report::Level;
use crate::wasm::bindings::amdm::node::{images, models, sampling, tensors, types};

amdm::codes!(pub types::ErrorCode => lift_code, lower_code);
amdm::prediction_kinds!(pub models::PredictionKind => lift_kind, lower_kind);
amdm::phases!(pub sampling::Phase => lift_phase, lower_phase);
amdm::parts!(pub sampling::Part => lift_part, lower_part);

/// Makes a function from the contract's enum to the host's, out of the names of their cases.
macro_rules! lift {
    ($name:ident: $wit:ty => $host:ty { $($case:ident),* }) => {
        pub fn $name(case: $wit) -> $host {
            match case {
                $(<$wit>::$case => <$host>::$case,)*
            }
        }
    };
}

lift!(lift_level: types::LogLevel => Level { Trace, Debug, Info, Warn, Error });
lift!(lift_filter: images::Filter => Filter { NearestExact, Bilinear, Area, Bicubic, Lanczos });
lift!(lift_resampling: tensors::Resampling => Resampling {
    NearestExact, Bilinear, Area, Bicubic, Bislerp
});
lift!(lift_edge: tensors::Edge => Edge { Zero, Reflect });

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
