//! JSON Schema (draft 2020-12) of graph files, for editors of text and for other programs.
//!
//! Describes all forms that are read: an API graph, a request body around one, a workflow as an
//! editor saves it. Inputs of the catalogue's classes are described with type, range and choices;
//! nodes of other classes may hold anything.

use super::{Catalogue, Descriptor, Input};
use serde_json::{Map, Value, json};

/// The schema of graphs of `catalogue`'s nodes.
pub fn graph_schema(catalogue: &Catalogue) -> Value {
    let classes = catalogue.nodes().map(|node| {
        json!({
            "if": { "properties": { "class_type": { "const": node.r#type } } },
            "then": { "properties": { "inputs": inputs(node, catalogue) } },
        })
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AMDM graph",
        "anyOf": [
            { "$ref": "#/$defs/graph" },
            { "$ref": "#/$defs/request" },
            { "$ref": "#/$defs/workflow" },
        ],
        "$defs": {
            "graph": {
                "description": "API format: node id to node.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": { "$ref": "#/$defs/node" },
            },
            "request": {
                "description": "A request body as servers take it.",
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": { "$ref": "#/$defs/graph" },
                    "partial_execution_targets": { "type": "array", "items": { "type": "string" } },
                },
            },
            "workflow": {
                "description": "A workflow as editors save it, version 0.4 or 1.",
                "type": "object",
                "required": ["nodes"],
                "properties": {
                    "nodes": { "type": "array", "items": {
                        "type": "object",
                        "required": ["id", "type"],
                        "properties": {
                            "id": { "type": ["integer", "string"] },
                            "type": { "type": "string" },
                            "mode": { "type": "integer" },
                            "widgets_values": { "type": ["array", "object", "null"] },
                        },
                    } },
                    "links": { "type": ["array", "object"] },
                    "version": { "type": "number" },
                    "extra": { "$ref": "#/$defs/extra" },
                },
            },
            "extra": { "type": ["object", "null"], "properties": { "$schema": { "type": "string" } } },
            "node": {
                "type": "object",
                "required": ["class_type", "inputs"],
                "properties": {
                    "class_type": { "description": "Class of the node.", "type": "string" },
                    "inputs": { "type": "object" },
                    "_meta": { "$ref": "#/$defs/meta" },
                },
                "allOf": classes.collect::<Vec<_>>(),
            },
            "meta": {
                "description": "What editors keep beside a node.",
                "type": "object",
                "properties": {
                    "$schema": { "type": "string" },
                    "title": { "description": "Name for people.", "type": "string" },
                    "cnr_id": { "description": "Pack that the node was made for.", "type": "string" },
                    "ver": { "description": "Version of that pack.", "type": "string" },
                    "amdm": { "type": "object", "properties": {
                        "schema": { "description": "Form of the graph.", "type": "integer" },
                        "param": {
                            "description": "Input to the parameter that sets it.",
                            "type": "object",
                            "additionalProperties": { "type": "string", "pattern": "^[^.=]+$" },
                        },
                    } },
                },
            },
            "link": {
                "description": "Id of a node, and the index of its output.",
                "type": "array",
                "prefixItems": [{ "type": "string" }, { "type": "integer", "minimum": 0 }],
                "items": false,
                "minItems": 2,
            },
        },
    })
}

fn inputs(node: &Descriptor, catalogue: &Catalogue) -> Value {
    let (mut properties, mut patterns) = (Map::new(), Map::new());
    let mut required = Vec::new();
    for input in &node.inputs {
        if input.group {
            let names = format!("^{}(_[1-9][0-9]*)?$", input.name);
            patterns.insert(names, json!({ "$ref": "#/$defs/link" }));
            continue;
        }
        properties.insert(input.name.clone(), value(input, catalogue));
        if !input.optional && input.default.is_none() {
            required.push(input.name.as_str());
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": false,
        "required": required,
    })
}

/// A value of the input's type, bare or wrapped, or a link.
fn value(input: &Input, catalogue: &Catalogue) -> Value {
    let mut constant = Map::new();
    let kind = match input.r#type.as_str() {
        "BOOLEAN" => "boolean",
        // 3.0 is whole for JSON Schema as well.
        "INT" => "integer",
        "FLOAT" => "number",
        "STRING" | "COMBO" => "string",
        _ => return described(json!({ "$ref": "#/$defs/link" }), input),
    };
    constant.insert("type".into(), kind.into());
    let bounds = [("minimum", &input.min), ("maximum", &input.max)];
    constant
        .extend(bounds.into_iter().filter_map(|(key, bound)| Some((key.into(), bound.clone()?))));
    let listed = input.choices_from.as_ref().and_then(|kind| catalogue.choices(kind));
    let declared = || input.choices.iter().map(|choice| choice.name.clone()).collect::<Vec<_>>();
    let choices = listed.unwrap_or_else(declared);
    if !choices.is_empty() {
        constant.insert("enum".into(), choices.into());
    }
    let constant = Value::Object(constant);
    let wrapped = json!({
        "type": "object", "required": ["__value__"], "properties": { "__value__": constant },
    });
    described(json!({ "anyOf": [constant, wrapped, { "$ref": "#/$defs/link" }] }), input)
}

fn described(mut schema: Value, input: &Input) -> Value {
    if let Value::Object(schema) = &mut schema {
        if !input.tooltip.is_empty() {
            schema.insert("description".into(), input.tooltip.as_str().into());
        }
        if let Some(default) = &input.default {
            schema.insert("default".into(), default.clone());
        }
    }
    schema
}
