//! Interface `sampling`, the policy: a chain of step operators, each in a store of its own.

use std::sync::{Arc, Mutex, PoisonError};

use amdm::error::{Code, Error};
use wasmtime::component::Resource;

use super::{Context, HostError, StoreData};
use crate::bindings::amdm::node::sampling::{self, Phase};
use crate::failure::Failure;
use crate::run::Operator;
use crate::value::Object;

/// Policies that a node may have open: a sampler opens one, and each holds instances of its own.
const POLICIES: usize = 16;

/// The operators of one sampling, with their state between steps.
pub struct Policy(Arc<Mutex<Vec<Operator>>>);

type Handle = Resource<Policy>;

impl StoreData {
    /// The operators behind a handle. Traps where the guest does not own it.
    fn operators(&self, this: &Handle) -> wasmtime::Result<Arc<Mutex<Vec<Operator>>>> {
        Ok(self.table.get(this)?.0.clone())
    }
}

/// Runs `f` over the operators in order. A failed operator keeps its own node's name.
fn each(
    operators: &Mutex<Vec<Operator>>,
    mut f: impl FnMut(&mut Operator) -> Result<(), Failure>,
) -> Result<(), HostError> {
    let mut operators = operators.lock().unwrap_or_else(PoisonError::into_inner);
    for operator in operators.iter_mut() {
        f(operator)?;
    }
    Ok(())
}

impl sampling::HostPolicy for StoreData {
    fn open(&mut self, object: Resource<Object>, steps: u32) -> Result<Handle, HostError> {
        let _work = self.work()?;
        if self.operator {
            let message = "a step operator cannot open a policy, only a sampler can";
            return Err(Error::new(Code::Denied, message).into());
        }
        if self.policies >= POLICIES {
            let message =
                format!("the node has {POLICIES} policies open, which is as many as it may");
            return Err(Error::new(Code::LimitExceeded, message).into());
        }
        let specs = self.table.get(&object)?.operators()?.to_vec();
        let mut operators = Vec::with_capacity(specs.len());
        let mut windows = Vec::with_capacity(specs.len());
        for spec in &specs {
            let operator = Operator::open(&self.run, spec, steps, &windows)?;
            windows.push(operator.window());
            operators.push(operator);
        }
        let handle = self.push(Policy(Arc::new(Mutex::new(operators))))?;
        self.policies += 1;
        Ok(handle)
    }

    fn end(&mut self, this: Handle) -> wasmtime::Result<u32> {
        let operators = self.operators(&this)?;
        let operators = operators.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(operators
            .iter()
            .map(Operator::window)
            .filter(|(start, end)| start < end)
            .map(|(_, end)| end)
            .max()
            .unwrap_or(0))
    }

    fn wants_parts(&mut self, this: Handle, step: u32) -> wasmtime::Result<bool> {
        let operators = self.operators(&this)?;
        let operators = operators.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(operators.iter().any(|operator| operator.wants_parts() && operator.acts_in(step)))
    }

    fn resumable(&mut self, this: Handle, step: u32) -> wasmtime::Result<bool> {
        let operators = self.operators(&this)?;
        let operators = operators.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(operators.iter().all(|operator| operator.is_stateless() || !operator.is_amid(step)))
    }

    fn check(&mut self, this: Handle, context: Resource<Context>) -> Result<(), HostError> {
        let _work = self.work()?;
        let operators = self.operators(&this)?;
        let context = self.table.get(&context)?.clone();
        each(&operators, |operator| operator.check(&context))
    }

    fn apply(
        &mut self,
        this: Handle,
        phase: Phase,
        context: Resource<Context>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let operators = self.operators(&this)?;
        let context = self.table.get(&context)?.clone();
        let step = context.lock().index();
        each(&operators, |operator| {
            if !operator.acts_in(step) || !operator.takes(phase) {
                return Ok(());
            }
            context.lock().enter_operator();
            let result = operator.apply(phase, &context);
            context.lock().leave_operator();
            result
        })
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        self.policies -= 1;
        Ok(())
    }
}

/// The steps in which an operator acts, refused where they are no window of the run.
pub(crate) fn checked_window(window: (u32, u32), steps: u32) -> Result<(u32, u32), Error> {
    let (start, end) = window;
    if start > end || end > steps {
        return Err(Error::invalid(format!(
            "found the window [{start}, {end}), expected one inside [0, {steps})"
        )));
    }
    Ok(window)
}
