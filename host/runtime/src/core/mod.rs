//! What a node may do, whichever face it is behind: every rule, limit and cancel stands here once.
//!
//! * [`Job`]: what the nodes of one run share.
//! * [`Access`]: what one node of it may ask of the host: networks, pictures, the log.
//! * [`NodeCall`]: one execution of a node, with its inputs and outputs.
//! * [`StepView`]: the state of a sampling, as samplers and step operators see it.
//! * [`Policy`]: the step operators of one sampling.
//! * [`Provider`]: what executes a class. The faces implement it: `wasm` for packs of components,
//!   `own` for native code. Both hand on to this module, and decide nothing.

mod access;
mod call;
mod conditions;
mod job;
mod kept;
mod policy;
mod provider;
mod running;
mod step;
mod text;

pub use self::access::Access;
pub(crate) use self::access::within_lanes;
pub use self::call::NodeCall;
pub use self::conditions::entries;
pub(crate) use self::job::{Job, Means};
pub use self::kept::{Kept, PreviewSink};
pub use self::policy::Policy;
pub(crate) use self::provider::{Acting, Provider, Providers};
pub(crate) use self::running::of as running;
pub use self::running::{Place, Running};
pub use self::step::StepView;
pub(crate) use self::text::legible;
