//! Fields of `record inputs` and `record outputs`.

use amdm::catalogue::wire::ANY;
use amdm::catalogue::{Choice, Input, Output};
use serde_json::Value;
use wit_parser::{Field, TypeDefKind, TypeId};

use crate::error::DescribeError;
use crate::kind::{self, Kind, Times, snake};
use crate::number;
use crate::role;
use crate::size;
use crate::tags::{self, Comment, OF_CASES, OF_INPUTS, OF_OUTPUTS, quoted};
use crate::walk::Place;

/// Lists of names that the host keeps.
const LISTS: [&str; 8] =
    ["models", "checkpoints", "vae", "families", "adapters", "images", "samplers", "schedulers"];

/// How `@value` is written.
const FORM: &str = "\"words\"";

/// A field as Rust code needs it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Name in graphs, snake case.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) times: Times,
    /// The doc comment without its tags.
    pub(crate) text: String,
}

/// Reads one field of `record inputs`.
pub(crate) fn input(field: &Field, place: Place<'_>) -> Result<(Slot, Input), DescribeError> {
    let place = place.at(&field.name, field.span);
    let comment = Comment::read(&field.docs, &OF_INPUTS, &place)?;
    let (kind, times) = kind::read(&field.ty, &place)?;
    let mut input = Input {
        name: snake(&field.name),
        r#type: kind.name().to_owned(),
        optional: times == Times::AtMostOnce,
        tooltip: comment.text.clone(),
        group: times == Times::Many,
        advanced: comment.flag("advanced", &place)?,
        ..Input::default()
    };
    fill(&mut input, &kind, &comment, &place)?;
    input.role = role::read(&comment, &role::OF_INPUTS, kind.name(), &place)?;
    input.socket_only = kind.is_wire() || (input.optional && input.default.is_none());
    let slot = Slot { name: input.name.clone(), kind, times, text: comment.text };
    Ok((slot, input))
}

/// Reads one field of `record outputs` of a node with these inputs.
pub(crate) fn output(
    field: &Field,
    inputs: &[Input],
    place: Place<'_>,
) -> Result<(Slot, Output), DescribeError> {
    let place = place.at(&field.name, field.span);
    let comment = Comment::read(&field.docs, &OF_OUTPUTS, &place)?;
    let (kind, times) = kind::read(&field.ty, &place)?;
    if times == Times::Many {
        let finding = place.finding("a list", "a single value, or option of one");
        return Err(DescribeError::Type(finding));
    }
    if kind == Kind::Any {
        let finding = place.finding("objects.value", "a type of its own");
        return Err(DescribeError::Type(finding));
    }
    let name = snake(&field.name);
    let output = Output {
        name: name.clone(),
        r#type: kind.name().to_owned(),
        optional: times == Times::AtMostOnce,
        tooltip: comment.text.clone(),
        size: size::read(&comment, inputs, kind.name(), &place)?,
        role: role::read(&comment, &role::OF_OUTPUTS, kind.name(), &place)?,
    };
    Ok((Slot { name, kind, times, text: comment.text }, output))
}

fn fill(
    input: &mut Input,
    kind: &Kind,
    comment: &Comment<'_>,
    place: &Place<'_>,
) -> Result<(), DescribeError> {
    match kind {
        Kind::Wire { name, .. } => comment.only(&["advanced", "role"], name, place),
        Kind::Any => comment.only(&["advanced"], ANY, place),
        Kind::Boolean => {
            comment.only(&["default", "advanced"], "a bool", place)?;
            if let Some(word) = comment.words("default", "true|false", place)? {
                let value = word.parse::<bool>().ok().map(Value::from);
                input.default = Some(number::default(word, value, "true or false", place)?);
            }
            Ok(())
        }
        Kind::Int(whole) => {
            let fitting =
                ["default", "range", "step", "advanced", "control-after-generate", "role"];
            comment.only(&fitting, "a whole number", place)?;
            input.control_after_generate = comment.flag("control-after-generate", place)?;
            number::whole(input, *whole, comment, place)
        }
        Kind::Float { .. } => {
            comment.only(&["default", "range", "step", "advanced", "role"], "a number", place)?;
            number::fraction(input, comment, place)
        }
        Kind::Text => text(input, comment, place),
        Kind::Combo(id) => {
            comment.only(&["default", "advanced"], "an enum", place)?;
            input.choices = choices(*id, place)?;
            if let Some(word) = comment.words("default", "case", place)? {
                let names: Vec<&str> = input.choices.iter().map(|c| c.name.as_str()).collect();
                let value = names.contains(&word).then(|| Value::from(word));
                let expected = format!("one of {}", names.join(", "));
                input.default = Some(number::default(word, value, &expected, place)?);
            }
            Ok(())
        }
    }
}

fn text(input: &mut Input, comment: &Comment<'_>, place: &Place<'_>) -> Result<(), DescribeError> {
    comment.only(&["default", "choices", "multiline", "advanced", "role"], "a string", place)?;
    input.default = comment.get("default").map(Value::from);
    input.multiline = comment.flag("multiline", place)?;
    if let Some(list) = comment.words("choices", &LISTS.join("|"), place)? {
        if !LISTS.contains(&list) {
            let expected = format!("one of {}", LISTS.join(", "));
            let finding = place.finding(format!("@choices {list}"), expected);
            return Err(DescribeError::TagArgument(finding));
        }
        if input.multiline {
            let finding = place.finding("@multiline with @choices", "one of them");
            return Err(DescribeError::ConflictingTag(finding));
        }
        input.choices_from = Some(list.to_owned());
    }
    Ok(())
}

fn choices(id: TypeId, place: &Place<'_>) -> Result<Vec<Choice>, DescribeError> {
    let definition = &place.resolve.types[id];
    let TypeDefKind::Enum(cases) = &definition.kind else { return Ok(Vec::new()) };
    let mut choices = Vec::new();
    for case in &cases.cases {
        let place = place.at(&case.name, case.span);
        let comment = Comment::read(&case.docs, &OF_CASES, &place)?;
        let role = role::read(&comment, &role::OF_CASES, "COMBO", &place)?;
        if let Some(words) = comment.words("value", FORM, &place)?
            && quoted(words).is_none()
        {
            let finding = place.finding(format!("@value {words}"), format!("@value {FORM}"));
            return Err(DescribeError::TagArgument(finding));
        }
        let name = tags::case(case).to_owned();
        if choices.iter().any(|other: &Choice| other.name == name) {
            let finding = place.finding(format!("{name:?} twice"), "values of their own");
            return Err(DescribeError::ConflictingTag(finding));
        }
        choices.push(Choice { name, tooltip: comment.text, role });
    }
    Ok(choices)
}
