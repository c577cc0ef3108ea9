//! Judges a reading against the scene that was asked for, and counts.

use crate::detector::{Found, Reading, overlap};
use crate::scene::Scene;

/// Overlap from which a box counts as met.
const MET: f64 = 0.5;
/// Distance below which a colour counts as right.
const NEAR: f64 = 0.45;
/// Distance and overlap of an object that looks like one of the training set.
const CLEAN: (f64, f64) = (0.35, 0.6);

/// What is right about one image.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    pub position: bool,
    pub colour: bool,
    pub shape: bool,
    pub style: bool,
    pub valid: bool,
}

impl Score {
    pub fn new(scene: &Scene, reading: &Reading) -> Self {
        let found = &reading.objects;
        let number = found.len() == scene.objects.len();
        let met = |wanted: [f64; 4]| found.iter().any(|f| overlap(f.bounds, wanted) >= MET);
        let mut pairs = scene.objects.iter().zip(found);
        let clean = |f: &Found| f.distance < CLEAN.0 && f.overlap > CLEAN.1;
        Self {
            position: number && scene.objects.iter().all(|object| met(object.bounds())),
            colour: number
                && pairs.clone().all(|(object, f)| f.colour == object.colour && f.distance < NEAR),
            shape: number && pairs.all(|(object, f)| f.shape == object.shape),
            style: reading.style == scene.style,
            valid: (1..=2).contains(&found.len()) && found.iter().all(clean),
        }
    }
}

/// How many of a row's images are right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    images: u32,
    position: u32,
    colour: u32,
    both: u32,
    shape: u32,
    valid: u32,
}

impl Tally {
    pub fn add(&mut self, score: Score) {
        let both = score.position && score.colour;
        self.images += 1;
        self.position += u32::from(score.position);
        self.colour += u32::from(score.colour);
        self.both += u32::from(both);
        self.shape += u32::from(both && score.shape);
        self.valid += u32::from(score.valid);
    }

    pub fn merge(&mut self, other: Self) {
        self.images += other.images;
        self.position += other.position;
        self.colour += other.colour;
        self.both += other.both;
        self.shape += other.shape;
        self.valid += other.valid;
    }

    /// Shares of the images: position, colour, both, both and shape, valid.
    pub fn rates(&self) -> [f64; 5] {
        let counts = [self.position, self.colour, self.both, self.shape, self.valid];
        counts.map(|count| f64::from(count) / f64::from(self.images))
    }
}
