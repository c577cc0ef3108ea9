//! Large valid graphs of the standard nodes, for tests and benches.

use serde_json::{Map, Value, json};

/// Nodes of one block.
const BLOCK: usize = 10;

/// Class and inputs of the nodes that give pictures: of the cases' catalogue.
pub fn pictures() -> (&'static str, Value) {
    ("LoadImage", json!({ "image": "fox-1.png" }))
}

/// The same where a host has no pictures, and its standard pack the class `TextImage`.
#[allow(dead_code, reason = "for tests that run a host")]
pub fn drawn() -> (&'static str, Value) {
    ("TextImage", json!({ "text": "large", "width": 192, "height": 32, "size": 16 }))
}

/// A valid API graph of exactly `nodes` nodes, at least 2: blocks of a text, a picture, a chain of
/// labels and scales, a grid of the last of them and of the grid before, and a `SaveImage`; what is
/// left is one chain of labels.
pub fn api(nodes: usize, (class, inputs): (&str, Value)) -> Value {
    let mut graph = Map::new();
    let mut before = None;
    while graph.len() + BLOCK + 2 <= nodes {
        before = Some(block(&mut graph, (class, &inputs), before));
    }
    let mut image = put(&mut graph, class, inputs);
    while graph.len() + 1 < nodes {
        image = label(&mut graph, &image, json!("rest"));
    }
    put(&mut graph, "SaveImage", json!({ "images": [image, 0], "filename_prefix": "rest" }));
    Value::Object(graph)
}

fn put(graph: &mut Map<String, Value>, class: &str, inputs: Value) -> String {
    let id = (graph.len() + 1).to_string();
    graph.insert(id.clone(), json!({ "class_type": class, "inputs": inputs }));
    id
}

fn label(graph: &mut Map<String, Value>, image: &str, text: Value) -> String {
    let inputs = json!({ "image": [image, 0], "text": text, "side": "below", "size": 16,
        "width": 0 });
    put(graph, "ImageLabel", inputs)
}

fn scale(graph: &mut Map<String, Value>, image: &str, width: usize) -> String {
    let inputs = json!({ "image": [image, 0], "upscale_method": "bilinear", "width": width,
        "height": 64, "crop": "disabled" });
    put(graph, "ImageScale", inputs)
}

/// Adds a block; gives the id of its grid.
fn block(
    graph: &mut Map<String, Value>,
    (class, inputs): (&str, &Value),
    before: Option<String>,
) -> String {
    let number = graph.len() / BLOCK;
    let text = put(graph, "PrimitiveString", json!({ "value": format!("block {number}") }));
    let mut images = vec![put(graph, class, inputs.clone())];
    for at in 0..6 {
        let last = images[at].as_str();
        images.push(match at % 3 {
            0 => label(graph, last, json!([text, 0])),
            1 => scale(graph, last, 64 + at),
            _ => label(graph, last, json!(format!("{number}.{at}"))),
        });
    }
    let mut members = Map::new();
    for (at, image) in images.iter().skip(4).chain(&before).enumerate() {
        members.insert(format!("image_{}", at + 1), json!([image, 0]));
    }
    members.extend([("columns".to_owned(), json!(2)), ("gap".to_owned(), json!(8))]);
    let grid = put(graph, "ImageGrid", Value::Object(members));
    let prefix = format!("large/{number}");
    put(graph, "SaveImage", json!({ "images": [grid, 0], "filename_prefix": prefix }));
    grid
}

/// The same graph as an editor would have saved it: widget values by position, links by id.
/// `info` describes the classes, as `GET /object_info` does.
pub fn saved(api: &Value, info: &Value) -> Value {
    let (mut nodes, mut links) = (Vec::new(), Vec::new());
    for (id, node) in api.as_object().unwrap() {
        let class = node["class_type"].as_str().unwrap();
        let (mut inputs, mut values) = (Vec::new(), Vec::new());
        for (name, config) in ["required", "optional"]
            .iter()
            .flat_map(|group| info[class]["input"][group].as_object().into_iter().flatten())
        {
            let given = node["inputs"].get(name);
            let kind = config[0].as_str().unwrap_or("COMBO");
            let widget = matches!(kind, "INT" | "FLOAT" | "STRING" | "BOOLEAN" | "COMBO")
                && config[1]["forceInput"] != true;
            if widget {
                let given = given.filter(|value| !value.is_array());
                let first = config[0].get(0).or_else(|| config[1]["options"].get(0));
                values.push(given.or(config[1].get("default")).or(first).cloned());
            }
            let mut link = Value::Null;
            if let Some([Value::String(origin), slot]) =
                given.and_then(Value::as_array).map(Vec::as_slice)
            {
                let origin: u64 = origin.parse().unwrap();
                let target: u64 = id.parse().unwrap();
                link = json!(links.len() + 1);
                links.push(json!([link, origin, slot, target, inputs.len(), kind]));
            } else if widget {
                continue;
            }
            inputs.push(json!({ "name": name, "type": kind, "link": link }));
        }
        let id: u64 = id.parse().unwrap();
        nodes.push(json!({ "id": id, "type": class, "mode": 0, "pos": [id * 30, 0],
            "size": [200, 100], "flags": {}, "order": id, "inputs": inputs, "outputs": [],
            "properties": {}, "widgets_values": values }));
    }
    json!({ "nodes": nodes, "links": links, "version": 0.4 })
}
