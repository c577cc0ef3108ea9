//! Workflows as editors save them, and as they never would: subgraphs nested and recursive,
//! reroutes in circles, bypassed and muted nodes, primitives, odd values, links that lead nowhere.

use super::dice::Dice;
use super::nodes::nodes;
use super::value::{any, class, name, spoil, text, type_name};
use serde_json::{Map, Value, json};

/// Ids that subgraphs have.
const SUBGRAPHS: &[&str] = &["s0", "s1", "s2", "s3"];
/// Node types that vanish, and one that nobody has.
const VIRTUAL: &[&str] =
    &["Reroute", "PrimitiveNode", "Note", "MarkdownNote", "GetNode", "SetNode", "Nothing"];

/// A workflow with up to four definitions.
pub fn make(dice: &mut Dice<'_>) -> Value {
    let mut file = layer(dice, false);
    file["version"] = json!(0.4);
    let count = dice.below(SUBGRAPHS.len() + 1);
    let definitions: Vec<Value> =
        SUBGRAPHS[..count].iter().map(|id| definition(dice, id)).collect();
    if count > 0 {
        file["definitions"] = json!({ "subgraphs": definitions });
    }
    spoil(dice, &mut file);
    file
}

fn definition(dice: &mut Dice<'_>, id: &str) -> Value {
    let mut layer = layer(dice, true);
    layer["id"] = json!(id);
    layer["name"] = json!(text(dice));
    for ports in ["inputs", "outputs"] {
        let port = |_| json!({ "name": name(dice), "type": type_name(dice) });
        layer[ports] = (0..4).map(port).take(3).collect();
    }
    if dice.rarely(8) {
        let inner = definition(dice, "s9");
        layer["definitions"] = json!({ "subgraphs": [inner] });
    }
    layer
}

/// Nodes, and links between them; inside a subgraph also from and to its borders.
fn layer(dice: &mut Dice<'_>, inner: bool) -> Value {
    let count = if dice.rarely(16) { dice.below(30) } else { dice.below(7) };
    let mut layer = Layer { links: Vec::new(), count, inner };
    let nodes: Vec<Value> = (0..count).map(|at| layer.node(dice, at)).collect();
    if inner {
        for slot in 0..dice.below(4) {
            layer.link(dice, json!(-20), slot);
        }
    }
    json!({ "nodes": nodes, "links": layer.links })
}

struct Layer {
    links: Vec<Value>,
    count: usize,
    inner: bool,
}

impl Layer {
    /// A link to slot `slot` of `target`; its id.
    fn link(&mut self, dice: &mut Dice<'_>, target: Value, slot: usize) -> Value {
        let id = self.links.len() + 1;
        let origin = match dice.below(8) {
            0 if self.inner => json!(-10),
            1 if self.inner => json!(-10),
            2 => json!(dice.below(20)),
            _ => json!(dice.below(self.count.max(1))),
        };
        let (from, kind) = (dice.below(8) / 5, type_name(dice));
        self.links.push(match dice.below(3) {
            0 => json!({ "id": id, "origin_id": origin, "origin_slot": from, "target_id": target,
                "target_slot": slot, "type": kind }),
            _ => json!([id, origin, from, target, slot, kind]),
        });
        json!(id)
    }

    fn node(&mut self, dice: &mut Dice<'_>, at: usize) -> Value {
        let class = match dice.below(8) {
            0 | 1 => dice.pick(VIRTUAL),
            2 => dice.pick(SUBGRAPHS),
            _ => class(dice),
        };
        let id = if dice.rarely(40) { any(dice) } else { json!(at) };
        let mut node = json!({ "id": id, "type": class });
        node["mode"] = json!(dice.pick(&[0, 0, 0, 0, 0, 0, 2, 4, 4, 1]));
        let inputs = self.inputs(dice, class, at);
        node["inputs"] = json!(inputs);
        node["widgets_values"] = values(dice, class);
        let output = |_| json!({ "name": "out", "type": type_name(dice), "links": [] });
        node["outputs"] = (0..2).map(output).collect();
        if dice.rarely(8) {
            node["title"] = json!(text(dice));
        }
        if dice.rarely(4) {
            node["properties"] = properties(dice);
        }
        if dice.rarely(10) {
            node["widgets_values_named"] = named(dice);
        }
        node
    }

    fn inputs(&mut self, dice: &mut Dice<'_>, class: &str, at: usize) -> Vec<Value> {
        let declared = nodes().infos.iter().find_map(|info| info.find(class));
        let mut names: Vec<(String, String)> = match declared {
            Some(class) => {
                let inputs = class.inputs.iter().filter(|input| !input.hidden);
                inputs.map(|input| (input.name.clone(), input.type_name.clone())).collect()
            }
            None => (0..dice.below(4)).map(|_| (name(dice), type_name(dice).to_owned())).collect(),
        };
        if dice.rarely(8) {
            names.push((name(dice), type_name(dice).to_owned()));
        }
        let mut inputs = Vec::new();
        for (slot, (name, kind)) in names.into_iter().enumerate() {
            let link = match dice.below(8) {
                0..5 => self.link(dice, json!(at), slot),
                5 if dice.rarely(4) => any(dice),
                _ => Value::Null,
            };
            inputs.push(json!({ "name": name, "type": kind, "link": link }));
        }
        inputs
    }
}

/// Saved values: mostly as many as there are inputs that take some.
fn values(dice: &mut Dice<'_>, class: &str) -> Value {
    if dice.rarely(16) {
        return if dice.rarely(2) { any(dice) } else { named(dice) };
    }
    let declared = nodes().infos.iter().find_map(|info| info.find(class));
    let count = declared.map_or(2, |class| class.inputs.len()) + dice.below(3);
    let value = |_| if dice.rarely(3) { any(dice) } else { json!(dice.below(9)) };
    (0..count).map(value).collect()
}

fn named(dice: &mut Dice<'_>) -> Value {
    let mut names = Map::new();
    for _ in 0..dice.below(5) {
        names.insert(name(dice), any(dice));
    }
    Value::Object(names)
}

fn properties(dice: &mut Dice<'_>) -> Value {
    let mut proxies = Vec::new();
    for _ in 0..dice.below(6) {
        let node = if dice.rarely(3) { -1 } else { dice.below(14) as i64 };
        let mut proxy = vec![json!(node.to_string()), json!(name(dice))];
        if dice.rarely(2) {
            proxy.push(json!(dice.below(14).to_string()));
        }
        proxies.push(Value::Array(proxy));
    }
    let proxies = Value::Array(proxies);
    let list = if dice.rarely(4) { json!(proxies.to_string()) } else { proxies };
    json!({ "proxyWidgets": list, "cnr_id": text(dice), "ver": "0.0.1" })
}
