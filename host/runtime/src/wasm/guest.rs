//! One instance of a pack in a store of its own, and how its crashes become failures.
//!
//! After a trap an instance is dead, so a store serves one node's execution, or one operator for
//! one sampling, and is dropped.

use std::sync::Arc;

use amdm::math::Phase;
use wasmtime::component::{Instance, Resource, ResourceAny};
use wasmtime::{Store, UpdateDeadline};

use super::bindings::amdm::node::types;
use super::bindings::exports::amdm::node::step_operators;
use super::engine::TICK;
use super::interfaces::{HostError, StoreData, lower_phase};
use super::pack::Pack;
use crate::core::{Access, Acting, NodeCall, Provider, Providers, StepView};
use crate::failure::{Failure, FailureCode};
use crate::value::Value;

/// A guest instance that is alive.
pub struct Guest {
    pub(crate) store: Store<StoreData>,
    pub(crate) instance: Instance,
    pack: Arc<Pack>,
}

impl Guest {
    /// A fresh instance of `pack` for the node behind `access`. A sampler's step operators are made
    /// by `others`.
    ///
    /// # Errors
    /// Whatever the pack's start does wrong.
    pub fn start(
        pack: &Arc<Pack>,
        access: Access,
        others: Option<Arc<dyn Providers>>,
    ) -> Result<Self, Failure> {
        let ready = pack.ready().map_err(|failure| failure.in_node(access.node()))?;
        let limits = access.job.limits.clone();
        let mut store = Store::new(ready.engine(), StoreData::new(access, others));
        store.limiter(|data| &mut data.limiter);
        store.set_hostcall_fuel(limits.call_bytes);
        // Loans count as well here; the table's own bound says more, so it comes first.
        store.set_max_component_handles(limits.guest_handles.saturating_mul(2));
        store.set_epoch_deadline(1);
        let limit = limits.guest_time;
        store.epoch_deadline_callback(move |context| {
            let data = context.data();
            let spent = TICK.as_nanos() * u128::from(data.clock.spent());
            if data.access.cancelled() || spent > limit.as_nanos() {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Continue(1))
        });
        match ready.instantiate(&mut store) {
            Ok(instance) => Ok(Self { store, instance, pack: pack.clone() }),
            Err(error) => Err(crash(&mut store, pack, &error)),
        }
    }

    /// Executes the node of `call` once and gives its outputs.
    ///
    /// # Errors
    /// What the node says, or how it crashed.
    fn execute(&mut self, call: NodeCall) -> Result<Vec<(String, Value)>, Failure> {
        let nodes = self.pack.ready()?.nodes(&mut self.store, &self.instance)?;
        // The guest owns the call and drops it; what it set there is kept outside.
        let (class, outputs) = (call.descriptor().r#type.clone(), call.outputs());
        let call = self.push(call)?;
        self.store.data_mut().clock.restart();
        let result = nodes.call_execute(&mut self.store, &class, call);
        self.finish(result)?;
        let data = self.store.data();
        if !data.table.is_empty() {
            tracing::debug!(node = %data.access.node(), "the node left handles behind");
        }
        outputs.take().map_err(|failure| failure.in_node(self.store.data().access.node()))
    }

    /// The node descriptors as the pack's own `describe` gives them.
    ///
    /// # Errors
    /// How it crashed.
    pub fn describe(&mut self) -> Result<String, Failure> {
        let nodes = self.pack.ready()?.nodes(&mut self.store, &self.instance)?;
        self.store.data_mut().clock.restart();
        let result = nodes.call_describe(&mut self.store);
        result.map_err(|error| crash(&mut self.store, &self.pack, &error))
    }

    fn push(&mut self, call: NodeCall) -> Result<Resource<NodeCall>, Failure> {
        let data = self.store.data_mut();
        data.table
            .push(call)
            .map_err(|_| Failure::from(data.handles_exhausted()).in_node(data.access.node()))
    }

    fn push_view(&mut self, view: &StepView) -> Result<Resource<StepView>, Failure> {
        let data = self.store.data_mut();
        data.push_view(view.clone()).map_err(|error| match error {
            HostError::Node(error) => Failure::from(error).in_node(data.access.node()),
            HostError::Raised(failure) => failure,
            HostError::Trap(trap) => Failure::new(FailureCode::Trap, trap.to_string()),
        })
    }

    fn finish<T>(
        &mut self,
        result: wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Failure> {
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let data = self.store.data_mut();
                Err(data.failure(error).in_node(data.access.node()))
            }
            Err(error) => Err(crash(&mut self.store, &self.pack, &error)),
        }
    }
}

/// What wasmtime says where a guest owns and lends more than its share; the error has no type.
const LENT: &str = "store handle limit exceeded";
/// What wasmtime says where a guest hands over more than its share; the error has no type.
const COPIED: &str = "fuel allocated for hostcalls has been exhausted";

/// What a trap means to the person who runs the graph.
fn crash(store: &mut Store<StoreData>, pack: &Pack, error: &wasmtime::Error) -> Failure {
    let data = store.data_mut();
    let name = pack.name();
    let failure = if let Some(failure) = error.downcast_ref::<Failure>() {
        failure.clone()
    } else if let Some(error) = error.downcast_ref::<amdm::error::Error>() {
        Failure::from(error.clone())
    } else if let Some(message) = data.limiter.refused.take() {
        let code = FailureCode::Node(amdm::error::Code::LimitExceeded);
        Failure::new(code, format!("pack {name}: {message}"))
    } else if let Some(wasmtime::Trap::Interrupt) = error.downcast_ref::<wasmtime::Trap>() {
        interrupted(data, &name)
    } else if error.root_cause().to_string().contains(LENT) {
        Failure::from(data.handles_exhausted())
    } else if error.root_cause().to_string().contains(COPIED) {
        let limit = data.access.job.limits.call_bytes;
        Failure::new(
            FailureCode::Node(amdm::error::Code::LimitExceeded),
            format!("pack {name} handed over more than {limit} bytes in one call"),
        )
    } else {
        let cause = error.root_cause();
        Failure::new(FailureCode::Trap, format!("pack {name} crashed: {cause}"))
    };
    failure.in_node(data.access.node())
}

fn interrupted(data: &StoreData, pack: &str) -> Failure {
    let job = &data.access.job;
    if job.cancel.is_set() {
        return job.cancel.failure();
    }
    let limit = job.limits.guest_time.as_secs_f64();
    Failure::new(
        FailureCode::Timeout,
        format!("pack {pack} computed for more than {limit} s without an end"),
    )
}

impl Provider for Pack {
    fn execute(
        self: Arc<Self>,
        call: NodeCall,
        others: &Arc<dyn Providers>,
    ) -> Result<Vec<(String, Value)>, Failure> {
        Guest::start(&self, call.access().clone(), Some(others.clone()))?.execute(call)
    }

    fn operator(self: Arc<Self>, call: NodeCall) -> Result<Box<dyn Acting>, Failure> {
        let mut guest = Guest::start(&self, call.access().clone(), None)?;
        let exports = self.ready()?.operators(&mut guest.store, &guest.instance);
        let exports = exports.map_err(|failure| failure.in_node(call.node()))?;
        let class = call.descriptor().r#type.clone();
        let call = guest.push(call)?;
        let made = exports.call_make(&mut guest.store, &class, call);
        let handle = guest.finish(made)?;
        Ok(Box::new(GuestOperator { guest, exports, handle }))
    }
}

/// A step operator of a pack, in an instance of its own.
struct GuestOperator {
    guest: Guest,
    exports: step_operators::Guest,
    handle: ResourceAny,
}

impl GuestOperator {
    fn crash(&mut self, error: &wasmtime::Error) -> Failure {
        crash(&mut self.guest.store, &self.guest.pack, error)
    }
}

impl Acting for GuestOperator {
    fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Failure> {
        let operator = self.exports.operator();
        let window = operator.call_window(&mut self.guest.store, self.handle, steps, before);
        window.map_err(|error| self.crash(&error))
    }

    fn wants_parts(&mut self) -> Result<bool, Failure> {
        let operator = self.exports.operator();
        let wants = operator.call_wants_parts(&mut self.guest.store, self.handle);
        wants.map_err(|error| self.crash(&error))
    }

    fn check(&mut self, view: &StepView) -> Result<(), Failure> {
        let view = self.guest.push_view(view)?;
        self.guest.store.data_mut().clock.restart();
        let result = self.exports.operator().call_check(&mut self.guest.store, self.handle, view);
        self.guest.finish(result)
    }

    fn apply(&mut self, phase: Phase, view: &StepView) -> Result<(), Failure> {
        let view = self.guest.push_view(view)?;
        let phase = lower_phase(phase);
        self.guest.store.data_mut().clock.restart();
        let operator = self.exports.operator();
        let result = operator.call_apply(&mut self.guest.store, self.handle, phase, view);
        self.guest.finish(result)
    }
}
