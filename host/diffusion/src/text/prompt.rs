//! A prompt: its text with weights and embeddings as chunks of tokens.

use amdm::error::{Code, Error};
use amdm::limits::PROMPT_BYTES;

use super::brackets::{Segment, segments};
use super::chunks::Chunks;
use super::{Chunk, Embedding, Embeddings, Token, Tokenizer, Word};
use crate::Result;

/// What names a textual inversion, at the beginning of a segment or behind a blank or line break.
const REFERENCE: &str = "embedding:";

/// A prompt as an encoder takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Its chunks, one at least.
    pub chunks: Vec<Chunk>,
    /// What was left out: embeddings that are not there, or for another encoder.
    pub warnings: Vec<String>,
}

impl Prompt {
    /// Reads `text` for an encoder of rows of `width` values; `embeddings` finds what it names.
    ///
    /// # Errors
    /// `limit_exceeded` for longer or deeper prompts than [`amdm::limits`] allow, `invalid_input`
    /// where `embedding:` names nothing, and what `embeddings` fails with.
    pub fn read(text: &str, width: usize, embeddings: &dyn Embeddings) -> Result<Self> {
        if text.len() > PROMPT_BYTES {
            let found = text.len();
            let message = format!("found a prompt of {found} bytes, the limit is {PROMPT_BYTES}");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        let tokenizer = Tokenizer::clip()?;
        let (chunks, warnings) = (Chunks::new(), Vec::new());
        let mut reader = Reader { tokenizer, width, embeddings, chunks, warnings };
        for segment in segments(text)? {
            reader.segment(&segment)?;
        }
        Ok(Self { chunks: reader.chunks.finish(), warnings: reader.warnings })
    }
}

struct Reader<'a> {
    tokenizer: &'a Tokenizer,
    width: usize,
    embeddings: &'a dyn Embeddings,
    chunks: Chunks,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn segment(&mut self, segment: &Segment) -> Result<()> {
        for (index, part) in split(&segment.text).into_iter().enumerate() {
            match part.strip_prefix(REFERENCE) {
                Some(reference) if index == 0 => self.reference(reference, segment.weight)?,
                None if index == 0 => self.words(part, segment.weight)?,
                _ => self.reference(part, segment.weight)?,
            }
        }
        Ok(())
    }

    fn words(&mut self, text: &str, weight: f64) -> Result<()> {
        let ids = self.tokenizer.ids(text)?;
        self.chunks.add(ids.into_iter().map(|id| Token { word: Word::Id(id), weight }))
    }

    /// What stands behind `embedding:`, up to the next one: a name, and text.
    fn reference(&mut self, text: &str, weight: f64) -> Result<()> {
        let mut words = text.split(blank).filter(|word| !word.is_empty());
        let Some(name) = words.next() else {
            return Err(Error::invalid("found `embedding:` in the prompt with no name behind it"));
        };
        let mut rest = words.collect::<Vec<_>>().join(" ");
        let mut found = self.embeddings.find(name)?;
        let stripped = name.trim_matches(',');
        if found.is_none() && stripped.len() < name.len() {
            found = self.embeddings.find(stripped)?;
            // ComfyUI counts the characters that are left from the end, wherever the commas stood.
            let commas: String = name.chars().skip(stripped.chars().count()).collect();
            rest = format!("{commas} {rest}");
        }
        match found {
            Some(embedding) if embedding.width() == self.width => self.rows(&embedding, weight)?,
            Some(embedding) => self.warnings.push(format!(
                "embedding:{name} is left out, it has rows of {} values and the encoder of {}",
                embedding.width(),
                self.width
            )),
            None => self.warnings.push(format!("embedding:{name} is left out, it is not there")),
        }
        if rest.is_empty() { Ok(()) } else { self.words(&rest, weight) }
    }

    fn rows(&mut self, embedding: &Embedding, weight: f64) -> Result<()> {
        let word = |row| Word::Row { embedding: embedding.clone(), row };
        self.chunks.add((0..embedding.rows()).map(|row| Token { word: word(row), weight }))
    }
}

/// Cuts at blanks and line breaks before [`REFERENCE`]; every part but the first, which may be
/// empty, stands behind one.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(REFERENCE) {
        if text[..at].ends_with([' ', '\n']) {
            parts.push(&text[start..at - 1]);
            start = at + REFERENCE.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// What separates words for Python.
fn blank(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}
