//! API graphs: nodes of known and unknown classes, links good and bad, cycles, declared parameters.

use super::dice::Dice;
use super::nodes::nodes;
use super::value::{any, class, name, spoil, text};
use amdm::graph::comfy::InputInfo;
use serde_json::{Map, Value, json};

/// A graph of up to 40 nodes, now and then inside a request.
pub fn make(dice: &mut Dice<'_>) -> Value {
    let count = 1 + if dice.rarely(16) { dice.below(40) } else { dice.below(8) };
    let forward = dice.rarely(4);
    let mut graph = Map::new();
    for at in 0..count {
        let id = if dice.rarely(40) { text(dice) } else { at.to_string() };
        graph.insert(id, node(dice, at, if forward { count } else { at }));
    }
    let mut graph = Value::Object(graph);
    spoil(dice, &mut graph);
    match dice.below(8) {
        0 => request(dice, graph),
        _ => graph,
    }
}

fn request(dice: &mut Dice<'_>, graph: Value) -> Value {
    let mut request = json!({ "prompt": graph });
    if dice.rarely(2) {
        let ids = (0..dice.below(4)).map(|_| dice.below(24).to_string());
        request["partial_execution_targets"] = ids.collect();
    }
    for key in ["number", "extra_data", "partial_execution_targets"] {
        if dice.rarely(6) {
            request[key] = any(dice);
        }
    }
    request
}

/// A node whose links lead to nodes below `sources`.
fn node(dice: &mut Dice<'_>, at: usize, sources: usize) -> Value {
    let class = if dice.rarely(20) { "Nothing" } else { class(dice) };
    let mut inputs = Map::new();
    let declared = nodes().infos.iter().find_map(|info| info.find(class));
    for input in declared.map_or(&[][..], |class| &class.inputs) {
        if !dice.rarely(5) {
            inputs.insert(input.name.clone(), given(dice, input, sources));
        }
    }
    if dice.rarely(6) {
        inputs.insert(name(dice), link(dice, sources));
    }
    let mut node = json!({ "class_type": class, "inputs": inputs });
    if dice.rarely(4) {
        node["_meta"] = meta(dice, at);
    }
    node
}

fn meta(dice: &mut Dice<'_>, at: usize) -> Value {
    let version = dice.pick(&["0.0.1", "0.1.0", "0.1.9", "0.2.0", "nightly", "1.0.0-a+b"]);
    let mut params = Map::new();
    for _ in 0..dice.below(3) {
        params.insert(name(dice), Value::from(text(dice)));
    }
    let title = if dice.rarely(2) { text(dice) } else { format!("node.{at}") };
    json!({ "title": title, "cnr_id": "amdm", "ver": version,
        "amdm": { "schema": dice.below(3), "param": params } })
}

/// What an input is given: mostly what it takes.
fn given(dice: &mut Dice<'_>, input: &InputInfo, sources: usize) -> Value {
    if dice.rarely(12) {
        return any(dice);
    }
    if dice.rarely(12) {
        return link(dice, sources);
    }
    match (input.choices(), input.type_name.as_str()) {
        (Some(choices), _) if !choices.is_empty() => choices[dice.below(choices.len())].clone(),
        (_, "INT") => json!(dice.below(40)),
        (_, "FLOAT") => json!(dice.below(20) as f64 / 10.0),
        (_, "STRING") => json!(text(dice)),
        (_, "BOOLEAN") => json!(dice.rarely(2)),
        _ => link(dice, sources),
    }
}

fn link(dice: &mut Dice<'_>, sources: usize) -> Value {
    match dice.below(24) {
        0 => json!([dice.below(40), 0]),
        1 => json!([dice.below(40).to_string(), any(dice)]),
        2 => json!(["gone", 0, 0]),
        _ => json!([dice.below(sources.max(1)).to_string(), dice.below(8) / 6]),
    }
}
