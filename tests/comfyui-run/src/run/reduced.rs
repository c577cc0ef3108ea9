//! Graphs without the nodes that need not be done.

use serde_json::{Map, Value};

use super::Nodes;

/// A class that is not run, and why.
pub(super) const EXEMPT: (&str, &str) = ("ImageQuantize", "ImageQuantize makes Pillow's palette");

/// A graph without nodes of the exempt class and those that need their outputs.
pub(super) struct Reduced {
    pub(super) nodes: Map<String, Value>,
    pub(super) left_out: Nodes,
}

impl Reduced {
    pub(super) fn of(nodes: &Map<String, Value>) -> Self {
        let mut left_out = Nodes::new();
        loop {
            let before = left_out.len();
            for (id, node) in nodes {
                if node["class_type"] == EXEMPT.0 || needs(node, &left_out) {
                    left_out.insert(id.clone());
                }
            }
            if left_out.len() == before {
                break;
            }
        }
        let mut nodes = nodes.clone();
        nodes.retain(|id, _| !left_out.contains(id));
        Self { nodes, left_out }
    }
}

fn needs(node: &Value, others: &Nodes) -> bool {
    let inputs = node["inputs"].as_object().into_iter().flat_map(Map::values);
    inputs.filter_map(|input| input.get(0)?.as_str()).any(|source| others.contains(source))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nodes_that_need_an_exempt_one_go_with_it() {
        let graph = json!({
            "save": {"class_type": "SaveImage", "inputs": {"images": ["quant", 0]}},
            "quant": {"class_type": "ImageQuantize", "inputs": {"image": ["img", 0]}},
            "img": {"class_type": "LoadImage", "inputs": {"image": "quant"}},
            "other": {"class_type": "SaveImage", "inputs": {"images": ["img", 0]}},
        });
        let reduced = Reduced::of(graph.as_object().unwrap_or(&Map::new()));
        assert_eq!(reduced.left_out.iter().collect::<Vec<_>>(), ["quant", "save"]);
        assert_eq!(reduced.nodes.keys().collect::<Vec<_>>(), ["img", "other"]);
    }
}
