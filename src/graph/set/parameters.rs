//! Parameters that a graph declares: names of its own for inputs that are meant to be set.
//!
//! They lie in the nodes, where API files can hold them: `"_meta": {"amdm": {"param": {"steps":
//! "quality"}}}` makes the node's input `steps` the parameter `quality`. Several inputs may share a
//! name and are set together; they must be of one type.

use super::{Place, place};
use crate::catalogue::Catalogue;
use crate::graph::error::{quoted, shown};
use crate::graph::{Document, ErrorCode, GraphError, Node};
use crate::limits;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    pub(super) places: Vec<Place>,
}

impl Parameter {
    /// The inputs that it sets, as index of the node and name of the input.
    pub fn inputs(&self) -> impl Iterator<Item = (usize, &str)> {
        self.places.iter().map(|place| (place.node, place.name.as_str()))
    }

    /// Their type.
    pub fn kind(&self) -> &str {
        self.places.first().map_or("", |place| place.input().r#type.as_str())
    }
}

/// The parameters of `document`, in the order of its nodes.
///
/// # Errors
/// `invalid_parameter` for declarations that are malformed, name no input, or give one name to
/// inputs of two types; `missing_node_type`, `unknown_input`.
pub fn parameters(
    document: &Document,
    catalogue: &Catalogue,
) -> Result<Vec<Parameter>, Vec<GraphError>> {
    let mut parameters = Vec::new();
    let mut index = HashMap::new();
    let mut errors = Vec::new();
    for (at, node) in document.nodes().iter().enumerate() {
        let declared = match declarations(node) {
            Ok(declared) => declared,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for (input, name) in declared.into_iter().flatten() {
            if errors.len() >= limits::GRAPH_ERRORS {
                return Err(errors);
            }
            let added = label(node, input, name).and_then(|name| {
                let place = place(document, catalogue, at, input)?;
                add(&mut parameters, &mut index, name, place)
                    .map_err(|error| error.at(node).input(input))
            });
            errors.extend(added.err());
        }
    }
    if errors.is_empty() { Ok(parameters) } else { Err(errors) }
}

fn declarations(node: &Node) -> Result<Option<&Map<String, Value>>, GraphError> {
    let found = node.meta().and_then(|meta| meta.get("amdm")?.get("param"));
    match found {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(other) => {
            let expected = "an object of input names and parameter names in _meta.amdm.param";
            Err(GraphError::new(ErrorCode::InvalidParameter, shown(other), expected).at(node))
        }
    }
}

fn label<'v>(node: &Node, input: &str, name: &'v Value) -> Result<&'v str, GraphError> {
    let fits = |name: &&str| !name.is_empty() && !name.contains(['.', '=']) && name.trim() == *name;
    name.as_str().filter(fits).ok_or_else(|| {
        let expected = "the name of a parameter, without dots, `=` and spaces around it";
        GraphError::new(ErrorCode::InvalidParameter, shown(name), expected).at(node).input(input)
    })
}

fn add<'n>(
    parameters: &mut Vec<Parameter>,
    index: &mut HashMap<&'n str, usize>,
    name: &'n str,
    place: Place,
) -> Result<(), GraphError> {
    let at = *index.entry(name).or_insert(parameters.len());
    let Some(known) = parameters.get_mut(at) else {
        parameters.push(Parameter { name: name.to_owned(), places: vec![place] });
        return Ok(());
    };
    if known.kind() != place.input().r#type {
        let found =
            format!("the parameter {} for an input of type {}", quoted(name), place.input().r#type);
        let expected = format!("one of type {}, as at its first use", known.kind());
        return Err(GraphError::new(ErrorCode::InvalidParameter, found, expected));
    }
    known.places.push(place);
    Ok(())
}
