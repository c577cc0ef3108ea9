//! Values that the embedder gives in memory: three classes of nodes that a graph gets where an
//! image, mask or latent takes the place of a link.

use std::sync::Arc;

use amdm::error::Error;
use amdm_runtime::{Host, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::status::Fail;

/// The pack of these classes.
pub(crate) const PACK: &str = "embed:memory";

/// Wires that values in memory may have, and the classes that give them.
const CLASSES: [(&str, &str); 3] = [
    ("IMAGE", "embed.memory.Image"),
    ("MASK", "embed.memory.Mask"),
    ("LATENT", "embed.memory.Latent"),
];

/// The class that gives a value for a wire; none where there is none.
pub(crate) fn class(wire: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(of, _)| *of == wire).map(|(_, class)| *class)
}

/// Whether a class is one of these.
pub(crate) fn is_class(class: &str) -> bool {
    CLASSES.iter().any(|(_, own)| *own == class)
}

/// Puts the classes among the host's.
pub(crate) fn register(host: &Host) -> Result<(), Fail> {
    for (wire, class) in CLASSES {
        let descriptor = serde_json::from_value(json!({
            "type": class, "pack": PACK, "version": "1.0.0", "title": "Memory",
            "category": "embedding", "description": "A value that the embedder gave in memory.",
            "inputs": [{"name": "name", "type": "STRING", "choices_from": "images"}],
            "outputs": [{"name": "value", "type": wire}],
        }))?;
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
        let mut value = Value::Tensor(call.load_image(&name)?);
        if self.latent {
            // Without a space: the consumer's.
            value = Value::Object(Object::fields("LATENT", vec![("samples".into(), value)])?);
        }
        // What is refused here is remembered, and reported with the node.
        drop(call.set_output("value", value));
        Ok(())
    }
}
