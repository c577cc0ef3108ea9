//! Values that an embedder gives a run in memory, under names that its graph reads.

use std::sync::atomic::{AtomicU64, Ordering};

use amdm_diffusion::Tensor;

use crate::value::{Object, Value};

/// Objects given so far, to all graphs: no two have one number.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// A value in memory; clones are the same one.
#[derive(Clone, Debug)]
pub struct Given {
    value: Value,
    number: Option<u64>,
}

impl Given {
    /// A tensor. The name that it is given under must say all about it, as one with a hash does:
    /// results are kept by it.
    pub fn tensor(value: Tensor) -> Self {
        Self { value: Value::Tensor(value), number: None }
    }

    /// A model, a condition or another object. It is the same as no other, whatever it holds: what
    /// depends on it is kept in memory alone, and never keeps it alive.
    pub fn object(object: Object) -> Self {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Self { value: Value::Object(object), number: Some(number) }
    }

    /// What it is.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Its number, where its name does not say all about it.
    pub(crate) fn number(&self) -> Option<u64> {
        self.number
    }
}
