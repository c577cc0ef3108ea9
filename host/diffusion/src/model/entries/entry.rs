//! One entry of a `CONDITIONING`: what the network is told, and where, when and how much it counts.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{Conditioning, Tensor};

/// One entry of a `CONDITIONING`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the network is told.
    pub condition: Conditioning,
    /// The part of the image that it is about; the network sees that part alone. All of it where
    /// missing.
    pub area: Option<Area>,
    /// How much it counts at each place: [1 or batch, height, width] of any size, resized to the
    /// latent.
    pub mask: Option<Tensor>,
    /// Multiplies the mask.
    pub mask_strength: f64,
    /// Whether the box around what is not 0 in the mask takes the place of the area.
    pub mask_bounds: bool,
    /// How much it counts beside other entries.
    pub strength: f64,
    /// Where in the schedule it begins to act: 0 at the start, 1 at the clean latent.
    pub start: f64,
    /// Where in the schedule it ends, included; as `start`.
    pub end: f64,
    /// What acts on the network beside the condition, in order.
    pub controls: Vec<Control>,
    /// What is where, for the adapters that the handles hold.
    pub grounding: Vec<Handle>,
}

impl Entry {
    /// What the model made, everywhere, always, as it is.
    pub fn new(condition: Conditioning) -> Self {
        Self {
            condition,
            area: None,
            mask: None,
            mask_strength: 1.0,
            mask_bounds: false,
            strength: 1.0,
            start: 0.0,
            end: 1.0,
            controls: Vec::new(),
            grounding: Vec::new(),
        }
    }

    /// Whether it is as [`Entry::new`] made it.
    #[allow(clippy::float_cmp)]
    pub(super) fn is_plain(&self) -> bool {
        let Self { area, mask, strength, start, end, controls, grounding, .. } = self;
        let everywhere = area.is_none() && mask.is_none() && *strength == 1.0;
        everywhere && *start <= 0.0 && *end >= 1.0 && controls.is_empty() && grounding.is_empty()
    }
}

/// A rectangle of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Area {
    /// In pixels; cut down to whole values of the latent.
    Pixels {
        /// Left edge.
        x: u32,
        /// Top edge.
        y: u32,
        /// To the right of `x`.
        width: u32,
        /// Downwards from `y`.
        height: u32,
    },
    /// In fractions of the image, each from 0 to 1; rounded to whole values of the latent.
    Fractions {
        /// Left edge.
        x: f64,
        /// Top edge.
        y: f64,
        /// To the right of `x`.
        width: f64,
        /// Downwards from `y`.
        height: f64,
    },
}

/// What a model that heeds it looks into, and nobody else.
#[derive(Clone)]
pub struct Handle(Arc<dyn Any + Send + Sync>);

impl Handle {
    /// A handle on `data`.
    pub fn new<T: Any + Send + Sync>(data: T) -> Self {
        Self(Arc::new(data))
    }

    /// The data; none where it is of another type.
    pub fn data<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

/// What acts on a network beside its condition in a part of the schedule: a control network with
/// its picture and strength.
#[derive(Clone, Debug)]
pub struct Control {
    /// What the model is given.
    pub handle: Handle,
    /// Where in the schedule it begins to act: 0 at the start, 1 at the clean latent.
    pub start: f64,
    /// Where in the schedule it ends, included; as `start`.
    pub end: f64,
    /// Whether an entry of the other side gets it as well. Of several on one entry the last says
    /// so for all.
    pub both: bool,
}
