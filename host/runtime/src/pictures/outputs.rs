//! Writing pictures: PNG with the graph inside, under a counted name, whole or not at all.
//!
//! A file is written under a temporary name in its own directory, flushed to the disk and renamed to
//! the next free number, never over another file. What fails leaves nothing behind.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use amdm::error::{Code, Error};
use amdm::math::Tensor as _;
use amdm_diffusion::Tensor;
use amdm_diffusion::image::to_rows;
use tempfile::{NamedTempFile, TempPath};

use super::place;
use crate::cancel::Cancel;

/// Numbers that are counted on from; higher ones are taken for a name of somebody else's.
const NUMBERS: u64 = 1_000_000_000_000;

/// How names of unfinished files begin and end.
const PART: (&str, &str) = (".amdm-", ".part");
/// An unfinished file that has not been written to for so long is nobody's: a picture takes seconds.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The directory that graphs write pictures to.
#[derive(Clone, Debug)]
pub struct Outputs {
    dir: PathBuf,
    /// Text of the PNG chunk `prompt`; none where the graph is to be left out.
    prompt: Option<String>,
}

impl Outputs {
    /// Pictures go to `dir`, each with `prompt` inside where given.
    pub fn new(dir: PathBuf, prompt: Option<String>) -> Self {
        Self { dir, prompt }
    }

    /// Makes the directory and proves that files can be written there; clears away what a process
    /// that was killed left in it.
    ///
    /// # Errors
    /// `input_output`.
    pub fn prepare(&self) -> Result<(), Error> {
        if self.dir.exists() && !self.dir.is_dir() {
            return Err(unwritable(&self.dir, &"found a file, expected a directory"));
        }
        std::fs::create_dir_all(&self.dir)
            .and_then(|()| NamedTempFile::new_in(&self.dir))
            .map_err(|error| unwritable(&self.dir, &error))?;
        remove_abandoned(&self.dir);
        Ok(())
    }

    /// Writes one file an image of the batch, all or none, and gives their names, relative to the
    /// directory.
    ///
    /// # Errors
    /// `denied` for a prefix that leaves the directory, `input_output`, `cancelled`.
    pub fn save(
        &self,
        prefix: &str,
        image: &Tensor,
        cancel: &Cancel,
    ) -> Result<Vec<String>, Error> {
        let prefix = place::relative(prefix).map_err(|error| error.at("filename_prefix"))?;
        let folder = match prefix.parent() {
            Some(below) if !below.as_os_str().is_empty() => self.dir.join(below),
            _ => self.dir.clone(),
        };
        std::fs::create_dir_all(&self.dir).map_err(|error| unwritable(&self.dir, &error))?;
        // What is there already may be a link that leads out: look before making the rest.
        if let Some(present) = folder.ancestors().find(|path| path.exists()) {
            place::inside(&self.dir, present)?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        place::inside(&self.dir, &folder)?;
        let stem = prefix
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| Error::invalid("expected a file name in UTF-8").at("filename_prefix"))?;
        let [_, height, width, channels] = image.shape()[..] else {
            let found = image.shape();
            let message =
                format!("found a tensor {found:?}, expected [batch, height, width, channels]");
            return Err(Error::invalid(message).at("images"));
        };
        let mut files = Vec::new();
        for bytes in to_rows(image)? {
            cancel.check()?;
            files.push(self.write(&folder, &Pixels { width, height, channels, bytes })?);
        }
        cancel.check()?;
        let names = publish(files, &folder, stem)?;
        let relative = names.iter().map(|name| prefix.with_file_name(name));
        Ok(relative.map(|path| path.to_string_lossy().replace('\\', "/")).collect())
    }

    fn write(&self, folder: &Path, pixels: &Pixels) -> Result<TempPath, Error> {
        let fail = |error: &dyn std::fmt::Display| unwritable(folder, error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PART.0).suffix(PART.1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any other new file; the process's own mask applies.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder).map_err(|error| fail(&error))?;
        let mut writer = BufWriter::new(file.as_file_mut());
        self.encode(&mut writer, pixels).map_err(|error| fail(&error))?;
        writer.flush().map_err(|error| fail(&error))?;
        drop(writer);
        file.as_file().sync_all().map_err(|error| fail(&error))?;
        // Closed here: a batch may have more images than a process may have open files.
        Ok(file.into_temp_path())
    }

    fn encode(&self, writer: &mut impl Write, pixels: &Pixels) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(writer, pixels.width, pixels.height);
        encoder.set_color(match pixels.channels {
            1 => png::ColorType::Grayscale,
            4 => png::ColorType::Rgba,
            _ => png::ColorType::Rgb,
        });
        encoder.set_depth(png::BitDepth::Eight);
        if let Some(prompt) = &self.prompt {
            encoder.add_text_chunk("prompt".into(), prompt.clone())?;
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels.bytes)?;
        writer.finish()
    }
}

/// One 8-bit picture, row by row.
struct Pixels {
    width: u32,
    height: u32,
    channels: u32,
    bytes: Vec<u8>,
}

/// Gives the finished files the next free numbers, or none of them where one cannot have it.
fn publish(files: Vec<TempPath>, folder: &Path, stem: &str) -> Result<Vec<String>, Error> {
    let mut next = next_number(folder, stem)?;
    let mut names = Vec::with_capacity(files.len());
    for file in files {
        match persist(file, folder, stem, &mut next) {
            Ok(name) => names.push(name),
            Err(error) => {
                names.iter().for_each(|name| drop(std::fs::remove_file(folder.join(name))));
                return Err(error);
            }
        }
    }
    Ok(names)
}

/// Gives a finished file the next free number.
fn persist(mut file: TempPath, folder: &Path, stem: &str, next: &mut u64) -> Result<String, Error> {
    loop {
        let name = format!("{stem}_{next:05}_.png");
        *next += 1;
        match file.persist_noclobber(folder.join(&name)) {
            Ok(_) => return Ok(name),
            Err(taken) if taken.error.kind() == std::io::ErrorKind::AlreadyExists => {
                file = taken.path;
            }
            Err(failed) => return Err(unwritable(folder, &failed.error)),
        }
    }
}

/// One more than the highest number in use.
fn next_number(folder: &Path, stem: &str) -> Result<u64, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?;
    let number = |name: &str| -> Option<u64> {
        name.strip_prefix(stem)?
            .strip_prefix('_')?
            .strip_suffix("_.png")?
            .parse()
            .ok()
            .filter(|number| *number < NUMBERS)
    };
    let highest =
        entries.filter_map(|entry| number(entry.ok()?.file_name().to_str()?)).max().unwrap_or(0);
    Ok(highest.saturating_add(1))
}

/// Removes unfinished files of processes that were killed.
fn remove_abandoned(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let unfinished =
            name.to_str().is_some_and(|name| name.starts_with(PART.0) && name.ends_with(PART.1));
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if unfinished && age().is_some_and(|age| age > ABANDONED) {
            // Another process may have removed it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(Code::InputOutput, format!("cannot write to {}: {error}", path.display()))
}
