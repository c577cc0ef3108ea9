//! Reading pictures by name from one directory.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;

use amdm::error::{Code, Error};
use amdm_diffusion::{Device, Tensor, listing};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};

use super::{depth, place};
use crate::given::Given;
use crate::value::Value;

/// Bytes of one picture file.
const FILE_BYTES: u64 = 256 << 20;
/// Pixels along one side.
const SIDE: u32 = 16_384;

/// What graphs may read by name: pictures of one directory, files that the caller names, and values
/// in memory.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    dir: Option<PathBuf>,
    files: BTreeMap<String, PathBuf>,
    memory: BTreeMap<String, Given>,
}

impl From<Option<PathBuf>> for Inputs {
    fn from(dir: Option<PathBuf>) -> Self {
        Self::new(dir)
    }
}

impl Inputs {
    /// Pictures of `dir`; none at all without one.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir, ..Self::default() }
    }

    /// Also `path`, which graphs call `name`; it comes before one of that name in the directory.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.files.insert(name.into(), path.into());
        self
    }

    /// Also `value`, which graphs call `name`. A tensor is a picture like others.
    #[must_use]
    pub fn with_given(mut self, name: impl Into<String>, value: Given) -> Self {
        self.memory.insert(name.into(), value);
        self
    }

    /// The value in memory that graphs call `name`.
    pub(crate) fn given(&self, name: &str) -> Option<&Given> {
        self.memory.get(name)
    }

    /// Names of values in memory that are no tensors, sorted.
    pub(crate) fn objects(&self) -> Vec<String> {
        let objects = self.memory.iter().filter(|(_, given)| tensor(given).is_none());
        objects.map(|(name, _)| name.clone()).collect()
    }

    /// Names of the pictures in the directory and below, and of tensors in memory, sorted; none that
    /// [`Self::load`] would deny.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.dir.as_ref().map_or_else(Vec::new, |dir| {
            listing::files(dir, |name| {
                let name = name.to_ascii_lowercase();
                [".png", ".jpg", ".jpeg", ".webp"].iter().any(|ending| name.ends_with(ending))
            })
        });
        let tensors = self.memory.iter().filter(|(_, given)| tensor(given).is_some());
        names.extend(self.files.keys().chain(tensors.map(|(name, _)| name)).cloned());
        names.sort();
        names.dedup();
        names
    }

    /// The file that graphs call `name`.
    ///
    /// # Errors
    /// `denied` outside the directory, `not_found`.
    pub fn path(&self, name: &str) -> Result<PathBuf, Error> {
        if let Some(path) = self.files.get(name) {
            return Ok(path.clone());
        }
        let Some(dir) = &self.dir else {
            return Err(Error::new(
                Code::NotFound,
                format!("found the picture {name:?}, but this run has no input directory"),
            ));
        };
        place::inside(dir, &dir.join(place::relative(name)?))
    }

    /// The picture as `[1, height, width, 3 or 4]`, float32 in [0, 1]; 4 where it has transparency.
    /// It stands upright, as its metadata says; deeper values are cut down to 8 bits.
    /// It is decoded only where it takes at most `limit` bytes.
    ///
    /// # Errors
    /// `denied` outside the directory, `not_found`, `unsupported` for what is no PNG, JPEG or WebP,
    /// `limit_exceeded` for one that is too big, `invalid_input` for a value that is no tensor.
    pub fn load(&self, device: &Device, name: &str, limit: usize) -> Result<Tensor, Error> {
        if let Some(given) = self.memory.get(name) {
            let other = || {
                let found = given.value().describe();
                Error::invalid(format!("found {found} under the name {name:?}, expected a picture"))
            };
            return tensor(given).cloned().ok_or_else(other);
        }
        let path = self.path(name)?;
        let fail = |error: &dyn std::fmt::Display| {
            Error::new(Code::InputOutput, format!("cannot read {}: {error}", path.display()))
        };
        let metadata = std::fs::metadata(&path).map_err(|error| fail(&error))?;
        if !metadata.is_file() {
            return Err(fail(&"it is no regular file"));
        }
        let size = metadata.len();
        if size > FILE_BYTES {
            return Err(Error::new(
                Code::LimitExceeded,
                format!("{} has {size} bytes, at most {FILE_BYTES} are read", path.display()),
            ));
        }
        let bytes = std::fs::read(&path).map_err(|error| fail(&error))?;
        let picture = decode(&bytes, limit).map_err(|error| {
            Error::new(error.code, format!("{}: {}", path.display(), error.message))
        })?;
        depth::to_tensor(device, picture)
    }
}

/// The tensor that a value in memory is; none of any other.
fn tensor(given: &Given) -> Option<&Tensor> {
    match given.value() {
        Value::Tensor(tensor) => Some(tensor),
        _ => None,
    }
}

fn decode(bytes: &[u8], limit: usize) -> Result<DynamicImage, Error> {
    let unsupported = |error: &dyn std::fmt::Display| {
        Error::new(Code::Unsupported, format!("expected a PNG, JPEG or WebP picture: {error}"))
    };
    let reader = || {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|error| unsupported(&error))
    };
    let (width, height) = reader()?.into_dimensions().map_err(|error| unsupported(&error))?;
    let needed = u64::from(width) * u64::from(height) * 16;
    if width > SIDE || height > SIDE || needed > limit as u64 {
        return Err(Error::new(
            Code::LimitExceeded,
            format!(
                "found a picture of {width} x {height} pixels, which takes {needed} bytes, expected \
                 sides up to {SIDE} and at most {limit} bytes"
            ),
        ));
    }
    let mut reader = reader()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    reader.limits(limits);
    let upright = || {
        let mut decoder = reader.into_decoder()?;
        // What cannot be read of it does not turn the picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        Ok(picture)
    };
    upright().map_err(|error| match error {
        ImageError::Limits(error) => Error::new(Code::LimitExceeded, error.to_string()),
        error => unsupported(&error),
    })
}
