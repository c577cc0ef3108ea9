//! `int()`, `float()` and `bool()`, and what they say where they fail.

use super::digits::plain;
use super::text::repr;
use super::{Integer, Object, str};
use std::borrow::Cow;

/// Longest text of digits that `int()` reads.
const INT_DIGITS: usize = 4300;
/// Characters of a text that the exception of `int()` repeats.
const SHOWN: usize = 200;

impl<'a> Object<'a> {
    /// `int(self)`: fractions are cut off, texts hold a whole number.
    ///
    /// # Errors
    /// The exception's text.
    pub fn int(&self) -> Result<Integer, String> {
        match self {
            Self::Int(whole) => Ok(whole.clone()),
            Self::Bool(flag) => Ok(Integer::from(*flag)),
            Self::Float(float) if float.is_nan() => {
                Err("cannot convert float NaN to integer".to_owned())
            }
            Self::Float(float) if float.is_infinite() => {
                Err("cannot convert float infinity to integer".to_owned())
            }
            Self::Float(float) => Ok(Integer::truncated(*float)),
            Self::Text(text) => int_of_text(text),
            other => Err(format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                other.type_name()
            )),
        }
    }

    /// `float(self)`.
    ///
    /// # Errors
    /// The exception's text.
    pub fn float(&self) -> Result<f64, String> {
        match self {
            Self::Float(float) => Ok(*float),
            Self::Bool(flag) => Ok(f64::from(u8::from(*flag))),
            Self::Int(whole) => {
                whole.to_f64().ok_or_else(|| "int too large to convert to float".to_owned())
            }
            Self::Text(text) => python_float(text)
                .ok_or_else(|| format!("could not convert string to float: {}", repr(self))),
            other => Err(format!(
                "float() argument must be a string or a real number, not '{}'",
                other.type_name()
            )),
        }
    }

    /// `bool(self)`: false is what is empty or zero, so the text `"false"` is true.
    pub fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(flag) => *flag,
            Self::Int(whole) => *whole != Integer::from(false),
            Self::Float(float) => *float != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Dict(map) => !map.is_empty(),
        }
    }

    /// `str(self)`, as an object.
    pub fn text(self) -> Object<'a> {
        match self {
            text @ Self::Text(_) => text,
            other => Object::Text(Cow::Owned(str(&other))),
        }
    }
}

fn int_of_text(text: &str) -> Result<Integer, String> {
    let number = plain(text);
    let (negative, digits) = sign(&number);
    let invalid = || {
        let shown: String = repr(&Object::Text(Cow::Borrowed(text))).chars().take(SHOWN).collect();
        format!("invalid literal for int() with base 10: {shown}")
    };
    let digits = without_underscores(digits).ok_or_else(invalid)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    if digits.len() > INT_DIGITS {
        return Err(format!(
            "Exceeds the limit ({INT_DIGITS} digits) for integer string conversion: value has {} \
             digits; use sys.set_int_max_str_digits() to increase the limit",
            digits.len()
        ));
    }
    Ok(Integer::from_digits(negative, &digits))
}

/// What Python's `float()` makes of a text; none where it raises.
///
/// What Rust reads, Python reads too: `nan`, `inf`, `infinity` in any case, `.5`, `5.`, `1e3`.
pub fn python_float(text: &str) -> Option<f64> {
    without_underscores(&plain(text))?.parse().ok()
}

fn sign(number: &str) -> (bool, &str) {
    match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    }
}

/// The text without its underscores, each of which must stand between two digits.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split('_').peekable();
    let mut plain = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let before = plain.is_empty() || digit(part.as_bytes().first());
        let after = parts.peek().is_none() || digit(part.as_bytes().last());
        if part.is_empty() || !before || !after {
            return None;
        }
        plain.push_str(part);
    }
    Some(Cow::Owned(plain))
}
