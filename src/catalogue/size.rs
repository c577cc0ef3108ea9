//! How large an output is, in terms of the inputs of its node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The size of an output `IMAGE`, `MASK` or `LATENT`, from the tag `@size`. All fields name inputs
/// of the node. At most one of `like`, `about` and `sum` is there; without them the output is one
/// picture of `width` and `height`. What does not fit together is a size that nobody knows.
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
}
