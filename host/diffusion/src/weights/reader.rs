//! Weights by the names that networks ask for, checked by shape, onto a device.

use std::borrow::Cow;
use std::hint::black_box;

use amdm::error::Error;

use super::{Architecture, Names, Parameter, Part, Stored, TensorFile, View, WeightFile};
use crate::{Cancel, Device, Result, error};

/// Bytes read between two looks at the cancel: some milliseconds of a disk.
const FETCHED_BYTES: usize = 4 << 20;
/// The smallest pages that machines have.
const PAGE_BYTES: usize = 4 << 10;

/// The tensors of one part of a model, in one file or several, and the device that they go to.
pub(crate) struct Weights<'a> {
    files: Vec<TensorFile>,
    /// How the files spell what a network asks for; none where they do as the network does.
    names: Option<Names>,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    /// The tensors of `file`, by its own names.
    ///
    /// # Errors
    /// Those of [`TensorFile::new`].
    pub(crate) fn parse(file: &WeightFile, device: &'a Device) -> Result<Self> {
        Ok(Self { files: vec![TensorFile::new(file.clone(), "")?], names: None, device })
    }

    /// The tensors of `part` in `files`, which together hold it, by the names of diffusers.
    ///
    /// # Errors
    /// `invalid_input` where they do not hold it.
    pub(crate) fn of(files: &[TensorFile], part: Part, device: &'a Device) -> Result<Self> {
        let tensors = files.iter().flat_map(|file| file.header().names());
        let Some(names) = Names::find(part, tensors) else {
            let (found, part) = (Architecture::of_files(files).name(), part.name());
            return Err(Error::invalid(label(files, &format!("found {found}, expected a {part}"))));
        };
        Ok(Self { files: files.to_vec(), names: Some(names), device })
    }

    /// Where the layers run.
    pub(crate) fn device(&self) -> &'a Device {
        self.device
    }

    /// What networks call the tensors that the files hold of the part, sorted.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<String> {
        let tensors = self.files.iter().flat_map(|file| file.header().names());
        let mut names: Vec<String> = match &self.names {
            Some(names) => tensors.filter_map(|name| names.canonical(name)).collect(),
            None => tensors.map(str::to_owned).collect(),
        };
        names.sort_unstable();
        names
    }

    /// The extents of the tensor called `name`, as they are stored: a 1x1 convolution may be there
    /// as a matrix, and the other way round. None where there is no such tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let spelled = self.spelled(name);
        let mut tensors = self.files.iter().filter_map(|file| file.header().tensor(&spelled));
        tensors.next().map(|info| info.shape.clone())
    }

    /// The tensor called `name`, which must have `shape`, on the device.
    ///
    /// # Errors
    /// Those of [`Weights::view`], and the device's own.
    pub(crate) fn parameter(&self, name: &str, shape: &[usize]) -> Result<Parameter> {
        Parameter::of(self.device, &self.view(name, shape)?)
    }

    /// The tensor called `name`, which must have `shape`, in the host's memory.
    ///
    /// # Errors
    /// Those of [`Weights::view`].
    pub(crate) fn stored(&self, name: &str, shape: &[usize]) -> Result<Stored> {
        Ok(Stored::new(&self.view(name, shape)?))
    }

    /// The values of the tensor called `name`, which must have `shape`.
    ///
    /// # Errors
    /// Those of [`Weights::view`].
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        Ok(self.view(name, shape)?.to_vec())
    }

    /// The tensor called `name` where it lies, which must have `shape`. A 1x1 convolution and a
    /// linear layer are taken for each other.
    ///
    /// # Errors
    /// `invalid_input` where it is missing or has another shape, naming it as the file does;
    /// `unsupported` for values that are no floating-point numbers.
    pub(crate) fn view(&self, name: &str, shape: &[usize]) -> Result<View> {
        let spelled = self.spelled(name);
        for file in &self.files {
            let Some(info) = file.header().tensor(&spelled) else { continue };
            if without_ones(&info.shape) != without_ones(shape) {
                let found = &info.shape;
                let message = format!("weight `{spelled}` has shape {found:?}, expected {shape:?}");
                return Err(Error::invalid(file.label(&message)));
            }
            let view = file.view(&spelled)?.and_then(|view| view.reshaped(shape));
            return view.ok_or_else(|| error::lost(&spelled));
        }
        let message = format!("weights lack the tensor `{spelled}` of shape {shape:?}");
        Err(Error::invalid(label(&self.files, &message)))
    }

    /// Reads all bytes of the part from the disk, so that the first call of a network need not wait
    /// for them. `progress` hears how many bytes have been read, and of how many.
    ///
    /// # Errors
    /// `cancelled` where `cancel` says so, which is asked every few megabytes.
    pub(crate) fn fetch(
        &self,
        cancel: Cancel<'_>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<()> {
        let mut ranges = Vec::new();
        for file in &self.files {
            let is_ours = |name: &&str| match &self.names {
                Some(names) => names.canonical(name).is_some(),
                None => true,
            };
            ranges.extend(file.header().names().filter(is_ours).map(|name| file.stored(name)));
        }
        let total = ranges.iter().map(|bytes| bytes.len() as u64).sum();
        let mut read = 0;
        progress(0, total);
        for chunk in ranges.into_iter().flat_map(|bytes| bytes.chunks(FETCHED_BYTES)) {
            if cancel() {
                return Err(error::cancelled());
            }
            black_box(chunk.iter().step_by(PAGE_BYTES).fold(0_u8, |sum, byte| sum ^ byte));
            read += chunk.len() as u64;
            progress(read, total);
        }
        Ok(())
    }

    /// What the files call the tensor that networks call `name`.
    fn spelled<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match &self.names {
            Some(names) => names.spelled(name).into(),
            None => name.into(),
        }
    }
}

/// `message` with the names of the files.
fn label(files: &[TensorFile], message: &str) -> String {
    match files {
        [] => message.to_owned(),
        [file] => file.label(message),
        [first, .., last] => {
            format!("weight files `{}` to `{}`: {message}", first.name(), last.name())
        }
    }
}

/// The extents up to the last one above 1, but for the first.
fn without_ones(shape: &[usize]) -> &[usize] {
    let trailing = shape.iter().skip(1).rev().take_while(|&&extent| extent == 1).count();
    &shape[..shape.len() - trailing]
}
