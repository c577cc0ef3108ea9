//! JSON text, for conditioning and for editors.

use alloc::string::String;
use core::fmt::Write;

/// An array of items that are JSON already.
pub(crate) fn array(items: impl IntoIterator<Item = String>) -> String {
    let mut text = String::from("[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}

/// A string with its quotes.
pub(crate) fn string(value: &str) -> String {
    let mut text = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn strings_are_escaped() {
        assert_eq!(super::string("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
        assert_eq!(super::string("größe"), "\"größe\"");
    }
}
