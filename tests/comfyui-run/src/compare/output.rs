//! One output of a node: everything that is recorded of it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Comparison;
use super::dump::Dump;
use super::key::Form;
use super::numbers::{Numbers, Worst};
use super::picture::Picture;
use super::reduce::{axes, grid, projected, row_mean};
use crate::recording::{Record, Recorded};

pub(super) struct Output<'a> {
    /// `<node>.<slot>`.
    pub(super) name: &'a str,
    pub(super) record: Record,
    pub(super) recorded: &'a Recorded,
    pub(super) expected: &'a Dump,
    pub(super) dump: Dump,
    /// The seed of the model files.
    pub(super) seed: u64,
}

impl Output<'_> {
    pub(super) fn tensors(&self, keys: &[(&str, Form<'_>)], comparison: &mut Comparison) {
        for &(key, form) in keys {
            comparison.take(key, self.tensor(key, form));
        }
    }

    fn tensor(&self, key: &str, form: Form<'_>) -> Result<Worst> {
        let expected = self.expected.tensor(key)?;
        let tolerance = self.tolerance(key)?;
        let worst = |found: &Numbers| Worst::of(found, expected, tolerance);
        let value = || self.dump.tensor("value");
        match form {
            Form::Samples => worst(self.dump.tensor("samples")?),
            Form::NoiseMask => worst(&self.noise_mask(expected)?),
            Form::Grid => worst(&grid(value()?, self.record.grid)?),
            Form::RowMean => worst(&row_mean(value()?)?),
            Form::Pooled(entry) => worst(self.dump.tensor(&format!("{entry}/pooled"))?),
            Form::Projected(entry) => {
                let context = self.dump.tensor(&format!("{entry}/embedding"))?;
                let first = worst(&projected(context, 1)?)?;
                if first.is_within() || self.seed == 1 {
                    return Ok(first);
                }
                // Recordings of other weights may use the matrix of their own seed.
                worst(&projected(context, self.seed)?)
            }
        }
    }

    /// A mask with the axes that are recorded; those of one place may be others here.
    fn noise_mask(&self, expected: &Numbers) -> Result<Numbers> {
        let found = self.dump.tensor("noise-mask")?;
        let same = found.long_axes() == expected.long_axes();
        let shape = if same { &expected.shape } else { &found.shape };
        Ok(Numbers::new(shape, found.values.clone()))
    }

    fn tolerance(&self, key: &str) -> Result<f64> {
        let tensor = self.recorded.tensors.get(key).context("no tolerance in index.json")?;
        Ok(tensor.tol)
    }

    /// Lists that must be equal.
    pub(super) fn lists(&self, comparison: &mut Comparison) {
        if let Some(expected) = &self.record.batch_index {
            comparison.take(&format!("{} batch_index", self.name), self.batch_index(expected));
        }
        if let Some(entries) = &self.record.entries {
            let (found, expected) = (self.dump.entries(), entries.len());
            let same = match found == expected {
                true => Ok(Worst::none()),
                false => Err(anyhow::anyhow!("{found}, expected {expected}")),
            };
            comparison.take(&format!("{} entries", self.name), same);
        }
    }

    fn batch_index(&self, expected: &Value) -> Result<Worst> {
        let found = self.dump.text("batch-index").context("no metadata batch-index in the file")?;
        let found: Value = serde_json::from_str(found).with_context(|| found.to_owned())?;
        ensure!(found == *expected, "{found}, expected {expected}");
        Ok(Worst::none())
    }

    /// The bytes of the pictures in the graph's folder that are of this output: `<node>_<slot>.png`
    /// or, of a batch, `<node>_<slot>_<row>.png`.
    pub(super) fn pictures(&self, folder: &Path, comparison: &mut Comparison) -> Result<()> {
        if !matches!(self.record.kind.as_str(), "IMAGE" | "MASK") {
            return Ok(());
        }
        let (node, slot) = self.name.rsplit_once('.').context("an output without a slot")?;
        let Ok(batch) = self.dump.tensor("value") else { return Ok(()) };
        let rows = axes(batch).map_or(1, |[rows, ..]| rows);
        let stem = format!("{node}_{slot}");
        let mut names: Vec<_> = (0..rows).map(|row| (format!("{stem}_{row}.png"), row)).collect();
        names.push((format!("{stem}.png"), 0));
        names.retain(|(name, _)| folder.join(name).is_file());
        if names.is_empty() {
            comparison.leave_out("no picture is recorded", &format!("{stem}.png"));
        }
        for (name, row) in names {
            let worst = self.picture(&folder.join(&name), batch, row);
            comparison.bytes += worst.as_ref().map_or(0, |(_, differing)| *differing);
            comparison.take(&name, worst.map(|(worst, _)| worst));
        }
        Ok(())
    }

    fn picture(&self, path: &Path, batch: &Numbers, row: usize) -> Result<(Worst, usize)> {
        let tolerance = self.tolerance(&format!("{}/grid", self.name))?;
        Picture::read(path)?.worst(batch, row, tolerance)
    }
}
