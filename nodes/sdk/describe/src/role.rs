//! The tag `@role`: what planning takes an input, an output or a choice for.

use amdm::catalogue::{Descriptor, Input, role, wire};

use crate::error::DescribeError;
use crate::kind::snake;
use crate::tags::Comment;
use crate::walk::Place;

/// A role as WIT writes it, and the type that it fits.
type Role = (&'static str, &'static str);

/// Roles of inputs.
pub(crate) const OF_INPUTS: [Role; 6] = [
    ("file-names", "STRING"),
    ("steps", "INT"),
    ("denoise", "FLOAT"),
    ("schedule", "SIGMAS"),
    ("window-start", "FLOAT"),
    ("window-end", "FLOAT"),
];
/// Roles of outputs.
pub(crate) const OF_OUTPUTS: [Role; 1] = [("all-lanes", wire::LATENT)];
/// Roles of the cases of an enum.
pub(crate) const OF_CASES: [Role; 1] = [("one-lane", "COMBO")];

/// The role that a comment gives to a thing of type `kind`, as descriptors write it.
pub(crate) fn read(
    comment: &Comment<'_>,
    roles: &[Role],
    kind: &str,
    place: &Place<'_>,
) -> Result<Option<String>, DescribeError> {
    let names = roles.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let Some(word) = comment.words("role", &names.join("|"), place)? else { return Ok(None) };
    match roles.iter().find(|(name, _)| *name == word) {
        Some((_, fitting)) if *fitting == kind => Ok(Some(snake(word))),
        Some((_, fitting)) => Err(DescribeError::MisplacedTag(
            place.finding(format!("@role {word} on {kind}"), format!("it on {fitting}")),
        )),
        None => Err(DescribeError::TagArgument(
            place.finding(format!("@role {word}"), format!("one of {}", names.join(", "))),
        )),
    }
}

/// Refuses roles that stand twice, or without what they belong to.
pub(crate) fn check(node: &Descriptor, place: &Place<'_>) -> Result<(), DescribeError> {
    let inputs = node.inputs.iter().filter_map(|input| input.role.as_deref());
    let outputs = node.outputs.iter().filter_map(|output| output.role.as_deref());
    let mut found = inputs.chain(outputs).collect::<Vec<_>>();
    found.sort_unstable();
    if let Some(twice) = found.windows(2).find(|pair| pair[0] == pair[1]) {
        let finding = place.finding(format!("@role {} twice", kebab(twice[0])), "it once");
        return Err(DescribeError::ConflictingTag(finding));
    }
    if node.inputs.iter().any(one_lane) {
        found.push(role::ONE_LANE);
    }
    let there = |role: &str| found.contains(&role);
    let operator = node.step_operator.as_ref();
    let inherits = operator.is_some_and(|operator| operator.inherits_window);
    let own = operator.is_some() && !inherits;
    let needs = [
        (
            role::STEPS,
            node.inputs.iter().any(|input| input.r#type == wire::LANES),
            "an input of lanes",
        ),
        (role::DENOISE, there(role::STEPS), "@role steps"),
        (role::SCHEDULE, there(role::STEPS), "@role steps"),
        (role::ALL_LANES, there(role::STEPS), "@role steps"),
        (role::WINDOW_START, own, "@step-operator without @inherits-window"),
        (role::WINDOW_START, there(role::WINDOW_END), "@role window-end"),
        (role::WINDOW_END, there(role::WINDOW_START), "@role window-start"),
        (role::ONE_LANE, there(role::WINDOW_START), "@role window-start"),
    ];
    match needs.iter().find(|(role, fits, _)| there(role) && !fits) {
        None => Ok(()),
        Some((role, _, beside)) => Err(DescribeError::MisplacedTag(
            place.finding(format!("@role {}", kebab(role)), format!("it beside {beside}")),
        )),
    }
}

fn one_lane(input: &Input) -> bool {
    input.choices.iter().any(|choice| choice.role.as_deref() == Some(role::ONE_LANE))
}

fn kebab(role: &str) -> String {
    role.replace('_', "-")
}
