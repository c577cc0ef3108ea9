//! The nodes of conditions, with `KSampler`, give what ComfyUI's give.
//!
//! `tests/fixtures/comfyui-conditions` holds some of a larger set of the same form, which runs
//! where `AMDM_COMFYUI_RUN` names its folder.

use std::path::PathBuf;
use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm_diffusion::Tensor;
use amdm_runtime::{FailureCode, Node, NodeCall, Object};
use serde_json::{Value, json};

use crate::cases::{Constants, Tensors, Values};
use crate::network::Analytic;
use crate::sampler::Scene;

fn folder() -> PathBuf {
    match std::env::var_os("AMDM_COMFYUI_RUN") {
        Some(folder) => PathBuf::from(folder).join("ksampler"),
        None => {
            [env!("CARGO_MANIFEST_DIR"), "../../tests/fixtures/comfyui-conditions"].iter().collect()
        }
    }
}

/// Gives a recorded mask by its name.
struct Masks(Arc<Tensors>);

impl Node for Masks {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let mask = tensor(call, self.0.get(&format!("mask/{}", text(call, "name")?)))?;
        drop(call.set_output("mask", amdm_runtime::Value::Tensor(mask)));
        Ok(())
    }
}

/// Gives zeros to start from.
struct Starts;

impl Node for Starts {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let amdm_runtime::Value::Integer(batch) = input(call, "batch")? else {
            return Err(Error::invalid("found no number"));
        };
        let zeros = Values {
            shape: vec![batch as u32, 4, 12, 16],
            values: vec![0.0; batch as usize * 768],
        };
        let samples = amdm_runtime::Value::Tensor(tensor(call, zeros)?);
        let fields = vec![("samples".to_owned(), samples)];
        let latent = amdm_runtime::Value::Object(Object::fields("LATENT", fields)?);
        drop(call.set_output("latent", latent));
        Ok(())
    }
}

fn input(call: &NodeCall, name: &str) -> Result<amdm_runtime::Value, Error> {
    call.input(name).ok_or_else(|| Error::invalid("found no input"))
}

fn text(call: &NodeCall, name: &str) -> Result<String, Error> {
    match input(call, name)? {
        amdm_runtime::Value::Text(text) => Ok(text.to_string()),
        _ => Err(Error::invalid("found no text")),
    }
}

fn tensor(call: &NodeCall, values: Values) -> Result<Tensor, Error> {
    Tensor::from_f32(call.device(), &values.shape, values.values)
}

fn scene(constants: Constants, tensors: &Arc<Tensors>) -> Scene {
    let model = Analytic::stable_diffusion("sd", constants);
    let scene = Scene::open(vec![("sd", model)]);
    let text = |name: &str| json!({"name": name, "type": "STRING", "default": ""});
    let number = json!({"name": "batch", "type": "INT", "default": 1});
    let nodes: [(_, _, _, Arc<dyn Node>); 2] = [
        ("Mask", "MASK", json!([text("name")]), Arc::new(Masks(Arc::clone(tensors)))),
        ("Start", "LATENT", json!([number]), Arc::new(Starts)),
    ];
    for (name, wire, inputs, node) in nodes {
        let descriptor = json!({
            "type": format!("test.recorded.{name}"), "pack": "test:recorded", "version": "1.0.0",
            "title": name, "category": "test", "description": "What was recorded.",
            "inputs": inputs, "outputs": [{"name": wire.to_lowercase(), "type": wire}],
        });
        scene.host.register_node(serde_json::from_value(descriptor).unwrap(), node, false).unwrap();
    }
    scene
}

/// A graph that grows node by node.
struct Graph(Value);

impl Graph {
    fn add(&mut self, class: &str, inputs: Value) -> Value {
        let id = self.0.as_object().unwrap().len().to_string();
        self.0[&id] = json!({"class_type": class, "inputs": inputs});
        json!([id, 0])
    }

    /// A node of one condition, with the numbers of `names` from `numbers`.
    fn set(&mut self, class: &str, from: &Value, names: &[&str], numbers: &Value) -> Value {
        let mut inputs = json!({"conditioning": from});
        for (name, number) in names.iter().zip(numbers.as_array().unwrap()) {
            inputs[name] = match number.as_f64().filter(|number| number.fract() == 0.0) {
                Some(whole) => json!(whole as i64),
                None => number.clone(),
            };
        }
        self.add(class, inputs)
    }

    /// An entry through the nodes of its fields.
    fn entry(&mut self, model: &Value, entry: &Value) -> Value {
        const AREA: [&str; 5] = ["width", "height", "x", "y", "strength"];
        let inputs = json!({"model": model, "json": entry["k"].to_string()});
        let mut last = self.add("ConditionJson", inputs);
        if !entry["strength"].is_null() {
            let strength = json!([entry["strength"]]);
            last = self.set("ConditioningSetAreaStrength", &last, &["strength"], &strength);
        }
        if !entry["area"].is_null() {
            last = self.set("ConditioningSetArea", &last, &AREA, &entry["area"]);
        }
        if !entry["pct"].is_null() {
            last = self.set("ConditioningSetAreaPercentage", &last, &AREA, &entry["pct"]);
        }
        if let Some([name, strength, cut]) = entry["mask"].as_array().map(Vec::as_slice) {
            let mask = self.add("test.recorded.Mask", json!({"name": name}));
            let inputs = json!({
                "conditioning": last, "mask": mask, "strength": strength, "set_cond_area": cut,
            });
            last = self.add("ConditioningSetMask", inputs);
        }
        if !entry["area_after"].is_null() {
            last = self.set("ConditioningSetArea", &last, &AREA, &entry["area_after"]);
        }
        if !entry["range"].is_null() {
            let names = ["start", "end"];
            last = self.set("ConditioningSetTimestepRange", &last, &names, &entry["range"]);
        }
        last
    }

    /// All entries of a side.
    fn side(&mut self, model: &Value, entries: &Value) -> Value {
        let mut all = entries.as_array().unwrap().iter();
        let mut last = self.entry(model, all.next().unwrap());
        for entry in all {
            let next = self.entry(model, entry);
            let inputs = json!({"conditioning_1": last, "conditioning_2": next});
            last = self.add("ConditioningCombine", inputs);
        }
        last
    }
}

fn graph(case: &Value) -> Value {
    let mut graph = Graph(json!({}));
    let latent = graph.add("test.recorded.Start", json!({"batch": case["batch"]}));
    let model = graph.add("ModelLoader", json!({"model_name": "sd"}));
    let positive = graph.side(&model, &case["positive"]);
    let negative = graph.side(&model, &case["negative"]);
    let sampler = graph.add(
        "KSampler",
        json!({
            "model": model, "seed": case["seed"], "steps": case["steps"], "cfg": case["cfg"],
            "sampler_name": case["sampler"], "scheduler": case["scheduler"], "positive": positive,
            "negative": negative, "latent_image": latent, "denoise": 1,
        }),
    );
    graph.add("test.recorded.Taken", json!({"latent": sampler}));
    graph.0
}

/// Whether it is about conditions alone, and no controls or masks of latents.
fn is_ours(case: &Value) -> bool {
    let entries = ["positive", "negative"].map(|side| case[side].as_array().unwrap());
    let mut entries = entries.into_iter().flatten();
    let given = ["advanced", "noise_mask"].map(|name| case[name].is_null());
    given == [true; 2] && entries.all(|entry| entry["control"].is_null())
}

#[test]
fn the_nodes_make_what_comfyui_makes() {
    let (mut met, mut refused, mut worst) = (0, 0, 0.0_f64);
    let mut wrong = Vec::new();
    for file in ["cond", "cond_more"] {
        let read = |kind: &str| std::fs::read(folder().join(file).with_extension(kind)).unwrap();
        let tensors = Arc::new(Tensors::new(read("safetensors")));
        let recording: Value = serde_json::from_slice(&read("json")).unwrap();
        let constants = serde_json::from_value(recording["network"].clone()).unwrap();
        let scene = scene(constants, &tensors);
        let cases = recording["cases"].as_array().unwrap().iter();
        for case in cases.filter(|case| is_ours(case)) {
            let name = case["name"].as_str().unwrap();
            let found = match scene.run(&graph(case)) {
                Ok(found) => found,
                Err(failure) if !case["error"].is_null() => {
                    assert_eq!(failure.code, FailureCode::Node(Code::InvalidInput), "{failure}");
                    refused += 1;
                    continue;
                }
                Err(failure) => panic!("{name}: {failure}"),
            };
            assert!(case["error"].is_null(), "{name}");
            let expected = tensors.get(name);
            let off = found.values.iter().zip(&expected.values);
            let off = off.map(|(a, b)| f64::from((a - b).abs()));
            let ratio = off.fold(0.0, |most: f64, off| if off <= most { most } else { off })
                / case["tol"].as_f64().unwrap();
            if ratio <= 1.0 {
                met += 1;
            } else {
                wrong.push(format!("{name}: {ratio:.3} tolerances off"));
            }
            worst = worst.max(ratio);
        }
    }
    println!("{met} met, {refused} refused, worst {worst:.4} of the tolerance");
    assert!(met > 40 && refused == 1 && wrong.is_empty(), "{met} {refused} {}", wrong.join("\n"));
}
