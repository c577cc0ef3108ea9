//! The host's side of the contract in `wit/`: one file an interface. What the functions do stands
//! in
//! [`core`](crate::core); here its values are put behind handles, and counted.
//!
//! [`StoreData`] is what a guest instance sees: handles in a bounded table, and the run it belongs to.
//! Every function that can fail checks the cancel token first. Errors given to a guest are
//! remembered, so that one that comes back unchanged keeps its origin.

mod call;
mod clock;
mod codecs;
mod context;
mod encoders;
mod enums;
mod images;
mod models;
mod objects;
mod policy;
mod tensors;

use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm_diffusion::Tensor;
use wasmtime::component::{Resource, ResourceTable};

pub use self::clock::GuestClock;
use self::clock::Work;
pub use self::codecs::Codec;
pub use self::encoders::TextEncoder;
pub use self::enums::lower_phase;
use self::enums::{lift_code, lower_code};
pub use self::models::Model;
pub use self::tensors::Generator;
use super::bindings::amdm::node::objects::Value as WitValue;
use super::bindings::amdm::node::types;
use super::limiter::Limiter;
use crate::budget::Ledger;
use crate::core::{Access, Providers, StepView, legible};
use crate::failure::{Failure, FailureCode};
use crate::value::{Object, Value};

/// What one guest instance may touch.
pub struct StoreData {
    /// Handles of this instance.
    pub table: ResourceTable,
    /// The node that it executes, and what it may ask for.
    pub access: Access,
    /// Memory bound, and what was asked for beyond it.
    pub limiter: Limiter,
    /// Time that it has computed since it was called.
    pub clock: GuestClock,
    /// What makes the step operators of a sampler; none in step operators.
    pub(crate) others: Option<Arc<dyn Providers>>,
    /// What the table's handles keep alive.
    ledger: Ledger,
    raised: Option<(types::Error, Failure)>,
}

impl StoreData {
    /// An empty table for the node behind `access`. A sampler's step operators are made by
    /// `others`.
    pub(crate) fn new(access: Access, others: Option<Arc<dyn Providers>>) -> Self {
        let (limits, job) = (&access.job.limits, &access.job);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.guest_handles);
        let limiter = Limiter::new(limits.guest_memory, &job.guests);
        let clock = GuestClock::new(&job.ticks);
        let ledger = Ledger::new(limits.node_tensor_bytes, &job.tensors);
        Self { table, access, limiter, clock, others, ledger, raised: None }
    }

    /// What the error that a guest ended with means to the run.
    pub fn failure(&mut self, error: types::Error) -> Failure {
        match self.raised.take() {
            Some((given, failure)) if same(&given, &error) => failure,
            _ => Failure::from(lift_error(error)),
        }
    }

    /// Begins work of the host's, which is not the guest's time; fails once the run is being
    /// stopped.
    fn work(&self) -> Result<Work, HostError> {
        self.access.job.cancel.check()?;
        Ok(self.clock.work())
    }

    fn push<T: Send + 'static>(&mut self, value: T) -> Result<Resource<T>, HostError> {
        self.table.push(value).map_err(|_| self.handles_exhausted().into())
    }

    /// A handle on a tensor, within the bytes that one node may hold.
    fn push_tensor(&mut self, tensor: Tensor) -> Result<Resource<Tensor>, HostError> {
        self.ledger.add(&[tensor.storage()])?;
        self.push(tensor)
    }

    /// The tensor of a handle that is given up.
    fn take_tensor(&mut self, handle: Resource<Tensor>) -> wasmtime::Result<Tensor> {
        let tensor = self.table.delete(handle)?;
        self.ledger.remove(&[tensor.storage()]);
        Ok(tensor)
    }

    /// A handle on an object, within the bytes that one node may hold.
    fn push_object(&mut self, object: Object) -> Result<Resource<Object>, HostError> {
        self.ledger.add(&object.held())?;
        self.push(object)
    }

    /// The object of a handle that is given up.
    fn take_object(&mut self, handle: Resource<Object>) -> wasmtime::Result<Object> {
        let object = self.table.delete(handle)?;
        self.ledger.remove(&object.held());
        Ok(object)
    }

    /// A handle on a sampling's state, within the bytes that one node may hold.
    pub fn push_view(&mut self, view: StepView) -> Result<Resource<StepView>, HostError> {
        self.ledger.add(&[view.storage()])?;
        self.push(view)
    }

    /// The error of a node that holds as many handles as it may.
    pub fn handles_exhausted(&self) -> Error {
        let limit = self.access.job.limits.guest_handles;
        Error::new(
            Code::LimitExceeded,
            format!("the node holds {limit} handles, which is as many as it may"),
        )
    }

    /// A host value as the guest sees it.
    fn lower(&mut self, value: Value) -> Result<WitValue, HostError> {
        Ok(match value {
            Value::Boolean(value) => WitValue::Boolean(value),
            Value::Integer(value) => WitValue::Integer(value),
            Value::Float(value) => WitValue::Float(value),
            Value::Text(value) => WitValue::Text(value.to_string()),
            Value::Json(value) => WitValue::Json(value.to_string()),
            Value::Tensor(value) => WitValue::Tensor(self.push_tensor(value)?),
            Value::Object(value) => WitValue::Object(self.push_object(value)?),
        })
    }

    /// A guest's value as the host keeps it; takes the handle over.
    fn lift(&mut self, value: WitValue) -> Result<Value, HostError> {
        Ok(match value {
            WitValue::Boolean(value) => Value::Boolean(value),
            WitValue::Integer(value) => Value::Integer(value),
            WitValue::Float(value) => Value::Float(value),
            WitValue::Text(value) => Value::Text(value.into()),
            WitValue::Json(value) => Value::Json(value.into()),
            WitValue::Tensor(handle) => Value::Tensor(self.take_tensor(handle)?),
            WitValue::Object(handle) => Value::Object(self.take_object(handle)?),
        })
    }
}

/// How a host function fails: with an error that the guest sees, or by ending the guest.
#[derive(Debug)]
pub enum HostError {
    /// For the guest to handle or to return.
    Node(Error),
    /// Raised in another instance, such as a step operator; keeps that one's node.
    Raised(Failure),
    /// Ends the guest: a handle it does not own, a defect.
    Trap(wasmtime::Error),
}

impl From<Error> for HostError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl From<Failure> for HostError {
    fn from(failure: Failure) -> Self {
        Self::Raised(failure)
    }
}

impl From<wasmtime::Error> for HostError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl From<wasmtime::component::ResourceTableError> for HostError {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl types::Host for StoreData {
    fn convert_error(&mut self, error: HostError) -> wasmtime::Result<types::Error> {
        let failure = match error {
            HostError::Node(error) => Failure::from(legible(error)),
            HostError::Raised(failure) => failure,
            HostError::Trap(trap) => return Err(trap),
        };
        let code = match failure.code {
            FailureCode::Node(code) => code,
            _ => Code::Internal,
        };
        let given = types::Error {
            code: lower_code(code),
            message: failure.message.clone(),
            input: failure.input.clone(),
        };
        self.raised = Some((given.clone(), failure));
        Ok(given)
    }
}

fn same(a: &types::Error, b: &types::Error) -> bool {
    a.code == b.code && a.message == b.message && a.input == b.input
}

fn lift_error(error: types::Error) -> Error {
    let code = lift_code(error.code);
    legible(Error { code, message: error.message, input: error.input })
}
