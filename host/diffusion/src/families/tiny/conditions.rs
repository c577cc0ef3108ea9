//! What each of the tiny models can be told, as JSON, and what the network gets of it.
//!
//! The types here are the source of the JSON Schemas that the models give. Unknown keys, colours,
//! shapes and styles are errors that name what is known.

use amdm::error::Error;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Kind, SIDE};
use crate::Result;

/// Token of an object that is not there, of each token table: colour, shape, colour, shape.
const ABSENT: [usize; 4] = [7, 4, 7, 4];

/// What enters the network besides the latent and the timestep.
#[derive(Clone)]
pub(super) struct Condition {
    /// Tokens of colour 1, shape 1, colour 2, shape 2 and style; 0 says nothing.
    pub(super) tokens: [usize; 5],
    /// Where objects are, [SIDE, SIDE] in [0, 1]; nothing is said without it.
    pub(super) map: Option<Vec<f32>>,
}

impl Condition {
    /// Says nothing.
    pub(super) const NONE: Self = Self { tokens: [0; 5], map: None };

    /// What `json` says to a model of `kind`.
    pub(super) fn parse(kind: Kind, json: &str) -> Result<Self> {
        match kind {
            Kind::Layout => Layout::condition(&parse(json)?),
            Kind::Attributes => Attributes::condition(&parse(json)?),
            Kind::Style => {
                let Style { style } = parse(json)?;
                Ok(Self { tokens: [0, 0, 0, 0, style as usize], map: None })
            }
        }
    }
}

/// JSON Schema of what a model of `kind` takes.
pub(super) fn schema(kind: Kind) -> String {
    let schema = match kind {
        Kind::Layout => schemars::schema_for!(Layout),
        Kind::Attributes => schemars::schema_for!(Attributes),
        Kind::Style => schemars::schema_for!(Style),
    };
    schema.as_value().to_string()
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| Error::invalid(format!("conditioning: {e}")))
}

/// Where the objects are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Layout {
    /// One box an object: left, top, right, bottom in fractions of the image.
    #[schemars(length(min = 1, max = 2), inner(inner(range(min = 0.0, max = 1.0))))]
    boxes: Vec<[f64; 4]>,
}

impl Layout {
    fn condition(&self) -> Result<Condition> {
        expect_one_or_two(self.boxes.len(), "boxes")?;
        let mut map = vec![0.0; SIDE * SIDE];
        for edges in &self.boxes {
            let [left, top, right, bottom] = *edges;
            let inside = edges.iter().all(|edge| (0.0..=1.0).contains(edge));
            if !inside || left >= right || top >= bottom {
                return Err(Error::invalid(format!(
                    "found box {edges:?}, expected left < right and top < bottom in [0, 1]"
                )));
            }
            cover(&mut map, edges);
        }
        Ok(Condition { tokens: [0; 5], map: Some(map) })
    }
}

/// Raises the map to the coverage of a box: a soft edge one pixel wide around its outline.
fn cover(map: &mut [f32], edges: &[f64; 4]) {
    let [left, top, right, bottom] = edges.map(|edge| edge * SIDE as f64);
    for (index, value) in map.iter_mut().enumerate() {
        let (x, y) = ((index % SIDE) as f64 + 0.5, (index / SIDE) as f64 + 0.5);
        let outside = (left - x).max(x - right).max(top - y).max(y - bottom);
        #[allow(clippy::cast_possible_truncation)]
        let coverage = (0.5 - outside).clamp(0.0, 1.0) as f32;
        *value = value.max(coverage);
    }
}

/// What the objects are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attributes {
    /// From left to right.
    #[schemars(length(min = 1, max = 2))]
    objects: Vec<Object>,
}

impl Attributes {
    fn condition(&self) -> Result<Condition> {
        expect_one_or_two(self.objects.len(), "objects")?;
        let mut tokens = [0; 5];
        tokens[..4].copy_from_slice(&ABSENT);
        for (slot, object) in tokens.chunks_exact_mut(2).zip(&self.objects) {
            slot[0] = object.colour.map_or(0, |colour| colour as usize);
            slot[1] = object.shape.map_or(0, |shape| shape as usize);
        }
        Ok(Condition { tokens, map: None })
    }
}

/// One object; what is left out is up to the model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Object {
    colour: Option<Colour>,
    shape: Option<Shape>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red = 1,
    Green,
    Blue,
    Yellow,
    Magenta,
    Cyan,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Circle = 1,
    Square,
    Triangle,
}

/// What the background is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Style {
    style: Texture,
}

/// A texture with a period of 8 pixels.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Texture {
    /// One tone.
    Flat = 1,
    /// Horizontal stripes.
    Hstripe,
    /// Vertical stripes.
    Vstripe,
    /// A chequerboard.
    Checker,
}

fn expect_one_or_two(found: usize, what: &str) -> Result<()> {
    if (1..=2).contains(&found) {
        return Ok(());
    }
    Err(Error::invalid(format!("found {found} {what}, expected 1 or 2")))
}
