//! Recorded tensors, and the proof that a test used every one of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::dense::{Dense, Real};

pub struct Fixture {
    pub config: Value,
    tensors: BTreeMap<String, (Vec<u32>, Vec<f64>)>,
    used: RefCell<BTreeSet<String>>,
}

/// The fixture's folder in `AMDM_FIXTURES`, or our own where it is not there.
fn directory(name: &str) -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let elsewhere =
        std::env::var_os("AMDM_FIXTURES").map(|folder| PathBuf::from(folder).join(name));
    elsewhere.filter(|folder| folder.exists()).unwrap_or(own)
}

fn decode(dtype: Dtype, bytes: &[u8]) -> Vec<f64> {
    macro_rules! read {
        ($type:ty) => {
            bytes
                .chunks_exact(size_of::<$type>())
                .map(|bytes| <$type>::from_le_bytes(bytes.try_into().unwrap()) as f64)
                .collect()
        };
    }
    match dtype {
        Dtype::F32 => read!(f32),
        Dtype::F64 => read!(f64),
        Dtype::I64 => read!(i64),
        Dtype::I32 => read!(i32),
        other => panic!("fixtures hold no {other:?}"),
    }
}

impl Fixture {
    /// Reads `io.safetensors` and, where there is one, `config.json`.
    pub fn load(name: &str) -> Self {
        let folder = directory(name);
        let bytes = std::fs::read(folder.join("io.safetensors")).unwrap();
        let parsed = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = parsed.iter().map(|(name, view)| {
            let shape = view.shape().iter().map(|&extent| extent as u32).collect();
            (name.to_owned(), (shape, decode(view.dtype(), view.data())))
        });
        let config = std::fs::read(folder.join("config.json"))
            .map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
        Self { config, tensors: tensors.collect(), used: RefCell::default() }
    }

    fn entry(&self, name: &str) -> &(Vec<u32>, Vec<f64>) {
        self.used.borrow_mut().insert(name.to_owned());
        self.tensors.get(name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub fn values(&self, name: &str) -> &[f64] {
        &self.entry(name).1
    }

    pub fn tensor<F: Real>(&self, name: &str) -> Dense<F> {
        let (shape, values) = self.entry(name);
        Dense::from_wide(shape, values)
    }

    /// Entry `index` of the first axis, as a batch of one.
    pub fn slice<F: Real>(&self, name: &str, index: usize) -> Dense<F> {
        let (shape, values) = self.entry(name);
        let size = values.len() / shape[0] as usize;
        let shape: Vec<u32> = [1].into_iter().chain(shape[1..].iter().copied()).collect();
        Dense::from_wide(&shape, &values[index * size..][..size])
    }

    /// Names that begin with `prefix`.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        self.tensors.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Fails where a tensor was not asked for, unless its name begins with one of `excused`, each
    /// with its reason; and where an excuse is for nothing.
    pub fn assert_covered(&self, excused: &[(&str, &str)]) {
        let used = self.used.borrow();
        let open = self.tensors.keys().filter(|name| !used.contains(*name));
        let (excusable, left): (Vec<_>, Vec<_>) =
            open.partition(|name| excused.iter().any(|(prefix, _)| name.starts_with(prefix)));
        assert!(left.is_empty(), "tensors not covered: {left:?}");
        for (prefix, reason) in excused {
            let any = excusable.iter().any(|name| name.starts_with(prefix));
            assert!(any, "nothing is left out for {prefix} ({reason})");
        }
    }
}

pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// Whether a float32 table is the recorded one to the last bit.
pub fn equals<V: Copy + Into<f64>>(found: &[V], expected: &[f64]) -> bool {
    found.iter().map(|&value| value.into()).eq(expected.iter().copied())
}

/// The largest absolute difference; infinite where one is not a number.
pub fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let gaps = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    gaps.fold(0.0, |most, gap| {
        if gap <= most {
            most
        } else if gap.is_nan() {
            f64::INFINITY
        } else {
            gap
        }
    })
}

#[track_caller]
pub fn assert_within(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    let found = difference(found, expected);
    assert!(found <= tolerance, "{name}: off by {found:e}, allowed {tolerance:e}");
}
