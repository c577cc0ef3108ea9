//! JSON values of all kinds, usual and odd.

use super::dice::Dice;
use super::nodes::nodes;
use serde_json::{Map, Value, json};

const TEXTS: &[&str] = &[
    "",
    "a",
    "fox-1.png",
    "tiny-layout",
    "slerp",
    "handoff",
    "fixed",
    "0",
    "-1",
    "1_0",
    "nan",
    "1e999",
    "\u{0}\n\"\\",
    "\u{1f98a}\u{feff}",
    "9999999999999999999999999999999999999999",
    "-10",
    "-20",
    "*",
    "IMAGE,MASK",
];
const NUMBERS: &[f64] = &[0.0, -0.0, 0.5, 1.0, -1.0, 3.999, 1e15, 1e16, -1e300, 1.7e308, 5e-324];
const WHOLE: &[i64] = &[0, 1, 2, 3, 20, -1, -2, 512, 1 << 53, i64::MIN, i64::MAX];

/// A value of any kind, at most three levels deep.
pub fn any(dice: &mut Dice<'_>) -> Value {
    deep(dice, 3)
}

fn deep(dice: &mut Dice<'_>, levels: usize) -> Value {
    match dice.below(if levels > 0 { 11 } else { 8 }) {
        0 => Value::Null,
        1 => Value::from(dice.rarely(2)),
        2 | 3 => Value::from(dice.pick(WHOLE)),
        4 => Value::from(dice.number()),
        5 => json!(dice.pick(NUMBERS)),
        6 | 7 => Value::from(text(dice)),
        8 => (0..dice.below(4)).map(|_| deep(dice, levels - 1)).collect(),
        9 => json!({ "__value__": deep(dice, levels - 1) }),
        _ => {
            let mut map = Map::new();
            for _ in 0..dice.below(4) {
                map.insert(name(dice), deep(dice, levels - 1));
            }
            Value::Object(map)
        }
    }
}

pub fn text(dice: &mut Dice<'_>) -> String {
    match dice.below(8) {
        0..6 => dice.pick(TEXTS).to_owned(),
        6 => name(dice),
        _ => String::from_utf8_lossy(dice.take(16)).into_owned(),
    }
}

/// The name of an input, mostly one that some class has.
pub fn name(dice: &mut Dice<'_>) -> String {
    let names = &nodes().inputs;
    let name = &names[dice.below(names.len())];
    match dice.below(8) {
        0 => format!("{name}_{}", dice.below(12)),
        1 => format!("{name}.{}", names[dice.below(names.len())]),
        2 => String::from_utf8_lossy(dice.take(8)).into_owned(),
        _ => name.clone(),
    }
}

pub fn class(dice: &mut Dice<'_>) -> &'static str {
    let classes = &nodes().classes;
    &classes[dice.below(classes.len())]
}

pub fn type_name(dice: &mut Dice<'_>) -> &'static str {
    let types = &nodes().types;
    match dice.below(6) {
        0 => "*",
        1 => dice.pick(TEXTS),
        _ => &types[dice.below(types.len())],
    }
}

/// Replaces a value somewhere in `root` by another one, now and then.
pub fn spoil(dice: &mut Dice<'_>, root: &mut Value) {
    while dice.rarely(4) {
        let mut place = &mut *root;
        for _ in 0..dice.below(8) {
            let count = match place {
                Value::Array(items) => items.len(),
                Value::Object(map) => map.len(),
                _ => 0,
            };
            if count == 0 {
                break;
            }
            let at = dice.below(count);
            place = match place {
                Value::Array(items) => &mut items[at],
                Value::Object(map) => map.values_mut().nth(at).unwrap(),
                _ => unreachable!(),
            };
        }
        *place = any(dice);
    }
}
