//! One node: an interface with `record inputs`, `record outputs` or both.

use amdm::catalogue::{Descriptor, StepOperator};
use wit_parser::{Field, Interface, PackageName, Resolve, TypeDefKind, TypeId};

use crate::contract::{NAME, NAMESPACE};
use crate::error::DescribeError;
use crate::field::{self, Slot};
use crate::kind;
use crate::role;
use crate::tags::{Comment, OF_NODES};
use crate::walk::Place;

/// Phases of a step, in their order.
const PHASES: [&str; 3] = ["prepare", "predicted", "stepped"];
/// The wire on which chains of step operators travel.
pub(crate) const POLICY: &str = "STEP_POLICY";

/// A node, for descriptors and for Rust code.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The interface's name, kebab case.
    pub(crate) name: String,
    pub(crate) descriptor: Descriptor,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
    /// Enums that the interface defines or uses: local name and type.
    pub(crate) enums: Vec<(String, TypeId)>,
}

/// Reads an interface; `None` where it is no node.
pub(crate) fn read(
    resolve: &Resolve,
    interface: &Interface,
    package: &PackageName,
) -> Result<Option<Node>, DescribeError> {
    let Some(name) = interface.name.as_deref() else { return Ok(None) };
    let place = Place { resolve, node: name, field: None, span: interface.span };
    check_types(interface, place)?;
    let inputs_record = record(resolve, interface, "inputs");
    let outputs_record = record(resolve, interface, "outputs");
    if inputs_record.is_none() && outputs_record.is_none() {
        Comment::read(&interface.docs, &[], &place)?;
        return Ok(None);
    }
    let comment = Comment::read(&interface.docs, &OF_NODES, &place)?;
    let mut descriptor = head(name, package, &comment, &place)?;
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for field in inputs_record.unwrap_or_default() {
        let (slot, input) = field::input(field, place)?;
        inputs.push(slot);
        descriptor.inputs.push(input);
    }
    for field in outputs_record.unwrap_or_default() {
        let (slot, output) = field::output(field, &descriptor.inputs, place)?;
        outputs.push(slot);
        descriptor.outputs.push(output);
    }
    descriptor.step_operator = step_operator(&descriptor, &comment, &place)?;
    check_groups(&descriptor, &place)?;
    role::check(&descriptor, &place)?;
    let enums = enums(resolve, interface);
    Ok(Some(Node { name: name.to_owned(), descriptor, inputs, outputs, enums }))
}

/// `box-blur` as class name: plain in the standard pack, else with namespace and package.
fn class(name: &str, package: &PackageName) -> String {
    let pascal = pascal(name);
    if package.namespace == NAMESPACE && package.name == NAME {
        return pascal;
    }
    format!("{}.{}.{pascal}", package.namespace, package.name)
}

/// `box-blur` as `BoxBlur`.
pub(crate) fn pascal(kebab: &str) -> String {
    kebab.split('-').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn head(
    name: &str,
    package: &PackageName,
    comment: &Comment<'_>,
    place: &Place<'_>,
) -> Result<Descriptor, DescribeError> {
    let title = comment
        .words("title", "words", place)?
        .map_or_else(|| name.split('-').map(capital).collect::<Vec<_>>().join(" "), str::to_owned);
    let category = comment
        .words("category", "Menu/path", place)?
        .map_or_else(|| format!("{}/{}", package.namespace, package.name), str::to_owned);
    let search = comment.words("search", "words", place)?.unwrap_or_default();
    Ok(Descriptor {
        r#type: class(name, package),
        pack: format!("{}:{}", package.namespace, package.name),
        version: package.version.as_ref().map_or_else(String::new, ToString::to_string),
        title,
        category,
        description: comment.text.clone(),
        search: search.split_whitespace().map(str::to_owned).collect(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        output_node: comment.flag("output-node", place)?,
        step_operator: None,
        deterministic: !comment.flag("nondeterministic", place)?,
        deprecated: comment.words("deprecated", "reason", place)?.map(str::to_owned),
        experimental: comment.flag("experimental", place)?,
    })
}

fn step_operator(
    node: &Descriptor,
    comment: &Comment<'_>,
    place: &Place<'_>,
) -> Result<Option<StepOperator>, DescribeError> {
    let after = comment.words("after", "Class", place)?;
    let stateless = comment.flag("stateless", place)?;
    let inherits_window = comment.flag("inherits-window", place)?;
    let Some(words) = comment.words("step-operator", &PHASES.join(" "), place)? else {
        let alone = [
            ("after", after.is_some()),
            ("stateless", stateless),
            ("inherits-window", inherits_window),
        ];
        return match alone.iter().find(|(_, there)| *there) {
            None => Ok(None),
            Some((tag, _)) => Err(DescribeError::MisplacedTag(
                place.finding(format!("@{tag} without @step-operator"), "both, or neither"),
            )),
        };
    };
    if node.output_node {
        let finding = place.finding("@output-node with @step-operator", "one of them");
        return Err(DescribeError::ConflictingTag(finding));
    }
    let mut phases: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        if !PHASES.contains(&word) || phases.iter().any(|phase| phase == word) {
            let expected = format!("each at most once of {}", PHASES.join(", "));
            return Err(DescribeError::Phase(place.finding(word, expected)));
        }
        phases.push(word.to_owned());
    }
    if let Some(class) = after.filter(|class| class.contains(char::is_whitespace)) {
        let finding = place.finding(format!("@after {class}"), "one class name");
        return Err(DescribeError::TagArgument(finding));
    }
    check_policy(node, place)?;
    let after = after.map(str::to_owned);
    Ok(Some(StepOperator { phases, after, stateless, inherits_window }))
}

/// A step operator takes at most one chain, which may be missing, and gives one.
fn check_policy(node: &Descriptor, place: &Place<'_>) -> Result<(), DescribeError> {
    let taken: Vec<_> = node.inputs.iter().filter(|input| input.r#type == POLICY).collect();
    if taken.len() != 1 || !taken.iter().all(|input| input.optional) {
        let found = format!("{} inputs of step-policy, or one that is required", taken.len());
        let expected = "one input `policy: option<step-policy>`";
        return Err(DescribeError::StepOperator(place.finding(found, expected)));
    }
    match node.outputs.as_slice() {
        [output] if output.r#type == POLICY && !output.optional => Ok(()),
        outputs => {
            let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
            let found = format!("outputs [{}]", names.join(", "));
            let expected = "one output `policy: step-policy`";
            Err(DescribeError::StepOperator(place.finding(found, expected)))
        }
    }
}

/// A group `image` takes the names `image_1`, `image_2`, ...
fn check_groups(node: &Descriptor, place: &Place<'_>) -> Result<(), DescribeError> {
    for group in node.inputs.iter().filter(|input| input.group) {
        let member = |name: &str| {
            let rest = name.strip_prefix(group.name.as_str()).and_then(|r| r.strip_prefix('_'));
            rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        if let Some(input) = node.inputs.iter().find(|input| member(&input.name)) {
            let expected = format!("a name that no member of group {} has", group.name);
            return Err(DescribeError::Name(place.finding(input.name.clone(), expected)));
        }
    }
    Ok(())
}

/// Types carry no tags; their fields and cases are checked where they are read.
fn check_types(interface: &Interface, place: Place<'_>) -> Result<(), DescribeError> {
    for (name, id) in &interface.types {
        let definition = &place.resolve.types[*id];
        Comment::read(&definition.docs, &[], &place.at(name, definition.span))?;
    }
    Ok(())
}

fn record<'a>(resolve: &'a Resolve, interface: &Interface, name: &str) -> Option<&'a [Field]> {
    let id = interface.types.get(name)?;
    match &resolve.types[*id].kind {
        TypeDefKind::Record(record) => Some(&record.fields),
        _ => None,
    }
}

fn enums(resolve: &Resolve, interface: &Interface) -> Vec<(String, TypeId)> {
    let types = interface.types.iter().map(|(name, id)| (name.clone(), *id));
    types.filter(|(_, id)| kind::is_enum(resolve, *id)).collect()
}
