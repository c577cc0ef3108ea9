//! Fields of the entries of a `CONDITIONING`; `wires.wit` lists them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use amdm_sdk::{Error, Object, Tensor, Value};

/// The wire's kind.
const KIND: &str = "CONDITIONING";

/// A copy in which every entry has these fields.
pub(crate) fn set(conditioning: &Object, fields: Vec<(&str, Value)>) -> Result<Object, Error> {
    let fields = fields.into_iter().map(|(name, value)| (name.into(), Some(value)));
    conditioning.with_fields(fields.collect())
}

/// A copy in which the network sees a rectangle alone, and the entries count `strength`.
pub(crate) fn set_area(
    conditioning: &Object,
    area: String,
    strength: f64,
) -> Result<Object, Error> {
    let fields = [
        ("area", Value::Json(area)),
        ("strength", Value::Float(strength)),
        ("mask-bounds", Value::Boolean(false)),
    ];
    set(conditioning, fields.into())
}

/// Both lists as one.
pub(crate) fn join(entries: &[&Object]) -> Result<Object, Error> {
    Object::from_items(KIND, entries)
}

/// What a text encoder made of a prompt, of one entry: [1, tokens, width].
pub(crate) fn embedding(entry: &Object, input: &str) -> Result<Tensor, Error> {
    entry.get_optional("embedding")?.ok_or_else(|| {
        let message = "found what a model made of JSON, expected what a text encoder made";
        Error::invalid(message).at(input)
    })
}

/// The pooled row of one entry: [1, width].
pub(crate) fn pooled(entry: &Object) -> Result<Option<Tensor>, Error> {
    entry.get_optional("pooled")
}

/// The first entry.
pub(crate) fn first(conditioning: &Object, input: &str) -> Result<Object, Error> {
    let mut entries = conditioning.members();
    if entries.is_empty() {
        return Err(Error::invalid(format!("found no entries of a {KIND}")).at(input));
    }
    Ok(entries.remove(0))
}

/// The list of what `change` makes of each entry.
pub(crate) fn each(
    conditioning: &Object,
    change: impl Fn(&Object) -> Result<Object, Error>,
) -> Result<Object, Error> {
    let changed = conditioning.members().iter().map(change).collect::<Result<Vec<_>, _>>()?;
    join(&changed.iter().collect::<Vec<_>>())
}
