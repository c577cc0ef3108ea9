//! Doc comments: the words for people, and the lines that begin with `@`.
//!
//! Lines of one paragraph are joined by a space, paragraphs stay apart. Every tag must be taken by
//! the place that it stands at; one that is left over is an error.

use wit_parser::{Docs, EnumCase};

use crate::error::DescribeError;
use crate::walk::Place;

/// Tags of an interface.
pub(crate) const OF_NODES: [&str; 11] = [
    "title",
    "category",
    "search",
    "output-node",
    "step-operator",
    "after",
    "stateless",
    "inherits-window",
    "nondeterministic",
    "deprecated",
    "experimental",
];

/// Tags of a field of `record inputs`.
pub(crate) const OF_INPUTS: [&str; 8] = [
    "default",
    "range",
    "step",
    "choices",
    "multiline",
    "advanced",
    "control-after-generate",
    "role",
];

/// Tags of a field of `record outputs`.
pub(crate) const OF_OUTPUTS: [&str; 2] = ["size", "role"];

/// Tags of an enum's case.
pub(crate) const OF_CASES: [&str; 2] = ["role", "value"];

/// A doc comment taken apart.
#[derive(Debug)]
pub(crate) struct Comment<'a> {
    /// Without the tags.
    pub(crate) text: String,
    tags: Vec<(&'a str, &'a str)>,
}

impl<'a> Comment<'a> {
    /// Takes `docs` apart; `known` are the tags that fit the place.
    pub(crate) fn read(
        docs: &'a Docs,
        known: &[&str],
        place: &Place<'_>,
    ) -> Result<Self, DescribeError> {
        let mut paragraphs = vec![String::new()];
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for line in docs.contents.as_deref().unwrap_or_default().lines().map(str::trim) {
            if let Some(tag) = line.strip_prefix('@') {
                let (name, argument) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                check_known(name, known, place)?;
                if tags.iter().any(|(other, _)| *other == name) {
                    let finding = place.finding(format!("@{name} twice"), "it once");
                    return Err(DescribeError::ConflictingTag(finding));
                }
                tags.push((name, argument.trim()));
            } else if line.is_empty() {
                paragraphs.push(String::new());
            } else if let Some(last) = paragraphs.last_mut() {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
        }
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        Ok(Self { text: paragraphs.join("\n\n"), tags })
    }

    /// The words after a tag, where it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.tags.iter().find(|(tag, _)| *tag == name).map(|(_, argument)| *argument)
    }

    /// Whether a tag without words is there.
    pub(crate) fn flag(&self, name: &str, place: &Place<'_>) -> Result<bool, DescribeError> {
        match self.get(name) {
            None => Ok(false),
            Some("") => Ok(true),
            Some(argument) => Err(DescribeError::TagArgument(
                place.finding(format!("@{name} {argument}"), format!("@{name} alone")),
            )),
        }
    }

    /// The words after a tag, which must not be empty.
    pub(crate) fn words(
        &self,
        name: &str,
        form: &str,
        place: &Place<'_>,
    ) -> Result<Option<&'a str>, DescribeError> {
        match self.get(name) {
            Some("") => Err(DescribeError::TagArgument(
                place.finding(format!("@{name} alone"), format!("@{name} {form}")),
            )),
            words => Ok(words),
        }
    }

    /// Refuses tags that do not fit the field's type.
    pub(crate) fn only(
        &self,
        fitting: &[&str],
        kind: &str,
        place: &Place<'_>,
    ) -> Result<(), DescribeError> {
        match self.tags.iter().find(|(tag, _)| !fitting.contains(tag)) {
            None => Ok(()),
            Some((tag, _)) => Err(DescribeError::MisplacedTag(
                place.finding(format!("@{tag} on {kind}"), list(fitting)),
            )),
        }
    }
}

/// What graphs write for an enum's case: the words in quotes after `@value`, else its name.
pub(crate) fn case(case: &EnumCase) -> &str {
    let mut lines = case.docs.contents.as_deref().unwrap_or_default().lines();
    lines.find_map(|line| quoted(line.trim().strip_prefix("@value")?)).unwrap_or(&case.name)
}

/// Words in quotes, without them.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    let words = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!words.trim().is_empty() && !words.contains('"')).then_some(words)
}

/// The lines of a doc comment that are no tags, where there are any.
pub(crate) fn words(docs: &Docs) -> Option<String> {
    let lines = docs.contents.as_deref()?.lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with('@')).collect::<Vec<_>>();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn check_known(name: &str, known: &[&str], place: &Place<'_>) -> Result<(), DescribeError> {
    if known.contains(&name) {
        return Ok(());
    }
    let finding = place.finding(format!("@{name}"), list(known));
    let others: [&[&str]; 4] = [&OF_NODES, &OF_INPUTS, &OF_OUTPUTS, &OF_CASES];
    if others.iter().any(|tags| tags.contains(&name)) {
        return Err(DescribeError::MisplacedTag(finding));
    }
    Err(DescribeError::UnknownTag(finding))
}

fn list(tags: &[&str]) -> String {
    if tags.is_empty() {
        return "no tag".to_owned();
    }
    tags.iter().map(|tag| format!("@{tag}")).collect::<Vec<_>>().join(", ")
}
