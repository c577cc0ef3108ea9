//! Which texture lies behind the objects.
//!
//! Pixels away from every object are folded at the texture's period; the folded tile's rows,
//! columns and what neither explains say which texture it is.

use crate::render::Image;
use crate::scene::{SIDE, Style};

const PERIOD: usize = 8;
/// Pixels nearer to an object than this are not ground.
const CLEARANCE: f64 = 2.0;
/// Standard deviation of the tile below which there is no texture.
const FLAT: f64 = 0.06;

/// The style of the ground outside of `regions`.
pub fn style(image: &Image, regions: &[Vec<usize>]) -> Style {
    let tile = fold(image, regions);
    let all = || tile.iter().flatten().flatten().copied();
    let mean = average(all());
    let deviation = average(all().map(|value| (value - mean).powi(2))).sqrt();
    if deviation < FLAT {
        return Style::Flat;
    }
    let row = |y: usize| average(tile[y].iter().flatten().copied()) - mean;
    let column = |x: usize| average(tile.iter().filter_map(|row| row[x])) - mean;
    let rows: [f64; PERIOD] = std::array::from_fn(row);
    let columns: [f64; PERIOD] = std::array::from_fn(column);
    let rest = (0..PERIOD * PERIOD).filter_map(|at| {
        let (x, y) = (at % PERIOD, at / PERIOD);
        tile[y][x].map(|value| (value - mean - rows[y] - columns[x]).powi(2))
    });
    let square = |values: [f64; PERIOD]| average(values.into_iter().map(|value| value * value));
    let found = [
        (Style::Rows, square(rows)),
        (Style::Columns, square(columns)),
        (Style::Checker, average(rest)),
    ];
    found.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
}

/// Mean grey of each cell of the period, where any ground falls on it.
fn fold(image: &Image, regions: &[Vec<usize>]) -> [[Option<f64>; PERIOD]; PERIOD] {
    let mut sums = [[(0.0, 0); PERIOD]; PERIOD];
    for (at, pixel) in image.iter().enumerate() {
        let (x, y) = (at % SIDE, at / SIDE);
        let far = |&other: &usize| {
            let (dx, dy) = (x.abs_diff(other % SIDE), y.abs_diff(other / SIDE));
            (dx as f64).hypot(dy as f64) > CLEARANCE
        };
        if regions.iter().flatten().all(far) {
            let (sum, count) = &mut sums[y % PERIOD][x % PERIOD];
            *sum += average(pixel.iter().copied());
            *count += 1;
        }
    }
    sums.map(|row| row.map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))))
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}
