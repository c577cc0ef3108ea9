//! Draws scenes as the tiny family's training images were drawn.
//!
//! A shape's edge is one pixel wide: its coverage falls with the signed distance of the pixel's
//! centre. The texture is a square wave of eight pixels' period.

use crate::scene::{COLOURS, Object, SIDE, Scene, Shape, Style};

/// Rows of pixels, red, green and blue in [0, 1].
pub type Image = Vec<[f64; 3]>;

/// How much of the pixel at column `x` and row `y` a shape covers, 0 to 1.
pub fn coverage(shape: Shape, centre: [f64; 2], half: f64, x: usize, y: usize) -> f64 {
    let (dx, dy) = (x as f64 + 0.5 - centre[0], y as f64 + 0.5 - centre[1]);
    let outside = match shape {
        Shape::Circle => dx.hypot(dy) - half,
        Shape::Square => dx.abs().max(dy.abs()) - half,
        // Upward: half as wide as it is high at every height.
        Shape::Triangle => ((2.0 * dx.abs() - (dy + half)) / 5.0_f64.sqrt()).max(dy - half),
    };
    (0.5 - outside).clamp(0.0, 1.0)
}

pub fn render(scene: &Scene) -> Image {
    let pixels = (0..SIDE * SIDE).map(|index| {
        let (x, y) = (index % SIDE, index / SIDE);
        let tone = ground(scene, x, y);
        scene.objects.iter().fold([tone; 3], |below, object| paint(below, object, x, y))
    });
    pixels.collect()
}

fn ground(scene: &Scene, x: usize, y: usize) -> f64 {
    let wave = |at: usize, phase: usize| if (at + phase) % 8 < 4 { 1.0 } else { -1.0 };
    let (across, down) = (wave(x, scene.phase[0]), wave(y, scene.phase[1]));
    let sign = match scene.style {
        Style::Flat => 0.0,
        Style::Rows => down,
        Style::Columns => across,
        Style::Checker => across * down,
    };
    scene.tone + scene.amplitude * sign
}

fn paint(below: [f64; 3], object: &Object, x: usize, y: usize) -> [f64; 3] {
    let cover = coverage(object.shape, [object.x, object.y], object.half, x, y);
    let colour = COLOURS[object.colour].1;
    std::array::from_fn(|channel| below[channel] * (1.0 - cover) + colour[channel] * cover)
}
