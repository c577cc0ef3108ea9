//! Sweeps: settings with many values, and the runs that they make together.
//!
//! `sampler.seed=1..8` is 1 to 8, both included; `aggregate.weight=.5..1:.25` goes in steps;
//! `aggregate.method=slerp,compose` lists values, and a JSON array lists texts that hold commas.
//! Numbers keep the digits that they are written with: .1..0.3:.1 is .1, .2, .3 and nothing near
//! it.

use super::{Finder, Target};
use crate::catalogue::Catalogue;
use crate::graph::error::quoted;
use crate::graph::{Document, ErrorCode, GraphError};
use crate::limits;
use serde_json::Value;
use std::collections::HashMap;

/// One setting and its values.
#[derive(Clone, Debug)]
pub struct Sweep {
    target: Target,
    values: Vec<String>,
}

impl Sweep {
    /// Reads `NODE.INPUT=VALUES` or `PARAMETER=VALUES`.
    ///
    /// # Errors
    /// Those of [`Finder::find`]; `invalid_setting` for values that are none, or too many.
    pub fn parse(
        document: &Document,
        catalogue: &Catalogue,
        text: &str,
    ) -> Result<Self, GraphError> {
        let (target, values) = Finder::new(document, catalogue).find(document, text)?;
        let numeric =
            target.input().is_some_and(|input| ["INT", "FLOAT"].contains(&input.r#type.as_str()));
        let values = match values.split_once("..") {
            Some((start, rest)) if numeric && !values.contains(',') => range(values, start, rest)?,
            _ => list(values)?,
        };
        // What does not fit the input is said before anything runs.
        if values.len() > limits::SWEEP_RUNS {
            return Err(too_many(values.len()));
        }
        for value in &values {
            target.read(document, value)?;
        }
        Ok(Self { target, values })
    }

    /// What is set, as the sweep writes it.
    pub fn name(&self) -> &str {
        self.target.name()
    }

    /// The values, at least one.
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

/// One run of a sweep: names and values, in the order of the sweeps.
pub type Run = Vec<(String, String)>;

/// All combinations; the last sweep's values change fastest.
///
/// # Errors
/// `limit_exceeded` for more than [`limits::SWEEP_RUNS`], `invalid_setting` where two sweeps set
/// one input, by whatever names.
pub fn runs(sweeps: &[Sweep]) -> Result<Vec<Run>, GraphError> {
    let mut taken = HashMap::new();
    for sweep in sweeps {
        for place in sweep.target.keys() {
            if let Some(other) = taken.insert(place, sweep.name()) {
                return Err(twice(other, sweep.name()));
            }
        }
    }
    let count = sweeps.iter().fold(1_usize, |all, sweep| all.saturating_mul(sweep.values.len()));
    if count > limits::SWEEP_RUNS {
        return Err(too_many(count));
    }
    let run = |index: usize| {
        let mut left = index;
        let mut run = sweeps.iter().rev().map(|sweep| {
            let value = &sweep.values[left % sweep.values.len()];
            left /= sweep.values.len();
            (sweep.name().to_owned(), value.clone())
        });
        let mut run: Run = run.by_ref().collect();
        run.reverse();
        run
    };
    Ok((0..count).map(run).collect())
}

impl Sweep {
    /// Sets one of its values.
    ///
    /// # Errors
    /// As [`Target::set_text`]; never for one of [`Sweep::values`].
    pub fn set(&self, document: &mut Document, value: &str) -> Result<(), GraphError> {
        self.target.set_text(document, value)
    }
}

/// Two sweeps of one input: each run would have one value of two.
fn twice(one: &str, other: &str) -> GraphError {
    let found = match one == other {
        true => format!("two sweeps of {}", quoted(one)),
        false => format!("two sweeps of one input, as {} and {}", quoted(one), quoted(other)),
    };
    GraphError::new(ErrorCode::InvalidSetting, found, "one")
}

fn too_many(count: usize) -> GraphError {
    let found = format!("a sweep of {count} runs");
    GraphError::new(ErrorCode::LimitExceeded, found, format!("at most {}", limits::SWEEP_RUNS))
}

fn list(values: &str) -> Result<Vec<String>, GraphError> {
    if let Ok(Value::Array(items)) = serde_json::from_str(values)
        && !items.is_empty()
    {
        let text = |item: Value| match item {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return Ok(items.into_iter().map(text).collect());
    }
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        let found = quoted(&values.join(","));
        let expected = "values with commas between them, or a range such as 1..8";
        return Err(GraphError::new(ErrorCode::InvalidSetting, found, expected));
    }
    Ok(values)
}

fn range(text: &str, start: &str, rest: &str) -> Result<Vec<String>, GraphError> {
    let (end, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let malformed = || {
        let expected = "a rising range such as 1..8 or .5..1:.25";
        GraphError::new(ErrorCode::InvalidSetting, quoted(text), expected)
    };
    let parts = [start, end, step].map(|part| Decimal::parse(part.trim()));
    let [Some(start), Some(end), Some(step)] = parts else { return Err(malformed()) };
    let digits = start.digits.max(end.digits).max(step.digits);
    let scaled = [start, end, step].map(|part| part.scaled(digits));
    let [Some(start), Some(end), Some(step)] = scaled else { return Err(malformed()) };
    if step <= 0 || start > end {
        return Err(malformed());
    }
    let count = usize::try_from((end - start) / step + 1).unwrap_or(usize::MAX);
    if count > limits::SWEEP_RUNS {
        return Err(too_many(count));
    }
    Ok((0..count as i128).map(|at| decimal(start + at * step, digits)).collect())
}

/// A number with as many digits behind the point as it was written with.
struct Decimal {
    units: i128,
    digits: u32,
}

impl Decimal {
    /// Reads up to 17 digits on either side of the point.
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let plain = |digits: &str| digits.len() <= 17 && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(part) || whole.len() + part.len() == 0 {
            return None;
        }
        let units: i128 = format!("0{whole}{part}").parse().ok()?;
        Some(Self { units: if negative { -units } else { units }, digits: part.len() as u32 })
    }

    fn scaled(&self, digits: u32) -> Option<i128> {
        self.units.checked_mul(10_i128.pow(digits - self.digits))
    }
}

fn decimal(units: i128, digits: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let unit = 10_u128.pow(digits);
    let (whole, part) = (units.unsigned_abs() / unit, units.unsigned_abs() % unit);
    match digits {
        0 => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{part:0width$}", width = digits as usize),
    }
}
