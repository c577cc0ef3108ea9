//! Which inputs of a subgraph show a widget of a node inside.
//!
//! An input is promoted if it leads to a widget's socket, or to a promoted input of another
//! subgraph inside. Found from the widgets outwards, in time linear in the links.

use super::layer::{Layer, Origin};
use super::node::Role;
use std::collections::{HashMap, HashSet};

/// Promoted inputs by layer, each as its place among the values of an instance.
pub(super) fn find(layers: &[Layer<'_>]) -> Vec<HashMap<usize, usize>> {
    let mut found: Vec<HashSet<usize>> = layers.iter().map(|_| HashSet::new()).collect();
    let mut outer: HashMap<(usize, usize), Vec<(usize, usize)>> = HashMap::new();
    let mut waiting = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        for node in &layer.nodes {
            for (place, socket) in node.sockets.iter().enumerate() {
                let link = socket.link.and_then(|link| layer.links.get(link));
                let Some(link) = link.filter(|link| link.origin == Origin::Entry) else { continue };
                match node.role {
                    _ if socket.widget => waiting.push((at, link.slot)),
                    Role::Instance(inner) => {
                        outer.entry((inner, place)).or_default().push((at, link.slot));
                    }
                    _ => {}
                }
            }
        }
    }
    while let Some((layer, input)) = waiting.pop() {
        if input < layers[layer].inputs.len() && found[layer].insert(input) {
            waiting.extend(outer.remove(&(layer, input)).unwrap_or_default());
        }
    }
    found.into_iter().map(places).collect()
}

fn places(inputs: HashSet<usize>) -> HashMap<usize, usize> {
    let mut inputs: Vec<usize> = inputs.into_iter().collect();
    inputs.sort_unstable();
    inputs.into_iter().enumerate().map(|(place, input)| (input, place)).collect()
}
