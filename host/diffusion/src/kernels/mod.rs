//! Operations of networks, once for the CPU and once composed of candle's for other devices.
//!
//! A network is written once, over [`Map`]s; each operation dispatches on where its input lies. On
//! the CPU an operation cuts its result into tiles whose sizes depend on shapes alone, and a tile is
//! of one row of the batch and computed by one thread, so a row's result depends neither on its
//! neighbours nor on how many threads there are. Matrix products go to the `gemm` crate; vector
//! loops are plain code that `pulp` compiles for the widest vectors.
//!
//! Temporaries come from stores of buffers; the process's allocator settings stay as the host
//! application chose them.

mod activation;
#[cfg(test)]
mod agreement;
mod attention;
mod columns;
mod convolution;
mod exponential;
mod layer_norm;
mod linear;
mod map;
mod matrix;
mod norm;
mod pointwise;
mod rearrange;
mod scratch;
mod work;

pub(crate) use activation::Activation;
pub(crate) use attention::Attention;
pub(crate) use convolution::Convolution;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use linear::{Linear, activate};
pub(crate) use map::Map;
pub(crate) use norm::{Film, Norm};
pub(crate) use pointwise::Pointwise;
pub(crate) use work::Work;
