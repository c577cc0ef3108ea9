//! The tag `@size`: how large an output is, in terms of the node's inputs.

use amdm::catalogue::wire::{HEAVY, LATENT, MODEL};
use amdm::catalogue::{Input, Size};

use crate::error::DescribeError;
use crate::kind::snake;
use crate::tags::Comment;
use crate::walk::Place;

const FORM: &str = "like INPUT, batch INPUT, width INPUT, height INPUT, times INPUT, with about or \
                    sum in place of like";

/// The size that a comment gives to an output of type `kind` of a node with these inputs.
pub(crate) fn read(
    comment: &Comment<'_>,
    inputs: &[Input],
    kind: &str,
    place: &Place<'_>,
) -> Result<Option<Size>, DescribeError> {
    let Some(words) = comment.words("size", FORM, place)? else { return Ok(None) };
    if !HEAVY.contains(&kind) {
        let finding = place.finding(format!("@size on {kind}"), format!("it on {}", list(&HEAVY)));
        return Err(DescribeError::MisplacedTag(finding));
    }
    let fault = |expected: String| {
        DescribeError::TagArgument(place.finding(format!("@size {words}"), expected))
    };
    let mut size = Size::default();
    for clause in words.split(',') {
        let parts = clause.split_whitespace().collect::<Vec<_>>();
        let [key, field] = parts[..] else { return Err(fault(FORM.to_owned())) };
        let (slot, fitting): (_, &[&str]) = match key {
            "like" if kind == LATENT => (&mut size.like, &[LATENT, MODEL]),
            "like" => (&mut size.like, &HEAVY),
            "about" => (&mut size.about, &HEAVY),
            "sum" => (&mut size.sum, &HEAVY),
            "batch" => (&mut size.batch, &["INT"]),
            "width" => (&mut size.width, &["INT"]),
            "height" => (&mut size.height, &["INT"]),
            "times" => (&mut size.times, &["FLOAT"]),
            _ => return Err(fault(FORM.to_owned())),
        };
        let name = snake(field);
        let fits = |input: &&Input| {
            let together = !input.group || key == "sum";
            input.name == name && fitting.contains(&input.r#type.as_str()) && together
        };
        if !inputs.iter().any(|input| fits(&input)) {
            return Err(fault(format!("{key} and an input of type {}", list(fitting))));
        }
        if slot.replace(name).is_some() {
            return Err(fault(format!("{key} once")));
        }
    }
    match size.misfit(kind) {
        Some(expected) => Err(fault(expected.to_owned())),
        None => Ok(Some(size)),
    }
}

fn list(kinds: &[&str]) -> String {
    kinds.join(" or ")
}
