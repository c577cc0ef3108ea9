//! Whole numbers of any size, in decimal: only made, compared and shown.

use serde_json::{Number, Value};
use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

/// A whole number. Zero is not negative; there are no leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integer {
    negative: bool,
    digits: String,
}

impl Integer {
    /// From ASCII digits, at least one.
    pub fn from_digits(negative: bool, digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        match digits.is_empty() {
            true => Self { negative: false, digits: "0".to_owned() },
            false => Self { negative, digits: digits.to_owned() },
        }
    }

    /// The whole part of a finite number, exactly.
    pub fn truncated(float: f64) -> Self {
        Self::from_digits(float < 0.0, &format!("{:.0}", float.trunc().abs()))
    }

    /// The nearest float; `None` where the number is too large for one.
    pub fn to_f64(&self) -> Option<f64> {
        self.to_string().parse().ok().filter(|float: &f64| float.is_finite())
    }

    /// A JSON number; beyond 64 bits the nearest float, as a browser reads it.
    pub fn to_json(&self) -> Value {
        let text = self.to_string();
        if let Ok(whole) = text.parse::<i64>() {
            return Value::from(whole);
        }
        if let Ok(whole) = text.parse::<u64>() {
            return Value::from(whole);
        }
        self.to_f64().and_then(Number::from_f64).map_or(Value::from(text), Value::Number)
    }

    /// Exact comparison with a float; `None` for `nan`.
    pub fn partial_cmp_f64(&self, float: f64) -> Option<Ordering> {
        if float.is_nan() {
            return None;
        }
        if float.is_infinite() {
            return Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater });
        }
        let whole = self.cmp(&Self::truncated(float));
        let rest = 0.0_f64.total_cmp(&(float.fract() + 0.0));
        Some(whole.then(if float.fract() == 0.0 { Ordering::Equal } else { rest }))
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            a.digits.len().cmp(&b.digits.len()).then_with(|| a.digits.cmp(&b.digits))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Integer {
    fn from(whole: i64) -> Self {
        Self::from_digits(whole < 0, &whole.unsigned_abs().to_string())
    }
}

impl From<u64> for Integer {
    fn from(whole: u64) -> Self {
        Self::from_digits(false, &whole.to_string())
    }
}

impl From<bool> for Integer {
    fn from(flag: bool) -> Self {
        Self::from(u64::from(flag))
    }
}

impl Display for Integer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negative { "-" } else { "" })?;
        f.write_str(&self.digits)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::Integer;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn compares_exactly_with_floats() {
        let cases = [
            (9_007_199_254_740_993_i64, 9_007_199_254_740_992.0, Greater),
            (1, 1.0, Equal),
            (1, 1.5, Less),
            (2, 1.5, Greater),
            (-1, -1.5, Greater),
            (-2, -1.5, Less),
            (0, -0.0, Equal),
            (0, -0.5, Greater),
            (5, f64::INFINITY, Less),
            (5, f64::NEG_INFINITY, Greater),
        ];
        for (whole, float, order) in cases {
            assert_eq!(Integer::from(whole).partial_cmp_f64(float), Some(order), "{whole}");
        }
        assert_eq!(Integer::from(5_i64).partial_cmp_f64(f64::NAN), None);
    }

    #[test]
    fn is_exact_beyond_64_bits() {
        let large = Integer::truncated(18_446_744_073_709_551_616.0);
        assert_eq!(large.to_string(), "18446744073709551616");
        assert!(large > Integer::from(u64::MAX));
        assert!(Integer::truncated(-1e300) < Integer::from(i64::MIN));
        assert_eq!(Integer::truncated(-0.9), Integer::from(0_i64));
        assert_eq!(Integer::from_digits(true, "000"), Integer::from(0_i64));
        assert_eq!(Integer::from(u64::MAX).to_json(), u64::MAX);
        assert_eq!(large.to_json(), 1.844_674_407_370_955_2e19);
    }
}
