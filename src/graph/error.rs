//! What is wrong with a graph: where, what was found, what was expected.
//!
//! Reads as a line for people, `node 7 "Sampler" (Sampler), input steps: found 0, expected a whole
//! number from 1 to 1000 [value_smaller_than_min]`, and as JSON for programs. Warnings have the
//! same form. Texts out of the graph are quoted and cut, so a message stays one short line.

use super::code::ErrorCode;
pub(super) use super::words::{cut, quoted, shown, word};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt::{self, Display, Formatter};
use std::ops::Deref;

/// One error or warning. Its parts are those of [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{} [{}]", Place(self), Message(self), self.code)]
pub struct GraphError(Box<Fault>);

/// The parts of a [`GraphError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Stable kind.
    pub code: ErrorCode,
    /// Id of the node.
    pub node: Option<String>,
    /// Its class, as the graph spells it.
    pub class: Option<String>,
    /// Its title, where the graph gives one.
    pub title: Option<String>,
    /// The input.
    pub input: Option<String>,
    /// Line and column in the file, both from 1, where it is the text that is wrong.
    pub position: Option<(usize, usize)>,
    /// What stands there, in words.
    pub found: String,
    /// What should, in words; empty where there is nothing to say.
    pub expected: String,
    /// The valid name, or the link as JSON text, that was probably meant.
    pub closest: Option<String>,
}

impl GraphError {
    /// An error about the graph as a whole.
    pub fn new(code: ErrorCode, found: impl Into<String>, expected: impl Into<String>) -> Self {
        let (found, expected) = (found.into(), expected.into());
        Self(Box::new(Fault {
            code,
            node: None,
            class: None,
            title: None,
            input: None,
            position: None,
            found,
            expected,
            closest: None,
        }))
    }

    /// Names the node at fault.
    #[must_use]
    pub fn at(mut self, node: &super::Node) -> Self {
        self.0.node = Some(node.id().to_owned());
        self.0.class = node.class().map(str::to_owned);
        self.0.title = node.title().map(|title| cut(title).to_owned());
        self
    }

    /// Names the node at fault by its parts, which may be of any length; an empty title is none.
    #[must_use]
    pub fn at_node(mut self, id: &str, class: &str, title: &str) -> Self {
        self.0.node = Some(cut(id).to_owned());
        self.0.class = Some(cut(class).to_owned());
        self.0.title = (!title.is_empty()).then(|| cut(title).to_owned());
        self
    }

    /// Names the input at fault.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>) -> Self {
        self.0.input = Some(name.into());
        self
    }

    /// Says where in the text, line and column from 1.
    #[must_use]
    pub fn position(mut self, line: usize, column: usize) -> Self {
        self.0.position = Some((line, column));
        self
    }

    /// Offers the name that was probably meant.
    #[must_use]
    pub fn closest(mut self, name: Option<impl Into<String>>) -> Self {
        self.0.closest = name.map(Into::into);
        self
    }

    /// What is wrong, without the place: lower case, no full stop.
    pub fn message(&self) -> String {
        Message(self).to_string()
    }
}

impl Deref for GraphError {
    type Target = Fault;

    fn deref(&self) -> &Fault {
        &self.0
    }
}

struct Place<'a>(&'a GraphError);

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let error = self.0;
        if let Some((line, column)) = error.position {
            return write!(f, "line {line}, column {column}: ");
        }
        let Some(id) = &error.node else { return Ok(()) };
        write!(f, "node {}", word(id))?;
        if let Some(title) = &error.title {
            write!(f, " {}", quoted(title))?;
        }
        if let Some(class) = &error.class {
            write!(f, " ({})", word(class))?;
        }
        if let Some(input) = &error.input {
            write!(f, ", input {}", word(input))?;
        }
        f.write_str(": ")
    }
}

struct Message<'a>(&'a GraphError);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let error = self.0;
        write!(f, "found {}", error.found)?;
        if !error.expected.is_empty() {
            write!(f, ", expected {}", error.expected)?;
        }
        match &error.closest {
            Some(link) if link.starts_with('[') => write!(f, "; did you mean {link}?"),
            Some(name) => write!(f, "; did you mean {}?", word(name)),
            None => Ok(()),
        }
    }
}

impl Serialize for GraphError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code.as_str())?;
        let texts = [
            ("node", &self.node),
            ("class", &self.class),
            ("title", &self.title),
            ("input", &self.input),
            ("closest", &self.closest),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        if let Some((line, column)) = self.position {
            map.serialize_entry("line", &line)?;
            map.serialize_entry("column", &column)?;
        }
        map.serialize_entry("found", &self.found)?;
        map.serialize_entry("expected", &self.expected)?;
        map.serialize_entry("message", &self.message())?;
        map.end()
    }
}
