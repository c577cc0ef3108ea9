//! What the tiny family's images show: one or two objects on a textured ground.
//!
//! Lengths are in pixels of a 32 x 32 image, colours in [0, 1]. Scenes follow the uniform rules
//! that the networks were trained with, from a generator of our own: the scenes of a seed are held
//! out in the sense that no network ever saw them.

pub const SIDE: usize = 32;
/// Least distance of an object's box from the image's edge.
const MARGIN: f64 = 1.0;
/// Least distance between two boxes, along one of the axes.
const APART: f64 = 2.0;
/// Least distance between two centres, left to right.
const CENTRES: f64 = 4.0;

pub const COLOURS: [(&str, [f64; 3]); 6] = [
    ("red", [0.90, 0.15, 0.15]),
    ("green", [0.15, 0.75, 0.20]),
    ("blue", [0.15, 0.30, 0.95]),
    ("yellow", [0.95, 0.85, 0.10]),
    ("magenta", [0.90, 0.20, 0.85]),
    ("cyan", [0.10, 0.85, 0.90]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Triangle,
}

impl Shape {
    pub const ALL: [Self; 3] = [Self::Circle, Self::Square, Self::Triangle];

    pub fn name(self) -> &'static str {
        ["circle", "square", "triangle"][self as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Flat,
    Rows,
    Columns,
    Checker,
}

impl Style {
    pub const ALL: [Self; 4] = [Self::Flat, Self::Rows, Self::Columns, Self::Checker];
}

#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// Centre.
    pub x: f64,
    pub y: f64,
    /// Half the side of its bounding box, which is a square.
    pub half: f64,
    /// Index in [`COLOURS`].
    pub colour: usize,
    pub shape: Shape,
}

impl Object {
    /// Left, top, right, bottom.
    pub fn bounds(&self) -> [f64; 4] {
        [self.x - self.half, self.y - self.half, self.x + self.half, self.y + self.half]
    }
}

#[derive(Clone, Debug)]
pub struct Scene {
    /// From left to right.
    pub objects: Vec<Object>,
    pub style: Style,
    /// Mean of the ground, and how far the texture goes up and down from it.
    pub tone: f64,
    pub amplitude: f64,
    /// Where the texture's period starts, along x and y.
    pub phase: [usize; 2],
}

/// Scenes of a seed, one after another.
pub struct Scenes(u64);

impl Scenes {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.word() % count as u64) as usize
    }

    fn object(&mut self) -> Object {
        let half = self.uniform(4.0, 6.0);
        let (low, high) = (MARGIN + half, SIDE as f64 - MARGIN - half);
        Object {
            x: self.uniform(low, high),
            y: self.uniform(low, high),
            half,
            colour: self.below(COLOURS.len()),
            shape: Shape::ALL[self.below(Shape::ALL.len())],
        }
    }

    fn pair(&mut self) -> Vec<Object> {
        loop {
            let (a, b) = (self.object(), self.object());
            let (across, down) = ((a.x - b.x).abs(), (a.y - b.y).abs());
            let apart = across.max(down) >= a.half + b.half + APART;
            if apart && across >= CENTRES && a.colour != b.colour {
                return if a.x < b.x { vec![a, b] } else { vec![b, a] };
            }
        }
    }

    fn around(&mut self, objects: Vec<Object>) -> Scene {
        Scene {
            objects,
            style: Style::ALL[self.below(Style::ALL.len())],
            tone: self.uniform(0.3, 0.7),
            amplitude: self.uniform(0.12, 0.18),
            phase: [self.below(8), self.below(8)],
        }
    }

    pub fn with_one_object(&mut self) -> Scene {
        let object = self.object();
        self.around(vec![object])
    }

    /// One object (40 %) or two.
    pub fn any(&mut self) -> Scene {
        if self.uniform(0.0, 1.0) < 0.4 {
            return self.with_one_object();
        }
        let objects = self.pair();
        self.around(objects)
    }
}
