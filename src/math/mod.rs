//! The algorithm: formulas over a small [`Tensor`] trait, `no_std`, no device, no files.
//!
//! Sources: AMDM (arXiv 2410.01262) for aggregation and refinement, DDIM (2010.02502), DPM-Solver++
//! (2211.01095) and k-diffusion's Euler samplers for the solvers. Scalars are `f64` through `libm`,
//! so that guests and the native host agree to the last bit.

mod tensor;

pub use tensor::Tensor;
