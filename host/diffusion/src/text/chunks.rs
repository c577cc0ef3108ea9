//! Tokens in chunks of the length that an encoder takes, cut between groups where they are short.

use std::fmt;

use amdm::error::{Code, Error};
use amdm::limits::PROMPT_CHUNKS;

use super::{END, Embedding, START};
use crate::Result;

/// Tokens of a chunk: [`START`], up to 75, [`END`], and [`END`] again up to here.
pub const CHUNK: usize = 77;

/// Groups of so many tokens are cut where a chunk is full; shorter ones move to the next whole.
const LONG: usize = 8;

/// What stands at a position of a chunk.
#[derive(Clone, PartialEq)]
pub enum Word {
    /// A token of the vocabulary.
    Id(u32),
    /// Row `row` of a textual inversion, in place of a token's.
    Row {
        /// All its rows.
        embedding: Embedding,
        /// Which one, counted from 0.
        row: usize,
    },
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Row { row, .. } => write!(f, "row {row}"),
        }
    }
}

/// A word and its weight; 1 leaves what the encoder makes of it as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What the encoder reads.
    pub word: Word,
    /// Any number, also 0, negative ones and infinity.
    pub weight: f64,
}

impl Token {
    fn plain(id: u32) -> Self {
        Self { word: Word::Id(id), weight: 1.0 }
    }
}

/// [`CHUNK`] tokens, which an encoder takes at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk(Vec<Token>);

impl Chunk {
    /// The empty prompt's.
    pub fn empty() -> Self {
        Open::new().end()
    }

    /// The tokens, [`CHUNK`] of them.
    pub fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Where its first [`END`] stands, which the pooled row is taken from.
    pub fn first_end(&self) -> usize {
        let end = self.0.iter().position(|token| token.word == Word::Id(END));
        end.unwrap_or(CHUNK - 1)
    }
}

/// Distributes groups of tokens: each has the tokens of one piece of text, or of one embedding.
pub(super) struct Chunks {
    full: Vec<Chunk>,
    open: Open,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self { full: Vec::new(), open: Open::new() }
    }

    /// Adds a group.
    ///
    /// # Errors
    /// `limit_exceeded` above [`PROMPT_CHUNKS`].
    pub(super) fn add(&mut self, group: impl ExactSizeIterator<Item = Token>) -> Result<()> {
        let (long, mut group) = (group.len() >= LONG, group);
        while group.len() > self.open.room() {
            if self.full.len() + 1 >= PROMPT_CHUNKS {
                let message = format!(
                    "found a prompt of more than {PROMPT_CHUNKS} chunks of {CHUNK} tokens, the limit"
                );
                return Err(Error::new(Code::LimitExceeded, message));
            }
            if long {
                let room = self.open.room();
                self.open.0.extend(group.by_ref().take(room));
            }
            self.full.push(std::mem::replace(&mut self.open, Open::new()).end());
        }
        self.open.0.extend(group);
        Ok(())
    }

    /// The chunks, one at least.
    pub(super) fn finish(mut self) -> Vec<Chunk> {
        self.full.push(self.open.end());
        self.full
    }
}

/// A chunk that is being filled.
struct Open(Vec<Token>);

impl Open {
    fn new() -> Self {
        let mut tokens = Vec::with_capacity(CHUNK);
        tokens.push(Token::plain(START));
        Self(tokens)
    }

    /// How many tokens fit before the last [`END`].
    fn room(&self) -> usize {
        CHUNK - 1 - self.0.len()
    }

    fn end(mut self) -> Chunk {
        self.0.resize(CHUNK, Token::plain(END));
        Chunk(self.0)
    }
}
