//! Links: the source is there, has that output, and the output is of the input's type.

use super::Validation;
use super::report::Place;
use super::value::article;
use crate::catalogue::{Descriptor, Input, wire};
use crate::graph::error::{quoted, word};
use crate::graph::{ErrorCode, GraphError, LinkRef, Source};

/// Outputs that a message lists.
const SHOWN_OUTPUTS: usize = 8;

impl Validation<'_> {
    /// The source of a link into `input`, unless something is wrong with it.
    pub(super) fn link(
        &mut self,
        place: Place,
        name: &str,
        input: &Input,
        link: LinkRef<'_>,
    ) -> Option<Source> {
        let Some(node) = self.document.find(link.node) else {
            let ids = self.document.nodes().iter().map(crate::graph::Node::id);
            let hint = self.closest(link.node, ids).map(str::to_owned);
            let found = format!("a link to node {}, which is not there", quoted(link.node));
            let expected = format!("the id of a node with {} output", article(&input.r#type));
            let error = GraphError::new(ErrorCode::BadLinkedInput, found, expected);
            self.report(place, error.input(name).closest(hint));
            return None;
        };
        let source = self.nodes[node].clone()?;
        let slot = usize::try_from(link.slot).unwrap_or(usize::MAX);
        let Some(output) = source.outputs.get(slot) else {
            let found = format!("a link to output {} of node {}", link.slot, self.label(node));
            let error = GraphError::new(ErrorCode::BadLinkedInput, found, outputs(&source));
            self.report(place, error.input(name));
            return None;
        };
        if !fits(&output.r#type, input) {
            let from = self.label(node);
            let found =
                format!("{} from output {slot} ({}) of node {from}", output.r#type, output.name);
            let wanted = match input.r#type.as_str() {
                "COMBO" => "one of its choices in place of the link",
                kind => kind,
            };
            let right = source.outputs.iter().position(|output| fits(&output.r#type, input));
            let hint = right.map(|slot| format!("[{},{slot}]", quoted(link.node)));
            let error = GraphError::new(ErrorCode::ReturnTypeMismatch, found, wanted);
            self.report(place, error.input(name).closest(hint));
            return None;
        }
        Some(Source { node, slot })
    }
}

/// Equal types, or an input that takes any; a whole number where any number will do; a text where the host lists the names.
fn fits(output: &str, input: &Input) -> bool {
    output == input.r#type
        || input.r#type == wire::ANY
        || output == "INT" && input.r#type == "FLOAT"
        || output == "STRING" && input.r#type == "COMBO" && input.choices_from.is_some()
}

fn outputs(class: &Descriptor) -> String {
    let count = class.outputs.len();
    if count == 0 {
        return format!("another node, as {} has no outputs", word(&class.r#type));
    }
    if count > SHOWN_OUTPUTS {
        return format!("an output from 0 to {}", count - 1);
    }
    let outputs = class.outputs.iter().enumerate();
    let named = outputs.map(|(slot, o)| format!("{slot} ({}, {})", o.name, o.r#type));
    format!("output {}", super::value::either(named))
}
