//! Rust types for the values that travel between nodes.
//!
//! `f64` and `f32` are `float`, whole numbers `integer`, enums and strings `text`, wires `tensor`
//! or `object`. A value of another kind, or a whole number outside its type, is refused.

use alloc::string::String;

use crate::choice::Choice;
use crate::{Object, Tensor, Value};

/// A type that fields of nodes and of objects may have.
pub trait Field: Sized {
    /// The kind of value it is made from, for messages.
    const EXPECTED: &'static str;
    /// `None` where the value is of another kind or out of range.
    fn from_value(value: Value) -> Option<Self>;
    /// The value that carries it.
    fn into_value(self) -> Value;
}

impl Field for Value {
    const EXPECTED: &'static str = "a value";
    fn from_value(value: Value) -> Option<Self> {
        Some(value)
    }
    fn into_value(self) -> Value {
        self
    }
}

macro_rules! fields {
    ($($ty:ty, $case:ident, $expected:literal;)*) => { $(
        impl Field for $ty {
            const EXPECTED: &'static str = $expected;
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$case(inner) => Some(inner),
                    _ => None,
                }
            }
            fn into_value(self) -> Value {
                Value::$case(self)
            }
        }
    )* };
}

fields! {
    bool, Boolean, "a boolean";
    i64, Integer, "an integer";
    f64, Float, "a float";
    String, Text, "a text";
    Tensor, Tensor, "a tensor";
    Object, Object, "an object";
}

macro_rules! unsigned {
    ($($ty:ty, $expected:literal;)*) => { $(
        impl Field for $ty {
            const EXPECTED: &'static str = $expected;
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Integer(inner) => Self::try_from(inner).ok(),
                    _ => None,
                }
            }
            fn into_value(self) -> Value {
                // Values above 2^63 do not occur: graphs give at most 2^53 - 1.
                Value::Integer(i64::try_from(self).unwrap_or(i64::MAX))
            }
        }
    )* };
}

unsigned! {
    u32, "an integer from 0 to 2^32 - 1";
    u64, "an integer from 0 up";
}

impl Field for f32 {
    const EXPECTED: &'static str = "a float";
    fn from_value(value: Value) -> Option<Self> {
        f64::from_value(value).map(|wide| wide as Self)
    }
    fn into_value(self) -> Value {
        Value::Float(f64::from(self))
    }
}

impl<T: Choice> Field for T {
    const EXPECTED: &'static str = "a text that is one of its choices";
    fn from_value(value: Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        T::ALL.iter().copied().find(|choice| choice.text() == text)
    }
    fn into_value(self) -> Value {
        Value::Text(self.text().into())
    }
}

#[cfg(test)]
mod tests {
    use super::Field;
    use crate::Value;
    use crate::images::Filter;

    #[test]
    fn values_of_the_wrong_kind_are_refused() {
        assert_eq!(u32::from_value(Value::Integer(-1)), None);
        assert_eq!(u32::from_value(Value::Float(1.0)), None);
        assert_eq!(bool::from_value(Value::Integer(1)), None);
        assert_eq!(f64::from_value(Value::Integer(1)), None);
        assert_eq!(Filter::from_value(Value::Text("cubic".into())), None);
    }

    #[test]
    fn values_go_back_and_forth() {
        assert_eq!(u64::from_value(7_u64.into_value()), Some(7));
        assert_eq!(f32::from_value(0.5_f32.into_value()), Some(0.5));
        let filter = Filter::from_value(Value::Text("nearest-exact".into()));
        assert_eq!(filter, Some(Filter::NearestExact));
    }
}
