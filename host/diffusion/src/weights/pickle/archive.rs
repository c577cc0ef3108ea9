//! The index of a zip archive whose files are stored as they are.
//!
//! Read from the end of the archive, with the extension for archives of more than 4 GB. Compressed
//! and encrypted files are refused where somebody asks for them: PyTorch writes none.

use std::collections::BTreeMap;
use std::ops::Range;

use amdm::error::Error;

use super::super::header::{BYTES_MAX, ENTRIES_MAX};
use crate::{Result, error};

/// What the records of an archive begin with.
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
/// Bytes of those records, without what varies.
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const LOCATOR_64_BYTES: usize = 20;
/// Most bytes of the comment behind the last record.
const COMMENT_BYTES: usize = 0xffff;
/// The kind of an extra field that holds 64-bit sizes, and the values that send one there.
const EXTRA_64: u64 = 1;
const IN_EXTRA: u64 = 0xffff_ffff;

/// An archive's index.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    flags: u64,
    method: u64,
    stored: u64,
    size: u64,
    /// Where its local record begins.
    local: u64,
}

impl<'a> Archive<'a> {
    /// Reads the index of `bytes`, which holds at most 65,536 files.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        let (start, size) =
            directory(bytes).ok_or_else(|| broken("its index is not at its end"))?;
        if size > BYTES_MAX {
            return Err(broken(&format!("an index of {size} bytes, expected at most {BYTES_MAX}")));
        }
        let mut index = part(bytes, start, size).ok_or_else(|| broken("its index is cut"))?;
        let mut entries = BTreeMap::new();
        while index.starts_with(CENTRAL) {
            if entries.len() == ENTRIES_MAX {
                return Err(broken(&format!("more than {ENTRIES_MAX} files")));
            }
            let (name, entry, rest) = entry(index).ok_or_else(|| broken("its index is cut"))?;
            entries.insert(name, entry);
            index = rest;
        }
        Ok(Self { bytes, entries })
    }

    /// Names of all files, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Where the bytes of the file called `name` lie; none where there is no such file.
    pub(super) fn content(&self, name: &str) -> Result<Option<Range<usize>>> {
        let Some(entry) = self.entries.get(name) else { return Ok(None) };
        if entry.method != 0 || entry.flags & 1 != 0 {
            let message = format!("`{name}` in the archive is compressed or encrypted");
            return Err(error::unsupported(format!("{message}, expected it as PyTorch stores it")));
        }
        let cut = || broken(&format!("`{name}` in it is cut"));
        if entry.stored != entry.size {
            return Err(cut());
        }
        let local = part(self.bytes, entry.local, LOCAL_BYTES as u64).ok_or_else(cut)?;
        if !local.starts_with(LOCAL) {
            return Err(cut());
        }
        let varying = number(local, 26, 2) + number(local, 28, 2);
        let start = entry.local + LOCAL_BYTES as u64 + varying;
        part(self.bytes, start, entry.size).ok_or_else(cut)?;
        Ok(Some(start as usize..(start + entry.size) as usize))
    }
}

fn broken(reason: &str) -> Error {
    Error::invalid(format!("the zip archive is broken: {reason}"))
}

/// `size` bytes from `start`; none where they are not all there.
fn part(bytes: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// The little-endian number of `size` bytes at `at`, which must lie within `bytes`.
fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Where the index begins, and its bytes.
fn directory(bytes: &[u8]) -> Option<(u64, u64)> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(COMMENT_BYTES);
    let at = (first..=last).rev().find(|&at| bytes[at..].starts_with(END))?;
    let end = &bytes[at..];
    let found = (number(end, 16, 4), number(end, 12, 4));
    let is_long = found.0 == IN_EXTRA || found.1 == IN_EXTRA || number(end, 10, 2) == 0xffff;
    let locator = at.checked_sub(LOCATOR_64_BYTES).map(|at| &bytes[at..]);
    match locator {
        Some(locator) if is_long && locator.starts_with(LOCATOR_64) => {
            let end = part(bytes, number(locator, 8, 8), 56)?;
            end.starts_with(END_64).then(|| (number(end, 48, 8), number(end, 40, 8)))
        }
        _ => Some(found),
    }
}

/// The first entry of an index, and what follows it.
fn entry(index: &[u8]) -> Option<(String, Entry, &[u8])> {
    let fixed = index.get(..CENTRAL_BYTES)?;
    let (name, extra, comment) = (
        number(fixed, 28, 2) as usize,
        number(fixed, 30, 2) as usize,
        number(fixed, 32, 2) as usize,
    );
    let rest = &index[CENTRAL_BYTES..];
    let (name, rest) = rest.split_at_checked(name)?;
    let (extra, rest) = rest.split_at_checked(extra)?;
    let (_, rest) = rest.split_at_checked(comment)?;
    let mut entry = Entry {
        flags: number(fixed, 8, 2),
        method: number(fixed, 10, 2),
        stored: number(fixed, 20, 4),
        size: number(fixed, 24, 4),
        local: number(fixed, 42, 4),
    };
    widen(&mut entry, extra);
    Some((String::from_utf8_lossy(name).into_owned(), entry, rest))
}

/// Takes the numbers that do not fit into 32 bits from the extra fields.
fn widen(entry: &mut Entry, mut extra: &[u8]) {
    while extra.len() >= 4 {
        let (kind, size) = (number(extra, 0, 2), number(extra, 2, 2) as usize);
        let Some((field, rest)) = extra[4..].split_at_checked(size) else { return };
        if kind == EXTRA_64 {
            let (mut words, _) = field.as_chunks::<8>();
            for value in [&mut entry.size, &mut entry.stored, &mut entry.local] {
                if *value == IN_EXTRA
                    && let Some((word, rest)) = words.split_first()
                {
                    *value = u64::from_le_bytes(*word);
                    words = rest;
                }
            }
        }
        extra = rest;
    }
}
