//! Noise streams equal to those of torch's CPU generator, and the seeds of lanes.
//!
//! * [`TorchCpu`]: what `torch.randn` draws from a CPU generator, to 1e-6, and equal to the bit
//!   among our own builds: functions that IEEE 754 leaves inexact come from the `libm` crate.
//! * [`Brownian`]: what torchsde draws on the CPU, to 1e-6.
//! * [`initial_noise`]: a batch's first noise, also for places of another batch.
//! * [`lane_seed`]: the seed of a lane that was given none.
//!
//! Noise never comes from a device, so a seed means the same picture on every one of them.

mod brownian;
mod initial;
mod mt19937;
mod seed;
mod seed_sequence;
mod torch_cpu;

pub use brownian::Brownian;
pub use initial::initial_noise;
pub use seed::{SEED_MAX, lane_seed};
pub use torch_cpu::TorchCpu;
