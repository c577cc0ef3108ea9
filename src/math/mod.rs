//! The algorithm: formulas over a small [`Tensor`] trait, `no_std`, no device, no files.
//!
//! * [`step`], [`state`]: what operators and samplers see of a step, and its one implementation.
//! * [`aggregate`], [`refine`], [`window`]: the step operators; [`operator`]: how they chain.
//! * [`process`], [`schedule`], [`solver`], [`sampler`]: the forward process and the step loop;
//!   [`checkpoint`]: how a loop that was broken off goes on.
//!
//! Every solver carries latents as `x = signal * x0 + noise * epsilon` with the model's own signal
//! and noise, so operators see one process whatever the solver: see [`solver`].
//!
//! Sources: AMDM (arXiv 2410.01262) for aggregation and refinement, DDIM (2010.02502), DPM-Solver++
//! (2211.01095) and k-diffusion's Euler samplers for the solvers. Scalars are `f64` through `libm`,
//! so that guests and the native host agree to the last bit.

pub mod aggregate;
pub mod checkpoint;
pub mod operator;
pub mod process;
pub mod refine;
pub mod sampler;
pub mod schedule;
mod sigmas;
pub mod solver;
pub mod state;
pub mod step;
mod tensor;
pub mod window;

pub use aggregate::{AggregateStep, Method};
pub use checkpoint::Checkpoint;
pub use operator::{Chain, Operator, OperatorScope};
pub use refine::{ManifoldRefine, Mean, Mode};
pub use sampler::{Backend, Draw, Given, LaneRequest, LaneSpec, Outcome, Settings, Start, sample};
pub use schedule::Scheduler;
pub use solver::Solver;
pub use solver::sigma::Sampler;
pub use state::StepState;
pub use step::{NoiseLevel, Part, Phase, Prediction, PredictionKind, StepContext};
pub use tensor::Tensor;
