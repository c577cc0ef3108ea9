//! The host's lists of names, asked for once a graph.

use crate::catalogue::{Catalogue, Input};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Permitted names of an input.
pub(in crate::graph) struct Names {
    pub names: Vec<String>,
    set: HashSet<String>,
}

impl Names {
    fn new(names: Vec<String>) -> Self {
        let set = names.iter().cloned().collect();
        Self { names, set }
    }

    pub fn has(&self, name: &str) -> bool {
        self.set.contains(name)
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

    /// The names that `input` may take; `None` where any text will do.
    pub fn of(&mut self, input: &Input) -> Option<Rc<Names>> {
        let Some(kind) = &input.choices_from else {
            if input.choices.is_empty() {
                return None;
            }
            let names = input.choices.iter().map(|choice| choice.name.clone()).collect();
            return Some(Rc::new(Names::new(names)));
        };
        if let Some(known) = self.known.get(kind) {
            return known.clone();
        }
        let names = self.catalogue.choices(kind).map(|names| Rc::new(Names::new(names)));
        self.known.insert(kind.clone(), names.clone());
        names
    }
}
