//! Values that the embedder gives in memory: classes of nodes that a graph gets where an image,
//! mask, latent, schedule, model, condition or object of the embedder's takes the place of a link.

use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::Error;
use amdm_runtime::{Host, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::status::Fail;

/// The pack of these classes.
pub(crate) const PACK: &str = "embed:memory";
/// How their names begin.
const PREFIX: &str = "embed.memory.";

/// The class that gives models.
pub(crate) const MODEL: &str = "embed.memory.Model";
/// The class that gives conditions.
pub(crate) const CONDITIONING: &str = "embed.memory.Conditioning";

/// Wires of tensors, and the classes that give them.
const TENSORS: [(&str, &str); 4] = [
    ("IMAGE", "embed.memory.Image"),
    ("MASK", "embed.memory.Mask"),
    ("LATENT", "embed.memory.Latent"),
    ("SIGMAS", "embed.memory.Sigmas"),
];

/// The class that gives a tensor for a wire; none where there is none.
pub(crate) fn of_tensor(wire: &str) -> Option<&'static str> {
    TENSORS.iter().find(|(of, _)| *of == wire).map(|(_, class)| *class)
}

/// The class that gives objects for a wire of the embedder's own; from now on it is one of the
/// host's.
pub(crate) fn of_wire(host: &Host, wire: &str) -> Result<String, Fail> {
    // A name has no dots behind the pack's.
    let class = format!("{PREFIX}Object-{}", wire.replace('%', "%25").replace('.', "%2E"));
    let is_there = || host.catalogue().find(&class).is_some();
    if !is_there() {
        let added = host.register_node(descriptor(&class, wire)?, Arc::new(Memory::Object), true);
        // Another thread may have been first.
        if !is_there() {
            added?;
        }
    }
    Ok(class)
}

/// Whether a class is one of these.
pub(crate) fn is_class(class: &str) -> bool {
    class.starts_with(PREFIX)
}

/// Puts the classes among the host's.
pub(crate) fn register(host: &Host) -> Result<(), Fail> {
    for (wire, class) in TENSORS {
        let node = if wire == "LATENT" { Memory::Latent } else { Memory::Tensor };
        host.register_node(descriptor(class, wire)?, Arc::new(node), true)?;
    }
    for (wire, class) in [(Object::MODEL, MODEL), (Object::CONDITIONING, CONDITIONING)] {
        host.register_node(descriptor(class, wire)?, Arc::new(Memory::Object), true)?;
    }
    Ok(())
}

fn descriptor(class: &str, wire: &str) -> Result<Descriptor, Fail> {
    let from = if of_tensor(wire).is_some() { "images" } else { "objects" };
    Ok(serde_json::from_value(json!({
        "type": class, "pack": PACK, "version": "1.0.0", "title": "Memory",
        "category": "embedding", "description": "A value that the embedder gave in memory.",
        "inputs": [{"name": "name", "type": "STRING", "choices_from": from}],
        "outputs": [{"name": "value", "type": wire}],
    }))?)
}

/// What a class gives.
enum Memory {
    Tensor,
    Latent,
    Object,
}

impl Node for Memory {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let Some(Value::Text(name)) = call.input("name") else {
            return Err(Error::invalid("found no name of a value").at("name"));
        };
        let value = match self {
            Self::Tensor => Value::Tensor(call.load_image(&name)?),
            // Without a space: the consumer's.
            Self::Latent => {
                let samples = Value::Tensor(call.load_image(&name)?);
                Value::Object(Object::fields("LATENT", vec![("samples".into(), samples)])?)
            }
            Self::Object => call.given(&name)?,
        };
        // What is refused here is remembered, and reported with the node.
        drop(call.set_output("value", value));
        Ok(())
    }
}
