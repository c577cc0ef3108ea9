//! A tensor where it lies in a file: values stay as they are stored until somebody expands them.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::WeightFile;

/// Values expanded at once where a file does not align them.
const BLOCK: usize = 256;

/// What values are stored as, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredDtype {
    F32,
    F16,
    BF16,
}

impl StoredDtype {
    /// The dtype that a safetensors header calls `name`; none for those that no network stores.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::BF16),
            _ => None,
        }
    }

    /// Bytes of a value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// A tensor in a file, row-major. Cloning copies a handle, never values.
#[derive(Clone)]
pub(crate) struct View {
    file: WeightFile,
    /// The first byte in the file.
    start: usize,
    /// Bytes.
    len: usize,
    dtype: StoredDtype,
    shape: Vec<usize>,
}

impl View {
    /// The tensor of `shape` that begins at byte `start` of `file`; none where the file is shorter.
    pub(crate) fn new(
        file: &WeightFile,
        start: usize,
        dtype: StoredDtype,
        shape: &[usize],
    ) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent))?;
        let len = count.checked_mul(dtype.size())?;
        let end = start.checked_add(len)?;
        let fits = end <= file.bytes().len();
        fits.then(|| Self { file: file.clone(), start, len, dtype, shape: shape.to_vec() })
    }

    pub(crate) fn dtype(&self) -> StoredDtype {
        self.dtype
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.len / self.dtype.size()
    }

    /// The stored bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.file.bytes()[self.start..self.start + self.len]
    }

    /// The same values under another shape; none where it has more or fewer.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent))?;
        (count == self.count()).then(|| Self { shape: shape.to_vec(), ..self.clone() })
    }

    /// The values themselves where they are float32 and may be read in place: the file aligns them
    /// and the machine orders bytes as the file does.
    pub(crate) fn as_f32(&self) -> Option<&[f32]> {
        let in_place = self.dtype == StoredDtype::F32 && cfg!(target_endian = "little");
        if in_place { bytemuck::try_cast_slice(self.bytes()).ok() } else { None }
    }

    /// Expands the values `from..from + out.len()`, which must be within [`View::count`].
    pub(crate) fn expand_into(&self, from: usize, out: &mut [f32]) {
        let size = self.dtype.size();
        let bytes = &self.bytes()[from * size..(from + out.len()) * size];
        match self.dtype {
            StoredDtype::F32 => {
                let (words, _) = bytes.as_chunks::<4>();
                for (out, &word) in out.iter_mut().zip(words) {
                    *out = f32::from_le_bytes(word);
                }
            }
            StoredDtype::F16 => expand_f16(bytes, out),
            StoredDtype::BF16 => {
                let (halves, _) = bytes.as_chunks::<2>();
                for (out, &half) in out.iter_mut().zip(halves) {
                    *out = f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16);
                }
            }
        }
    }

    /// All values.
    pub(crate) fn to_vec(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.count()];
        self.expand_into(0, &mut values);
        values
    }
}

/// Expands as many halves as `out` has places.
fn expand_f16(bytes: &[u8], out: &mut [f32]) {
    if cfg!(target_endian = "little")
        && let Ok(bits) = bytemuck::try_cast_slice::<u8, u16>(bytes)
    {
        return bits.reinterpret_cast::<f16>().convert_to_f32_slice(out);
    }
    let (halves, _) = bytes.as_chunks::<2>();
    for (out, halves) in out.chunks_mut(BLOCK).zip(halves.chunks(BLOCK)) {
        let mut block = [f16::ZERO; BLOCK];
        for (place, &half) in block.iter_mut().zip(halves) {
            *place = f16::from_le_bytes(half);
        }
        block[..out.len()].convert_to_f32_slice(out);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use half::{bf16, f16};

    use super::{StoredDtype, View};
    use crate::weights::WeightFile;

    /// `count` values that all dtypes hold exactly, behind `offset` other bytes.
    fn stored(dtype: StoredDtype, offset: usize, count: usize) -> (Vec<f32>, View) {
        let values: Vec<f32> = (0..count).map(|i| (i % 251) as f32 / 8.0 - 3.0).collect();
        let mut bytes = vec![7; offset];
        for &value in &values {
            match dtype {
                StoredDtype::F32 => bytes.extend(value.to_le_bytes()),
                StoredDtype::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
                StoredDtype::BF16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
            }
        }
        (values, View::new(&WeightFile::new(bytes), offset, dtype, &[count]).unwrap())
    }

    #[test]
    fn ranges_are_expanded_from_any_place() {
        for dtype in [StoredDtype::F32, StoredDtype::F16, StoredDtype::BF16] {
            for offset in 0..9 {
                let (values, view) = stored(dtype, offset, 1000);
                assert_eq!(view.to_vec(), values);
                for (from, len) in [(0, 1), (1, 255), (3, 256), (7, 600), (999, 1), (1000, 0)] {
                    let mut out = vec![f32::NAN; len];
                    view.expand_into(from, &mut out);
                    assert_eq!(out, values[from..from + len], "{dtype:?} at {offset}");
                }
            }
        }
    }

    #[test]
    fn float32_is_read_in_place_where_it_is_aligned() {
        let in_place = (0..4).filter(|&offset| {
            let (values, view) = stored(StoredDtype::F32, offset, 10);
            view.as_f32().is_some_and(|found| found == values)
        });
        assert_eq!(in_place.count(), 1);
        assert!(stored(StoredDtype::F16, 0, 10).1.as_f32().is_none());
    }

    #[test]
    fn a_view_stays_within_its_file_and_its_count() {
        let file = WeightFile::new(vec![0; 8]);
        let new = |start, shape: &[usize]| View::new(&file, start, StoredDtype::F32, shape);
        assert!(new(0, &[2]).is_some() && new(8, &[0]).is_some() && new(4, &[]).is_some());
        assert!(new(0, &[3]).is_none() && new(5, &[1]).is_none() && new(9, &[0]).is_none());
        assert!(new(usize::MAX, &[1]).is_none() && new(0, &[usize::MAX, 2]).is_none());
        let view = new(0, &[2, 1]).unwrap();
        assert_eq!(view.reshaped(&[1, 2]).unwrap().shape(), [1, 2]);
        assert!(view.reshaped(&[3]).is_none() && view.reshaped(&[usize::MAX, 2]).is_none());
    }
}
