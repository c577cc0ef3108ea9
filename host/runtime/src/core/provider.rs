//! What executes nodes and step operators, whatever it is made of.

use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::Error;
use amdm::math::Phase;

use super::{NodeCall, StepView};
use crate::failure::Failure;
use crate::value::Value;

/// The code of a class of nodes.
pub(crate) trait Provider: Send + Sync {
    /// Executes a node once and gives the outputs that it set, in the order in which it did. Step
    /// operators that it starts are made by `others`.
    ///
    /// # Errors
    /// What the node says, or how it crashed; names it.
    fn execute(
        self: Arc<Self>,
        call: NodeCall,
        others: &Arc<dyn Providers>,
    ) -> Result<Vec<(String, Value)>, Failure>;

    /// Starts a step operator for one sampling.
    ///
    /// # Errors
    /// What it says, or how it crashed; names its node.
    fn operator(self: Arc<Self>, call: NodeCall) -> Result<Box<dyn Acting>, Failure>;
}

/// The code of all classes that a run knows.
pub(crate) trait Providers: Send + Sync {
    /// What executes the nodes of a class.
    ///
    /// # Errors
    /// `not_found`.
    fn provider(&self, descriptor: &Descriptor) -> Result<Arc<dyn Provider>, Error>;
}

/// A step operator that lives for one sampling. All its failures name its node.
pub(crate) trait Acting: Send {
    /// The steps [start, end) of `steps` in which it wants to act, as it says; `before` holds the
    /// windows of the operators before it in the chain.
    ///
    /// # Errors
    /// What it says, or how it crashed.
    fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Failure>;

    /// Whether it needs conditional and unconditional predictions apart.
    ///
    /// # Errors
    /// What it says, or how it crashed.
    fn wants_parts(&mut self) -> Result<bool, Failure>;

    /// Asks whether it can do what the view says.
    ///
    /// # Errors
    /// Its refusal, or how it crashed.
    fn check(&mut self, view: &StepView) -> Result<(), Failure>;

    /// Lets it act in one phase of a step.
    ///
    /// # Errors
    /// What it says, or how it crashed.
    fn apply(&mut self, phase: Phase, view: &StepView) -> Result<(), Failure>;
}
