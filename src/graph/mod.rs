//! Node graphs in the API ("prompt") JSON format, and workflows as editors save them.
//!
//! * [`read()`]: a document from any file that holds a graph; [`workflow`] converts what editors save.
//! * [`Document`]: a graph as it was read, lossless; [`set`] changes single values in it.
//! * [`validate()`]: a document against a catalogue, all errors at once, or a [`Checked`] graph:
//!   inputs resolved, defaults filled in, in the order to run.
//! * [`GraphError`], [`ErrorCode`]: what is wrong, where, and what would be right.
//! * [`version`]: what graphs were made for; older ones are brought up to date.
//! * [`plan()`]: what a run would do, without running.
//! * [`comfy`]: the nodes of any installation of the ComfyUI family, and a document as its servers
//!   judge it.
//! * [`Verdict`]: either judgement in the form that node editors read.
//! * [`metadata`]: graphs inside pictures.
//!
//! Strict: what would not do what it says is an error, also in nodes that nothing depends on.

mod checked;
mod code;
pub mod comfy;
mod cycles;
mod document;
mod effort;
pub mod error;
mod influence;
pub(crate) mod json;
mod level;
mod link;
pub mod metadata;
mod node;
mod plan;
mod read;
pub mod set;
mod targets;
mod validate;
mod verdict;
pub mod version;
mod words;
pub mod workflow;

pub use checked::{Checked, CheckedNode, Resolved, Source};
pub use code::ErrorCode;
pub use document::{Document, Limits};
pub use error::GraphError;
pub use level::Level;
pub use link::LinkRef;
pub use node::{Given, Node};
pub use plan::{Memory, Passes, Plan, PlannedNode, PlannedState, Sampling, Shapes, plan};
pub use read::{Prefer, Read, read, read_with};
pub use targets::Targets;
pub use validate::{validate, validate_asked, validate_partial, validate_targets};
pub use verdict::{EditorError, NodeErrors, Verdict, verdict};

/// The wire on which step operators chain.
pub const STEP_POLICY: &str = "STEP_POLICY";
