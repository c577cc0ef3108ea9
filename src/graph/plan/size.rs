//! What outputs hold: as far as their nodes say it in descriptors, and the graph gives the values.
//!
//! Latents follow from the model's shape and the batch, pictures from their sides. A picture out of
//! a file, nodes that say nothing and values that come through links are not known.

use super::{LaneCounts, float, integer, link};
use crate::catalogue::wire::{HEAVY, LATENT, MASK, MODEL};
use crate::catalogue::{Size, role};
use crate::graph::{Checked, CheckedNode, Resolved, Source};

/// Bytes of a value: everything is float32.
const FLOAT: u64 = 4;
/// The host's list that inputs take the names of models from.
const MODELS: &str = "models";

/// What is known about models without loading them.
pub trait Shapes {
    /// Extents of one latent of the model called `name`, such as channels, height and width, and how
    /// many pixels one of its values is wide.
    fn latent(&self, name: &str) -> Option<(Vec<u64>, u64)>;
}

/// Nothing is known.
impl Shapes for () {
    fn latent(&self, _name: &str) -> Option<(Vec<u64>, u64)> {
        None
    }
}

/// What an output holds.
#[derive(Clone, Copy)]
pub(super) enum Held {
    /// A batch of latents of a model: values of one, width and height of the picture that it
    /// decodes to. Of latents that are not [channels, height, width] only their model knows that.
    Latents {
        batch: u64,
        values: u64,
        sides: Option<(u64, u64)>,
    },
    /// A batch of pictures.
    Pictures {
        batch: u64,
        area: Area,
        channels: u64,
    },
    /// Nothing of weight.
    Small,
    Unknown,
}

/// How large a picture is.
#[derive(Clone, Copy)]
pub(super) enum Area {
    /// Width and height.
    Sides(u64, u64),
    /// About so many pixels; the sides are not known.
    Pixels(u64),
}

impl Held {
    /// Bytes of its tensor; nothing where they are not known.
    pub fn bytes(self) -> Option<u64> {
        let product = |factors: &[u64]| factors.iter().fold(FLOAT, |all, f| all.saturating_mul(*f));
        match self {
            Self::Latents { batch, values, .. } => Some(product(&[batch, values])),
            Self::Pictures { batch, area, channels } => {
                Some(product(&[batch, area.pixels(), channels]))
            }
            Self::Small => Some(0),
            Self::Unknown => None,
        }
    }

    /// Width and height of its pictures.
    pub fn sides(self) -> Option<(u64, u64)> {
        match self {
            Self::Pictures { area: Area::Sides(width, height), .. } => Some((width, height)),
            _ => None,
        }
    }

    /// So many of it as one batch.
    fn repeated(mut self, count: u64) -> Self {
        if let Self::Latents { batch, .. } | Self::Pictures { batch, .. } = &mut self {
            *batch = batch.saturating_mul(count);
        }
        self
    }
}

impl Area {
    fn pixels(self) -> u64 {
        match self {
            Self::Sides(width, height) => width.saturating_mul(height),
            Self::Pixels(pixels) => pixels,
        }
    }

    /// With sides `by` times as long, as nodes round them.
    fn scaled(self, by: f64) -> Self {
        let times = |whole: u64, by: f64| (whole as f64 * by).round_ties_even().max(1.0) as u64;
        match self {
            Self::Sides(width, height) => Self::Sides(times(width, by), times(height, by)),
            Self::Pixels(pixels) => Self::Pixels(times(pixels, by * by)),
        }
    }
}

/// What the outputs of a graph hold, by node and slot.
pub(super) struct Sizes<'a> {
    graph: &'a Checked,
    shapes: &'a dyn Shapes,
    known: Vec<Vec<Held>>,
}

impl<'a> Sizes<'a> {
    pub fn new(graph: &'a Checked, shapes: &'a dyn Shapes) -> Self {
        Self { graph, shapes, known: vec![Vec::new(); graph.nodes.len()] }
    }

    /// What `source` holds, where its node has been learnt.
    pub fn of(&self, source: Source) -> Held {
        let outputs = self.known.get(source.node);
        outputs.and_then(|outputs| outputs.get(source.slot)).copied().unwrap_or(Held::Unknown)
    }

    /// Finds out what the outputs of a node hold; those that it takes from must have been learnt.
    pub fn learn(&mut self, at: usize, lanes: &LaneCounts) {
        let node = &self.graph.nodes[at];
        let held = node.descriptor.outputs.iter().map(|output| {
            if !HEAVY.contains(&output.r#type.as_str()) {
                return Held::Small;
            }
            let size = output.size.as_ref();
            let size = size.filter(|size| size.misfit(&output.r#type).is_none());
            let held = size.and_then(|size| match output.r#type.as_str() {
                LATENT => self.latents(node, size),
                MASK => self.pictures(node, size, 1),
                _ => self.pictures(node, size, 3),
            });
            match (held, output.role.as_deref()) {
                (Some(held), Some(role::ALL_LANES)) => {
                    lanes.of_node(node).map_or(Held::Unknown, |count| held.repeated(count))
                }
                (held, _) => held.unwrap_or(Held::Unknown),
            }
        });
        self.known[at] = held.collect();
    }

    fn latents(&self, node: &CheckedNode, size: &Size) -> Option<Held> {
        let source = link(node, size.like.as_ref()?)?;
        let (own, values, sides) = match self.of(source) {
            Held::Latents { batch, values, sides } => (batch, values, sides),
            _ => {
                let (shape, scale) = self.shapes.latent(self.model(source)?)?;
                let values = shape.iter().fold(1, |all: u64, extent| all.saturating_mul(*extent));
                let side = |values: u64| values.saturating_mul(scale);
                let sides = match shape[..] {
                    [_, height, width] => Some((side(width), side(height))),
                    _ => None,
                };
                (1, values, sides)
            }
        };
        let batch = size.batch.as_ref().map_or(Some(own), |name| integer(node, name))?;
        Some(Held::Latents { batch, values, sides })
    }

    /// The name of the model that `source` gives, where its node loads one.
    fn model(&self, source: Source) -> Option<&str> {
        let node = &self.graph.nodes[source.node];
        let gives_model = node.descriptor.outputs.get(source.slot)?.r#type == MODEL;
        let mut inputs = node.descriptor.inputs.iter();
        let name = inputs.find(|input| input.choices_from.as_deref() == Some(MODELS))?;
        match node.input(&name.name) {
            Some(Resolved::Text(name)) if gives_model => Some(name),
            _ => None,
        }
    }

    fn pictures(&self, node: &CheckedNode, size: &Size, channels: u64) -> Option<Held> {
        let (own, area) = if let Some(like) = &size.like {
            let (batch, area) = self.picture(link(node, like)?)?;
            (batch, Some(area))
        } else if let Some(about) = &size.about {
            let (batch, area) = self.picture(link(node, about)?)?;
            (batch, Some(Area::Pixels(area.pixels())))
        } else if let Some(sum) = &size.sum {
            (1, Some(Area::Pixels(self.sum(node, sum)?)))
        } else {
            (1, None)
        };
        let batch = size.batch.as_ref().map_or(Some(own), |name| integer(node, name))?;
        let area = match (&size.width, &size.height, &size.times) {
            (Some(width), Some(height), _) => {
                let sides = (integer(node, width)?, integer(node, height)?);
                if sides.0 == 0 || sides.1 == 0 {
                    return None;
                }
                Area::Sides(sides.0, sides.1)
            }
            (_, _, Some(times)) => area?.scaled(float(node, times)?),
            _ => area?,
        };
        Some(Held::Pictures { batch, area, channels })
    }

    /// Batch and area of pictures, or of latents when they are decoded.
    fn picture(&self, source: Source) -> Option<(u64, Area)> {
        match self.of(source) {
            Held::Pictures { batch, area, .. } => Some((batch, area)),
            Held::Latents { batch, sides, .. } => {
                let (width, height) = sides?;
                Some((batch, Area::Sides(width, height)))
            }
            Held::Small | Held::Unknown => None,
        }
    }

    /// Pixels of all pictures of an input.
    fn sum(&self, node: &CheckedNode, input: &str) -> Option<u64> {
        let mut sources = node.input(input)?.sources().peekable();
        sources.peek()?;
        sources.try_fold(0, |all: u64, source| {
            let (batch, area) = self.picture(source)?;
            Some(all.saturating_add(batch.saturating_mul(area.pixels())))
        })
    }
}
