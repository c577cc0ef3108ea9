//! What the code that `pack!` emits calls. Not meant to be called by hand.

use alloc::format;
use core::cell::RefCell;
use core::marker::PhantomData;

pub use alloc::boxed::Box;
pub use alloc::string::String;
pub use alloc::vec::Vec;

use crate::bindings::exports::amdm::node::{nodes, step_operators};
pub use crate::choice::Choice;
pub use crate::convert::Field;
use crate::{Call, Error, Operator, Phase, StepContext};

/// A node's inputs, filled from a call.
pub trait Read: Sized {
    /// # Errors
    /// `internal` where an input is missing or of another kind: the host validates inputs, so a
    /// graph cannot be at fault.
    fn read(call: &Call) -> Result<Self, Error>;
}

/// A node's outputs, handed to a call.
pub trait Write {
    /// # Errors
    /// Those of the host.
    fn write(self, call: &Call) -> Result<(), Error>;
}

impl Write for () {
    fn write(self, _: &Call) -> Result<(), Error> {
        Ok(())
    }
}

/// A pack: its descriptors, and the dispatch to its nodes.
pub trait Pack {
    /// The descriptors as JSON, the text of the custom section `amdm:nodes`.
    const NODES: &'static str;
    /// # Errors
    /// The node's own, or `not-found` for an unknown class.
    fn execute(node_type: &str, call: &Call) -> Result<(), Error>;
    /// # Errors
    /// The operator's own, or `not-found` for an unknown class.
    fn make(node_type: &str, call: &Call) -> Result<Box<dyn Operator>, Error>;
}

/// No node, or no step operator, of that class.
#[must_use]
pub fn unknown(node_type: &str) -> Error {
    Error::not_found(format!("class `{node_type}` is not of this pack and of this kind"))
}

/// An input that must be there.
///
/// # Errors
/// `internal`, naming it, where it is missing or of another kind.
pub fn once<T: Field>(call: &Call, name: &str) -> Result<T, Error> {
    at_most_once(call, name)?.ok_or_else(|| {
        Error::internal(format!("input `{name}` is missing, expected {}", T::EXPECTED)).at(name)
    })
}

/// An input that may be missing.
///
/// # Errors
/// `internal`, naming it, where it is of another kind.
pub fn at_most_once<T: Field>(call: &Call, name: &str) -> Result<Option<T>, Error> {
    let Some(value) = call.input(name) else { return Ok(None) };
    T::from_value(value).map(Some).ok_or_else(|| mistyped::<T>(name))
}

/// The members of a group, in order.
///
/// # Errors
/// `internal`, naming the member, where one is of another kind.
pub fn many<T: Field>(call: &Call, prefix: &str) -> Result<Vec<T>, Error> {
    let members = call.inputs(prefix).into_iter();
    members.map(|(name, value)| T::from_value(value).ok_or_else(|| mistyped::<T>(&name))).collect()
}

/// Hands over an output.
///
/// # Errors
/// Those of the host.
pub fn put<T: Field>(call: &Call, name: &str, value: T) -> Result<(), Error> {
    call.set_output(name, value.into_value())
}

fn mistyped<T: Field>(name: &str) -> Error {
    Error::internal(format!("input `{name}` is not {}", T::EXPECTED)).at(name)
}

/// The exports of a component, for the pack `P`.
#[derive(Debug)]
pub struct Exports<P>(PhantomData<P>);

impl<P: Pack> nodes::Guest for Exports<P> {
    fn describe() -> String {
        P::NODES.into()
    }

    fn execute(node_type: String, call: Call) -> Result<(), Error> {
        P::execute(&node_type, &call)
    }
}

impl<P: Pack + 'static> step_operators::Guest for Exports<P> {
    type Operator = Shared;

    fn make(node_type: String, call: Call) -> Result<step_operators::Operator, Error> {
        let operator = P::make(&node_type, &call)?;
        Ok(step_operators::Operator::new(Shared(RefCell::new(operator))))
    }
}

/// An operator behind the shared reference that the component model gives.
pub struct Shared(RefCell<Box<dyn Operator>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut dyn Operator) -> Result<T, Error>) -> Result<T, Error> {
        // The host cannot enter an instance twice; an error is cheaper than a trap if it could.
        let mut operator =
            self.0.try_borrow_mut().map_err(|_| Error::internal("operator entered twice"))?;
        act(operator.as_mut())
    }
}

impl step_operators::GuestOperator for Shared {
    fn window(&self, steps: u32, before: Vec<(u32, u32)>) -> (u32, u32) {
        self.with(|operator| Ok(operator.window(steps, &before))).unwrap_or((0, steps))
    }

    fn wants_parts(&self) -> bool {
        self.with(|operator| Ok(operator.wants_parts())).unwrap_or(false)
    }

    fn check(&self, context: StepContext) -> Result<(), Error> {
        self.with(|operator| operator.check(&context))
    }

    fn apply(&self, phase: Phase, context: StepContext) -> Result<(), Error> {
        self.with(|operator| operator.apply(phase, &context))
    }
}
