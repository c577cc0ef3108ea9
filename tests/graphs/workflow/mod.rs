//! Saved workflows become the graphs that an editor would make of them.

mod bypass;
mod hostile;
mod inside;
mod links;
mod recorded;
mod subgraphs;
mod values;
mod write;

use crate::comfy_info;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{ErrorCode, GraphError, workflow};
use serde_json::{Map, Value, json};

/// A node of a file. Inputs are written `name:TYPE=link`, the link being left out where there is
/// none.
pub fn node(id: impl Into<Value>, class: &str, inputs: &[&str], values: Value) -> Value {
    let input = |text: &&str| {
        let (name, rest) = text.split_once(':').unwrap();
        let (kind, link) = rest.split_once('=').unwrap_or((rest, "null"));
        let link: Value = serde_json::from_str(link).unwrap();
        json!({ "name": name, "type": kind, "link": link })
    };
    let inputs: Vec<Value> = inputs.iter().map(input).collect();
    json!({ "id": id.into(), "type": class, "mode": 0, "inputs": inputs, "widgets_values": values })
}

/// The same node with another value under `key`.
pub fn with(mut node: Value, key: &str, value: Value) -> Value {
    node[key] = value;
    node
}

/// A file of these nodes and link rows.
pub fn file(nodes: Vec<Value>, links: Value) -> Value {
    json!({ "nodes": nodes, "links": links, "version": 0.4 })
}

/// A definition of a subgraph. Ports are pairs of name and type, links rows as in files.
pub fn definition(
    id: &str,
    inputs: &[(&str, &str)],
    outputs: &[(&str, &str)],
    nodes: Vec<Value>,
    links: &[[i64; 5]],
) -> Value {
    let ports = |ports: &[(&str, &str)]| -> Value {
        ports.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect()
    };
    let link = |[id, origin, slot, target, target_slot]: &[i64; 5]| {
        json!({ "id": id, "origin_id": origin, "origin_slot": slot, "target_id": target,
            "target_slot": target_slot, "type": "*" })
    };
    let links: Vec<Value> = links.iter().map(link).collect();
    json!({ "id": id, "name": format!("Sub {id}"), "inputs": ports(inputs), "outputs": ports(outputs),
        "nodes": nodes, "links": links })
}

/// Adds definitions to a file.
pub fn defining(mut file: Value, subgraphs: Vec<Value>) -> Value {
    file["definitions"] = json!({ "subgraphs": subgraphs });
    file
}

/// Nodes that the recorded conversions do not need, and those that they do.
pub fn info() -> ObjectInfo {
    let text = std::fs::read(comfy_info::vectors().join("object_info.json")).unwrap();
    let mut entries: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    for (class, required, optional) in classes() {
        let keys = |group: &Value| group.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let order = json!({ "required": keys(&required), "optional": keys(&optional) });
        entries.insert(
            class.to_owned(),
            json!({ "input": { "required": required, "optional": optional }, "input_order": order,
                "output": ["IMAGE", "FLOAT"], "display_name": format!("The {class}") }),
        );
    }
    ObjectInfo::from_value(Value::Object(entries)).unwrap()
}

fn classes() -> Vec<(&'static str, Value, Value)> {
    let option = |key: &str, inputs: Value| json!({ "key": key, "inputs": { "required": inputs } });
    let inner = json!({ "x": ["INT", { "default": 3 }] });
    let nested = json!(["COMFY_DYNAMICCOMBO_V3",
        { "options": [option("p", json!({})), option("q", inner)] }]);
    let outer = json!(["COMFY_DYNAMICCOMBO_V3",
        { "options": [option("a", json!({ "sub": nested })), option("b", json!({}))] }]);
    vec![
        (
            "Seeds",
            json!({ "seed": ["INT", {}], "noise_seed": ["INT"], "other": ["INT", {}],
            "plain": ["INT", { "control_after_generate": false }],
            "scale": ["FLOAT", { "control_after_generate": "increment" }],
            "pick": [["a", "b"], { "control_after_generate": true }],
            "last": ["STRING", {}] }),
            json!({}),
        ),
        (
            "Quiet",
            json!({ "seed": ["INT", { "control_after_generate": false }], "b": ["INT"] }),
            json!({}),
        ),
        (
            "Bare",
            json!({ "i": ["INT"], "f": ["FLOAT", { "min": 2 }], "s": ["STRING"],
            "b": ["BOOLEAN"], "c": [["first", "second"]], "d": ["COMBO", { "options": ["x", "y"] }],
            "m": ["COMBO", { "options": ["x"], "multi_select": true }] }),
            json!({}),
        ),
        (
            "Sockets",
            json!({ "w": ["AUDIO", { "widgetType": "STRING" }],
            "n": ["INT", { "socketless": true, "default": 4 }] }),
            json!({ "k": ["INT", { "defaultInput": true }], "z": ["INT", { "default": 6 }] }),
        ),
        ("Nested", json!({ "mode": outer, "after": ["INT", { "default": 1 }] }), json!({})),
        ("Curves", json!({ "curve": ["CURVE", {}], "n": ["INT"] }), json!({})),
        (
            "Upload",
            json!({ "image": [["a.png"], { "image_upload": true }], "n": ["INT"] }),
            json!({ "o": ["INT", { "default": 5 }] }),
        ),
        ("Pass", json!({ "any": ["*"], "mask": ["MASK"], "image": ["IMAGE"] }), json!({})),
        ("Two", json!({ "a": ["FLOAT,MASK"], "b": ["image"], "c": ["IMAGE"] }), json!({})),
        (
            "Show",
            json!({ "image": ["IMAGE"], "text": ["STRING", { "default": "own" }] }),
            json!({}),
        ),
        (
            "Weights",
            json!({ "before": ["INT", { "default": 1 }],
            "weights": ["COMFY_AUTOGROW_V3", { "template": { "prefix": "w", "min": 1, "max": 4,
                "input": { "required": { "weight": ["FLOAT", { "default": 0.5 }] } } } }],
            "names": ["COMFY_DYNAMICGROUP_V3", { "template": { "names": ["one", "two"], "min": 0,
                "input": { "optional": { "name": ["STRING", { "default": "x" }] } } } }],
            "after": ["INT", { "default": 9 }] }),
            json!({}),
        ),
        (
            "Grow",
            json!({ "weights": ["COMFY_AUTOGROW_V3", { "template": { "prefix": "w", "min": 1,
                "max": 4, "input": { "required": { "weight": ["FLOAT", { "default": 0.5 }] } } } }],
            "after": ["INT", { "default": 9 }] }),
            json!({}),
        ),
        ("Forced", json!({ "value": ["FLOAT", { "forceInput": true }] }), json!({})),
    ]
}

/// The graph of a file.
pub fn graph(file: &Value) -> Value {
    Value::Object(workflow::convert(file, &info()).unwrap().graph)
}

/// The inputs of one node of it.
pub fn inputs(file: &Value, id: &str) -> Value {
    graph(file)[id]["inputs"].clone()
}

/// What is warned of, as texts.
pub fn warnings(file: &Value) -> Vec<String> {
    texts(&workflow::convert(file, &info()).unwrap().warnings)
}

/// The errors of a file that cannot be converted.
pub fn errors(file: &Value) -> Vec<GraphError> {
    workflow::convert(file, &info()).unwrap_err()
}

/// Their codes.
pub fn codes(file: &Value) -> Vec<ErrorCode> {
    errors(file).iter().map(|error| error.code).collect()
}

fn texts(errors: &[GraphError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}
