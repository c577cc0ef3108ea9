//! Names, texts and values as messages show them: escaped, and cut where they are long.

use crate::limits;
use serde_json::Value;
use std::fmt::Write as _;

/// Characters of a value that a message shows.
const SHOWN_CHARS: usize = 60;

/// A name that errors can repeat: at most [`limits::GRAPH_NAME_BYTES`] of it.
pub(super) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(limits::GRAPH_NAME_BYTES)]
}

/// A name as a message shows it: bare where that is unmistakable, else quoted.
pub(super) fn word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    let bare = !name.is_empty() && name.chars().all(plain) && name.len() <= SHOWN_CHARS;
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text in double quotes, escaped as in JSON and cut.
pub(super) fn quoted(text: &str) -> String {
    let cut = text.char_indices().nth(SHOWN_CHARS).map(|(at, _)| at);
    let mut shown = String::from('"');
    for c in text[..cut.unwrap_or(text.len())].chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            '\n' => shown.push_str("\\n"),
            c if c.is_control() || is_invisible(c) => {
                let _ = write!(shown, "\\u{:04x}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown.push_str(if cut.is_some() { "...\"" } else { "\"" });
    shown
}

/// Marks that reorder or hide what stands around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON value as a message shows it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(items) if items.len() > 4 => format!("a list of {} values", items.len()),
        Value::Array(items) => {
            let show = |item: &Value| match item {
                Value::Array(_) => "a list".to_owned(),
                other => shown(other),
            };
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}
