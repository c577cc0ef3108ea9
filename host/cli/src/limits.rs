//! The option `--limit`: bounds of the host by name.

use std::time::Duration;

use amdm_runtime::Limits;

/// One changed bound.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    name: Name,
    value: f64,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    GuestMemory,
    GuestHandles,
    GuestTime,
    NodeTensors,
    RunTensors,
    RunGuestMemory,
    PackSize,
}

/// The bounds as the command line names them.
const NAMES: [(&str, Name); 7] = [
    ("guest-memory", Name::GuestMemory),
    ("guest-handles", Name::GuestHandles),
    ("guest-time", Name::GuestTime),
    ("node-tensors", Name::NodeTensors),
    ("run-tensors", Name::RunTensors),
    ("run-guest-memory", Name::RunGuestMemory),
    ("pack-size", Name::PackSize),
];

impl Limit {
    /// Reads `NAME=VALUE`; values are seconds, or whole numbers with `K`, `M` or `G` for powers of
    /// 1,024.
    ///
    /// # Errors
    /// What was found and what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("found {text:?}, expected NAME=VALUE such as guest-time=10"))?;
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let (_, name) = known.ok_or_else(|| {
            let names = NAMES.map(|(name, _)| name).join(", ");
            format!("found the name {name:?}, expected one of {names}")
        })?;
        let time = matches!(name, Name::GuestTime);
        let least = if time { f64::MIN_POSITIVE } else { 1.0 };
        let fits = |number: &f64| *number >= least && (time || number.fract() == 0.0);
        let expected = if time { "seconds, such as 2.5" } else { "a whole number, such as 512M" };
        let value_of =
            if time { value.parse().ok().filter(|n| *n <= MAXIMUM) } else { number(value) };
        match value_of.filter(fits) {
            Some(value) => Ok(Self { name: *name, value }),
            None => Err(format!("found the value {value:?}, expected {expected}")),
        }
    }
}

/// A number from 0, with `K`, `M` or `G` for powers of 1,024.
fn number(value: &str) -> Option<f64> {
    let (digits, unit) = match value.char_indices().last() {
        Some((at, 'K' | 'k')) => (&value[..at], 1024.0),
        Some((at, 'M' | 'm')) => (&value[..at], 1024.0 * 1024.0),
        Some((at, 'G' | 'g')) => (&value[..at], 1024.0 * 1024.0 * 1024.0),
        _ => (value, 1.0),
    };
    let number = digits.parse::<f64>().ok()? * unit;
    (0.0..=MAXIMUM).contains(&number).then_some(number)
}

/// Reads a number of bytes such as `4G`.
///
/// # Errors
/// What was found and what is expected.
pub fn bytes(text: &str) -> Result<u64, String> {
    let number = number(text).map(|number| number as u64);
    number.ok_or_else(|| format!("found {text:?}, expected a number of bytes such as 4G"))
}

/// Largest value: numbers up to it are exact.
const MAXIMUM: f64 = 9_007_199_254_740_992.0;

/// The default bounds with these changes.
pub fn limits(changes: &[Limit]) -> Limits {
    let mut limits = Limits::default();
    for Limit { name, value } in changes {
        let whole = *value as usize;
        match name {
            Name::GuestMemory => limits.guest_memory = whole,
            Name::GuestHandles => limits.guest_handles = whole,
            Name::GuestTime => limits.guest_time = Duration::from_secs_f64(*value),
            Name::NodeTensors => limits.node_tensor_bytes = whole,
            Name::RunTensors => limits.run_tensor_bytes = whole,
            Name::RunGuestMemory => limits.run_guest_memory = whole,
            Name::PackSize => limits.pack_bytes = whole,
        }
    }
    limits
}
