//! Nodes of the test: one that gives recorded latents, and one for each wire that keeps its value.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use amdm::error::Error;
use amdm_diffusion::Tensor;
use amdm_runtime::{Host, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::recording::{Given, Recorded};

/// Wires whose values are kept.
pub const WIRES: [&str; 3] = ["IMAGE", "MASK", "LATENT"];
/// The class that gives a recorded latent by its key.
pub const GIVEN: &str = "test.core.Given";

/// Latents to give, and values that were kept, by `node.slot`.
#[derive(Clone, Default)]
pub struct Shared {
    pub latents: Arc<Mutex<BTreeMap<String, Object>>>,
    pub kept: Arc<Mutex<BTreeMap<String, Given>>>,
}

/// The class that keeps a value of a wire.
pub fn keeper(wire: &str) -> String {
    format!("test.core.Keep{wire}")
}

pub fn register(host: &Host) -> Shared {
    let shared = Shared::default();
    let add = |class: &str, more: serde_json::Value, node: Arc<dyn Node>| {
        let mut descriptor = json!({
            "type": class, "pack": "test:core", "version": "1.0.0", "title": class,
            "category": "test", "description": "Of a test.", "inputs": [], "outputs": [],
            "deterministic": false,
        });
        descriptor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.register_node(serde_json::from_value(descriptor).unwrap(), node, true).unwrap();
    };
    let key = json!({"name": "key", "type": "STRING", "default": ""});
    let latent = json!([{"name": "value", "type": "LATENT"}]);
    let given = json!({"inputs": [key], "outputs": latent});
    add(GIVEN, given, Arc::new(Gives(shared.clone())));
    for wire in WIRES {
        let inputs = json!([key, {"name": "value", "type": wire, "socket_only": true}]);
        let keeps = json!({"inputs": inputs, "output_node": true});
        add(&keeper(wire), keeps, Arc::new(Keeps(shared.clone())));
    }
    shared
}

impl Shared {
    /// Forgets what was kept, and gives a graph's recorded latents from now on.
    pub fn begin(&self, host: &Host, graph: &Recorded) {
        let mut latents = BTreeMap::new();
        for name in graph.tensors.keys() {
            let Some(key) = name.strip_suffix("/samples") else { continue };
            let tensor = |field: &str| {
                let (shape, values) = graph.tensors.get(&format!("{key}/{field}"))?;
                Some(Value::Tensor(Tensor::from_f32(host.device(), shape, values.clone()).unwrap()))
            };
            let fields = [("samples", "samples"), ("noise-mask", "noise_mask")];
            let fields = fields.map(|(field, name)| Some((field.to_owned(), tensor(name)?)));
            let fields = fields.into_iter().flatten().collect();
            latents.insert(key.to_owned(), Object::fields("LATENT", fields).unwrap());
        }
        *self.latents.lock().unwrap() = latents;
        self.kept.lock().unwrap().clear();
    }
}

fn key(call: &NodeCall) -> String {
    match call.input("key") {
        Some(Value::Text(key)) => key.to_string(),
        other => panic!("{other:?}"),
    }
}

struct Gives(Shared);

impl Node for Gives {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let latent = self.0.latents.lock().unwrap()[&key(call)].clone();
        drop(call.set_output("value", Value::Object(latent)));
        Ok(())
    }
}

struct Keeps(Shared);

impl Node for Keeps {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let mut given = Given::default();
        match call.input("value") {
            Some(Value::Tensor(tensor)) => {
                given.tensors.insert("whole", tensor);
            }
            Some(Value::Object(latent)) => {
                for (field, name) in [("samples", "samples"), ("noise-mask", "noise_mask")] {
                    if let Some(Value::Tensor(tensor)) = latent.field(field) {
                        given.tensors.insert(name, tensor);
                    }
                }
                if let Some(Value::Json(text)) = latent.field("batch-index") {
                    given.batch_index = serde_json::from_str(&text).ok();
                }
            }
            other => panic!("{other:?}"),
        }
        self.0.kept.lock().unwrap().insert(key(call), given);
        Ok(())
    }
}
