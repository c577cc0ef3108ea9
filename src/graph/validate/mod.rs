//! A document against a catalogue: every error, or a graph that is ready to run.
//!
//! Every node is judged, also those that nothing depends on. Errors come sorted: about the whole
//! graph, then by node in the order of the document, then by input in the order of declaration,
//! then inputs that the class does not have. An error that only follows from another one (the type
//! of an output of an unknown class) is not reported. Work grows linearly with the graph, but for
//! sorting; suggestions of names are bounded ([`HINTS`]). At most [`limits::GRAPH_ERRORS`] errors
//! are listed.

mod build;
mod cycles;
pub(super) mod edges;
mod groups;
pub(super) mod inputs;
mod links;
pub(super) mod lists;
mod operators;
mod partial;
mod report;
pub(super) mod value;

use super::{Checked, Document, ErrorCode, GraphError, Node, Resolved, Source};
use crate::catalogue::{Catalogue, Descriptor, closest};
use crate::limits;
use edges::Edges;
use lists::Lists;
use report::{Place, Report};
use std::sync::Arc;

pub use partial::{validate_asked, validate_partial, validate_targets};

/// Names suggested for one graph: each costs a search over all candidates.
const HINTS: usize = 100;

/// Judges a graph strictly: what would not do what it says is an error.
///
/// Decisions where JSON leaves room: whole numbers may be written as `3.0` or `1e3`; a `FLOAT`
/// takes whole numbers and links to `INT` outputs; a `STRING` takes only text; an input with a
/// default may be left out; `null` is a value like others and fits no type.
///
/// # Errors
/// All of them at once, sorted.
pub fn validate(document: &Document, catalogue: &Catalogue) -> Result<Checked, Vec<GraphError>> {
    whole(document, catalogue, &[])
}

/// All of a document, of which these outputs are asked for besides its output nodes.
fn whole(
    document: &Document,
    catalogue: &Catalogue,
    asked: &[Source],
) -> Result<Checked, Vec<GraphError>> {
    let edges = Edges::of(document);
    let (validation, inputs) = check(document, catalogue, &edges, !asked.is_empty());
    let Validation { nodes, report, .. } = validation;
    report.finish()?;
    let nodes = nodes.into_iter().flatten().collect();
    Ok(build::checked(document, nodes, inputs, &edges, asked))
}

/// Resolved inputs of each node.
type Inputs = Vec<Vec<(String, Resolved)>>;

/// Makes every check. Where something is `asked` for, no output node need be there.
fn check<'a>(
    document: &'a Document,
    catalogue: &'a Catalogue,
    edges: &Edges,
    asked: bool,
) -> (Validation<'a>, Inputs) {
    let mut validation = Validation::new(document, catalogue);
    validation.form();
    validation.classes();
    let inputs = validation.inputs();
    cycles::check(&mut validation, edges);
    operators::check(&mut validation);
    if !asked {
        build::check_outputs(&mut validation);
    }
    (validation, inputs)
}

/// What the checks share.
struct Validation<'a> {
    document: &'a Document,
    catalogue: &'a Catalogue,
    /// The class of each node, where it is known.
    nodes: Vec<Option<Arc<Descriptor>>>,
    report: Report,
    lists: Lists<'a>,
    hints: usize,
}

impl<'a> Validation<'a> {
    fn new(document: &'a Document, catalogue: &'a Catalogue) -> Self {
        let find = |node: &Node| node.class().and_then(|class| catalogue.find(class)).cloned();
        Self {
            document,
            catalogue,
            nodes: document.nodes().iter().map(find).collect(),
            report: Report::default(),
            lists: Lists::new(catalogue),
            hints: HINTS,
        }
    }

    fn node(&self, at: usize) -> &'a Node {
        &self.document.nodes()[at]
    }

    /// How messages name another node.
    fn label(&self, at: usize) -> String {
        self.node(at).label()
    }

    fn closest<'n>(
        &mut self,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        self.hints = self.hints.checked_sub(1)?;
        closest::closest(name, names)
    }

    fn report(&mut self, place: Place, error: GraphError) {
        let error = match place.node {
            Some(at) if !self.report.is_full() => error.at(self.node(at)),
            _ => error,
        };
        self.report.push(place, error);
    }

    /// Nodes that have not the form of nodes.
    fn form(&mut self) {
        for (at, node) in self.document.nodes().iter().enumerate() {
            let expected = "an object with class_type and inputs";
            if !node.raw.is_object() {
                let found = super::error::shown(&node.raw);
                self.report(
                    Place::node(at),
                    GraphError::new(ErrorCode::InvalidPrompt, found, expected),
                );
                continue;
            }
            let parts = [
                ("class_type", node.class().is_some(), "the name of a class"),
                ("inputs", node.raw["inputs"].is_object(), "an object, {} where nothing is given"),
            ];
            for (key, present, expected) in parts {
                if present {
                    continue;
                }
                let found = match node.raw.get(key) {
                    Some(value) => format!("{} as {key}", super::error::shown(value)),
                    None => format!("no {key}"),
                };
                let error = GraphError::new(ErrorCode::InvalidPrompt, found, expected);
                self.report(Place::node(at), error);
            }
        }
    }

    /// Nodes of classes that no pack has.
    fn classes(&mut self) {
        for (at, node) in self.document.nodes().iter().enumerate() {
            let (Some(class), None) = (node.class(), &self.nodes[at]) else { continue };
            let hint = self.hints.checked_sub(1).and_then(|left| {
                self.hints = left;
                self.catalogue.closest(class).map(str::to_owned)
            });
            let expected = match class.rsplit_once('.') {
                Some((pack, _)) if self.is_pack(pack) => format!("a class of pack {pack}"),
                Some((pack, _)) if hint.is_none() => {
                    format!("the pack {} to be loaded", super::error::word(pack))
                }
                _ => "one that is loaded".to_owned(),
            };
            let error = GraphError::new(ErrorCode::MissingNodeType, "an unknown class", expected)
                .closest(hint);
            self.report(Place::node(at), error);
        }
    }

    fn is_pack(&self, dotted: &str) -> bool {
        self.catalogue.packs().any(|(name, _)| name.replace(':', ".") == dotted)
    }
}

/// The group of `class` that the input `name` is a member of.
pub(super) fn member<'c>(class: &'c Descriptor, name: &str) -> Option<&'c crate::catalogue::Input> {
    groups::of(class, name).map(|(group, _)| group)
}
