//! Open-ended groups: `image_1`, `image_2`, ..., or a bare `image` for a group of one.
//!
//! Members count by number, gaps are permitted, and an input that is declared under such a name
//! is itself. Numbers start at 1 and have no leading zeros, so each member has one name.

use super::Validation;
use super::report::Place;
use crate::catalogue::{Descriptor, Input};
use crate::graph::effort;
use crate::graph::{ErrorCode, GraphError, Resolved, Source};

/// The group of `class` to which the input `name` belongs, and its number.
pub(super) fn of<'c>(class: &'c Descriptor, name: &str) -> Option<(&'c Input, u32)> {
    let (stem, digits) = name.rsplit_once('_')?;
    let number = number(digits)?;
    let group = class.inputs.iter().find(|input| input.group && input.name == stem)?;
    let declared = class.inputs.iter().any(|input| input.name == name);
    (!declared).then_some((group, number))
}

/// The group that `name` would belong to if its number were well-formed.
pub(super) fn misspelt<'c>(class: &'c Descriptor, name: &str) -> Option<&'c str> {
    let (stem, digits) = name.rsplit_once('_')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let group = class.inputs.iter().find(|input| input.group && input.name == stem)?;
    Some(&group.name)
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The members that node `at` gives.
pub(super) fn resolve(
    validation: &mut Validation<'_>,
    place: Place,
    at: usize,
    class: &Descriptor,
    input: &Input,
) -> Option<Resolved> {
    let node = validation.node(at);
    let mut members: Vec<(u32, &str)> = Vec::new();
    for (name, _) in node.inputs() {
        effort::tick();
        let group = of(class, name).filter(|(group, _)| group.name == input.name);
        members.extend(group.map(|(_, number)| (number, name)));
    }
    members.sort_unstable();
    if node.input(&input.name).is_some() {
        if let Some((_, member)) = members.first() {
            let found = format!("both {} and {member}", input.name);
            let expected = format!("either {0} alone, or {0}_1, {0}_2 and so on", input.name);
            let error = GraphError::new(ErrorCode::ConflictingInputs, found, expected);
            validation.report(place, error.input(&input.name));
        }
        members.insert(0, (0, &input.name));
    }
    if members.is_empty() && !input.optional {
        validation.missing(place, &format!("{}_1", input.name), input);
    }
    let mut sources: Vec<(String, Source)> = Vec::with_capacity(members.len());
    for (_, name) in members {
        let Some(given) = node.input(name) else { continue };
        if let Some(Resolved::Link(source)) = validation.given(place, name, input, given) {
            sources.push((name.to_owned(), source));
        }
    }
    (!sources.is_empty()).then_some(Resolved::Group(sources))
}
