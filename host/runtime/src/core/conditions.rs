//! `CONDITIONING` objects as what networks are asked: the fields of entries, read once for every
//! face. `wit/wires.wit` says what they mean.

use amdm::error::Error;
use amdm_diffusion::{Area, Embedding, Entry, Tensor};
use serde::Deserialize;

use crate::value::{Object, Value};

/// Fields of an entry.
const FIELDS: [&str; 9] = [
    "embedding",
    "pooled",
    "area",
    "mask",
    "mask-strength",
    "mask-bounds",
    "strength",
    "start",
    "end",
];

/// The field `area`.
#[derive(Deserialize)]
#[serde(tag = "unit", rename_all = "lowercase", deny_unknown_fields)]
enum Rectangle {
    Pixels { x: u32, y: u32, width: u32, height: u32 },
    Fraction { x: f64, y: f64, width: f64, height: f64 },
}

/// The entries of a `CONDITIONING`, in order.
///
/// # Errors
/// `invalid_input` for an object of another kind, a field that the host does not know, one of
/// another type, and an entry that says nothing.
pub fn entries(conditioning: &Object) -> Result<Vec<Entry>, Error> {
    conditioning.items().iter().map(entry).collect()
}

fn entry(object: &Object) -> Result<Entry, Error> {
    if object.kind() != Object::CONDITIONING {
        return Err(object.unlike(Object::CONDITIONING));
    }
    let names = object.field_names();
    if let Some(name) = names.iter().find(|name| !FIELDS.contains(&name.as_str())) {
        let message =
            format!("found the field `{name}` in a condition, expected {}", FIELDS.join(", "));
        return Err(Error::invalid(message));
    }
    let made = match tensor(object, "embedding")? {
        Some(rows) => Some(Embedding { rows, pooled: tensor(object, "pooled")? }.into_condition()),
        None => object.condition().cloned(),
    };
    let none = || Error::invalid("found a condition without an embedding, expected one");
    let plain = Entry::new(made.ok_or_else(none)?);
    let number = |name, otherwise| Ok::<_, Error>(number(object, name)?.unwrap_or(otherwise));
    Ok(Entry {
        area: area(object)?,
        mask: tensor(object, "mask")?,
        mask_strength: number("mask-strength", plain.mask_strength)?,
        mask_bounds: boolean(object, "mask-bounds")?.unwrap_or(plain.mask_bounds),
        strength: number("strength", plain.strength)?,
        start: number("start", plain.start)?,
        end: number("end", plain.end)?,
        ..plain
    })
}

fn tensor(object: &Object, name: &str) -> Result<Option<Tensor>, Error> {
    match object.field(name) {
        None => Ok(None),
        Some(Value::Tensor(tensor)) => Ok(Some(tensor)),
        Some(found) => Err(unlike(name, &found.describe(), "a tensor")),
    }
}

fn number(object: &Object, name: &str) -> Result<Option<f64>, Error> {
    match object.field(name) {
        None => Ok(None),
        Some(Value::Float(number)) if number.is_finite() => Ok(Some(number)),
        Some(Value::Float(number)) => Err(unlike(name, &number.to_string(), "a finite number")),
        Some(found) => Err(unlike(name, &found.describe(), "a number")),
    }
}

fn boolean(object: &Object, name: &str) -> Result<Option<bool>, Error> {
    match object.field(name) {
        None => Ok(None),
        Some(Value::Boolean(boolean)) => Ok(Some(boolean)),
        Some(found) => Err(unlike(name, &found.describe(), "a boolean")),
    }
}

fn area(object: &Object) -> Result<Option<Area>, Error> {
    let json = match object.field("area") {
        None => return Ok(None),
        Some(Value::Json(json)) => json,
        Some(found) => return Err(unlike("area", &found.describe(), "JSON")),
    };
    let read = serde_json::from_str(&json);
    Ok(Some(match read.map_err(|error| unlike("area", &error.to_string(), "a rectangle"))? {
        Rectangle::Pixels { x, y, width, height } => Area::Pixels { x, y, width, height },
        Rectangle::Fraction { x, y, width, height } => Area::Fractions { x, y, width, height },
    }))
}

fn unlike(name: &str, found: &str, expected: &str) -> Error {
    Error::invalid(format!(
        "found {found} in the field `{name}` of a condition, expected {expected}"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use amdm_diffusion::{Conditioning, Device};

    use super::*;

    fn condition(fields: Vec<(&str, Value)>) -> Object {
        let made = Object::from_conditioning(Conditioning::new("test", "{}", 7_u32, 0));
        let fields: Vec<_> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), Some(value))).collect();
        made.with_fields(&fields).unwrap()
    }

    fn refused(name: &str, value: Value) -> String {
        entries(&condition(vec![(name, value)])).unwrap_err().message
    }

    #[test]
    fn every_field_is_read() {
        let device = Device::cpu(1).unwrap();
        let mask = Tensor::from_f32(&device, &[1, 1, 1], vec![1.0]).unwrap();
        let area = r#"{"x": 8, "y": 16, "width": 64, "height": 72, "unit": "pixels"}"#;
        let object = condition(vec![
            ("area", Value::Json(area.into())),
            ("mask", Value::Tensor(mask)),
            ("mask-strength", Value::Float(0.5)),
            ("mask-bounds", Value::Boolean(true)),
            ("strength", Value::Float(2.0)),
            ("start", Value::Float(0.25)),
            ("end", Value::Float(0.75)),
        ]);
        let both = object.append(&condition(Vec::new())).unwrap();
        let [entry, plain] = <[Entry; 2]>::try_from(entries(&both).unwrap()).unwrap();
        assert_eq!(entry.condition.find::<u32>(), Some(&7));
        assert_eq!(entry.area, Some(Area::Pixels { x: 8, y: 16, width: 64, height: 72 }));
        assert!(entry.mask.is_some() && entry.mask_bounds);
        let numbers = [entry.mask_strength, entry.strength, entry.start, entry.end];
        assert_eq!(numbers, [0.5, 2.0, 0.25, 0.75]);
        assert!(plain.area.is_none() && plain.mask.is_none() && !plain.mask_bounds);
        let numbers = [plain.mask_strength, plain.strength, plain.start, plain.end];
        assert_eq!(numbers, [1.0, 1.0, 0.0, 1.0]);
        let area = r#"{"x": 0, "y": 0.5, "width": 1, "height": 0.5, "unit": "fraction"}"#;
        let entry =
            entries(&condition(vec![("area", Value::Json(area.into()))])).unwrap().remove(0);
        let area = Area::Fractions { x: 0.0, y: 0.5, width: 1.0, height: 0.5 };
        assert_eq!(entry.area, Some(area));
    }

    #[test]
    fn what_an_entry_does_not_take_is_named() {
        let expected = "found the field `masks` in a condition, expected embedding, pooled, area, \
                        mask, mask-strength, mask-bounds, strength, start, end";
        assert_eq!(refused("masks", Value::Boolean(true)), expected);
        let cases = [
            ("strength", Value::Boolean(true), "found a boolean", "expected a number"),
            ("end", Value::Float(f64::NAN), "found NaN", "expected a finite number"),
            ("mask", Value::Float(1.0), "found a number", "expected a tensor"),
            ("mask-bounds", Value::Float(1.0), "found a number", "expected a boolean"),
            ("area", Value::Float(1.0), "found a number", "expected JSON"),
            ("area", Value::Json("{}".into()), "missing field `unit`", "expected a rectangle"),
            (
                "area",
                Value::Json(r#"{"unit":"pixels","x":-1,"y":0,"width":8,"height":8}"#.into()),
                "found invalid value: integer `-1`",
                "expected a rectangle",
            ),
        ];
        for (name, value, found, expected) in cases {
            let message = refused(name, value);
            let place = format!("in the field `{name}` of a condition");
            let parts = [found, expected, &place];
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
        let empty = Object::fields(Object::CONDITIONING, Vec::new()).unwrap();
        let error = entries(&empty).unwrap_err();
        assert_eq!(error.message, "found a condition without an embedding, expected one");
    }
}
