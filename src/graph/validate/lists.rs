//! The texts that an input permits: its declared choices, or a list that only the host knows.
//!
//! The host is asked for each list once a graph.

use crate::catalogue::{Catalogue, Choice, Input};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A list of the host, quick to look a name up in.
pub(in crate::graph) struct Names {
    names: Vec<String>,
    set: HashSet<String>,
}

/// What an input permits.
#[derive(Clone)]
pub(in crate::graph) enum Permitted<'i> {
    /// Any text.
    Any,
    /// The choices of its descriptor.
    Declared(&'i [Choice]),
    /// The names that the host lists.
    Listed(Rc<Names>),
}

impl Permitted<'_> {
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Declared(choices) => choices.iter().any(|choice| choice.name == name),
            Self::Listed(names) => names.set.contains(name),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Declared(choices) => choices.len(),
            Self::Listed(names) => names.names.len(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (choices, names) = match self {
            Self::Any => ([].as_slice(), [].as_slice()),
            Self::Declared(choices) => (*choices, [].as_slice()),
            Self::Listed(names) => ([].as_slice(), names.names.as_slice()),
        };
        let declared = choices.iter().map(|choice| choice.name.as_str());
        declared.chain(names.iter().map(String::as_str))
    }
}

pub(super) struct Lists<'a> {
    catalogue: &'a Catalogue,
    known: HashMap<String, Option<Rc<Names>>>,
}

impl<'a> Lists<'a> {
    pub fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, known: HashMap::new() }
    }

    /// What `input` permits; a list that the host does not keep permits anything.
    pub fn of<'i>(&mut self, input: &'i Input) -> Permitted<'i> {
        let Some(kind) = &input.choices_from else {
            let any = input.choices.is_empty() && input.r#type != "COMBO";
            return if any { Permitted::Any } else { Permitted::Declared(&input.choices) };
        };
        if !self.known.contains_key(kind) {
            let names = self.catalogue.choices(kind).map(|names| {
                let set = names.iter().cloned().collect();
                Rc::new(Names { names, set })
            });
            self.known.insert(kind.clone(), names);
        }
        match self.known.get(kind) {
            Some(Some(names)) => Permitted::Listed(Rc::clone(names)),
            _ => Permitted::Any,
        }
    }
}
