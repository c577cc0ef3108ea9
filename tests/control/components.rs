//! Connected regions of saturated pixels, the objects that an image shows.

use crate::render::Image;
use crate::scene::SIDE;

/// A pixel belongs to an object where its channels are farther apart than this.
const SATURATION: f64 = 0.3;
/// Smaller regions are specks.
const LEAST: usize = 10;

/// Largest less smallest channel.
pub fn saturation(pixel: [f64; 3]) -> f64 {
    let fold = |pick: fn(f64, f64) -> f64| pixel.into_iter().reduce(pick).unwrap();
    fold(f64::max) - fold(f64::min)
}

/// Regions of at least ten pixels, as indices; pixels that touch at a corner are connected.
pub fn regions(image: &Image) -> Vec<Vec<usize>> {
    let mut open: Vec<bool> = image.iter().map(|&pixel| saturation(pixel) > SATURATION).collect();
    let mut regions = Vec::new();
    for start in 0..open.len() {
        if !std::mem::take(&mut open[start]) {
            continue;
        }
        let mut region = vec![start];
        let mut seen = 0;
        while let Some(&at) = region.get(seen) {
            seen += 1;
            for near in neighbours(at) {
                if std::mem::take(&mut open[near]) {
                    region.push(near);
                }
            }
        }
        if region.len() >= LEAST {
            regions.push(region);
        }
    }
    regions
}

fn neighbours(at: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % SIDE, at / SIDE);
    let rows = y.saturating_sub(1)..=(y + 1).min(SIDE - 1);
    rows.flat_map(move |row| {
        let columns = x.saturating_sub(1)..=(x + 1).min(SIDE - 1);
        columns.map(move |column| row * SIDE + column)
    })
}
