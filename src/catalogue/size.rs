//! How large an output is, in terms of the inputs of its node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::wire;

/// The size of an output `IMAGE`, `MASK` or `LATENT`, from the tag `@size`. All fields name inputs
/// of the node. At most one of `like`, `about` and `sum` is there; without them the output is one
/// picture of `width` and `height`. Where the fields do not fit together, the size is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// Input of the same batch and sides. Pictures of a latent are as large as it decoded; a latent
    /// of a model is one of the model's latents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Input of the same batch and about as many pixels; the sides are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Input, or group of them, whose pixels lie in one picture; its sides are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// `INT`: entries of the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// `INT`: width in pixels; 0 where the node decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<String>,
    /// `INT`: height in pixels; 0 where the node decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<String>,
    /// `FLOAT`: factor of both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<String>,
    /// Words of later versions: beside them the others do not say how large the output is.
    #[serde(flatten)]
    #[schemars(skip)]
    pub later: BTreeMap<String, Value>,
}

impl Size {
    /// What would fit together, where the fields do not: as the size of an output of type `kind`.
    pub fn misfit(&self, kind: &str) -> Option<&'static str> {
        let bases = [&self.like, &self.about, &self.sum].into_iter().flatten().count();
        let sides = self.width.is_some();
        if !self.later.is_empty() {
            return Some("words that this version knows");
        }
        if kind == wire::LATENT
            && (self.like.is_none() || sides || self.times.is_some() || bases > 1)
        {
            return Some("of a latent like, with or without batch");
        }
        if bases > 1 {
            return Some("one of like, about and sum");
        }
        if sides != self.height.is_some() {
            return Some("width and height, or neither");
        }
        if self.times.is_some() && sides {
            return Some("times, or width and height");
        }
        (bases == 0 && !sides).then_some("like, about, sum, or width and height")
    }
}
