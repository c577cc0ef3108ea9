//! Operations of networks, once for the CPU and once composed of candle's for other devices.
//!
//! A network is written once, over [`Map`]s; each operation dispatches on where its input lies. On
//! the CPU a map is one row of a batch and every operation runs on the calling thread, so a row's
//! result cannot depend on its neighbours or on how many threads there are. Matrix products go to
//! the `gemm` crate; vector loops are plain code that `pulp` compiles for the widest vectors.
//!
//! Temporaries come from a per-thread store of buffers; the process's allocator settings stay as
//! the host application chose them.

#[cfg(test)]
mod agreement;
mod attention;
mod columns;
mod convolution;
mod exponential;
mod linear;
mod map;
mod matrix;
mod norm;
mod rearrange;
mod scratch;

pub(crate) use attention::Attention;
pub(crate) use convolution::Convolution;
pub(crate) use linear::{Linear, activate};
pub(crate) use map::Map;
pub(crate) use norm::{Film, Norm};
