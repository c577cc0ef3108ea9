//! What Python makes of JSON values: `int()`, `float()`, `str()`, `bool()`, `==`, `<` and `repr`.
//!
//! The server that judges graphs is written in Python and leans on its conversions, down to the
//! texts of its exceptions, so a judgement like its own needs them. Source: the language reference
//! of Python 3.11, "Built-in Functions", and its behaviour. Whole numbers have any size.

mod compare;
mod convert;
mod digits;
mod integer;
mod text;

pub(super) use compare::{equal, less};
pub use convert::python_float;
pub(super) use integer::Integer;
pub(super) use text::str;

use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// A Python object, as the JSON reader of Python or one of the conversions makes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object<'a> {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// A whole number.
    Int(Integer),
    /// A number written with a point or an exponent.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A `list`.
    List(&'a [Value]),
    /// A `dict`.
    Dict(&'a Map<String, Value>),
}

impl<'a> From<&'a Value> for Object<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::number(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(items) => Self::List(items),
            Value::Object(map) => Self::Dict(map),
        }
    }
}

impl Object<'_> {
    fn number(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => Self::Int(Integer::from(whole)),
            (_, Some(whole), _) => Self::Int(Integer::from(whole)),
            (.., float) => Self::Float(float.unwrap_or(f64::NAN)),
        }
    }

    /// The name of its type.
    fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
        }
    }

    /// The object as JSON; numbers that JSON does not have (`nan`, `inf`) as text.
    pub fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(whole) => whole.to_json(),
            Self::Float(float) => {
                Number::from_f64(*float).map_or_else(|| Value::from(str(self)), Value::Number)
            }
            Self::Text(text) => Value::from(text.as_ref()),
            Self::List(items) => Value::Array(items.to_vec()),
            Self::Dict(map) => Value::Object((*map).clone()),
        }
    }
}
