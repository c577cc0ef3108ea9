//! `==` and `<` between objects.

use super::{Integer, Object};
use serde_json::Value;
use std::cmp::Ordering;

/// `a == b`: numbers and truth values by value, others by type and content.
pub fn equal(a: &Object<'_>, b: &Object<'_>) -> bool {
    match (a, b) {
        (Object::None, Object::None) => true,
        (Object::Text(a), Object::Text(b)) => a == b,
        (Object::List(a), Object::List(b)) => {
            a.len() == b.len() && a.iter().zip(*b).all(|(a, b)| values(a, b))
        }
        (Object::Dict(a), Object::Dict(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| values(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        _ => order(a, b) == Some(Some(Ordering::Equal)),
    }
}

fn values(a: &Value, b: &Value) -> bool {
    equal(&Object::from(a), &Object::from(b))
}

/// `a < b`; `None` where Python raises an exception.
pub fn less(a: &Object<'_>, b: &Object<'_>) -> Option<bool> {
    match (a, b) {
        (Object::Text(a), Object::Text(b)) => Some(a < b),
        _ => order(a, b).map(|order| order == Some(Ordering::Less)),
    }
}

/// The order of two numbers, inside `None` where one is `nan`; `None` where one is no number.
fn order(a: &Object<'_>, b: &Object<'_>) -> Option<Option<Ordering>> {
    let (a, b) = (Number::of(a)?, Number::of(b)?);
    Some(match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Int(a), Number::Float(b)) => a.partial_cmp_f64(b),
        (Number::Float(a), Number::Int(b)) => b.partial_cmp_f64(a).map(Ordering::reverse),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
    })
}

enum Number {
    Int(Integer),
    Float(f64),
}

impl Number {
    fn of(object: &Object<'_>) -> Option<Self> {
        match object {
            Object::Bool(flag) => Some(Self::Int(Integer::from(*flag))),
            Object::Int(whole) => Some(Self::Int(whole.clone())),
            Object::Float(float) => Some(Self::Float(*float)),
            _ => None,
        }
    }
}
