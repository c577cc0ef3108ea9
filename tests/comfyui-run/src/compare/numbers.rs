//! Tensors as numbers, and how far two of them are apart.

use std::fmt;

use anyhow::{Context, Result, ensure};
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// A tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl Numbers {
    pub(super) fn new(shape: &[usize], values: Vec<f32>) -> Self {
        Self { shape: shape.to_vec(), values }
    }

    pub(super) fn read(tensor: &TensorView<'_>) -> Result<Self> {
        let bytes = tensor.data();
        let values = match tensor.dtype() {
            Dtype::F64 => cells(bytes, |cell| f64::from_le_bytes(cell) as f32),
            Dtype::F32 => cells(bytes, f32::from_le_bytes),
            Dtype::F16 => cells(bytes, |cell| f16::from_le_bytes(cell).to_f32()),
            Dtype::BF16 => cells(bytes, |cell| bf16::from_le_bytes(cell).to_f32()),
            other => Err(anyhow::anyhow!("dtype {other:?}, expected floats"))?,
        };
        Ok(Self::new(tensor.shape(), values))
    }

    /// The shape without axes of one place.
    pub(super) fn long_axes(&self) -> Vec<usize> {
        self.shape.iter().copied().filter(|&size| size != 1).collect()
    }
}

fn cells<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&cell| number(cell)).collect()
}

/// The place where two tensors differ most.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Worst {
    /// The difference as a share of the tolerance; not a number where one of the two is none.
    pub(super) share: f64,
    pub(super) found: f32,
    pub(super) expected: f32,
    pub(super) at: Vec<usize>,
    pub(super) tolerance: f64,
    /// How many places differ by more than the tolerance.
    pub(super) beyond: usize,
    pub(super) of: usize,
}

impl Worst {
    /// Of two things that are equal and no tensors.
    pub(super) fn none() -> Self {
        Self { share: 0., found: 0., expected: 0., at: vec![], tolerance: 0., beyond: 0, of: 1 }
    }

    /// Whether the tolerance holds everywhere; no number is within it that is not a number.
    pub(super) fn is_within(&self) -> bool {
        self.share <= 1.
    }

    /// An error where the shapes differ.
    pub(super) fn of(found: &Numbers, expected: &Numbers, tolerance: f64) -> Result<Self> {
        let shapes = (&found.shape, &expected.shape);
        ensure!(shapes.0 == shapes.1, "shape {:?}, expected {:?}", shapes.0, shapes.1);
        ensure!(tolerance > 0., "tolerance {tolerance}, expected more than 0");
        let pairs = found.values.iter().zip(&expected.values);
        let shares: Vec<_> = pairs
            .map(|(&found, &expected)| {
                let same = found == expected;
                if same { 0. } else { (f64::from(found) - f64::from(expected)).abs() / tolerance }
            })
            .collect();
        // Absolute differences are ordered so, and not-a-number comes last.
        let worst = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
        let worst = worst.context("no numbers")?;
        Ok(Self {
            share: shares[worst],
            found: found.values[worst],
            expected: expected.values[worst],
            at: place(worst, &found.shape),
            tolerance,
            beyond: shares.iter().filter(|share| !(..=1.).contains(*share)).count(),
            of: shares.len(),
        })
    }
}

/// The index along every axis.
fn place(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut at = vec![0; shape.len()];
    for (at, size) in at.iter_mut().zip(shape).rev() {
        (index, *at) = (index / size, index % size);
    }
    at
}

impl fmt::Display for Worst {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { share, found, expected, at, tolerance, beyond, of } = self;
        write!(
            formatter,
            "{share:.3} times the tolerance {tolerance:e}: {found} at {at:?}, expected {expected}; \
             {beyond} of {of} beyond it"
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_worst_place_is_named_and_counted() {
        let expected = Numbers::new(&[2, 2], vec![0., 1., 2., f32::INFINITY]);
        let found = Numbers::new(&[2, 2], vec![0., 1.5, 4., f32::INFINITY]);
        let worst = Worst::of(&found, &expected, 1.).unwrap();
        assert_eq!((worst.share, worst.at.as_slice(), worst.beyond), (2., &[1, 0][..], 1));
        let same = Worst::of(&expected, &expected, 1.).unwrap();
        assert_eq!((same.share, same.beyond), (0., 0));
    }

    #[test]
    fn what_is_no_number_lies_beyond_every_tolerance() {
        let expected = Numbers::new(&[2], vec![0., 1.]);
        for odd in [f32::NAN, -f32::NAN, f32::INFINITY] {
            let worst = Worst::of(&Numbers::new(&[2], vec![odd, 9.]), &expected, 100.).unwrap();
            assert!(!worst.is_within(), "{odd}: {worst}");
            assert_eq!(worst.at, [0], "{odd}");
        }
    }

    #[test]
    fn shapes_must_be_equal() {
        let (row, column) =
            (Numbers::new(&[1, 2], vec![0.; 2]), Numbers::new(&[2, 1], vec![0.; 2]));
        let error = Worst::of(&row, &column, 1.).unwrap_err();
        assert_eq!(error.to_string(), "shape [1, 2], expected [2, 1]");
    }
}
