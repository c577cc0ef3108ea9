//! Step operators: what such a node yields, and what a sampling starts from it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm::math;

use super::Shared;
use crate::bindings::amdm::node::sampling::Phase;
use crate::cancel::Cancel;
use crate::contract::{Call, Context, checked_window, legible};
use crate::failure::{Failure, NodeRef};
use crate::guest::GuestOperator;
use crate::own::{NodeCall, OwnNode, StepOperator, StepView, caught};
use crate::registry::Provider;
use crate::value::Value;

/// A step operator with its resolved inputs; immutable, so cached graphs hold no guest state.
pub struct OperatorSpec {
    /// What brings it.
    pub(crate) provider: Provider,
    /// The node, as errors name it.
    pub node: NodeRef,
    /// Its class.
    pub descriptor: Descriptor,
    /// Its inputs but for the policy before it.
    pub inputs: Vec<(String, Value)>,
}

impl OperatorSpec {
    /// The call that it is made with.
    ///
    /// # Errors
    /// `limit_exceeded` where its inputs are more than the run may hold.
    pub(crate) fn call(&self, run: &Shared) -> Result<Call, Failure> {
        let call = Call::new(run, self.descriptor.clone(), self.inputs.clone(), HashSet::new());
        call.map_err(|error| Failure::from(error).in_node(&self.node))
    }

    fn takes(&self, phase: &str) -> bool {
        let operator = self.descriptor.step_operator.as_ref();
        operator.is_some_and(|operator| operator.phases.iter().any(|name| name == phase))
    }
}

impl fmt::Debug for OperatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorSpec({})", self.node)
    }
}

/// A step operator that lives for one sampling.
pub(crate) struct Operator {
    code: OperatorCode,
    spec: Arc<OperatorSpec>,
    window: (u32, u32),
    wants_parts: bool,
}

enum OperatorCode {
    Guest(Box<GuestOperator>),
    Own(Box<OwnOperator>),
}

/// An operator of the embedder's; `operator` is there until it is dropped.
struct OwnOperator {
    run: Arc<Shared>,
    own: OwnNode,
    operator: Option<Box<dyn StepOperator>>,
}

impl OwnOperator {
    /// Does `work` with it in the class's turn.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut dyn StepOperator, &Arc<Shared>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _turn = self.own.turn(&self.run.cancel)?;
        let gone = || Error::new(Code::Internal, "the operator has ended");
        let operator = self.operator.as_mut().ok_or_else(gone)?.as_mut();
        caught(|| work(operator, &self.run))
    }
}

impl Drop for OwnOperator {
    fn drop(&mut self) {
        // Its end is one more call of the class. It must come, even of a run that is being stopped.
        let _turn = self.own.turn(&Cancel::new());
        // A panic at the end changes nothing that was computed.
        let operator = self.operator.take();
        let _ = caught(|| {
            drop(operator);
            Ok(())
        });
    }
}

impl Operator {
    /// Starts the operator that `spec` describes.
    ///
    /// # Errors
    /// What it says, or how it crashed; names the operator's node.
    pub fn open(
        run: &Arc<Shared>,
        spec: &Arc<OperatorSpec>,
        steps: u32,
        before: &[(u32, u32)],
    ) -> Result<Self, Failure> {
        let own_failure = |error| Failure::from(legible(error)).in_node(&spec.node);
        let mut code = match &spec.provider {
            Provider::Pack(pack) => {
                OperatorCode::Guest(Box::new(GuestOperator::open(run, pack, spec)?))
            }
            Provider::Own(own) => {
                let call = NodeCall::new(run, &spec.node, spec.call(run)?);
                let operator = own.with(&run.cancel, |node| node.operator(&call));
                let operator = operator.map_err(own_failure)?;
                let (run, own, operator) = (run.clone(), own.clone(), Some(operator));
                OperatorCode::Own(Box::new(OwnOperator { run, own, operator }))
            }
        };
        let (window, wants_parts) = match &mut code {
            OperatorCode::Guest(guest) => (guest.window(steps, before)?, guest.wants_parts()?),
            OperatorCode::Own(own) => {
                let asked = own.with(|operator, _| {
                    Ok((operator.window(steps, before)?, operator.wants_parts()?))
                });
                asked.map_err(own_failure)?
            }
        };
        let window = checked_window(window, steps)
            .map_err(|error| Failure::from(error).in_node(&spec.node))?;
        Ok(Self { code, spec: spec.clone(), window, wants_parts })
    }

    /// The steps `[start, end)` in which it acts.
    pub fn window(&self) -> (u32, u32) {
        self.window
    }

    /// Whether it acts in `step`.
    pub fn acts_in(&self, step: u32) -> bool {
        (self.window.0..self.window.1).contains(&step)
    }

    /// Whether it has acted before `step`, and will again.
    pub fn is_amid(&self, step: u32) -> bool {
        self.window.0 < step && step < self.window.1
    }

    /// Whether its descriptor says that it keeps nothing from one step to the next.
    pub fn is_stateless(&self) -> bool {
        self.spec.descriptor.step_operator.as_ref().is_some_and(|operator| operator.stateless)
    }

    /// Whether its descriptor names `phase`.
    pub fn takes(&self, phase: Phase) -> bool {
        self.spec.takes(match phase {
            Phase::Prepare => "prepare",
            Phase::Predicted => "predicted",
            Phase::Stepped => "stepped",
        })
    }

    /// Whether it needs conditional and unconditional predictions apart.
    pub fn wants_parts(&self) -> bool {
        self.wants_parts
    }

    /// Asks whether it can do what the context says.
    ///
    /// # Errors
    /// Its refusal.
    pub fn check(&mut self, context: &Context) -> Result<(), Failure> {
        self.own_or(context, |guest| guest.check(context), |own, step| own.check(step))
    }

    /// Lets it act in one phase of a step.
    ///
    /// # Errors
    /// What it says, or how it crashed.
    pub fn apply(&mut self, phase: Phase, context: &Context) -> Result<(), Failure> {
        let lifted = match phase {
            Phase::Prepare => math::Phase::Prepare,
            Phase::Predicted => math::Phase::Predicted,
            Phase::Stepped => math::Phase::Stepped,
        };
        self.own_or(
            context,
            |guest| guest.apply(phase, context),
            |own, step| own.apply(lifted, step),
        )
    }

    fn own_or(
        &mut self,
        context: &Context,
        guest_work: impl FnOnce(&mut GuestOperator) -> Result<(), Failure>,
        own_work: impl FnOnce(&mut dyn StepOperator, &StepView) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        match &mut self.code {
            OperatorCode::Guest(guest) => guest_work(guest),
            OperatorCode::Own(own) => {
                let node = &self.spec.node;
                let worked = own
                    .with(|operator, run| own_work(operator, &StepView::new(run, node, context)));
                worked.map_err(|error| Failure::from(legible(error)).in_node(node))
            }
        }
    }
}
