//! Nodes of the embedder's own: native code beside the packs, under the same rules.
//!
//! A [`Node`] has a descriptor as packs' nodes have, so graphs that use it are validated alike, and
//! it sees of a run what a guest sees: [`NodeCall`] and [`StepView`] are the interfaces `runtime`
//! and `sampling` of the contract for native callers. What a pack may not do (read outside the
//! input directory, give a value of another type than it declares) a node of this kind may not do
//! either; what it does besides is the embedder's own matter.

mod native;
mod operator;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm::math::Phase;

pub use self::native::{NativeFile, NativePack, Registration};
use self::operator::OwnOperator;
use crate::cache::Code as ContentCode;
use crate::cancel::Cancel;
use crate::core::{Access, Acting, NodeCall, Provider, Providers, StepView, legible};
use crate::failure::Failure;
use crate::turn::{Entered, Turn};
use crate::value::Value;
use crate::worker::said;

/// A class of nodes. Its methods are called from any run, several at a time.
pub trait Node: Send + Sync {
    /// Executes one node once: reads inputs, sets outputs.
    ///
    /// # Errors
    /// Whatever keeps the node from its outputs; the run ends with it and names the node.
    fn execute(&self, call: &NodeCall) -> Result<(), Error>;

    /// A step operator for one sampling, where the descriptor has `step_operator`. Policies are
    /// absent from the call, and outputs cannot be set.
    ///
    /// # Errors
    /// Whatever keeps it from working; `unsupported` unless implemented.
    fn operator(&self, call: &NodeCall) -> Result<Box<dyn StepOperator>, Error> {
        let class = &call.descriptor().r#type;
        let message = format!("{class} describes a step operator and has none");
        Err(Error::new(Code::Unsupported, message))
    }
}

/// Acts at every step of a sampling in its window; lives for one sampling.
pub trait StepOperator: Send {
    /// The steps [start, end) of `steps` in which it acts; `before` holds the windows of the
    /// operators before it in the chain.
    ///
    /// # Errors
    /// The operator's own.
    fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Error>;

    /// Whether it needs conditional and unconditional predictions apart.
    ///
    /// # Errors
    /// The operator's own.
    fn wants_parts(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Refuses what it cannot do with the lanes; called once, before the first network pass.
    ///
    /// # Errors
    /// Its refusal.
    fn check(&mut self, step: &StepView) -> Result<(), Error> {
        let _ = step;
        Ok(())
    }

    /// Acts in one phase of one step: those that its descriptor names.
    ///
    /// # Errors
    /// The operator's own.
    fn apply(&mut self, phase: Phase, step: &StepView) -> Result<(), Error>;
}

/// A registered class.
pub(crate) struct OwnNode {
    node: Arc<dyn Node>,
    /// Held while the node works, where it is not for several runs at a time.
    turn: Option<Turn>,
    /// What keys of results say about it.
    pub code: ContentCode,
}

impl OwnNode {
    /// A class; `concurrent` says whether several runs may call it at once.
    pub fn new(node: Arc<dyn Node>, concurrent: bool, code: ContentCode) -> Self {
        Self { node, turn: (!concurrent).then(Turn::default), code }
    }

    /// Does `work` with the node, in its turn.
    ///
    /// # Errors
    /// Those of `work`, `internal` where it panics; those of [`Turn::wait`].
    fn with<T>(
        &self,
        cancel: &Cancel,
        work: impl FnOnce(&dyn Node) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _turn = self.turn(cancel)?;
        caught(|| work(&*self.node))
    }

    /// Waits for the node's turn, where there is one call at a time.
    ///
    /// # Errors
    /// Those of [`Turn::wait`].
    fn turn(&self, cancel: &Cancel) -> Result<Option<Entered<'_>>, Error> {
        self.turn.as_ref().map(|turn| turn.wait(&|| cancel.is_set())).transpose()
    }
}

impl Provider for OwnNode {
    fn execute(
        self: Arc<Self>,
        call: NodeCall,
        _: &Arc<dyn Providers>,
    ) -> Result<Vec<(String, Value)>, Failure> {
        let executed = self.with(&call.access().job.cancel, |node| node.execute(&call));
        executed.map_err(|error| failure(&call, error))?;
        call.outputs().take().map_err(|failure| failure.in_node(call.node()))
    }

    fn operator(self: Arc<Self>, call: NodeCall) -> Result<Box<dyn Acting>, Failure> {
        let operator = self.with(&call.access().job.cancel, |node| node.operator(&call));
        let operator = operator.map_err(|error| failure(&call, error))?;
        Ok(Box::new(OwnOperator::new(self, call.access().clone(), operator)))
    }
}

/// What native code says, as the run reports it.
fn failure(access: &Access, error: Error) -> Failure {
    Failure::from(legible(error)).in_node(access.node())
}

/// Does `work` of the embedder's.
///
/// # Errors
/// Those of `work`, `internal` where it panics.
fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!("the node's own code panicked: {}", said(panic.as_ref()));
        Err(Error::new(Code::Internal, message))
    })
}

/// Fails for a descriptor that no embedder's node may have.
pub(crate) fn permitted(descriptor: &Descriptor) -> Result<(), Error> {
    if descriptor.pack.starts_with("amdm:") {
        let pack = &descriptor.pack;
        let message = format!("found the pack name {pack}; amdm:* is for our own packs");
        return Err(Error::new(Code::Denied, message));
    }
    Ok(())
}
