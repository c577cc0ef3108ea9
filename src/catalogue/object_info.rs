//! Node descriptors as node editors of the ComfyUI family ask for them (`/object_info`).
//!
//! Order is kept and `input_order` says it once more, since editors map saved values by position;
//! every entry has `python_module`, without which editors do not start. Choices are legacy list
//! combos, which every version understands. An open-ended group becomes optional sockets,
//! 16 of them; graphs may use more.

use super::{Catalogue, Descriptor, Input};
use serde_json::{Map, Value, json};

/// Sockets that an editor sees of an open-ended group.
const GROUP_SOCKETS: usize = 16;

/// All nodes: class name to entry, in the catalogue's order.
pub fn object_info(catalogue: &Catalogue) -> Value {
    let entries = catalogue.nodes().map(|node| (node.r#type.clone(), entry(node, catalogue)));
    Value::Object(entries.collect())
}

/// One node's entry.
pub fn entry(node: &Descriptor, catalogue: &Catalogue) -> Value {
    let (mut required, mut optional) = (Map::new(), Map::new());
    for input in &node.inputs {
        if input.group {
            for number in 1..=GROUP_SOCKETS {
                optional.insert(format!("{}_{number}", input.name), spec(input, catalogue));
            }
        } else if input.optional {
            optional.insert(input.name.clone(), spec(input, catalogue));
        } else {
            required.insert(input.name.clone(), spec(input, catalogue));
        }
    }
    let order = json!({
        "required": required.keys().collect::<Vec<_>>(),
        "optional": optional.keys().collect::<Vec<_>>(),
    });
    let outputs = || node.outputs.iter();
    json!({
        "input": { "required": required, "optional": optional },
        "input_order": order,
        "is_input_list": false,
        "output": outputs().map(|o| o.r#type.as_str()).collect::<Vec<_>>(),
        "output_is_list": outputs().map(|_| false).collect::<Vec<_>>(),
        "output_name": outputs().map(|o| o.name.as_str()).collect::<Vec<_>>(),
        "output_tooltips": outputs().map(|o| o.tooltip.as_str()).collect::<Vec<_>>(),
        "name": node.r#type,
        "display_name": node.title,
        "description": node.description,
        "python_module": module(&node.pack),
        "category": node.category,
        "output_node": node.output_node,
        "deprecated": node.deprecated.is_some(),
        "experimental": node.experimental,
        "api_node": false,
        "search_aliases": node.search,
    })
}

/// The badge that editors show: the pack's package name, `amdm` for the standard pack.
fn module(pack: &str) -> String {
    match pack.split_once(':') {
        Some(("amdm", "node")) => "custom_nodes.amdm".to_owned(),
        Some((namespace, name)) => format!("custom_nodes.{namespace}-{name}"),
        None => format!("custom_nodes.{pack}"),
    }
}

/// An input's declaration, `[type, {options}]`, with the choices in place of the type where there
/// are any.
pub fn spec(input: &Input, catalogue: &Catalogue) -> Value {
    let listed = input.choices_from.as_deref().and_then(|kind| catalogue.choices(kind));
    let kind = match listed {
        Some(names) => json!(names),
        None if !input.choices.is_empty() => {
            json!(input.choices.iter().map(|choice| choice.name.as_str()).collect::<Vec<_>>())
        }
        None => json!(input.r#type),
    };
    json!([kind, options(input)])
}

fn options(input: &Input) -> Value {
    let mut options = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    let flag = |set: bool| set.then_some(Value::Bool(true));
    put("default", input.default.clone());
    put("min", input.min.clone());
    put("max", input.max.clone());
    put("step", input.step.clone());
    put("multiline", flag(input.multiline));
    put("control_after_generate", flag(input.control_after_generate));
    put("advanced", flag(input.advanced));
    let widget = matches!(input.r#type.as_str(), "BOOLEAN" | "INT" | "FLOAT" | "STRING" | "COMBO");
    put("forceInput", flag(input.socket_only && widget));
    put("tooltip", tooltip(input));
    Value::Object(options)
}

/// The input's help, and under it a line for every choice that has one.
fn tooltip(input: &Input) -> Option<Value> {
    let mut lines: Vec<String> = Vec::new();
    if !input.tooltip.is_empty() {
        lines.push(input.tooltip.clone());
    }
    let helped = input.choices.iter().filter(|choice| !choice.tooltip.is_empty());
    lines.extend(helped.map(|choice| format!("{}: {}", choice.name, choice.tooltip)));
    (!lines.is_empty()).then(|| Value::String(lines.join("\n")))
}
