//! Reads back what an image shows: where objects are, their colours and shapes, the ground's style.

use crate::background;
use crate::components::{regions, saturation};
use crate::render::{Image, coverage};
use crate::scene::{COLOURS, SIDE, Shape, Style};

/// A pixel belongs to a template where it is covered by more than this.
const TEMPLATE: f64 = 0.35;
/// Part of a component, most saturated first, whose mean is its colour.
const CORE: f64 = 0.6;

/// One object as it was found.
#[derive(Debug)]
pub struct Found {
    /// Left, top, right, bottom.
    pub bounds: [f64; 4],
    /// Nearest entry of [`COLOURS`], and the distance to it.
    pub colour: usize,
    pub distance: f64,
    /// Best matching template, and how well it overlaps, 0 to 1.
    pub shape: Shape,
    pub overlap: f64,
}

/// All that the detector says about an image.
#[derive(Debug)]
pub struct Reading {
    /// From left to right.
    pub objects: Vec<Found>,
    pub style: Style,
}

pub fn read(image: &Image) -> Reading {
    let regions = regions(image);
    let mut objects: Vec<Found> = regions.iter().map(|region| found(image, region)).collect();
    let centre = |found: &Found| found.bounds[0] + found.bounds[2];
    objects.sort_by(|a, b| centre(a).total_cmp(&centre(b)));
    Reading { objects, style: background::style(image, &regions) }
}

/// Shared area over joint area.
pub fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area =
        |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let shared = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    shared / (area(a) + area(b) - shared)
}

fn found(image: &Image, region: &[usize]) -> Found {
    let columns = || region.iter().map(|&at| at % SIDE);
    let rows = || region.iter().map(|&at| at / SIDE);
    let (left, right) = (columns().min().unwrap(), columns().max().unwrap() + 1);
    let (top, bottom) = (rows().min().unwrap(), rows().max().unwrap() + 1);
    let bounds = [left, top, right, bottom].map(|edge| edge as f64);
    let (colour, distance) = nearest(core(image, region));
    let (shape, overlap) = template(region, bounds);
    Found { bounds, colour, distance, shape, overlap }
}

/// Mean colour of the component's core, which its soft edge does not tint.
fn core(image: &Image, region: &[usize]) -> [f64; 3] {
    let mut pixels: Vec<[f64; 3]> = region.iter().map(|&at| image[at]).collect();
    pixels.sort_by(|&a, &b| saturation(b).total_cmp(&saturation(a)));
    let count = ((pixels.len() as f64 * CORE) as usize).max(1);
    std::array::from_fn(|channel| {
        pixels[..count].iter().map(|pixel| pixel[channel]).sum::<f64>() / count as f64
    })
}

fn nearest(colour: [f64; 3]) -> (usize, f64) {
    let distance = |entry: [f64; 3]| {
        entry.iter().zip(colour).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let distances = COLOURS.iter().map(|&(_, entry)| distance(entry)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

fn template(region: &[usize], [left, top, right, bottom]: [f64; 4]) -> (Shape, f64) {
    let centre = [(left + right) / 2.0, (top + bottom) / 2.0];
    let half = (right - left + bottom - top) / 4.0;
    let overlap = |shape: Shape| {
        let inside = |at: usize| coverage(shape, centre, half, at % SIDE, at / SIDE) > TEMPLATE;
        let size = (0..SIDE * SIDE).filter(|&at| inside(at)).count();
        let shared = region.iter().filter(|&&at| inside(at)).count();
        shared as f64 / (size + region.len() - shared) as f64
    };
    let overlaps = Shape::ALL.map(|shape| (shape, overlap(shape)));
    overlaps.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}
