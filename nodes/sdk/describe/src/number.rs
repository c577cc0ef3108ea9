//! Numbers in tags: defaults, ranges and steps, checked against their type.

use amdm::catalogue::Input;
use serde_json::Value;

use crate::error::DescribeError;
use crate::kind::Whole;
use crate::tags::Comment;
use crate::walk::Place;

/// Above it, JSON numbers are no longer exact in editors.
const EXACT: i128 = (1 << 53) - 1;

impl Whole {
    /// Bounds of the type as graphs may give it; for `s64` only where a range asks.
    fn bounds(self) -> (i128, i128) {
        match self {
            Self::S64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
            Self::U32 => (0, i128::from(u32::MAX)),
            Self::U64 => (0, EXACT),
        }
    }
}

/// Fills range, step and default of a whole-number input.
pub(crate) fn whole(
    input: &mut Input,
    kind: Whole,
    comment: &Comment<'_>,
    place: &Place<'_>,
) -> Result<(), DescribeError> {
    let (mut low, mut high) = kind.bounds();
    let range = pair(comment, place, "whole numbers", |word| word.parse::<i128>().ok())?;
    if let Some((min, max)) = range {
        if min > max || min < low || max > high {
            let expected = format!("two numbers from {low} to {high}, the smaller first");
            return Err(DescribeError::Range(place.finding(format!("{min} {max}"), expected)));
        }
        (low, high) = (min, max);
    }
    if range.is_some() || kind != Whole::S64 {
        input.min = value(low);
        input.max = value(high);
    }
    if let Some(word) = comment.words("step", "s", place)? {
        let step = word.parse::<i128>().ok().filter(|step| *step > 0 && *step <= high);
        let expected = "a whole number above 0 within the range";
        input.step = Some(tag("step", word, step.and_then(value), expected, place)?);
    }
    if let Some(word) = comment.words("default", "v", place)? {
        let number = word.parse::<i128>().ok().filter(|number| (low..=high).contains(number));
        let expected = format!("a whole number from {low} to {high}");
        input.default = Some(default(word, number.and_then(value), &expected, place)?);
    }
    Ok(())
}

/// Fills range, step and default of a fraction input.
pub(crate) fn fraction(
    input: &mut Input,
    comment: &Comment<'_>,
    place: &Place<'_>,
) -> Result<(), DescribeError> {
    let mut bounds = (f64::NEG_INFINITY, f64::INFINITY);
    if let Some((min, max)) = pair(comment, place, "numbers", finite)? {
        if min > max {
            let expected = "two numbers, the smaller first";
            return Err(DescribeError::Range(place.finding(format!("{min} {max}"), expected)));
        }
        bounds = (min, max);
        input.min = Some(Value::from(min));
        input.max = Some(Value::from(max));
    }
    if let Some(word) = comment.words("step", "s", place)? {
        let step = finite(word).filter(|step| *step > 0.0).map(Value::from);
        input.step = Some(tag("step", word, step, "a number above 0", place)?);
    }
    if let Some(word) = comment.words("default", "v", place)? {
        let number = finite(word).filter(|number| (bounds.0..=bounds.1).contains(number));
        let expected = match input.min.is_some() {
            true => format!("a number from {} to {}", bounds.0, bounds.1),
            false => "a number".to_owned(),
        };
        input.default = Some(default(word, number.map(Value::from), &expected, place)?);
    }
    Ok(())
}

/// A default that must not be missing.
pub(crate) fn default(
    word: &str,
    value: Option<Value>,
    expected: &str,
    place: &Place<'_>,
) -> Result<Value, DescribeError> {
    value.ok_or_else(|| DescribeError::Default(place.finding(word, expected)))
}

fn tag(
    name: &str,
    word: &str,
    value: Option<Value>,
    expected: &str,
    place: &Place<'_>,
) -> Result<Value, DescribeError> {
    value.ok_or_else(|| {
        DescribeError::TagArgument(place.finding(format!("@{name} {word}"), expected))
    })
}

fn pair<T>(
    comment: &Comment<'_>,
    place: &Place<'_>,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<(T, T)>, DescribeError> {
    let Some(words) = comment.words("range", "min max", place)? else { return Ok(None) };
    let numbers: Option<Vec<T>> = words.split_whitespace().map(parse).collect();
    let mut numbers = numbers.unwrap_or_default().into_iter();
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(min), Some(max), None) => Ok(Some((min, max))),
        _ => Err(DescribeError::TagArgument(
            place.finding(format!("@range {words}"), format!("two {what}")),
        )),
    }
}

fn finite(word: &str) -> Option<f64> {
    word.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn value(number: i128) -> Option<Value> {
    i64::try_from(number).ok().map(Value::from)
}
