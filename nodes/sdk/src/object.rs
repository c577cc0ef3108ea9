//! Fields of objects, typed.

use alloc::format;
use alloc::vec::Vec;

use crate::convert::Field;
use crate::{Error, Object, Value};

impl Object {
    /// A field that must be there, as `bool`, `i64`, `u32`, `u64`, `f64`, `f32`, `String`,
    /// [`crate::Tensor`] or [`Object`].
    ///
    /// # Errors
    /// `internal` where the field is missing or of another kind: objects are built by nodes, so a
    /// graph cannot be at fault.
    pub fn get<T: Field>(&self, name: &str) -> Result<T, Error> {
        let kind = self.kind();
        self.get_optional(name)?.ok_or_else(|| {
            Error::internal(format!("{kind} has no field `{name}`, expected {}", T::EXPECTED))
        })
    }

    /// A field that may be missing; see [`Object::get`].
    ///
    /// # Errors
    /// `internal` where the field is of another kind.
    pub fn get_optional<T: Field>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.field(name) else { return Ok(None) };
        T::from_value(value).map(Some).ok_or_else(|| {
            let expected = T::EXPECTED;
            Error::internal(format!("field `{name}` of {} is not {expected}", self.kind()))
        })
    }

    /// Makes an object of a wire type from named fields.
    ///
    /// # Errors
    /// Those of the host, such as a limit that is reached.
    pub fn build(kind: &str, fields: Vec<(&str, Value)>) -> Result<Self, Error> {
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self::create(kind, fields)
    }

    /// Members of a list kind such as `LANES`, in order; a single object is its own member.
    pub fn members(&self) -> Vec<Self> {
        let items = self.items();
        if items.is_empty() { Vec::from([self.share()]) } else { items }
    }
}
