//! What a workflow keeps for us in `extra.amdm`, where editors let it be: names of parameters.
//!
//! `"param": {"30:5": {"steps": "quality"}}` makes the input `steps` of node `30:5` of the graph
//! the parameter `quality`. It goes to the node, where API graphs have it.

use super::super::error::{cut, quoted, shown};
use super::super::{ErrorCode, GraphError};
use super::report::Report;
use serde_json::{Map, Value, json};

/// Puts the parameters that `workflow` declares into the nodes of `graph`.
pub(super) fn note(workflow: &Value, graph: &mut Map<String, Value>, report: &mut Report) {
    let declared = workflow.get("extra").and_then(|extra| extra.get("amdm")?.get("param"));
    let Some(declared) = declared else { return };
    let Value::Object(nodes) = declared else {
        return report.error(malformed(declared));
    };
    for (id, names) in nodes {
        if !names.is_object() {
            report.error(malformed(names).at_node(id, "", ""));
            continue;
        }
        let meta = graph.get_mut(id).and_then(|node| node.get_mut("_meta"));
        if let Some(Value::Object(meta)) = meta {
            meta.insert("amdm".to_owned(), json!({ "param": names }));
            continue;
        }
        let found = format!("parameters of node {}, which is not in the graph", quoted(cut(id)));
        let expected = "the id of a node that runs, such as 5, or 30:5 in a subgraph";
        report.warning(GraphError::new(ErrorCode::InvalidParameter, found, expected));
    }
}

fn malformed(found: &Value) -> GraphError {
    let expected = "node ids, and for each an object of input names and parameter names, in \
        extra.amdm.param";
    GraphError::new(ErrorCode::InvalidParameter, shown(found), expected)
}
