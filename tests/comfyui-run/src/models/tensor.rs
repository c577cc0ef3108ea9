//! The tensors of a file: shapes, spread of their values, and entries that are set exactly.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::part::Part;
use super::values::{start, values};

const KEYS: &str = include_str!("../../../fixtures/comfyui-run/sd15/keys.json");

/// The tensors of a file in the order in which it holds them.
pub type Keys = Vec<(String, TensorRule)>;

/// How the values of a tensor are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorRule {
    /// Its shape; none for a single number.
    pub shape: Vec<usize>,
    #[serde(default)]
    mean: f64,
    #[serde(default)]
    std: f64,
    /// Present where it holds 0, 1, 2, ... as I64.
    iota: Option<String>,
    /// So many first rows are set to 0.
    #[serde(default)]
    zero_rows: usize,
    /// Then these are added: an index along every dimension, and what.
    #[serde(default)]
    add: Vec<(Vec<usize>, f64)>,
}

impl TensorRule {
    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the file names what it is stored as.
    pub fn dtype(&self) -> &'static str {
        if self.iota.is_some() { "I64" } else { "F16" }
    }

    /// How many bytes the file holds of it.
    pub fn bytes(&self) -> usize {
        self.len() * if self.iota.is_some() { 8 } else { 2 }
    }

    /// Writes the bytes of the numbers from `first` on; `name` is the tensor's in its part.
    pub fn fill(&self, seed: u64, part: Part, name: &str, first: usize, bytes: &mut [u8]) {
        if self.iota.is_some() {
            for (index, cell) in bytes.chunks_exact_mut(8).enumerate() {
                cell.copy_from_slice(&((first + index) as u64).to_le_bytes());
            }
            return;
        }
        let mut numbers = vec![0.; bytes.len() / 2];
        let (mean, std) = (self.mean as f32, self.std as f32);
        values(start(&format!("{seed}:{}:{name}", part.name())), first, mean, std, &mut numbers);
        self.set_exactly(first, &mut numbers);
        for (cell, number) in bytes.chunks_exact_mut(2).zip(numbers) {
            cell.copy_from_slice(&half::f16::from_f32(number).to_le_bytes());
        }
    }

    fn set_exactly(&self, first: usize, numbers: &mut [f32]) {
        let row: usize = self.shape.iter().skip(1).product();
        let zeros = (self.zero_rows * row).saturating_sub(first).min(numbers.len());
        numbers[..zeros].fill(0.);
        for (index, amount) in &self.add {
            let flat = index.iter().zip(&self.shape).fold(0, |flat, (at, size)| flat * size + at);
            let here = flat.checked_sub(first).and_then(|at| numbers.get_mut(at));
            if let Some(number) = here {
                *number += *amount as f32;
            }
        }
    }
}

/// The tensors of one file.
pub fn keys(part: Part) -> Result<Keys> {
    let parts: Map<String, Value> = serde_json::from_str(KEYS).context("the list of keys")?;
    let tensors = parts.get(part.name()).and_then(Value::as_object);
    let tensors = tensors.with_context(|| format!("no keys of the part {part}"))?;
    let rules = tensors.iter().map(|(name, rule)| {
        let rule = TensorRule::deserialize(rule).with_context(|| format!("the key {name}"))?;
        Ok((name.clone(), rule))
    });
    rules.collect()
}
