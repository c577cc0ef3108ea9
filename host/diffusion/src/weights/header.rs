//! What a weight file says before its values: names, shapes, and notes.
//!
//! Enough to tell which network a file is of, without a look at its values. Nobody vouches for such
//! a file: a header is read entry by entry, and what it may make this program hold is bounded.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{TensorFile, WeightFile};

/// Bytes of a header that is looked at; the format's own bound is 100 MB.
pub(super) const BYTES_MAX: u64 = 16 << 20;
/// Most tensors, and most notes, of one file. Networks have some thousands; with these bounds a
/// header that only means harm takes a few times its own bytes.
pub(super) const ENTRIES_MAX: usize = 65_536;
/// Most extents of one tensor; those of networks have at most five.
pub(super) const EXTENTS_MAX: usize = 8;
/// Characters of a name that messages repeat.
const QUOTED_MAX: usize = 160;
/// The entry that holds the notes.
const NOTES: &str = "__metadata__";

/// The header of a safetensors file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    notes: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
    fault: Option<String>,
}

/// What a header says about one tensor.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct TensorInfo {
    /// What a value is stored as, in the format's words: `F32`, `F16`, `BF16`, `I64` and so on.
    pub dtype: String,
    /// Extents; none are a scalar's.
    #[serde(deserialize_with = "extents")]
    pub shape: Vec<usize>,
    /// The first byte behind the header, and the first that is not the tensor's any more; none
    /// where the header does not say.
    #[serde(default)]
    pub(crate) data_offsets: Option<[u64; 2]>,
}

impl Header {
    /// Reads the header at the start of a file.
    ///
    /// Of a header that is broken the entries before the fault are kept, so that messages can still
    /// say what the file is; [`Header::is_broken`] tells it apart. One of more than 16 MiB is
    /// broken, as is one with more than 65,536 tensors or notes, or a tensor of more than 8
    /// extents.
    ///
    /// # Errors
    /// Those of reading, a file that is too short and a header that is no text.
    pub fn read(mut file: impl Read) -> io::Result<Self> {
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut header = Self::default();
        if length > BYTES_MAX {
            header.fault =
                Some(format!("a header of {length} bytes, expected at most {BYTES_MAX}"));
            return Ok(header);
        }
        let mut text = String::new();
        if file.take(length).read_to_string(&mut text)? < length as usize {
            header.fault =
                Some(format!("the header is cut: found {} of {length} bytes", text.len()));
        }
        let mut json = serde_json::Deserializer::from_str(&text);
        let read = json.deserialize_map(Entries(&mut header)).and_then(|()| json.end());
        if let (None, Err(error)) = (&header.fault, read) {
            header.fault = Some(error.to_string());
        }
        Ok(header)
    }

    /// What `file` holds: safetensors, or a zip pickle of PyTorch, which is read as data. What it
    /// says of its tensors has been checked against its bytes.
    ///
    /// # Errors
    /// `invalid_input` for a file that breaks its format or is shorter than it says, naming the
    /// tensor at fault; `unsupported` for another format and for pickles with code in them.
    pub fn of(file: &WeightFile) -> crate::Result<Self> {
        Ok(TensorFile::new(file.clone(), "")?.header().clone())
    }

    /// The header of a file whose tensors were told by something else than a header.
    pub(super) fn from_tensors(tensors: BTreeMap<String, TensorInfo>) -> Self {
        Self { tensors, ..Self::default() }
    }

    /// Whether the header is none, so that no file with it can be loaded.
    pub fn is_broken(&self) -> bool {
        self.fault.is_some()
    }

    /// What is wrong with a broken header.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// All tensors, sorted by their names.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().map(|(name, info)| (name.as_str(), info))
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.tensors.keys().map(String::as_str)
    }

    /// What is said about the tensor called `name`.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)
    }

    /// What the file's metadata say under `key`.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }
}

/// Takes a header's entries one by one.
struct Entries<'h>(&'h mut Header);

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == NOTES {
                if let Some(Notes(notes)) = map.next_value()? {
                    self.0.notes = notes;
                }
            } else {
                insert(&mut self.0.tensors, name, map.next_value()?)?;
            }
        }
        Ok(())
    }
}

/// The notes of a header.
struct Notes(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NotesVisitor)
    }
}

struct NotesVisitor;

impl<'de> Visitor<'de> for NotesVisitor {
    type Value = Notes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notes, A::Error> {
        let mut notes = BTreeMap::new();
        while let Some((key, text)) = map.next_entry()? {
            insert(&mut notes, key, text)?;
        }
        Ok(Notes(notes))
    }
}

/// Inserts an entry where the bound allows one more.
fn insert<T, E: Error>(entries: &mut BTreeMap<String, T>, key: String, value: T) -> Result<(), E> {
    if entries.len() == ENTRIES_MAX {
        return Err(E::custom("more entries than any network has"));
    }
    entries.insert(key, value);
    Ok(())
}

fn extents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    deserializer.deserialize_seq(Extents)
}

struct Extents;

impl<'de> Visitor<'de> for Extents {
    type Value = Vec<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of at most 8 extents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<usize>, A::Error> {
        let mut extents = Vec::new();
        while let Some(extent) = list.next_element()? {
            if extents.len() == EXTENTS_MAX {
                return Err(A::Error::custom("more extents than any tensor has"));
            }
            extents.push(extent);
        }
        Ok(extents)
    }
}

/// Bytes of a value; none for dtypes that are not known here, or are less than a byte.
pub(super) fn bytes_of(dtype: &str) -> Option<u64> {
    match dtype {
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => Some(1),
        "U16" | "I16" | "F16" | "BF16" => Some(2),
        "U32" | "I32" | "F32" => Some(4),
        "U64" | "I64" | "F64" | "C64" => Some(8),
        _ => None,
    }
}

/// A name of a file's for a message: not all of a long one, and nothing that a terminal obeys.
pub(super) fn quoted(name: &str) -> String {
    let shown: String = name.chars().take(QUOTED_MAX).flat_map(char::escape_debug).collect();
    let rest = if name.chars().nth(QUOTED_MAX).is_some() { "..." } else { "" };
    format!("`{shown}{rest}`")
}
