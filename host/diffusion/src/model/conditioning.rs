//! A condition that a model has prepared: opaque, immutable, cheap to clone.
//!
//! It remembers the family of models that it was made for, so that a condition of one model given
//! to another is an error that says so instead of a wrong picture.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use amdm::error::Error;

use super::Handle;
use crate::Result;

/// What a model made of JSON and tensors, for its own use.
#[derive(Clone)]
pub struct Conditioning {
    made: Arc<Inner>,
    beside: Option<Arc<Beside>>,
}

/// What acts on the network together with a condition.
struct Beside {
    controls: Vec<Handle>,
    grounding: Vec<Handle>,
}

struct Inner {
    family: String,
    json: String,
    data: Box<dyn Any + Send + Sync>,
    bytes: usize,
}

impl Conditioning {
    /// A condition of models of `family`, made from `json`, with whatever they prepared: `data`,
    /// which holds `bytes` beside its own size.
    pub fn new<T: Any + Send + Sync>(
        family: impl Into<String>,
        json: impl Into<String>,
        data: T,
        bytes: usize,
    ) -> Self {
        let (family, json) = (family.into(), json.into());
        let bytes = bytes + size_of::<T>() + size_of::<Inner>() + family.len() + json.len();
        let made = Arc::new(Inner { family, json, data: Box::new(data), bytes });
        Self { made, beside: None }
    }

    /// The same condition, beside which these act in one pass of the network.
    pub(super) fn with_beside(&self, controls: Vec<Handle>, grounding: Vec<Handle>) -> Self {
        let beside = Some(Arc::new(Beside { controls, grounding }));
        Self { made: Arc::clone(&self.made), beside }
    }

    /// The controls that act in this pass of the network, in order.
    pub fn controls(&self) -> &[Handle] {
        self.beside.as_ref().map_or(&[], |beside| &beside.controls)
    }

    /// The grounding that acts in this pass of the network, in order.
    pub fn grounding(&self) -> &[Handle] {
        self.beside.as_ref().map_or(&[], |beside| &beside.grounding)
    }

    /// Address and bytes of the memory that it keeps alive; clones share it.
    pub fn storage(&self) -> (usize, usize) {
        (Arc::as_ptr(&self.made).addr(), self.made.bytes)
    }

    /// The family of models that understand it.
    pub fn family(&self) -> &str {
        &self.made.family
    }

    /// The JSON that it was made from.
    pub fn json(&self) -> &str {
        &self.made.json
    }

    /// The prepared data, whoever made it; none where it is of another type.
    pub fn find<T: Any>(&self) -> Option<&T> {
        self.made.data.downcast_ref()
    }

    /// The prepared data, for a model of `family`.
    ///
    /// # Errors
    /// `invalid_input` where another family made it.
    pub fn data<T: Any>(&self, family: &str) -> Result<&T> {
        let same = self.made.family == family;
        self.find().filter(|_| same).ok_or_else(|| {
            let found = &self.made.family;
            Error::invalid(format!(
                "found a conditioning made by {found}, expected one made by {family}"
            ))
        })
    }
}

impl fmt::Debug for Conditioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conditioning({}, {})", self.family(), self.json())
    }
}
