//! Noise streams equal to those of torch's CPU generator, and the seeds of lanes.
//!
//! * [`TorchCpu`]: what `torch.randn` draws from a CPU generator, to 1e-6, and equal to the bit
//!   among our own builds: functions that IEEE 754 leaves inexact come from the `libm` crate.
//! * [`lane_seed`]: the seed of a lane that was given none.
//!
//! Noise never comes from a device, so a seed means the same picture on every one of them.

mod mt19937;
mod seed;
mod torch_cpu;

pub use seed::{SEED_MAX, lane_seed};
pub use torch_cpu::TorchCpu;
