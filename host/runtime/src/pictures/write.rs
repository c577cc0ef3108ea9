//! Writing pictures and latents, with the graph inside, under a counted name, whole or not at all.
//!
//! A file is written under a temporary name in its own directory, flushed to the disk and renamed
//! to the next free number, never over another file. What fails leaves nothing behind.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use amdm::error::{Code, Error};
use amdm::graph::metadata;
use amdm::math::Tensor as _;
use amdm_diffusion::Tensor;
use amdm_diffusion::pixels::to_rows;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::clock::Clock;
use super::{naming, place};
use crate::cancel::Cancel;
use crate::unfinished;

/// Numbers that are counted on from; higher ones are taken for a name of somebody else's.
const NUMBERS: u64 = 1_000_000_000_000;

/// The directory that graphs write pictures to.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// None where nothing may be written.
    dir: Option<PathBuf>,
    /// Whether pictures are passed over instead of refused where there is no directory.
    in_memory: bool,
    /// PNG text chunks: keyword and text.
    texts: Vec<(&'static str, String)>,
    /// The inputs that name files, by the ids of their nodes.
    naming: HashMap<String, String>,
    clock: Clock,
}

/// A picture that was written.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Name relative to the output directory.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels in a row; of a latent, values.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Outputs {
    /// Pictures go to `dir`, with nothing but pixels inside.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir: Some(dir), ..Self::nowhere() }
    }

    /// Nothing may be written.
    pub fn nowhere() -> Self {
        let (texts, naming) = (Vec::new(), HashMap::new());
        Self { dir: None, in_memory: false, texts, naming, clock: Clock::local() }
    }

    /// Pictures are not written: who embeds the run has them in memory.
    pub fn in_memory() -> Self {
        Self { in_memory: true, ..Self::nowhere() }
    }

    fn dir(&self) -> Result<&Path, Error> {
        let nowhere =
            || Error::new(Code::Denied, "found a picture to save where none may be written");
        self.dir.as_deref().ok_or_else(nowhere)
    }

    /// Names are made with the time of `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The graph goes into each picture, and the workflow that an editor made it from. Both are
    /// texts as [`metadata::text`] makes them.
    #[must_use]
    pub fn with_graph(self, prompt: String, workflow: Option<String>) -> Self {
        let workflow = workflow.map(|text| (metadata::WORKFLOW, text));
        let texts = [(metadata::PROMPT, prompt)].into_iter().chain(workflow).collect();
        Self { texts, ..self }
    }

    /// Names the input to blame for a bad file name, by the node's id.
    #[must_use]
    pub fn with_naming(self, naming: HashMap<String, String>) -> Self {
        Self { naming, ..self }
    }

    /// Makes the directory and proves that files can be written there; clears away what a process
    /// that was killed left in it.
    ///
    /// # Errors
    /// `input_output`.
    pub fn prepare(&self) -> Result<(), Error> {
        let dir = self.dir()?;
        if dir.exists() && !dir.is_dir() {
            return Err(unwritable(dir, &"found a file, expected a directory"));
        }
        std::fs::create_dir_all(dir)
            .and_then(|()| unfinished::create(dir).map(drop))
            .map_err(|error| unwritable(dir, &error))?;
        remove_abandoned(dir);
        Ok(())
    }

    /// Writes one file an image of the batch for `node`, all or none, and gives their names,
    /// relative to the directory.
    ///
    /// # Errors
    /// `denied` for a prefix that leaves the directory, `input_output`, `cancelled`.
    pub fn save(
        &self,
        node: &str,
        prefix: &str,
        image: &Tensor,
        cancel: &Cancel,
    ) -> Result<Vec<Picture>, Error> {
        if self.in_memory {
            return Ok(Vec::new());
        }
        let [_, height, width, channels] = image.shape()[..] else {
            let found = image.shape();
            let message =
                format!("found a tensor {found:?}, expected [batch, height, width, channels]");
            return Err(Error::invalid(message).at("images"));
        };
        let target = self.target(node, prefix, Some((width.into(), height.into())), PNG)?;
        let (mut files, mut pictures) = (Vec::new(), Vec::new());
        for bytes in to_rows(image)? {
            cancel.check()?;
            let pixels = Pixels { width, height, channels, bytes };
            let (file, written) = write(&target.folder, |writer| {
                self.encode(writer, &pixels).map_err(std::io::Error::other)
            })?;
            files.push(file);
            pictures.push(Picture { width, height, ..written });
        }
        cancel.check()?;
        target.publish(files, &mut pictures)?;
        Ok(pictures)
    }

    /// Writes one file with the values of a latent for `node`, as ComfyUI writes them, and says
    /// what it is; none where nothing is written.
    ///
    /// # Errors
    /// As [`Outputs::save`].
    pub fn save_latent(
        &self,
        node: &str,
        prefix: &str,
        latent: &Tensor,
        cancel: &Cancel,
    ) -> Result<Option<Picture>, Error> {
        if self.in_memory {
            return Ok(None);
        }
        let target = self.target(node, prefix, None, LATENT)?;
        let values = latent.to_f32()?;
        cancel.check()?;
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        let shape = latent.shape().iter().map(|&extent| extent as usize).collect();
        let fault = |error: &dyn std::fmt::Display| unwritable(&target.folder, error);
        let view = |shape, bytes| TensorView::new(Dtype::F32, shape, bytes);
        let tensors = [
            ("latent_tensor", view(shape, &bytes).map_err(|error| fault(&error))?),
            ("latent_format_version_0", view(vec![0], &[]).map_err(|error| fault(&error))?),
        ];
        let notes = self.texts.iter().map(|(key, text)| ((*key).to_owned(), text.clone()));
        let file = serialize(tensors, Some(notes.collect())).map_err(|error| fault(&error))?;
        let (file, written) = write(&target.folder, |writer| writer.write_all(&file))?;
        let extent = |back: usize| latent.shape().iter().rev().nth(back).copied().unwrap_or(0);
        let mut written = [Picture { width: extent(0), height: extent(1), ..written }];
        target.publish(vec![file], &mut written)?;
        let [written] = written;
        Ok(Some(written))
    }

    /// Where the files of `node` go whose names begin with `prefix`; the folders are made.
    fn target(
        &self,
        node: &str,
        prefix: &str,
        size: Option<(u64, u64)>,
        ending: &'static str,
    ) -> Result<Target, Error> {
        let dir = self.dir()?;
        let named = |error: Error| match self.naming.get(node) {
            Some(input) => error.at(input.as_str()),
            None => error,
        };
        let prefix = PathBuf::from(name(prefix, size, &self.clock).map_err(named)?);
        let folder = match prefix.parent() {
            Some(below) if !below.as_os_str().is_empty() => dir.join(below),
            _ => dir.to_owned(),
        };
        std::fs::create_dir_all(dir).map_err(|error| unwritable(dir, &error))?;
        // What is there already may be a link that leads out: look before making the rest.
        if let Some(present) = folder.ancestors().find(|path| path.exists()) {
            place::inside(dir, present)?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        place::inside(dir, &folder)?;
        if folder != dir {
            remove_abandoned(&folder);
        }
        let stem = prefix
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| named(Error::invalid("expected a file name in UTF-8")))?;
        let stem = stem.to_owned();
        Ok(Target { folder, prefix, stem, ending })
    }

    fn encode(&self, writer: &mut impl Write, pixels: &Pixels) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(writer, pixels.width, pixels.height);
        encoder.set_color(match pixels.channels {
            1 => png::ColorType::Grayscale,
            4 => png::ColorType::Rgba,
            _ => png::ColorType::Rgb,
        });
        encoder.set_depth(png::BitDepth::Eight);
        for (keyword, text) in &self.texts {
            encoder.add_text_chunk((*keyword).into(), text.clone())?;
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels.bytes)?;
        writer.finish()
    }
}

/// Endings of files.
const PNG: &str = "png";
const LATENT: &str = "latent";

/// Where some files go.
struct Target {
    folder: PathBuf,
    /// Relative to the output directory, up to the number.
    prefix: PathBuf,
    stem: String,
    ending: &'static str,
}

impl Target {
    /// Gives the finished files the next free numbers, and `pictures` their names, or none of them
    /// where one cannot have it.
    fn publish(&self, files: Vec<TempPath>, pictures: &mut [Picture]) -> Result<(), Error> {
        let names = publish(files, &self.folder, (&self.stem, self.ending))?;
        for (picture, name) in pictures.iter_mut().zip(names) {
            let path = self.prefix.with_file_name(name);
            picture.name = path.to_string_lossy().replace('\\', "/");
        }
        Ok(())
    }
}

/// Writes an unfinished file with `fill`; its picture has no name and no size yet.
fn write(
    folder: &Path,
    fill: impl FnOnce(&mut BufWriter<Counted<'_>>) -> std::io::Result<()>,
) -> Result<(TempPath, Picture), Error> {
    let fail = |error: &dyn std::fmt::Display| unwritable(folder, error);
    let mut file = unfinished::create(folder).map_err(|error| fail(&error))?;
    let mut writer = BufWriter::new(Counted::new(file.as_file_mut()));
    fill(&mut writer).map_err(|error| fail(&error))?;
    let counted = writer.into_inner().map_err(|error| fail(&error))?;
    let Counted { bytes, hash, .. } = counted;
    file.as_file().sync_all().map_err(|error| fail(&error))?;
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let picture = Picture { name: String::new(), sha256, bytes, width: 0, height: 0 };
    // Closed here: a batch may have more images than a process may have open files.
    Ok((file.into_temp_path(), picture))
}

/// What the names of files that `prefix` stands for begin with, relative to the output directory,
/// for a picture of so many pixels across and down, where that is known.
///
/// # Errors
/// `denied` for a prefix that leaves the directory, `invalid_input` for a name that not all systems
/// take.
pub(crate) fn name(prefix: &str, size: Option<(u64, u64)>, clock: &Clock) -> Result<String, Error> {
    let relative = place::relative(&naming::fill(prefix, size, || clock.now()))?;
    let mut parts = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>();
    let stem = parts.pop().unwrap_or_default();
    let file = numbered((&stem, PNG), 1);
    parts.iter().map(|part| &**part).chain([&*file]).try_for_each(place::portable)?;
    parts.push(stem);
    Ok(parts.join("/"))
}

fn numbered((stem, ending): (&str, &str), number: u64) -> String {
    format!("{stem}_{number:05}_.{ending}")
}

/// One 8-bit picture, row by row.
struct Pixels {
    width: u32,
    height: u32,
    channels: u32,
    bytes: Vec<u8>,
}

/// A file whose bytes are counted and hashed on their way.
struct Counted<'a> {
    file: &'a mut File,
    bytes: u64,
    hash: Sha256,
}

impl<'a> Counted<'a> {
    fn new(file: &'a mut File) -> Self {
        Self { file, bytes: 0, hash: Sha256::new() }
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Gives the finished files the next free numbers, or none of them where one cannot have it.
fn publish(files: Vec<TempPath>, folder: &Path, parts: (&str, &str)) -> Result<Vec<String>, Error> {
    let mut next = next_number(folder, parts)?;
    let mut names = Vec::with_capacity(files.len());
    for file in files {
        match persist(file, folder, parts, &mut next) {
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
fn persist(
    mut file: TempPath,
    folder: &Path,
    parts: (&str, &str),
    next: &mut u64,
) -> Result<String, Error> {
    loop {
        let name = numbered(parts, *next);
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
fn next_number(folder: &Path, (stem, ending): (&str, &str)) -> Result<u64, Error> {
    let entries = std::fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?;
    let number = |name: &str| -> Option<u64> {
        name.strip_prefix(stem)?
            .strip_prefix('_')?
            .strip_suffix(ending)?
            .strip_suffix("_.")?
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
        let written = || entry.metadata().ok()?.modified().ok();
        let named = unfinished::is_named(&entry.file_name());
        if named && written().is_some_and(unfinished::is_abandoned) {
            // Another process may have removed it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(Code::InputOutput, format!("cannot write to {}: {error}", path.display()))
}
