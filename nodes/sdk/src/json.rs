//! JSON text, for conditioning and for editors.

use alloc::string::String;
use core::fmt::Write;

/// An array of items that are JSON already.
pub fn array(items: impl IntoIterator<Item = String>) -> String {
    joined('[', items, ']')
}

/// An object of keys, and values that are JSON already.
pub fn object<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entry = |(key, value): (&str, String)| {
        let mut text = string(key);
        text.push(':');
        text.push_str(&value);
        text
    };
    joined('{', entries.into_iter().map(entry), '}')
}

/// A string with its quotes.
pub fn string(value: &str) -> String {
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

fn joined(open: char, items: impl IntoIterator<Item = String>, close: char) -> String {
    let mut text = String::from(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(close);
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn objects_and_arrays_nest() {
        let inner = super::array(["1".into(), super::string("two")]);
        assert_eq!(super::object([("a", inner), ("b", "{}".into())]), r#"{"a":[1,"two"],"b":{}}"#);
        assert_eq!((super::object([]), super::array([])), ("{}".into(), "[]".into()));
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(super::string("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
        assert_eq!(super::string("größe"), "\"größe\"");
    }
}
