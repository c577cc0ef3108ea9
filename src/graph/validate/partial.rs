//! Parts of graphs: only what some outputs need, or only what is sound.
//!
//! A part holds the outputs that count and all that they depend on; it is validated as if there
//! were nothing else, so errors elsewhere in the graph do not matter to it.

use super::edges::Edges;
use super::value::either;
use super::{Validation, check, validate, whole};
use crate::catalogue::{Catalogue, closest::closest};
use crate::graph::error::word;
use crate::graph::influence::Influence;
use crate::graph::{Checked, Document, ErrorCode, GraphError, Source, Targets};

/// Validates what the outputs of `targets` depend on, as [`validate`] does with all of a graph;
/// the checked graph has no other nodes.
///
/// # Errors
/// As [`validate`]; `prompt_no_outputs` where none of the targets is an output node.
pub fn validate_targets(
    document: &Document,
    catalogue: &Catalogue,
    targets: &Targets,
) -> Result<Checked, Vec<GraphError>> {
    match part(document, catalogue, targets, &[])? {
        Some(part) => validate(&part, catalogue),
        None => validate(document, catalogue),
    }
}

/// Validates the part of a graph that some output nodes and the outputs `asked` for (ids of nodes,
/// names of outputs) depend on. With outputs asked for, the graph need have no output node.
///
/// # Errors
/// As [`validate_targets`]; `unknown_node` and `unknown_output` for outputs that are not there.
pub fn validate_asked(
    document: &Document,
    catalogue: &Catalogue,
    targets: &Targets,
    asked: &[(String, String)],
) -> Result<Checked, Vec<GraphError>> {
    if asked.is_empty() {
        return validate_targets(document, catalogue, targets);
    }
    let sources = asked_sources(document, catalogue, asked)?;
    let nodes = sources.iter().map(|source| source.node).collect::<Vec<_>>();
    match part(document, catalogue, targets, &nodes)? {
        None => whole(document, catalogue, &sources),
        Some(part) => whole(&part, catalogue, &asked_sources(&part, catalogue, asked)?),
    }
}

fn asked_sources(
    document: &Document,
    catalogue: &Catalogue,
    asked: &[(String, String)],
) -> Result<Vec<Source>, Vec<GraphError>> {
    let mut errors = Vec::new();
    let mut sources = Vec::new();
    for (id, output) in asked {
        let Some(at) = document.nodes().iter().position(|node| node.id() == id) else {
            let found = format!("output {} of node {}, which is not there", word(output), word(id));
            errors.push(GraphError::new(ErrorCode::UnknownNode, found, "the id of a node"));
            continue;
        };
        let node = &document.nodes()[at];
        // An unknown class is reported with everything else.
        let Some(class) = node.class().and_then(|class| catalogue.find(class)) else { continue };
        match class.outputs.iter().position(|known| known.name == *output) {
            Some(slot) => sources.push(Source { node: at, slot }),
            None => {
                let names = class.outputs.iter().map(|output| output.name.as_str());
                let expected = either(names.clone().map(str::to_owned));
                let found = format!("{} as the name of an output", word(output));
                let closest = closest(output, names).map(str::to_owned);
                let error = GraphError::new(ErrorCode::UnknownOutput, found, expected);
                errors.push(error.closest(closest).at(node));
            }
        }
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

/// Validates outputs one by one: a graph of those whose nodes are all sound, and the errors of the
/// rest. Without any error that is the whole graph, as from [`validate_targets`].
///
/// # Errors
/// Where no output is sound, all errors.
pub fn validate_partial(
    document: &Document,
    catalogue: &Catalogue,
    targets: &Targets,
) -> Result<(Checked, Vec<GraphError>), Vec<GraphError>> {
    let part = part(document, catalogue, targets, &[])?;
    let document = part.as_ref().unwrap_or(document);
    let errors = match validate(document, catalogue) {
        Ok(checked) => return Ok((checked, Vec::new())),
        Err(errors) => errors,
    };
    let edges = Edges::of(document);
    let (validation, _) = check(document, catalogue, &edges, false);
    let bad: Vec<bool> = (0..document.nodes().len()).map(|at| validation.report.bad(at)).collect();
    let influence = Influence::of(&edges.sources);
    let sound = influence.sound(&bad);
    let good = influence.ancestors(outputs(&validation).filter(|at| sound[*at]));
    if !good.contains(&true) {
        return Err(errors);
    }
    match validate(&document.part(&good), catalogue) {
        Ok(checked) => Ok((checked, errors)),
        Err(_) => Err(errors),
    }
}

/// The part that `targets` need; `None` where that is everything.
fn part(
    document: &Document,
    catalogue: &Catalogue,
    targets: &Targets,
    asked: &[usize],
) -> Result<Option<Document>, Vec<GraphError>> {
    if targets.is_all() {
        return Ok(None);
    }
    let validation = Validation::new(document, catalogue);
    let wanted = outputs(&validation).filter(|at| targets.has(document.nodes()[*at].id()));
    let wanted: Vec<usize> = wanted.chain(asked.iter().copied()).collect();
    if wanted.is_empty() {
        let found = "no node that saves or shows a result among partial_execution_targets";
        return Err(vec![GraphError::new(ErrorCode::PromptNoOutputs, found, "the id of one")]);
    }
    let edges = Edges::of(document);
    let keep = Influence::of(&edges.sources).ancestors(wanted.into_iter());
    Ok(Some(document.part(&keep)))
}

fn outputs(validation: &Validation<'_>) -> impl Iterator<Item = usize> {
    let classes = validation.nodes.iter().enumerate();
    classes.filter(|(_, class)| class.as_ref().is_some_and(|c| c.output_node)).map(|(at, _)| at)
}
