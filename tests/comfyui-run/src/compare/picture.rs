//! Recorded pictures: 8-bit PNG files of the bytes floor(255 x).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType};

use super::numbers::{Numbers, Worst};
use super::reduce::axes;

/// The bytes of a picture.
#[derive(Debug)]
pub(super) struct Picture {
    /// Height, width, channels.
    shape: [usize; 3],
    bytes: Vec<u8>,
}

impl Picture {
    pub(super) fn read(path: &Path) -> Result<Self> {
        Self::decode(path).with_context(|| path.display().to_string())
    }

    fn decode(path: &Path) -> Result<Self> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("too large")?];
        let info = reader.next_frame(&mut bytes)?;
        let channels = match (info.color_type, info.bit_depth) {
            (ColorType::Grayscale, BitDepth::Eight) => 1,
            (ColorType::Rgb, BitDepth::Eight) => 3,
            (ColorType::Rgba, BitDepth::Eight) => 4,
            other => anyhow::bail!("{other:?}, expected 8 bits of grey, RGB or RGBA"),
        };
        Ok(Self { shape: [info.height as usize, info.width as usize, channels], bytes })
    }

    /// How far row `row` of a batch is from numbers that give these bytes, and how many of its
    /// bytes differ.
    pub(super) fn worst(
        &self,
        batch: &Numbers,
        row: usize,
        tolerance: f64,
    ) -> Result<(Worst, usize)> {
        let [rows, height, width, channels] = axes(batch)?;
        ensure!(row < rows, "no row {row} in shape {:?}", batch.shape);
        let shape = [height, width, channels];
        ensure!(shape == self.shape, "picture {shape:?}, expected {:?}", self.shape);
        let values = &batch.values[row * self.bytes.len()..][..self.bytes.len()];
        // What lies outside 0 to 1 is cut before it becomes a byte.
        let found: Vec<_> = values.iter().map(|value| value.clamp(0., 1.)).collect();
        let pairs = found.iter().copied().zip(self.bytes.iter().copied());
        let nearest = pairs.clone().map(|(value, byte)| match byte_of(value) {
            found if found == byte => value,
            found if found < byte => f32::from(byte) / 255.,
            _ => (f32::from(byte) + 1.) / 255.,
        });
        let nearest = Numbers::new(&shape, nearest.collect());
        let differing = pairs.filter(|&(value, byte)| byte_of(value) != byte).count();
        let worst = Worst::of(&Numbers::new(&shape, found), &nearest, tolerance)?;
        Ok((worst, differing))
    }
}

/// The byte that a number from 0 to 1 is stored as.
fn byte_of(value: f32) -> u8 {
    (255. * value) as u8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn worst(values: [f32; 3], bytes: [u8; 3]) -> (f64, usize) {
        let picture = Picture { shape: [1, 1, 3], bytes: bytes.to_vec() };
        let batch = Numbers::new(&[2, 1, 1, 3], [[0.; 3], values].concat());
        let (worst, differing) = picture.worst(&batch, 1, 1e-5).unwrap();
        (worst.share, differing)
    }

    #[test]
    fn numbers_are_cut_and_truncated() {
        assert_eq!(worst([-1., 2., 100.9 / 255.], [0, 255, 100]), (0., 0));
    }

    #[test]
    fn a_number_just_beside_a_step_is_within_the_tolerance() {
        let (share, differing) = worst([0., 100. / 255. - 5e-6, 50.5 / 255.], [0, 100, 50]);
        assert!((share - 0.5).abs() < 0.01 && differing == 1, "{share}, {differing}");
        let (share, _) = worst([0., 101.1 / 255., 0.], [0, 100, 0]);
        assert!((share - 0.1 / 255. / 1e-5).abs() < 0.1, "{share}");
    }

    #[test]
    fn what_is_no_number_fails() {
        assert!(worst([f32::NAN, 0., 0.], [0, 0, 0]).0.is_nan());
        assert!(worst([f32::NAN, 0., 0.], [9, 0, 0]).0.is_nan());
    }
}
