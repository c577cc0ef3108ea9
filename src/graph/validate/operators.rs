//! The order of step operators: a class that says `@after X` stands behind an `X` of its own.
//!
//! Going up the `STEP_POLICY` chain from such an operator, an `X` must come before the chain ends
//! and before another operator of the same class; operators of other classes may stand between.
//! What a node finds is kept, so that chains with a common beginning are walked once.

use super::Validation;
use super::report::Place;
use crate::catalogue::Descriptor;
use crate::graph::effort;
use crate::graph::error::word;
use crate::graph::node::Given;
use crate::graph::{ErrorCode, GraphError, STEP_POLICY};
use std::collections::BTreeMap;

/// What stands first above a place in a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    /// The class that must be there.
    Wanted,
    /// Another operator of the class that asks.
    Same(usize),
    /// Neither, up to the start of the chain.
    Start,
    /// A link that is wrong in another way, or a cycle: reported elsewhere.
    Unknown,
}

pub(super) fn check(validation: &mut Validation<'_>) {
    let mut askers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, class) in validation.nodes.iter().enumerate() {
        let Some(class) = class.as_ref().filter(|class| after(class).is_some()) else { continue };
        askers.entry(class.r#type.clone()).or_default().push(at);
    }
    for nodes in askers.values() {
        let mut known = vec![None; validation.nodes.len()];
        for at in nodes {
            check_one(validation, *at, &mut known);
        }
    }
}

fn check_one(validation: &mut Validation<'_>, at: usize, known: &mut [Option<Above>]) {
    let Some(class) = validation.nodes[at].clone() else { return };
    let Some(wanted) = after(&class) else { return };
    let above = walk(validation, at, &class.r#type, wanted, known);
    let (this, wanted) = (word(&class.r#type), word(wanted));
    let found = match above {
        Above::Wanted | Above::Unknown => return,
        Above::Same(other) => {
            format!("node {} before it, with no {wanted} between them", validation.label(other))
        }
        Above::Start => format!("no {wanted} before it in the chain"),
    };
    let expected = format!("{} of its own before each {this}", super::value::article(&wanted));
    let error = GraphError::new(ErrorCode::OperatorOrder, found, expected);
    let policy = class.inputs.iter().position(|input| input.r#type == STEP_POLICY);
    match policy {
        Some(index) => {
            let name = &class.inputs[index].name;
            validation.report(Place::input(at, index), error.input(name));
        }
        None => validation.report(Place::node(at), error),
    }
}

/// What stands first above `at`. `known`: the same question's answers, by node.
fn walk(
    validation: &Validation<'_>,
    at: usize,
    same: &str,
    wanted: &str,
    known: &mut [Option<Above>],
) -> Above {
    let mut passed = vec![at];
    let mut node = at;
    let answer = loop {
        effort::tick();
        if let Some(answer) = known[node] {
            break answer;
        }
        known[node] = Some(Above::Unknown);
        match source(validation, node) {
            Err(answer) => break answer,
            Ok(next) => {
                let class = validation.nodes[next].as_ref().map(|class| class.r#type.as_str());
                match class {
                    Some(class) if class == wanted => break Above::Wanted,
                    Some(class) if class == same => break Above::Same(next),
                    _ => {}
                }
                node = next;
                passed.push(next);
            }
        }
    };
    for node in passed {
        known[node] = Some(answer);
    }
    answer
}

/// The node before `at` in its chain.
fn source(validation: &Validation<'_>, at: usize) -> Result<usize, Above> {
    let class = validation.nodes[at].as_ref().ok_or(Above::Unknown)?;
    let policy = class.inputs.iter().find(|input| input.r#type == STEP_POLICY);
    let given = policy.and_then(|policy| validation.node(at).input(&policy.name));
    match given {
        None => Err(Above::Start),
        Some(Given::Link(link)) => validation.document.find(link.node).ok_or(Above::Unknown),
        Some(_) => Err(Above::Unknown),
    }
}

fn after(class: &Descriptor) -> Option<&str> {
    class.step_operator.as_ref()?.after.as_deref()
}
