//! Nodes that give values of the test's, and one that takes a result.

use std::sync::{Arc, Mutex};

use amdm::error::Error;
use amdm_diffusion::Tensor;
use amdm_runtime::{Host, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::cases::Values;

/// What the nodes give: latents and a schedule.
#[derive(Clone)]
pub struct Given {
    pub latent: Values,
    pub noise: Values,
    pub sigmas: Values,
}

/// What passes between a test and its nodes.
#[derive(Clone, Default)]
pub struct Exchange {
    given: Arc<Mutex<Option<Given>>>,
    taken: Arc<Mutex<Option<Values>>>,
}

impl Exchange {
    /// Adds the classes `Given` and `Taken`.
    pub fn register(&self, host: &Host) {
        let given = json!({
            "type": "test.recorded.Given", "pack": "test:recorded", "version": "1.0.0",
            "title": "Given", "category": "test", "description": "Values of the test's.",
            "inputs": [{"name": "number", "type": "INT", "default": 0}],
            "outputs": [{"name": "latent", "type": "LATENT"}, {"name": "noise", "type": "LATENT"},
                        {"name": "sigmas", "type": "SIGMAS"}],
        });
        let taken = json!({
            "type": "test.recorded.Taken", "pack": "test:recorded", "version": "1.0.0",
            "title": "Taken", "category": "test", "description": "Takes a result.",
            "inputs": [{"name": "latent", "type": "LATENT"}], "outputs": [], "output_node": true,
        });
        let both: [(_, Arc<dyn Node>); 2] =
            [(given, Arc::new(Gives(self.clone()))), (taken, Arc::new(Takes(self.clone())))];
        for (descriptor, node) in both {
            host.register_node(serde_json::from_value(descriptor).unwrap(), node, false).unwrap();
        }
    }

    pub fn give(&self, given: Given) {
        *self.given.lock().unwrap() = Some(given);
    }

    pub fn take(&self) -> Values {
        self.taken.lock().unwrap().take().unwrap()
    }
}

struct Gives(Exchange);

impl Node for Gives {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let given = self.0.given.lock().unwrap().clone().unwrap();
        let tensor = |values: Values| {
            Tensor::from_f32(call.device(), &values.shape, values.values).map(Value::Tensor)
        };
        let latent = |values: Values| {
            let fields = vec![("samples".to_owned(), tensor(values)?)];
            Ok::<_, Error>(Value::Object(Object::fields("LATENT", fields)?))
        };
        for (name, value) in [
            ("latent", latent(given.latent)?),
            ("noise", latent(given.noise)?),
            ("sigmas", tensor(given.sigmas)?),
        ] {
            drop(call.set_output(name, value));
        }
        Ok(())
    }
}

struct Takes(Exchange);

impl Node for Takes {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let Some(Value::Object(latent)) = call.input("latent") else {
            return Err(Error::invalid("found no latent"));
        };
        let Some(Value::Tensor(samples)) = latent.field("samples") else {
            return Err(Error::invalid("found no samples"));
        };
        let taken = Values { shape: samples.extents().to_vec(), values: samples.to_f32()? };
        *self.0.taken.lock().unwrap() = Some(taken);
        Ok(())
    }
}
