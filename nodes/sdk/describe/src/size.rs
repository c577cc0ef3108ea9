//! The tag `@size`: how large an output is, in terms of the node's inputs.

use amdm::catalogue::{Input, Size};

use crate::error::DescribeError;
use crate::kind::snake;
use crate::tags::Comment;
use crate::walk::Place;

const LATENT: &str = "LATENT";
/// Wires whose values have a size.
const SIZED: [&str; 3] = ["IMAGE", "MASK", LATENT];
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
    if !SIZED.contains(&kind) {
        let finding = place.finding(format!("@size on {kind}"), format!("it on {}", list(&SIZED)));
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
            "like" if kind == LATENT => (&mut size.like, &[LATENT, "MODEL"]),
            "like" => (&mut size.like, &SIZED),
            "about" => (&mut size.about, &SIZED),
            "sum" => (&mut size.sum, &SIZED),
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
    check(&size, kind).map_or(Ok(Some(size)), |expected| Err(fault(expected.to_owned())))
}

/// What would fit together, where the parts do not.
fn check(size: &Size, kind: &str) -> Option<&'static str> {
    let bases = [&size.like, &size.about, &size.sum].into_iter().flatten().count();
    let sides = size.width.is_some();
    if kind == LATENT && (size.like.is_none() || sides || size.times.is_some() || bases > 1) {
        return Some("of a latent like, with or without batch");
    }
    if bases > 1 {
        return Some("one of like, about and sum");
    }
    if sides != size.height.is_some() {
        return Some("width and height, or neither");
    }
    if size.times.is_some() && sides {
        return Some("times, or width and height");
    }
    (bases == 0 && !sides).then_some("like, about, sum, or width and height")
}

fn list(kinds: &[&str]) -> String {
    kinds.join(" or ")
}
