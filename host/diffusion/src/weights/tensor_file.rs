//! A weight file, opened: which tensors it holds and where their bytes lie, all checked.
//!
//! safetensors by their header, zip pickles by their index and their pickle, read as data. What the
//! file says of itself is checked against its bytes once, here, so that a view cannot fail later.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use amdm::error::{Code, Error};

use super::{Header, StoredDtype, TensorInfo, View, WeightFile, bytes_of, pickle, quoted};
use crate::{Result, error};

/// What the first bytes of a zip archive are.
const ZIP: &[u8] = b"PK\x03\x04";
/// Starts of files that are often found under a weight file's name.
const IMPOSTORS: [(&[u8], &str); 4] = [
    (b"version https://git-lfs", "a pointer of Git LFS, the file itself was not fetched"),
    (b"<", "a web page"),
    (b"GGUF", "a GGUF file"),
    (b"\x80", "a pickle of PyTorch before 1.6 or of another program"),
];

/// A weight file with its table of tensors. Cloning copies a handle.
#[derive(Clone)]
pub(crate) struct TensorFile(Arc<Inner>);

struct Inner {
    name: String,
    file: WeightFile,
    header: Header,
    places: BTreeMap<String, Place>,
}

/// Where a tensor lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first byte in the file.
    pub(super) start: usize,
    /// Values from one entry of an axis to the next where they are not row-major.
    pub(super) strides: Option<Vec<usize>>,
}

impl TensorFile {
    /// Maps the file at `path`, which messages call `name`, and reads what it holds.
    ///
    /// # Errors
    /// `input_output` where it cannot be read; those of [`TensorFile::new`].
    pub(crate) fn open(path: &Path, name: &str) -> Result<Self> {
        Self::new(WeightFile::map(path).map_err(|e| unreadable(name, &e))?, name)
    }

    /// The tensors of `file`, which messages call `name`: safetensors or a zip pickle, whatever the
    /// name ends with.
    ///
    /// # Errors
    /// `invalid_input` for a file that breaks its format, or is shorter than it says, with the
    /// tensor at fault; `unsupported` for what is neither format, and for pickles with code.
    pub(crate) fn new(file: WeightFile, name: &str) -> Result<Self> {
        let bytes = file.bytes();
        let read = if bytes.starts_with(ZIP) { pickle::read(bytes) } else { safetensors(bytes) };
        let (header, places) =
            read.map_err(|error| Error::new(error.code, labelled(name, &error.message)))?;
        Ok(Self(Arc::new(Inner { name: name.to_owned(), file, header, places })))
    }

    /// What messages call the file.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Names, dtypes and shapes of the tensors, and notes.
    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    /// The tensor called `name`; none where there is no such tensor.
    ///
    /// # Errors
    /// `unsupported` for values that are no floating-point numbers of 16, 32 or 64 bits.
    pub(crate) fn view(&self, name: &str) -> Result<Option<View>> {
        let Inner { file, header, places, .. } = &*self.0;
        let (Some(info), Some(place)) = (header.tensor(name), places.get(name)) else {
            return Ok(None);
        };
        let view = match (StoredDtype::named(&info.dtype), &place.strides, &*info.dtype) {
            (Some(dtype), None, _) => View::new(file, place.start, dtype, &info.shape),
            (Some(dtype), Some(strides), _) => {
                let bytes = gather(file.bytes(), place.start, dtype.size(), &info.shape, strides);
                View::new(&WeightFile::new(bytes), 0, dtype, &info.shape)
            }
            (None, strides, "F64") => {
                let strides = strides.clone().unwrap_or_else(|| row_major(&info.shape));
                let bytes = gather(file.bytes(), place.start, 8, &info.shape, &strides);
                let (words, _) = bytes.as_chunks::<8>();
                let narrow =
                    words.iter().flat_map(|&b| (f64::from_le_bytes(b) as f32).to_le_bytes());
                let narrow = WeightFile::new(narrow.collect::<Vec<u8>>());
                View::new(&narrow, 0, StoredDtype::F32, &info.shape)
            }
            (None, _, found) => {
                let message = format!("weight `{name}` is {found}, expected F32, F16 or BF16");
                return Err(error::unsupported(self.label(&message)));
            }
        };
        view.ok_or_else(|| error::lost(name)).map(Some)
    }

    /// `message` with the name of the file.
    pub(crate) fn label(&self, message: &str) -> String {
        labelled(&self.0.name, message)
    }
}

/// `message` with the name of a file, where it has one.
fn labelled(name: &str, message: &str) -> String {
    if name.is_empty() { message.to_owned() } else { format!("weight file `{name}`: {message}") }
}

/// The error of a file that cannot be read.
pub(super) fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::new(Code::InputOutput, format!("weight file `{name}` cannot be read: {error}"))
}

/// What a safetensors file holds, and where.
fn safetensors(bytes: &[u8]) -> Result<(Header, BTreeMap<String, Place>)> {
    // Behind the eight bytes of its length a header begins with a brace.
    if bytes.get(8) != Some(&b'{')
        && let Some((_, what)) = IMPOSTORS.iter().find(|(start, _)| bytes.starts_with(start))
    {
        let message = format!("found {what}, expected safetensors or a zip pickle");
        return Err(error::unsupported(message));
    }
    let header = Header::read(bytes).map_err(|e| Error::invalid(no_safetensors(&e)))?;
    let places = places(bytes, &header).map_err(Error::invalid)?;
    Ok((header, places))
}

fn no_safetensors(reason: &dyn std::fmt::Display) -> String {
    format!("weights are no safetensors: {reason}")
}

/// Where the tensors of a safetensors file lie; what is wrong where the header and the bytes behind
/// it do not fit: tensors follow each other without gaps and overlaps up to the end.
fn places(bytes: &[u8], header: &Header) -> std::result::Result<BTreeMap<String, Place>, String> {
    if let Some(fault) = header.fault() {
        return Err(no_safetensors(&fault));
    }
    let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    let data = 8 + length;
    let behind = (bytes.len() as u64).saturating_sub(data);
    let mut ranges = Vec::new();
    for (name, info) in header.tensors() {
        let offsets =
            info.data_offsets.ok_or_else(|| format!("tensor {} has no offsets", quoted(name)))?;
        check_length(name, info, offsets)?;
        ranges.push((offsets, name));
    }
    ranges.sort_unstable();
    let mut end = 0;
    for &([from, to], name) in &ranges {
        if to > behind {
            return Err(format!(
                "tensor {} is cut: the file ends {} bytes early",
                quoted(name),
                to - behind
            ));
        }
        if from < end {
            return Err(format!(
                "tensor {} begins at byte {from}, inside of another tensor",
                quoted(name)
            ));
        }
        if from > end {
            return Err(format!(
                "bytes {end} to {from}, before tensor {}, belong to no tensor",
                quoted(name)
            ));
        }
        end = to;
    }
    if end < behind {
        return Err(format!("{} bytes behind the last tensor belong to none", behind - end));
    }
    let place = |[from, _]: [u64; 2]| Place { start: (data + from) as usize, strides: None };
    Ok(ranges.into_iter().map(|(offsets, name)| (name.to_owned(), place(offsets))).collect())
}

/// Whether a tensor's bytes are as many as its shape and dtype say.
fn check_length(
    name: &str,
    info: &TensorInfo,
    [from, to]: [u64; 2],
) -> std::result::Result<(), String> {
    let TensorInfo { dtype, shape, .. } = info;
    let found = to
        .checked_sub(from)
        .ok_or_else(|| format!("tensor {} ends before it begins", quoted(name)))?;
    let Some(size) = bytes_of(dtype) else { return Ok(()) };
    let count = shape.iter().try_fold(size, |bytes, &extent| bytes.checked_mul(extent as u64));
    let expected =
        count.ok_or_else(|| format!("shape {shape:?} of tensor {} overflows", quoted(name)))?;
    if found != expected {
        return Err(format!(
            "tensor {} has {found} bytes, {dtype} of shape {shape:?} expects {expected}",
            quoted(name)
        ));
    }
    Ok(())
}

/// Values from one entry of each axis to the next in row-major order.
pub(super) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = usize::saturating_mul(strides[axis], shape[axis]);
    }
    strides
}

/// The values of a tensor, `size` bytes each, in row-major order. That they lie within `bytes` was
/// checked when the file was opened.
fn gather(bytes: &[u8], start: usize, size: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut out = Vec::with_capacity(count * size);
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        let place: usize = index.iter().zip(strides).map(|(index, stride)| index * stride).sum();
        out.extend_from_slice(&bytes[start + place * size..][..size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests;
