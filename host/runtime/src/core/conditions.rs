//! `CONDITIONING` objects as what networks are asked: the fields of entries, read once for every
//! face.

use amdm::error::Error;
use amdm_diffusion::{Embedding, Entry, Tensor};

use crate::value::{Object, Value};

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
    let (mut rows, mut pooled) = (None, None);
    for name in object.field_names() {
        match name.as_str() {
            "embedding" => rows = Some(tensor(object, &name)?),
            "pooled" => pooled = Some(tensor(object, &name)?),
            _ => {
                let message = format!(
                    "found the field `{name}` in a condition, expected embedding or pooled"
                );
                return Err(Error::invalid(message));
            }
        }
    }
    let made = match rows {
        Some(rows) => Some(Embedding { rows, pooled }.into_condition()),
        None => object.condition().cloned(),
    };
    let none = || Error::invalid("found a condition without an embedding, expected one");
    Ok(Entry { condition: made.ok_or_else(none)? })
}

fn tensor(object: &Object, name: &str) -> Result<Tensor, Error> {
    match object.field(name) {
        Some(Value::Tensor(tensor)) => Ok(tensor),
        found => {
            let found = found.map_or("nothing".into(), |value| value.describe());
            Err(Error::invalid(format!(
                "found {found} in the field `{name}` of a condition, expected a tensor"
            )))
        }
    }
}
