//! JSON text to a value, stricter than usual and with errors that say where.
//!
//! Accepts UTF-8 with or without a byte order mark. Refuses keys that stand twice in one object,
//! nesting deeper than [`limits::JSON_DEPTH`] and more than [`limits::JSON_VALUES`] values.

use super::code::ErrorCode;
use super::error::{GraphError, quoted};
use crate::limits;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// Reads one JSON value and nothing after it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, GraphError> {
    let text = text(bytes)?;
    let reader = Reader::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Item(&reader).deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| reader.problem.take().map_or_else(|| explain(&error, text), |p| p(&error)))
}

fn text(bytes: &[u8]) -> Result<&str, GraphError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(GraphError::new(ErrorCode::InvalidJson, "UTF-16 text", "UTF-8"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let before = &bytes[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let byte = bytes.get(at).copied().unwrap_or_default();
        let found = format!("byte 0x{byte:02x} at offset {at}, which is not UTF-8");
        GraphError::new(ErrorCode::InvalidJson, found, "UTF-8 text").position(line, column)
    })
}

type Problem = Box<dyn FnOnce(&serde_json::Error) -> GraphError>;

/// What is noted while reading: serde's errors carry only text.
#[derive(Default)]
struct Reader {
    problem: RefCell<Option<Problem>>,
    values: Cell<usize>,
}

impl Reader {
    fn refuse<E: Error>(&self, code: ErrorCode, found: String, expected: String) -> E {
        let problem = move |error: &serde_json::Error| {
            GraphError::new(code, found, expected).position(error.line(), error.column())
        };
        *self.problem.borrow_mut() = Some(Box::new(problem));
        E::custom("refused")
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() <= limits::JSON_VALUES {
            return Ok(());
        }
        let found = "more values than a graph may have".to_owned();
        let expected = format!("at most {}", limits::JSON_VALUES);
        Err(self.refuse(ErrorCode::LimitExceeded, found, expected))
    }
}

struct Item<'a>(&'a Reader);

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Item(self.0))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let found = format!("the key {} a second time", quoted(&key));
                let expected = "each key of an object once".to_owned();
                return Err(self.0.refuse(ErrorCode::DuplicateKey, found, expected));
            }
            map.insert(key, entries.next_value_seed(Item(self.0))?);
        }
        Ok(Value::Object(map))
    }
}

/// What the JSON reader says, and what to say to people. `{}` is the character at the position.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("EOF while parsing an object", "the end of the text", "the rest of an object, up to }"),
    ("EOF while parsing a list", "the end of the text", "the rest of a list, up to ]"),
    ("EOF while parsing a string", "the end of the text", "the rest of a text, up to \""),
    ("EOF while parsing a value", "the end of the text", "a value"),
    ("expected `:`", "{}", "a colon after the key"),
    ("expected `,` or `}`", "{}", "a comma or }"),
    ("expected `,` or `]`", "{}", "a comma or ]"),
    ("expected value", "{}", "a value"),
    ("expected ident", "{}", "true, false or null"),
    ("key must be a string", "{}", "a key in double quotes"),
    ("trailing comma", "{} after a comma", "no comma after the last entry"),
    ("trailing characters", "{} after the end of the graph", "nothing more"),
    ("control character", "a control character inside a text", "an escape such as \\n or \\t"),
    (
        "invalid escape",
        "an unknown escape inside a text",
        "\\n, \\t, \\\", \\\\ or \\u and 4 digits",
    ),
    ("lone leading surrogate", "half a surrogate pair inside a text", "both halves"),
    ("unexpected end of hex escape", "half a surrogate pair inside a text", "both halves"),
    ("invalid number", "a malformed number", "digits, as in 0.5 or 1e-3"),
    ("number out of range", "a number too large for 64 bits", "at most about 1.8e308"),
];

fn explain(error: &serde_json::Error, text: &str) -> GraphError {
    let said = error.to_string();
    if said.starts_with("recursion limit exceeded") {
        let found = format!("values nested {} deep or more", limits::JSON_DEPTH);
        return GraphError::new(ErrorCode::LimitExceeded, found, "fewer levels")
            .position(error.line(), error.column());
    }
    let known = EXPLAINED.iter().find(|(start, ..)| said.starts_with(start));
    let (found, expected) = match known {
        Some((_, found, expected)) => (found.replace("{}", &at(error, text)), *expected),
        None => (said.split(" at line ").next().unwrap_or_default().to_owned(), "JSON"),
    };
    GraphError::new(ErrorCode::InvalidJson, found, expected)
        .position(error.line().max(1), error.column().max(1))
}

/// The character at the error's position. Columns count bytes.
fn at(error: &serde_json::Error, text: &str) -> String {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let rest = line.get(error.column().saturating_sub(1)..).unwrap_or_default();
    match rest.chars().next() {
        Some(c) if c.is_alphanumeric() => {
            quoted(rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())
        }
        Some(c) => quoted(&c.to_string()),
        None => "the end of the line".to_owned(),
    }
}
