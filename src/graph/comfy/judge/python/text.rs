//! `str()` and `repr()`, cut where they get long.

use super::Object;
use serde_json::Value;
use std::fmt::Write as _;

/// Characters after which a text is cut: messages repeat values, whose size nobody bounds.
pub const TEXT_CHARS: usize = 2000;
/// Lists and dicts inside each other that are written out.
const DEPTH: usize = 32;

/// `str(object)`.
pub fn str(object: &Object<'_>) -> String {
    match object {
        Object::Text(text) => text.chars().take(TEXT_CHARS).collect(),
        other => repr(other),
    }
}

/// `repr(object)`.
pub fn repr(object: &Object<'_>) -> String {
    let mut text = String::new();
    write(&mut text, object, 0);
    match text.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn write(text: &mut String, object: &Object<'_>, depth: usize) {
    if text.len() > TEXT_CHARS * 4 || depth > DEPTH {
        text.push_str("...");
        return;
    }
    match object {
        Object::None => text.push_str("None"),
        Object::Bool(flag) => text.push_str(if *flag { "True" } else { "False" }),
        Object::Int(whole) => {
            let _ = write!(text, "{whole}");
        }
        Object::Float(value) => text.push_str(&float(*value)),
        Object::Text(value) => quote(text, value),
        Object::List(items) => {
            text.push('[');
            for (at, item) in items.iter().take(TEXT_CHARS).enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write(text, &Object::from(item), depth + 1);
            }
            text.push(']');
        }
        Object::Dict(map) => {
            text.push('{');
            for (at, (key, value)) in map.iter().take(TEXT_CHARS).enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                quote(text, key);
                text.push_str(": ");
                write(text, &Object::from(value as &Value), depth + 1);
            }
            text.push('}');
        }
    }
}

/// The shortest digits that read back as the same number; with an exponent below 1e-4 and from
/// 1e16.
fn float(value: f64) -> String {
    if !value.is_finite() {
        let name = if value.is_nan() { "nan" } else { "inf" };
        return format!("{}{name}", if value < 0.0 { "-" } else { "" });
    }
    let shortest = format!("{value:e}");
    let count = shortest.bytes().filter(u8::is_ascii_digit).count();
    let count =
        count - shortest.split_once('e').map_or(0, |(_, e)| e.trim_start_matches('-').len());
    // Of two equally near texts of that length Python takes the even one, as exact formatting does.
    let even = format!("{value:.*e}", count.saturating_sub(1));
    let nearest = if even.parse() == Ok(value) { even } else { shortest };
    let (digits, exponent) = nearest.split_once('e').unwrap_or((&nearest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let places = usize::try_from(exponent).map_or_else(
            |_| count + exponent.unsigned_abs() as usize - 1,
            |whole| count.saturating_sub(whole + 1),
        );
        return format!("{value:.*}", places.max(1));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// A text in single quotes, or double ones where that saves escapes.
fn quote(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars().take(TEXT_CHARS) {
        let code = u32::from(c);
        let _ = match c {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c == quote || c == '\\' => write!(out, "\\{c}"),
            c if !hidden(c) => out.write_char(c),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x10000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push(quote);
}

/// Characters that Python escapes: control and format characters, blanks but the plain one, and
/// those for private use.
fn hidden(c: char) -> bool {
    c.is_control()
        || c != ' ' && c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{10ffff}')
}
