//! The step operators of one sampling: started together, asked in order, each with its own node.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::error::{Code, Error};
use amdm::math::Phase;

use super::text::legible;
use super::{Access, Acting, NodeCall, Providers, StepView};
use crate::failure::Failure;
use crate::value::{Object, OperatorSpec};

/// Policies that a node may have open: a sampler opens one, and each holds instances of its own.
const POLICIES: usize = 16;

/// The operators of one sampling, with their state between steps.
pub struct Policy {
    /// The node that opened it.
    access: Access,
    operators: Mutex<Vec<Operator>>,
}

impl Drop for Policy {
    fn drop(&mut self) {
        self.access.policies().fetch_sub(1, Ordering::Relaxed);
    }
}

impl Policy {
    /// Starts the operators of a `STEP_POLICY` for a sampling of `steps` steps. `providers` makes
    /// them; a node that is a step operator itself has none.
    ///
    /// # Errors
    /// `denied` without providers, `limit_exceeded` for more policies than a node may have open,
    /// `invalid_input` for another object; those of the operators, which name their own nodes.
    pub fn open(
        access: &Access,
        object: &Object,
        steps: u32,
        providers: Option<&dyn Providers>,
    ) -> Result<Self, Failure> {
        let denied = || {
            let message = "a step operator cannot open a policy, only a sampler can";
            Error::new(Code::Denied, message)
        };
        let providers = providers.ok_or_else(denied)?;
        let open = access.policies();
        if open.fetch_add(1, Ordering::Relaxed) >= POLICIES {
            open.fetch_sub(1, Ordering::Relaxed);
            let message =
                format!("the node has {POLICIES} policies open, which is as many as it may");
            return Err(Error::new(Code::LimitExceeded, message).into());
        }
        // Dropped, and so counted as closed, where an operator does not start.
        let policy = Self { access: access.clone(), operators: Mutex::default() };
        let specs = object.operators().map_err(legible)?;
        let mut windows = Vec::with_capacity(specs.len());
        for spec in specs {
            let operator = Operator::open(access, spec, (steps, &windows), providers)?;
            windows.push(operator.window);
            policy.lock().push(operator);
        }
        Ok(policy)
    }

    /// The first step in which none of them acts any more; 0 where none acts at all.
    pub fn end(&self) -> u32 {
        let operators = self.lock();
        let windows = operators.iter().map(|operator| operator.window);
        windows.filter(|(start, end)| start < end).map(|(_, end)| end).max().unwrap_or(0)
    }

    /// Whether one of them needs conditional and unconditional predictions apart in `step`.
    pub fn wants_parts(&self, step: u32) -> bool {
        self.lock().iter().any(|operator| operator.wants_parts && operator.acts_in(step))
    }

    /// Whether a sampling may go on from `step` later: no operator remembers what came before.
    pub fn resumable(&self, step: u32) -> bool {
        self.lock().iter().all(|operator| operator.is_stateless() || !operator.is_amid(step))
    }

    /// Asks all of them whether they can do what the view says.
    ///
    /// # Errors
    /// The first refusal, with the operator's node.
    pub fn check(&self, view: &StepView) -> Result<(), Failure> {
        let mut operators = self.lock();
        let mut operators = operators.iter_mut();
        operators.try_for_each(|operator| operator.code.check(&view.of(&operator.access)))
    }

    /// Lets those act whose window and phases it is.
    ///
    /// # Errors
    /// The first failure, with the operator's node.
    pub fn apply(&self, phase: Phase, view: &StepView) -> Result<(), Failure> {
        let step = view.index();
        let mut operators = self.lock();
        let mut acting =
            operators.iter_mut().filter(|operator| operator.acts_in(step) && operator.takes(phase));
        acting.try_for_each(|operator| {
            let view = view.of(&operator.access);
            view.as_operator(|| operator.code.apply(phase, &view))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Operator>> {
        self.operators.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them.
struct Operator {
    code: Box<dyn Acting>,
    access: Access,
    spec: Arc<OperatorSpec>,
    window: (u32, u32),
    wants_parts: bool,
}

impl Operator {
    /// Starts the operator that `spec` describes.
    fn open(
        sampler: &Access,
        spec: &Arc<OperatorSpec>,
        (steps, before): (u32, &[(u32, u32)]),
        providers: &dyn Providers,
    ) -> Result<Self, Failure> {
        let job = &sampler.job;
        let at_node = |error: Error| Failure::from(error).in_node(&spec.node);
        let access = Access::of_operator(job, spec.node.clone());
        let (descriptor, inputs) = (spec.descriptor.clone(), spec.inputs.clone());
        let provider = providers.provider(&descriptor).map_err(at_node)?;
        let call = NodeCall::new(access.clone(), descriptor, inputs, HashSet::new(), None);
        let mut code = provider.operator(call.map_err(at_node)?)?;
        let window = code.window(steps, before)?;
        let wants_parts = code.wants_parts()?;
        let window = checked_window(window, steps).map_err(at_node)?;
        Ok(Self { code, access, spec: spec.clone(), window, wants_parts })
    }

    /// Whether it acts in `step`.
    fn acts_in(&self, step: u32) -> bool {
        (self.window.0..self.window.1).contains(&step)
    }

    /// Whether it has acted before `step`, and will again.
    fn is_amid(&self, step: u32) -> bool {
        self.window.0 < step && step < self.window.1
    }

    /// Whether its descriptor says that it keeps nothing from one step to the next.
    fn is_stateless(&self) -> bool {
        self.spec.descriptor.step_operator.as_ref().is_some_and(|operator| operator.stateless)
    }

    /// Whether its descriptor names `phase`.
    fn takes(&self, phase: Phase) -> bool {
        let name = phase.as_str();
        let operator = self.spec.descriptor.step_operator.as_ref();
        operator.is_some_and(|operator| operator.phases.iter().any(|phase| phase == name))
    }
}

/// The steps in which an operator acts, refused where they are no window of the run.
fn checked_window(window: (u32, u32), steps: u32) -> Result<(u32, u32), Error> {
    let (start, end) = window;
    if start > end || end > steps {
        return Err(Error::invalid(format!(
            "found the window [{start}, {end}), expected one inside [0, {steps})"
        )));
    }
    Ok(window)
}
