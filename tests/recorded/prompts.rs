//! Nodes that change what a text encoder made of a prompt.

use std::sync::{Arc, Mutex};

use amdm::error::{Code, Error};
use amdm_diffusion::{Embedding, Tensor};
use amdm_runtime::{Failure, FailureCode, Node, NodeCall, Object, Value};
use serde_json::json;

use crate::cases::Constants;
use crate::network::Analytic;
use crate::sampler::Scene;

/// Gives a prompt of `tokens` rows of width 2, from `value` up, pooled where `pooled` is not 0.
struct Prompt;

impl Node for Prompt {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let number = |name: &str| match call.input(name) {
            Some(Value::Integer(number)) => number as u16,
            _ => 0,
        };
        let (tokens, value, pooled) = (number("tokens"), number("value"), number("pooled"));
        let tensor = |shape: &[u32], values: Vec<u16>| {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            Tensor::from_f32(call.device(), shape, values)
        };
        let rows = tensor(&[1, tokens.into(), 2], (value..value + 2 * tokens).collect())?;
        let pooled = (pooled > 0).then(|| tensor(&[1, 2], vec![pooled; 2])).transpose()?;
        let made = Object::from_embedding(Embedding { rows, pooled })?;
        drop(call.set_output("conditioning", Value::Object(made)));
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Takes(Arc<Mutex<Option<Object>>>);

impl Node for Takes {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let Some(Value::Object(object)) = call.input("conditioning") else {
            return Err(Error::invalid("found no conditioning"));
        };
        *self.0.lock().unwrap() = Some(object);
        Ok(())
    }
}

/// Rows and pooled row of each entry that the last node of `graph`, `last`, gives.
/// What networks are told: rows, and the pooled one.
type Told = (Vec<f32>, Option<Vec<f32>>);

fn run(mut graph: serde_json::Value) -> Result<Vec<Told>, Failure> {
    let constants = Constants { l: 0.85, a: 0.2, b: 0.05, c: 0.1, d: 0.1 };
    let scene = Scene::open(vec![("sd", Analytic::stable_diffusion("sd", constants))]);
    let descriptor = |name: &str, inputs: serde_json::Value, ends: bool| {
        let mut all = json!({
            "type": format!("test.recorded.{name}"), "pack": "test:recorded", "version": "1.0.0",
            "title": name, "category": "test", "description": "A prompt of the test's.",
            "inputs": inputs, "outputs": [], "output_node": ends,
        });
        if !ends {
            all["outputs"] = json!([{"name": "conditioning", "type": "CONDITIONING"}]);
        }
        serde_json::from_value(all).unwrap()
    };
    let number = |name: &str| json!({"name": name, "type": "INT", "default": 0});
    let given = json!([number("tokens"), number("value"), number("pooled")]);
    let taken = json!([{"name": "conditioning", "type": "CONDITIONING"}]);
    let takes = Takes::default();
    let prompt = descriptor("Prompt", given, false);
    scene.host.register_node(prompt, Arc::new(Prompt), false).unwrap();
    let end = descriptor("Conditions", taken, true);
    scene.host.register_node(end, Arc::new(takes.clone()), false).unwrap();
    graph["end"] =
        json!({"class_type": "test.recorded.Conditions", "inputs": {"conditioning": ["last", 0]}});
    scene.run_only(&graph)?;
    let object = takes.0.lock().unwrap().take().unwrap();
    let tensor = |entry: &Object, name: &str| match entry.field(name) {
        Some(Value::Tensor(tensor)) => Some(tensor.to_f32().unwrap()),
        _ => None,
    };
    let entry = |entry: &Object| (tensor(entry, "embedding").unwrap(), tensor(entry, "pooled"));
    Ok(object.items().iter().map(entry).collect())
}

fn prompt(tokens: u32, value: u32, pooled: u32) -> serde_json::Value {
    let inputs = json!({"tokens": tokens, "value": value, "pooled": pooled});
    json!({"class_type": "test.recorded.Prompt", "inputs": inputs})
}

fn average(to: serde_json::Value, from: serde_json::Value) -> serde_json::Value {
    let inputs = json!({
        "conditioning_to": ["to", 0], "conditioning_from": ["from", 0],
        "conditioning_to_strength": 0.25,
    });
    json!({"to": to, "from": from,
        "last": {"class_type": "ConditioningAverage", "inputs": inputs}})
}

#[test]
fn an_average_has_the_tokens_of_the_first() {
    let longer = run(average(prompt(2, 4, 8), prompt(3, 0, 4))).unwrap();
    assert_eq!(longer, [(vec![1.0, 2.0, 3.0, 4.0], Some(vec![5.0, 5.0]))]);
    let shorter = run(average(prompt(3, 4, 0), prompt(1, 0, 4))).unwrap();
    let rows = vec![1.0, 1.25 + 0.75, 1.5, 1.75, 2.0, 2.25];
    assert_eq!(shorter, [(rows, Some(vec![4.0, 4.0]))], "filled up with zeros");
    let without = run(average(prompt(1, 4, 8), prompt(1, 0, 0))).unwrap();
    assert_eq!(without, [(vec![1.0, 2.0], Some(vec![8.0, 8.0]))]);
}

#[test]
fn tokens_are_appended_to_each_entry_from_the_first_of_the_other() {
    let combine = |a: &str, b: &str| {
        let inputs = json!({"conditioning_1": [a, 0], "conditioning_2": [b, 0]});
        json!({"class_type": "ConditioningCombine", "inputs": inputs})
    };
    let inputs = json!({"conditioning_to": ["to", 0], "conditioning_from": ["from", 0]});
    let found = run(json!({
        "a": prompt(1, 1, 7), "b": prompt(2, 3, 0), "c": prompt(1, 9, 5), "d": prompt(1, 20, 0),
        "to": combine("a", "b"), "from": combine("c", "d"),
        "last": {"class_type": "ConditioningConcat", "inputs": inputs},
    }));
    let first = (vec![1.0, 2.0, 9.0, 10.0], Some(vec![7.0, 7.0]));
    let second = (vec![3.0, 4.0, 5.0, 6.0, 9.0, 10.0], None);
    assert_eq!(found.unwrap(), [first, second]);
}

#[test]
fn zeros_take_the_place_of_rows_and_of_the_pooled_row() {
    let inputs = json!({"conditioning": ["a", 0]});
    let last = json!({"class_type": "ConditioningZeroOut", "inputs": inputs});
    let found = run(json!({"a": prompt(2, 1, 7), "last": last})).unwrap();
    assert_eq!(found, [(vec![0.0; 4], Some(vec![0.0; 2]))]);
}

#[test]
fn what_a_model_made_of_json_is_no_prompt() {
    let inputs = json!({"model": ["model", 0], "json": "1"});
    let mut graph = average(prompt(1, 0, 0), prompt(1, 0, 0));
    graph["model"] = json!({"class_type": "ModelLoader", "inputs": {"model_name": "sd"}});
    graph["from"] = json!({"class_type": "ConditionJson", "inputs": inputs});
    let failure = run(graph).unwrap_err();
    assert_eq!(failure.code, FailureCode::Node(Code::InvalidInput), "{failure}");
    assert_eq!(failure.input.as_deref(), Some("conditioning_from"));
    let expected = "found what a model made of JSON, expected what a text encoder made";
    assert_eq!(failure.message, expected);
}
