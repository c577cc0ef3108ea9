//! How much memory a run would take at its peak: what lies on wires, and what the node that runs
//! needs besides.
//!
//! Sizes follow from the graph for our own nodes: latents from the model's shape and the batch,
//! pictures from their sides. A picture out of a file, other packs' nodes and values that come
//! through links are not known: then the estimate is a lower bound. Weights and the networks' own
//! buffers are not in it: they are the model's, not the graph's.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{STANDARD, float, integer, link};
use crate::graph::{Checked, CheckedNode, Resolved, Source};

/// Bytes of a value: everything is float32.
const FLOAT: u64 = 4;
/// Tensors of a latent's size that a lane has at the worst moment of a step: latent, input, mean,
/// the solver's history, three predictions in two forms each.
const LANE_TENSORS: u64 = 10;

/// What is known about models without loading them.
pub trait Shapes {
    /// Channels, height and width of one latent of the model called `name`, and how many pixels one
    /// of its values is wide.
    fn latent(&self, name: &str) -> Option<([u64; 3], u64)>;
}

/// Nothing is known.
impl Shapes for () {
    fn latent(&self, _name: &str) -> Option<([u64; 3], u64)> {
        None
    }
}

/// Bytes at the peak of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Memory {
    /// Bytes of tensors, as far as they are known.
    pub bytes: u64,
    /// Whether something is not known and the run may take more.
    pub at_least: bool,
}

/// What an output holds.
#[derive(Clone, Copy)]
enum Size {
    /// A batch of latents of a model.
    Latent {
        batch: u64,
        shape: [u64; 3],
        scale: u64,
    },
    /// A batch of pictures of three channels.
    Image {
        batch: u64,
        width: u64,
        height: u64,
    },
    /// The same of sides that are not known, only about how many pixels they have.
    Area {
        batch: u64,
        pixels: u64,
    },
    /// Nothing of weight.
    Small,
    Unknown,
}

impl Size {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Latent { batch, shape, .. } => Some(
                shape
                    .iter()
                    .fold(batch.saturating_mul(FLOAT), |all, side| all.saturating_mul(*side)),
            ),
            Self::Image { batch, width, height } => Some(
                [batch, width, height, 3].iter().fold(FLOAT, |all, side| all.saturating_mul(*side)),
            ),
            Self::Area { batch, pixels } => {
                Some([batch, pixels, 3].iter().fold(FLOAT, |all, part| all.saturating_mul(*part)))
            }
            Self::Small => Some(0),
            Self::Unknown => None,
        }
    }
}

/// The peak of running `graph`, and width and height of the pictures that nodes give, by node.
pub(super) fn peak(graph: &Checked, shapes: &dyn Shapes) -> (Memory, Vec<Option<(u64, u64)>>) {
    let mut uses: HashMap<Source, usize> = HashMap::new();
    for &at in &graph.order {
        graph.nodes[at].sources().for_each(|source| *uses.entry(source).or_insert(0) += 1);
    }
    let mut sizes = Sizes { graph, shapes, known: vec![None; graph.nodes.len()] };
    let mut lanes = super::LaneCounts::new(graph);
    let (mut live, mut most, mut at_least) = (0_u64, 0_u64, false);
    for &at in &graph.order {
        let node = &graph.nodes[at];
        let size = sizes.of(at);
        at_least |= size.bytes().is_none();
        let output = size.bytes().unwrap_or(0);
        let inside = if sampler(node) {
            let lanes = lanes.of_node(node).unwrap_or(1);
            output.saturating_mul(lanes).saturating_mul(LANE_TENSORS)
        } else {
            output
        };
        most = most.max(live.saturating_add(inside));
        let linked =
            (0..node.wanted.len()).any(|slot| uses.contains_key(&Source { node: at, slot }));
        if linked {
            live = live.saturating_add(output);
        }
        for source in node.sources() {
            let Some(left) = uses.get_mut(&source) else { continue };
            *left -= 1;
            if *left == 0 {
                uses.remove(&source);
                let others = (0..graph.nodes[source.node].wanted.len())
                    .any(|slot| uses.contains_key(&Source { node: source.node, slot }));
                if !others {
                    live = live.saturating_sub(sizes.of(source.node).bytes().unwrap_or(0));
                }
            }
        }
    }
    (Memory { bytes: most, at_least }, sizes.known.iter().map(pixels).collect())
}

fn pixels(size: &Option<Size>) -> Option<(u64, u64)> {
    match *size {
        Some(Size::Image { width, height, .. }) => Some((width, height)),
        _ => None,
    }
}

fn sampler(node: &CheckedNode) -> bool {
    node.descriptor.pack == STANDARD && node.descriptor.r#type == "Sampler"
}

struct Sizes<'a> {
    graph: &'a Checked,
    shapes: &'a dyn Shapes,
    known: Vec<Option<Size>>,
}

impl Sizes<'_> {
    /// What the outputs of a node hold; those before it in the order are known already.
    fn of(&mut self, at: usize) -> Size {
        if let Some(known) = self.known[at] {
            return known;
        }
        let size = self.derive(&self.graph.nodes[at]);
        self.known[at] = Some(size);
        size
    }

    fn before(&self, node: &CheckedNode, input: &str) -> Size {
        let source = link(node, input);
        source.and_then(|source| self.known[source.node]).unwrap_or(Size::Unknown)
    }

    fn derive(&self, node: &CheckedNode) -> Size {
        let heavy = |kind: &str| ["IMAGE", "MASK", "LATENT"].contains(&kind);
        if !node.descriptor.outputs.iter().any(|output| heavy(&output.r#type)) {
            return Size::Small;
        }
        if node.descriptor.pack != STANDARD {
            return Size::Unknown;
        }
        match node.descriptor.r#type.as_str() {
            "EmptyLatent" => self.latent(node),
            "Sampler" => self.before(node, "latent"),
            "LatentFromBatch" => match (self.before(node, "samples"), integer(node, "length")) {
                (Size::Latent { shape, scale, .. }, Some(batch)) => {
                    Size::Latent { batch, shape, scale }
                }
                _ => Size::Unknown,
            },
            "DecodeLatent" => match self.before(node, "latent") {
                Size::Latent { batch, shape: [_, height, width], scale } => Size::Image {
                    batch,
                    width: width.saturating_mul(scale),
                    height: height.saturating_mul(scale),
                },
                _ => Size::Unknown,
            },
            "TextImage" => image(1, integer(node, "width"), integer(node, "height")),
            "ImageScale" => match self.before(node, "image") {
                Size::Image { batch, .. } | Size::Area { batch, .. } => {
                    image(batch, integer(node, "width"), integer(node, "height"))
                }
                _ => Size::Unknown,
            },
            "ImageScaleBy" => match float(node, "scale_by") {
                Some(by) => scaled(self.before(node, "image"), by),
                None => Size::Unknown,
            },
            "DrawBoxes" | "ImageFromBatch" => self.before(node, "image"),
            // A label has some lines beside the picture.
            "ImageLabel" => match self.before(node, "image") {
                Size::Image { batch, width, height } => {
                    Size::Area { batch, pixels: width.saturating_mul(height) }
                }
                other => other,
            },
            "ImageGrid" => self.grid(node),
            _ => Size::Unknown,
        }
    }

    fn latent(&self, node: &CheckedNode) -> Size {
        let model = link(node, "model").map(|source| &self.graph.nodes[source.node]);
        let name = model.and_then(|model| match model.input("model_name") {
            Some(Resolved::Text(name)) => Some(name),
            _ => None,
        });
        match (name.and_then(|name| self.shapes.latent(name)), integer(node, "batch_size")) {
            (Some((shape, scale)), Some(batch)) => Size::Latent { batch, shape, scale },
            _ => Size::Unknown,
        }
    }

    /// All pictures side by side; the gaps are nothing against them.
    fn grid(&self, node: &CheckedNode) -> Size {
        let mut pixels = 0_u64;
        for source in node.sources() {
            let (batch, each) = match self.known[source.node] {
                Some(Size::Image { batch, width, height }) => (batch, width.saturating_mul(height)),
                Some(Size::Area { batch, pixels }) => (batch, pixels),
                _ => return Size::Unknown,
            };
            pixels = pixels.saturating_add(batch.saturating_mul(each));
        }
        Size::Area { batch: 1, pixels }
    }
}

/// Pictures whose sides are `by` times as long, as the node rounds them.
fn scaled(size: Size, by: f64) -> Size {
    let times = |whole: u64, by: f64| (whole as f64 * by).round_ties_even().max(1.0) as u64;
    match size {
        Size::Image { batch, width, height } => {
            Size::Image { batch, width: times(width, by), height: times(height, by) }
        }
        Size::Area { batch, pixels } => Size::Area { batch, pixels: times(pixels, by * by) },
        _ => Size::Unknown,
    }
}

fn image(batch: u64, width: Option<u64>, height: Option<u64>) -> Size {
    match (width, height) {
        (Some(width), Some(height)) if width > 0 && height > 0 => {
            Size::Image { batch, width, height }
        }
        _ => Size::Unknown,
    }
}
