//! Values that the embedder gives in memory: three classes of nodes that a graph gets where an image,
//! mask or latent takes the place of a link.

use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::Error;
use amdm_runtime::{Host, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::status::Fail;

/// The pack of these classes.
pub(crate) const PACK: &str = "embed:memory";

/// Wires that values in memory may have.
const WIRES: [&str; 3] = ["IMAGE", "MASK", "LATENT"];

/// The class that gives a value for a wire; none where there is none.
pub(crate) fn class(wire: &str) -> Option<&'static str> {
    match wire {
        "IMAGE" => Some("embed.memory.Image"),
        "MASK" => Some("embed.memory.Mask"),
        "LATENT" => Some("embed.memory.Latent"),
        _ => None,
    }
}

/// Whether a class is one of these.
pub(crate) fn is_class(class: &str) -> bool {
    WIRES.iter().any(|wire| self::class(wire) == Some(class))
}

/// Puts the classes among the host's.
pub(crate) fn register(host: &Host) -> Result<(), Fail> {
    for wire in WIRES {
        let Some(class) = class(wire) else { continue };
        let descriptor = json!({
            "type": class, "pack": PACK, "version": "1.0.0", "title": "Memory",
            "category": "embedding", "description": "A value that the embedder gave in memory.",
            "inputs": [{"name": "name", "type": "STRING", "choices_from": "images"}],
            "outputs": [{"name": "value", "type": wire}],
        });
        let descriptor: Descriptor = serde_json::from_value(descriptor)?;
        host.register_node(descriptor, Arc::new(Memory { latent: wire == "LATENT" }), true)?;
    }
    Ok(())
}

struct Memory {
    latent: bool,
}

impl Node for Memory {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let Some(Value::Text(name)) = call.input("name") else {
            return Err(Error::invalid("found no name of a value").at("name"));
        };
        let tensor = call.load_image(&name)?;
        let value = match self.latent {
            // Without a space: the consumer's.
            true => Value::Object(Object::fields(
                "LATENT",
                vec![("samples".into(), Value::Tensor(tensor))],
            )?),
            false => Value::Tensor(tensor),
        };
        // What is refused here is remembered, and reported with the node.
        drop(call.set_output("value", value));
        Ok(())
    }
}
