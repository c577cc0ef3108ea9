//! The host's side of the contract in `wit/`: one file an interface.
//!
//! [`StoreData`] is what a guest instance sees: handles in a bounded table, and the run it belongs to.
//! Every function that can fail checks the cancel token first. Errors given to a guest are remembered,
//! so that one that comes back unchanged keeps its origin.

mod call;
mod clock;
mod context;
mod images;
mod models;
mod objects;
mod policy;
mod tensors;

use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm_diffusion::Tensor;
use wasmtime::component::{Resource, ResourceTable};

pub use self::call::{Call, Outputs};
pub(crate) use self::call::{fits, show};
pub use self::clock::GuestClock;
use self::clock::Work;
pub use self::context::Context;
pub(crate) use self::images::{load_image, save_image};
pub use self::models::Model;
pub(crate) use self::models::{load_model, predict};
pub use self::policy::Policy;
pub(crate) use self::policy::checked_window;
pub use self::tensors::Generator;
use crate::bindings::amdm::node::objects::Value as WitValue;
use crate::bindings::amdm::node::types;
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::guest::Limiter;
use crate::memory::Ledger;
use crate::run::Shared;
use crate::value::{Object, Value};

/// Bytes of a message or a name that reaches people.
const TEXT: usize = 4096;

/// What one guest instance may touch.
pub struct StoreData {
    /// Handles of this instance.
    pub table: ResourceTable,
    /// The run it belongs to.
    pub run: Arc<Shared>,
    /// The node it executes.
    pub node: NodeRef,
    /// Memory bound, and what was asked for beyond it.
    pub limiter: Limiter,
    /// Time that it has computed since it was called.
    pub clock: GuestClock,
    /// Whether it is a step operator, which has a sampler above it.
    pub operator: bool,
    /// What the table's handles keep alive.
    ledger: Ledger,
    /// Policies that are open.
    policies: usize,
    raised: Option<(types::Error, Failure)>,
}

impl StoreData {
    /// An empty table for `node` in `run`.
    pub fn new(run: Arc<Shared>, node: NodeRef) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(run.limits.guest_handles);
        let limiter = Limiter::new(run.limits.guest_memory, &run.guests);
        let clock = GuestClock::new(&run.ticks);
        let ledger = Ledger::new(run.limits.node_tensor_bytes, &run.tensors);
        Self {
            table,
            run,
            node,
            limiter,
            clock,
            operator: false,
            ledger,
            policies: 0,
            raised: None,
        }
    }

    /// What the error that a guest ended with means to the run.
    pub fn failure(&mut self, error: types::Error) -> Failure {
        match self.raised.take() {
            Some((given, failure)) if same(&given, &error) => failure,
            _ => Failure::from(lift_error(error)),
        }
    }

    /// Begins work of the host's, which is not the guest's time; fails once the run is being stopped.
    fn work(&self) -> Result<Work, HostError> {
        self.run.cancel.check()?;
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

    /// A handle on a step context, within the bytes that one node may hold.
    pub fn push_context(&mut self, context: Context) -> Result<Resource<Context>, HostError> {
        self.ledger.add(&[context.storage()])?;
        self.push(context)
    }

    /// Fails where one operation would read more than a node may hold: repeated handles cost
    /// nothing to hold.
    fn affordable<'a>(
        &self,
        operands: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<(), HostError> {
        let found =
            operands.into_iter().fold(0, |sum: usize, tensor| sum.saturating_add(tensor.bytes()));
        let limit = self.run.limits.node_tensor_bytes;
        if found <= limit {
            return Ok(());
        }
        Err(HostError::Node(Error::new(
            Code::LimitExceeded,
            format!("found operands of {found} bytes, at most {limit} are read at once"),
        )))
    }

    /// The error of a node that holds as many handles as it may.
    pub fn handles_exhausted(&self) -> Error {
        let limit = self.run.limits.guest_handles;
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
    let code = match error.code {
        types::ErrorCode::InvalidInput => Code::InvalidInput,
        types::ErrorCode::NotFound => Code::NotFound,
        types::ErrorCode::Unsupported => Code::Unsupported,
        types::ErrorCode::OutOfMemory => Code::OutOfMemory,
        types::ErrorCode::LimitExceeded => Code::LimitExceeded,
        types::ErrorCode::InputOutput => Code::InputOutput,
        types::ErrorCode::Cancelled => Code::Cancelled,
        types::ErrorCode::Denied => Code::Denied,
        types::ErrorCode::Internal => Code::Internal,
    };
    legible(Error { code, message: error.message, input: error.input })
}

/// The error with texts that fit a terminal: of bounded length, without control characters.
pub(crate) fn legible(error: Error) -> Error {
    let message = match clean(&error.message) {
        message if message.trim().is_empty() => "no reason was given".into(),
        message => message,
    };
    let input = error.input.map(|input| clean(&input));
    Error { code: error.code, message, input }
}

/// The start of a text that a guest made, in one line.
pub(crate) fn clean(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT);
    let mut clean = text[..end].replace(char::is_control, " ");
    if end < text.len() {
        clean.push_str(&format!("... ({} bytes)", text.len()));
    }
    clean
}

/// Fails for a text that is longer than packs' texts may be.
fn short(text: &str, what: &str) -> Result<(), Error> {
    let (found, limit) = (text.len(), amdm::limits::GUEST_TEXT_BYTES);
    if found <= limit {
        return Ok(());
    }
    let message = format!("found {what} of {found} bytes, at most {limit} are taken");
    Err(Error::new(Code::LimitExceeded, message))
}

fn lower_code(code: Code) -> types::ErrorCode {
    match code {
        Code::InvalidInput => types::ErrorCode::InvalidInput,
        Code::NotFound => types::ErrorCode::NotFound,
        Code::Unsupported => types::ErrorCode::Unsupported,
        Code::OutOfMemory => types::ErrorCode::OutOfMemory,
        Code::LimitExceeded => types::ErrorCode::LimitExceeded,
        Code::InputOutput => types::ErrorCode::InputOutput,
        Code::Cancelled => types::ErrorCode::Cancelled,
        Code::Denied => types::ErrorCode::Denied,
        _ => types::ErrorCode::Internal,
    }
}
