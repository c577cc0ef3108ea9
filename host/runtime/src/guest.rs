//! One instance of a pack in a store of its own, and how its crashes become failures.
//!
//! After a trap an instance is dead, so a store serves one node's execution, or one operator for
//! one sampling, and is dropped.

use std::sync::Arc;

use wasmtime::component::{Instance, Resource, ResourceAny};
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};

use crate::bindings::amdm::node::sampling::Phase;
use crate::bindings::amdm::node::types;
use crate::bindings::exports::amdm::node::step_operators;
use crate::contract::{Call, Context, HostError, StoreData};
use crate::engine::TICK;
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::memory::{Budget, Grant};
use crate::pack::Pack;
use crate::run::{OperatorSpec, Shared};

/// Bounds a guest's linear memories and tables, each kind in sum.
pub struct Limiter {
    limit: usize,
    memory: Grant,
    /// What the last growth was granted, until the next: the growth may still fail.
    last: usize,
    entries: usize,
    refused: Option<String>,
}

impl Limiter {
    /// Table entries a guest may have: far beyond what a pack's functions need.
    const TABLE_ENTRIES: usize = 100_000;

    /// At most `limit` bytes of memory, out of what the run's guests have together.
    pub fn new(limit: usize, guests: &Arc<Budget>) -> Self {
        Self { limit, memory: Grant::new(guests), last: 0, entries: 0, refused: None }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.last = desired.saturating_sub(current);
        let all = self.memory.bytes().saturating_add(self.last);
        let refused = if all > self.limit {
            let limit = self.limit;
            format!("it asked for {all} bytes of memory, at most {limit} are given")
        } else {
            match self.memory.resize(all) {
                Ok(()) => return Ok(true),
                Err(error) => error.message,
            }
        };
        self.last = 0;
        self.refused = Some(refused);
        wasmtime::bail!("memory limit")
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        let before = self.memory.bytes().saturating_sub(std::mem::take(&mut self.last));
        // Shrinking is always granted.
        let _ = self.memory.resize(before);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.entries.saturating_add(desired.saturating_sub(current));
        let fits = all <= Self::TABLE_ENTRIES;
        if fits {
            self.entries = all;
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }

    fn tables(&self) -> usize {
        64
    }
}

/// A guest instance that is alive.
pub struct Guest {
    pub(crate) store: Store<StoreData>,
    pub(crate) instance: Instance,
    pack: Arc<Pack>,
}

impl Guest {
    /// A fresh instance of `pack` for `node`.
    ///
    /// # Errors
    /// Whatever the pack's start does wrong.
    pub fn start(run: &Arc<Shared>, pack: &Arc<Pack>, node: &NodeRef) -> Result<Self, Failure> {
        let ready = pack.ready().map_err(|failure| failure.in_node(node))?;
        let data = StoreData::new(run.clone(), node.clone());
        let mut store = Store::new(ready.engine(), data);
        store.limiter(|data| &mut data.limiter);
        store.set_hostcall_fuel(run.limits.call_bytes);
        // Loans count as well here; the table's own bound says more, so it comes first.
        store.set_max_component_handles(run.limits.guest_handles.saturating_mul(2));
        store.set_epoch_deadline(1);
        let limit = run.limits.guest_time;
        store.epoch_deadline_callback(move |context| {
            let data = context.data();
            let spent = TICK.as_nanos() * u128::from(data.clock.spent());
            if data.run.cancel.is_set() || spent > limit.as_nanos() {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Continue(1))
        });
        match ready.instantiate(&mut store) {
            Ok(instance) => Ok(Self { store, instance, pack: pack.clone() }),
            Err(error) => Err(crash(&mut store, pack, &error)),
        }
    }

    /// Executes the node `class` once and gives its outputs.
    ///
    /// # Errors
    /// What the node says, or how it crashed.
    pub fn execute(
        &mut self,
        class: &str,
        call: Call,
    ) -> Result<Vec<(String, crate::value::Value)>, Failure> {
        let nodes = self.pack.ready()?.nodes(&mut self.store, &self.instance)?;
        // The guest owns the call and drops it; what it set there is kept outside.
        let outputs = call.outputs();
        let call = self.push(call)?;
        self.store.data_mut().clock.restart();
        let result = nodes.call_execute(&mut self.store, class, call);
        self.finish(result)?;
        let data = self.store.data();
        if !data.table.is_empty() {
            tracing::debug!(node = %data.node, "the node left handles behind");
        }
        outputs.take().map_err(|failure| failure.in_node(&self.store.data().node))
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

    fn push(&mut self, call: Call) -> Result<Resource<Call>, Failure> {
        let data = self.store.data_mut();
        data.table
            .push(call)
            .map_err(|_| Failure::from(data.handles_exhausted()).in_node(&data.node))
    }

    fn push_context(&mut self, context: &Context) -> Result<Resource<Context>, Failure> {
        let data = self.store.data_mut();
        data.push_context(context.clone()).map_err(|error| match error {
            HostError::Node(error) => Failure::from(error).in_node(&data.node),
            HostError::Raised(failure) => failure,
            HostError::Trap(trap) => Failure::new(FailureCode::Trap, trap.to_string()),
        })
    }

    fn finish<T>(
        &mut self,
        result: wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Failure> {
        let node = self.store.data().node.clone();
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.store.data_mut().failure(error).in_node(&node)),
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
    let node = data.node.clone();
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
        let limit = data.run.limits.call_bytes;
        Failure::new(
            FailureCode::Node(amdm::error::Code::LimitExceeded),
            format!("pack {name} handed over more than {limit} bytes in one call"),
        )
    } else {
        let cause = error.root_cause();
        Failure::new(FailureCode::Trap, format!("pack {name} crashed: {cause}"))
    };
    failure.in_node(&node)
}

fn interrupted(data: &StoreData, pack: &str) -> Failure {
    if data.run.cancel.is_set() {
        return data.run.cancel.failure();
    }
    let limit = data.run.limits.guest_time.as_secs_f64();
    Failure::new(
        FailureCode::Timeout,
        format!("pack {pack} computed for more than {limit} s without an end"),
    )
}

/// A step operator of a pack, in an instance of its own.
pub struct GuestOperator {
    guest: Guest,
    exports: step_operators::Guest,
    handle: ResourceAny,
}

impl GuestOperator {
    /// Starts the operator that `spec` describes, which `pack` brings.
    ///
    /// # Errors
    /// What the pack says, or how it crashed; names the operator's node.
    pub fn open(run: &Arc<Shared>, pack: &Arc<Pack>, spec: &OperatorSpec) -> Result<Self, Failure> {
        let mut guest = Guest::start(run, pack, &spec.node)?;
        guest.store.data_mut().operator = true;
        let exports = pack
            .ready()?
            .operators(&mut guest.store, &guest.instance)
            .map_err(|failure| failure.in_node(&spec.node))?;
        let call = guest.push(spec.call(run)?)?;
        let made = exports.call_make(&mut guest.store, &spec.descriptor.r#type, call);
        let handle = guest.finish(made)?;
        Ok(Self { guest, exports, handle })
    }

    /// The steps in which it wants to act, as it says.
    ///
    /// # Errors
    /// How it crashed.
    pub fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Failure> {
        let operator = self.exports.operator();
        let window = operator.call_window(&mut self.guest.store, self.handle, steps, before);
        window.map_err(|error| self.crash(&error))
    }

    /// Whether it needs conditional and unconditional predictions apart.
    ///
    /// # Errors
    /// How it crashed.
    pub fn wants_parts(&mut self) -> Result<bool, Failure> {
        let operator = self.exports.operator();
        let wants = operator.call_wants_parts(&mut self.guest.store, self.handle);
        wants.map_err(|error| self.crash(&error))
    }

    /// Asks whether it can do what the context says.
    ///
    /// # Errors
    /// Its refusal.
    pub fn check(&mut self, context: &Context) -> Result<(), Failure> {
        let context = self.guest.push_context(context)?;
        self.guest.store.data_mut().clock.restart();
        let result =
            self.exports.operator().call_check(&mut self.guest.store, self.handle, context);
        self.guest.finish(result)
    }

    /// Lets it act in one phase of a step.
    ///
    /// # Errors
    /// What it says, or how it crashed.
    pub fn apply(&mut self, phase: Phase, context: &Context) -> Result<(), Failure> {
        let context = self.guest.push_context(context)?;
        self.guest.store.data_mut().clock.restart();
        let result =
            self.exports.operator().call_apply(&mut self.guest.store, self.handle, phase, context);
        self.guest.finish(result)
    }

    fn crash(&mut self, error: &wasmtime::Error) -> Failure {
        crash(&mut self.guest.store, &self.guest.pack, error)
    }
}
