//! The contract's enums as choices of nodes.
//!
//! A pack cannot implement this crate's traits for them itself (neither is its own).

use crate::{Dtype, LogLevel, Part, Phase, PredictionKind, images, tensors};

/// An enum whose cases are a node's choices.
pub trait Choice: Copy + 'static {
    /// Every case, in the order of the WIT.
    const ALL: &'static [Self];
    /// The case as graphs write it.
    fn text(self) -> &'static str;
}

macro_rules! choices {
    ($($ty:path { $($case:ident $text:literal),* $(,)? })*) => { $(
        impl $ty {
            /// The choice as graphs write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $text,)* }
            }
        }
        impl Choice for $ty {
            const ALL: &'static [Self] = &[$(Self::$case,)*];
            fn text(self) -> &'static str {
                self.as_str()
            }
        }
    )* };
}

choices! {
    images::Filter {
        NearestExact "nearest-exact",
        Bilinear "bilinear",
        Area "area",
        Bicubic "bicubic",
        Lanczos "lanczos",
    }
    tensors::Resampling {
        NearestExact "nearest-exact",
        Bilinear "bilinear",
        Area "area",
        Bicubic "bicubic",
        Bislerp "bislerp",
    }
    tensors::Edge { Zero "zero", Reflect "reflect" }
    images::Place { Output "output", Temporary "temporary" }
    Dtype {
        Float32 "float32",
        Float16 "float16",
        Bfloat16 "bfloat16",
        Uint8 "uint8",
        Int64 "int64",
    }
    LogLevel { Trace "trace", Debug "debug", Info "info", Warn "warn", Error "error" }
    PredictionKind {
        Epsilon "epsilon",
        Velocity "velocity",
        Sample "sample",
        Flow "flow",
    }
    Phase { Prepare "prepare", Predicted "predicted", Stepped "stepped" }
    Part { Guided "guided", Conditional "conditional", Unconditional "unconditional" }
}
