//! Which entries act at a level: shares of the schedule, counted in the model's training steps.

use std::cell::OnceCell;

use amdm::math::NoiseLevel;
use amdm::math::schedule::SigmaTable;

use crate::{ModelInfo, Result, error};

/// A level of a model's forward process.
pub(super) struct Moment<'a> {
    info: &'a ModelInfo,
    /// Noise over signal, in float32 as ComfyUI compares it.
    sigma: f64,
    table: OnceCell<SigmaTable>,
}

impl<'a> Moment<'a> {
    #[allow(clippy::cast_possible_truncation)]
    pub fn new(info: &'a ModelInfo, level: NoiseLevel) -> Self {
        let sigma = f64::from((level.noise / level.signal) as f32);
        Self { info, sigma, table: OnceCell::new() }
    }

    /// Whether it lies from `start` to `end`, both included.
    ///
    /// # Errors
    /// `unsupported` for a part of the schedule where the model has no training steps.
    pub fn is_in(&self, start: f64, end: f64) -> Result<bool> {
        if start <= 0.0 && end >= 1.0 {
            return Ok(true);
        }
        let table = match self.table.get() {
            Some(table) => table,
            None => {
                let table = self.read()?;
                self.table.get_or_init(|| table)
            }
        };
        let (first, last) = (table.percent_to_sigma(start), table.percent_to_sigma(end));
        Ok(last <= self.sigma && (start <= 0.0 || self.sigma <= first))
    }

    fn read(&self) -> Result<SigmaTable> {
        if self.info.alphas_cumprod.is_empty() {
            let name = &self.info.name;
            return Err(error::unsupported(format!(
                "found a condition for a part of the schedule; model {name} has no training steps \
                 to count it by"
            )));
        }
        SigmaTable::new(&self.info.alphas_cumprod)
    }
}
