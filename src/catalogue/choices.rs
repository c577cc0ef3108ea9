//! Lists of names that only the host knows: models, families, adapters, images.
//!
//! A descriptor names the list (`choices_from`), the host fills it when asked, so that a file that
//! came into a directory a moment ago is a valid choice.

use std::collections::{BTreeMap, HashMap};

/// Supplies the permitted names of inputs whose descriptor says `choices_from`.
pub trait Choices: Send + Sync {
    /// The names of list `kind` (`models`, `families`, `adapters`, `images`), in the order to show
    /// them. `None` where the host does not keep that list: any text is then accepted, and the node
    /// judges it.
    fn list(&self, kind: &str) -> Option<Vec<String>>;
}

impl Choices for BTreeMap<String, Vec<String>> {
    fn list(&self, kind: &str) -> Option<Vec<String>> {
        self.get(kind).cloned()
    }
}

impl Choices for HashMap<String, Vec<String>> {
    fn list(&self, kind: &str) -> Option<Vec<String>> {
        self.get(kind).cloned()
    }
}
