//! A graph that was found valid, ready to run.
//!
//! Nodes keep the order of the document and are named by their index in it. Inputs are resolved:
//! values in their declared type, defaults filled in, links as indices. Step operators are nodes
//! like others here; [`Checked::chain`] gives them in the order in which they act.

use super::error::GraphError;
use crate::catalogue::Descriptor;
use std::sync::Arc;

/// An output of a node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Index of the node.
    pub node: usize,
    /// Index of the output in its descriptor.
    pub slot: usize,
}

/// Value of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// Of a `BOOLEAN`.
    Boolean(bool),
    /// Of an `INT`, within its range.
    Integer(i64),
    /// Of a `FLOAT`, within its range, finite.
    Float(f64),
    /// Of a `STRING` or `COMBO`; one of the choices where there are any.
    Text(String),
    /// From another node; known only when that has run. A `FLOAT` may come from an `INT` output:
    /// whoever fills the input converts it. Ranges and choices are not checked.
    Link(Source),
    /// Members of an open-ended group by rising number, with their names (`image_2`); at least one.
    /// A link to the bare name is a group of one.
    Group(Vec<(String, Source)>),
}

impl Resolved {
    /// The links of the input, in order.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        let (single, members) = match self {
            Self::Link(source) => (Some(*source), [].as_slice()),
            Self::Group(members) => (None, members.as_slice()),
            _ => (None, [].as_slice()),
        };
        single.into_iter().chain(members.iter().map(|(_, source)| *source))
    }
}

/// A node with its inputs resolved.
#[derive(Clone, Debug)]
pub struct CheckedNode {
    /// Id in the graph.
    pub id: String,
    /// Title that the graph gives it.
    pub title: Option<String>,
    /// What its class is.
    pub descriptor: Arc<Descriptor>,
    /// Inputs that have a value, in declaration order, by declared name (a group's is the
    /// singular). Optional inputs without a value and a default are absent.
    pub inputs: Vec<(String, Resolved)>,
    /// For each output, whether a node that runs takes it.
    pub wanted: Vec<bool>,
    /// Whether an output node depends on it; else it does not run.
    pub needed: bool,
}

impl CheckedNode {
    /// The value of input `name`.
    pub fn input(&self, name: &str) -> Option<&Resolved> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All links into the node, in order.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        self.inputs.iter().flat_map(|(_, value)| value.sources())
    }

    /// Whether it is a step operator: not executed, but acting at every step of a sampler.
    pub fn is_operator(&self) -> bool {
        self.descriptor.step_operator.is_some()
    }

    /// Where its input of type `STEP_POLICY` comes from.
    pub fn policy(&self) -> Option<Source> {
        let is_policy = |name: &str| {
            let mut inputs = self.descriptor.inputs.iter();
            inputs.any(|input| input.name == name && input.r#type == super::STEP_POLICY)
        };
        self.inputs.iter().find_map(|(name, value)| match value {
            Resolved::Link(source) if is_policy(name) => Some(*source),
            _ => None,
        })
    }
}

/// A valid graph.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All nodes, in the order of the document.
    pub nodes: Vec<CheckedNode>,
    /// Indices of the needed nodes in an order to run them: each after all that it takes from, and
    /// otherwise in the order of the document.
    pub order: Vec<usize>,
    /// Outputs whose values the caller asked for.
    pub asked: Vec<Source>,
    /// Codes `unused_node` and `deprecated_node`.
    pub warnings: Vec<GraphError>,
}

impl Checked {
    /// Index of the node with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    /// Indices of the step operators in the chain that ends at `source`, first to act first.
    pub fn chain(&self, source: Source) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut next = Some(source);
        while let Some(node) = next.and_then(|source| self.nodes.get(source.node)) {
            if !node.is_operator() {
                break;
            }
            chain.extend(next.map(|source| source.node));
            next = node.policy();
        }
        chain.reverse();
        chain
    }
}
