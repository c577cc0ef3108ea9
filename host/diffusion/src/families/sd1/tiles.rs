//! Pictures too large for one call, part by part: the average of three passes with tiles of other
//! shapes, whose seams lie elsewhere. The tiles of a pass overlap and fade at every side.

use amdm::math::Tensor as _;

use super::PIXELS;
use crate::{Result, Tensor, Tiling};

/// Planes of a part to those of its result.
type Call<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

/// Height and width of a tile, and what neighbours share, in values of the input.
#[derive(Clone, Copy)]
struct Tiles {
    size: [u32; 2],
    overlap: u32,
}

impl Tiles {
    /// The three passes for `tiles` in pixels, an input's value standing for `pixels` of them.
    fn passes(tiles: Tiling, pixels: u32) -> [Self; 3] {
        let overlap = if tiles.size < tiles.overlap.saturating_mul(4) {
            tiles.size / 4
        } else {
            tiles.overlap
        };
        let (side, overlap) = ((tiles.size / pixels).max(1), overlap / pixels);
        let of = |height: u32, width: u32| Self { size: [height.max(1), width.max(1)], overlap };
        let double = side.saturating_mul(2);
        [of(double, side / 2), of(side / 2, double), of(side, side)]
    }
}

/// The pictures of `latents`.
pub(super) fn decode(latents: &Tensor, tiles: Tiling, call: Call<'_>) -> Result<Tensor> {
    let passes = Tiles::passes(tiles, PIXELS);
    average(latents, passes, &|side| side * PIXELS, call)
}

/// The latents of `pictures`.
pub(super) fn encode(pictures: &Tensor, tiles: Tiling, call: Call<'_>) -> Result<Tensor> {
    let [tall, wide, square] = Tiles::passes(tiles, 1);
    average(pictures, [square, wide, tall], &|side| side / PIXELS, call)
}

fn average(
    input: &Tensor,
    passes: [Tiles; 3],
    scaled: &dyn Fn(u32) -> u32,
    call: Call<'_>,
) -> Result<Tensor> {
    let [a, b, c] = passes.map(|tiles| pass(input, tiles, scaled, call));
    let third = 1.0 / 3.0;
    Tensor::linear_combination(&[(&a?, third), (&b?, third), (&c?, third)])
}

/// Where tiles begin along a side of `extent`, and how long they are.
fn places(extent: u32, tile: u32, overlap: u32) -> Vec<(u32, u32)> {
    if extent <= tile {
        return vec![(0, extent)];
    }
    let step = tile.saturating_sub(overlap).max(1) as usize;
    let begins = (0..extent.saturating_sub(overlap).max(1)).step_by(step);
    begins.map(|begin| (begin, tile.min(extent - begin))).collect()
}

fn pass(
    input: &Tensor,
    tiles: Tiles,
    scaled: &dyn Fn(u32) -> u32,
    call: Call<'_>,
) -> Result<Tensor> {
    let &[batch, _, height, width] = input.extents() else { return call(input) };
    let [rows, columns] = [(height, tiles.size[0]), (width, tiles.size[1])]
        .map(|(extent, tile)| places(extent, tile, tiles.overlap));
    if rows.len() == 1 && columns.len() == 1 {
        return call(input);
    }
    let fade = scaled(tiles.overlap) as usize;
    let mut canvas: Option<Canvas> = None;
    for &(top, tall) in &rows {
        for &(left, wide) in &columns {
            let part = call(&input.narrow(2, top, tall)?.narrow(3, left, wide)?)?;
            let canvas = canvas.get_or_insert_with(|| {
                let channels = part.extents().get(1).copied().unwrap_or(0);
                Canvas::new([batch, channels, scaled(height), scaled(width)])
            });
            canvas.add(&part, (scaled(top) as usize, scaled(left) as usize), fade)?;
        }
    }
    match canvas {
        Some(canvas) => canvas.finish(input),
        None => call(input),
    }
}

/// A result, and how much of it is painted.
struct Canvas {
    shape: [u32; 4],
    values: Vec<f32>,
    weights: Vec<f32>,
}

impl Canvas {
    fn new(shape: [u32; 4]) -> Self {
        let [batch, channels, height, width] = shape.map(|extent| extent as usize);
        let area = height * width;
        Self { shape, values: vec![0.0; batch * channels * area], weights: vec![0.0; area] }
    }

    /// Paints a part at (top, left), fading over `fade` values at each of its sides.
    fn add(&mut self, part: &Tensor, (top, left): (usize, usize), fade: usize) -> Result<()> {
        let [_, _, height, width] = self.shape.map(|extent| extent as usize);
        let &[_, _, tall, wide] = part.extents() else { return Ok(()) };
        let (tall, wide) = (tall as usize, wide as usize);
        let (down, across) = (ramp(tall, fade), ramp(wide, fade));
        let read = part.read()?;
        for (row, down) in down.iter().enumerate() {
            let begin = (top + row) * width + left;
            let weights = &mut self.weights[begin..begin + wide];
            weights.iter_mut().zip(&across).for_each(|(to, across)| *to += down * across);
        }
        let planes = read.chunks_exact(tall * wide);
        for (to, from) in self.values.chunks_exact_mut(height * width).zip(planes) {
            for ((row, down), from) in down.iter().enumerate().zip(from.chunks_exact(wide)) {
                let begin = (top + row) * width + left;
                let places = to[begin..begin + wide].iter_mut().zip(from).zip(&across);
                places.for_each(|((to, from), across)| *to += from * (down * across));
            }
        }
        Ok(())
    }

    fn finish(mut self, like: &Tensor) -> Result<Tensor> {
        for plane in self.values.chunks_exact_mut(self.weights.len().max(1)) {
            plane.iter_mut().zip(&self.weights).for_each(|(value, weight)| *value /= weight);
        }
        Tensor::from_f32(like.device(), &self.shape, self.values)
    }
}

/// Weights along a side: rising over the first `fade` values and falling over the last.
fn ramp(length: usize, fade: usize) -> Vec<f32> {
    let mut weights = vec![1.0; length];
    if fade < length {
        for place in 0..fade {
            let share = (place + 1) as f32 / fade as f32;
            weights[place] *= share;
            weights[length - 1 - place] *= share;
        }
    }
    weights
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::Device;

    fn ramp_image(device: &Device, height: u32, width: u32) -> Tensor {
        let values = (0..height * width).map(|value| value as f32 / 64.0).collect::<Vec<_>>();
        Tensor::from_f32(device, &[1, 1, height, width], values).unwrap()
    }

    #[test]
    fn what_each_part_gives_is_put_together_again() {
        let device = Device::cpu(1).unwrap();
        let picture = ramp_image(&device, 96, 160);
        // Every eighth value: what an encoder of that scale gives, without its network.
        let pick = |part: &Tensor| -> Result<Tensor> {
            let &[_, _, height, width] = part.extents() else { panic!() };
            let values = part.to_f32()?;
            let rows = values.chunks_exact(width as usize).step_by(8);
            let picked = rows.flat_map(|row| row.iter().copied().step_by(8)).collect::<Vec<_>>();
            Tensor::from_f32(&device, &[1, 1, height / 8, width / 8], picked)
        };
        let whole = pick(&picture).unwrap().to_f32().unwrap();
        let tiled = encode(&picture, Tiling { size: 64, overlap: 16 }, &pick).unwrap();
        assert_eq!(tiled.extents(), [1, 1, 12, 20]);
        let gap = |(a, b): (&f32, &f32)| (a - b).abs();
        let worst = tiled.to_f32().unwrap().iter().zip(&whole).map(gap).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }

    #[test]
    fn tiles_begin_one_step_apart_and_end_at_the_side() {
        assert_eq!(places(20, 8, 2), [(0, 8), (6, 8), (12, 8)]);
        assert_eq!(places(21, 8, 2), [(0, 8), (6, 8), (12, 8), (18, 3)]);
        assert_eq!(places(8, 8, 2), [(0, 8)]);
        let [a, b, c] = Tiles::passes(Tiling { size: 64, overlap: 32 }, 8);
        assert_eq!([a.size, b.size, c.size], [[16, 4], [4, 16], [8, 8]]);
        assert_eq!(a.overlap, 2, "no more than a quarter of a tile");
    }
}
