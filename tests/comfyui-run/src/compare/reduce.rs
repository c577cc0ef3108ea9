//! What is recorded of large tensors: some rows and columns, means over the width, products with a
//! matrix of a few columns.

use anyhow::{Result, ensure};

use super::numbers::Numbers;
use crate::models;

/// Columns of the matrix that contexts are multiplied with.
const COLUMNS: usize = 16;

/// Rows and columns from `first` on, every `step`-th, of a picture [batch, height, width, channels]
/// or a mask [batch, height, width].
pub(super) fn grid(whole: &Numbers, [first, step]: [usize; 2]) -> Result<Numbers> {
    ensure!(step > 0, "a grid of step 0");
    let [batch, height, width, channels] = axes(whole)?;
    let kept = |size: usize| (first..size).step_by(step);
    let mut values = Vec::new();
    for row in 0..batch {
        for y in kept(height) {
            for x in kept(width) {
                let at = ((row * height + y) * width + x) * channels;
                values.extend_from_slice(&whole.values[at..at + channels]);
            }
        }
    }
    let mut shape = whole.shape.clone();
    (shape[1], shape[2]) = (kept(height).count(), kept(width).count());
    Ok(Numbers::new(&shape, values))
}

/// Means over the width: [batch, height, channels] of a picture, [batch, height] of a mask.
pub(super) fn row_mean(whole: &Numbers) -> Result<Numbers> {
    let [batch, height, width, channels] = axes(whole)?;
    ensure!(width > 0, "no columns");
    let mut values = Vec::with_capacity(batch * height * channels);
    for row in whole.values.chunks_exact((width * channels).max(1)) {
        for channel in 0..channels {
            let sum: f64 = row.iter().skip(channel).step_by(channels).copied().map(f64::from).sum();
            values.push((sum / width as f64) as f32);
        }
    }
    let mut shape = whole.shape.clone();
    shape.remove(2);
    Ok(Numbers::new(&shape, values))
}

/// Batch, height, width, channels; a mask has one channel.
pub(super) fn axes(whole: &Numbers) -> Result<[usize; 4]> {
    match whole.shape[..] {
        [batch, height, width] => Ok([batch, height, width, 1]),
        [batch, height, width, channels] => Ok([batch, height, width, channels]),
        _ => anyhow::bail!("shape {:?}, expected three or four axes", whole.shape),
    }
}

/// The context [.., width] times a matrix [width, 16] that follows from a seed.
pub(super) fn projected(context: &Numbers, seed: u64) -> Result<Numbers> {
    let width = context.shape.last().copied().unwrap_or(0);
    ensure!(width > 0, "shape {:?}, expected [1, tokens, width]", context.shape);
    let mut matrix = vec![0.; width * COLUMNS];
    let start = models::start(&format!("{seed}:projection:{width}x{COLUMNS}"));
    models::values(start, 0, 0., (1. / (width as f64).sqrt()) as f32, &mut matrix);
    let mut values = Vec::with_capacity(context.values.len() / width * COLUMNS);
    for word in context.values.chunks_exact(width) {
        let mut sums = [0f64; COLUMNS];
        for (&number, row) in word.iter().zip(matrix.as_chunks::<COLUMNS>().0) {
            for (sum, &factor) in sums.iter_mut().zip(row) {
                *sum += f64::from(number) * f64::from(factor);
            }
        }
        values.extend(sums.map(|sum| sum as f32));
    }
    let mut shape = context.shape.clone();
    shape.pop();
    shape.push(COLUMNS);
    Ok(Numbers::new(&shape, values))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn counted(shape: &[usize]) -> Numbers {
        let count = shape.iter().product::<usize>();
        Numbers::new(shape, (0..count).map(|index| index as f32).collect())
    }

    #[test]
    fn grids_keep_every_third_row_and_column_from_the_second_on() {
        let kept = grid(&counted(&[1, 5, 6, 2]), [1, 3]).unwrap();
        assert_eq!(kept, Numbers::new(&[1, 2, 2, 2], vec![14., 15., 20., 21., 50., 51., 56., 57.]));
        let kept = grid(&counted(&[2, 2, 3]), [1, 3]).unwrap();
        assert_eq!(kept, Numbers::new(&[2, 1, 1], vec![4., 10.]));
        assert_eq!(grid(&counted(&[2, 2, 3]), [0, 1]).unwrap(), counted(&[2, 2, 3]));
    }

    #[test]
    fn means_go_over_the_width() {
        let means = row_mean(&counted(&[1, 2, 2, 3])).unwrap();
        assert_eq!(means, Numbers::new(&[1, 2, 3], vec![1.5, 2.5, 3.5, 7.5, 8.5, 9.5]));
        assert_eq!(row_mean(&counted(&[1, 2, 3])).unwrap(), Numbers::new(&[1, 2], vec![1., 4.]));
    }

    /// The matrix of seed 1, from the words of the recordings: a unit context gives its rows.
    #[test]
    fn contexts_are_multiplied_with_the_recorded_matrix() {
        let mut context = Numbers::new(&[1, 2, 768], vec![0.; 2 * 768]);
        context.values[0] = 1.;
        context.values[768 + 767] = 2.;
        let product = projected(&context, 1).unwrap();
        assert_eq!(product.shape, [1, 2, 16]);
        let mut matrix = vec![0.; 768 * 16];
        models::values(
            models::start("1:projection:768x16"),
            0,
            0.,
            (1. / 768f64.sqrt()) as f32,
            &mut matrix,
        );
        assert_eq!(product.values[..16], matrix[..16]);
        let last: Vec<f32> = matrix[767 * 16..].iter().map(|number| 2. * number).collect();
        assert_eq!(product.values[16..], last);
    }
}
