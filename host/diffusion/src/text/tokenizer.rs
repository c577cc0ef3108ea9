//! CLIP's tokenizer: byte pairs over lower-cased words. The merges lie in the program; they are
//! read at first use, once a process.

use std::sync::OnceLock;

use amdm::error::{Code, Error};
use miniz_oxide::inflate;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{self, Lowercase, NFC, Replace};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, PostProcessorWrapper, SplitDelimiterBehavior, TokenizerBuilder,
    TokenizerImpl,
};

use crate::Result;

/// The token that begins a chunk.
pub const START: u32 = 49_406;
/// The token that ends a chunk, and fills it up.
pub const END: u32 = 49_407;

/// Pairs that count, best first.
const MERGES: usize = 48_894;
/// Their text, compressed; where it is from stands beside it.
const COMPRESSED: &[u8] = include_bytes!("../../vocabulary/clip-merges.txt.gz");
/// Bytes of a gzip header without names.
const GZIP_HEADER: usize = 10;

/// What ends a word, in tokens.
const WORD_END: &str = "</w>";
const START_TEXT: &str = "<|startoftext|>";
const END_TEXT: &str = "<|endoftext|>";
/// What a word is; blanks between words separate only.
const WORDS: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// The tokenizer of the text encoders of Stable Diffusion 1.x.
pub struct Tokenizer(Inner);

type Inner =
    TokenizerImpl<BPE, normalizers::Sequence, Sequence, PostProcessorWrapper, DecoderWrapper>;

impl Tokenizer {
    /// The one of this process, made at the first call.
    ///
    /// # Errors
    /// `internal` where the merges in the program are damaged.
    pub fn clip() -> Result<&'static Self> {
        static CLIP: OnceLock<Result<Tokenizer>> = OnceLock::new();
        CLIP.get_or_init(|| Self::build().map_err(defect)).as_ref().map_err(Clone::clone)
    }

    /// The tokens of `text`, without [`START`] and [`END`] around them. The texts
    /// `<|startoftext|>` and `<|endoftext|>` in lower case become these two tokens.
    ///
    /// # Errors
    /// `internal` where the tokenizer fails, which no text is known to cause.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.0.encode_fast(text, false).map_err(defect)?;
        Ok(encoding.get_ids().to_vec())
    }

    fn build() -> tokenizers::Result<Self> {
        let (vocabulary, merges) = vocabulary(&merges()?)?;
        let words = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .unk_token(END_TEXT.to_owned())
            .end_of_word_suffix(WORD_END.to_owned())
            // The cache is one a thread, for its lifetime; a prompt's words take microseconds.
            .cache_capacity(0)
            .build()?;
        let blanks = Replace::new(ReplacePattern::Regex(r"\s+".into()), " ")?;
        let normal = [NFC.into(), blanks.into(), Lowercase.into()];
        let pattern = SplitPattern::Regex(WORDS.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Removed, true)?;
        let bytes = ByteLevel::new(false, true, true);
        let mut tokenizer: Inner = TokenizerBuilder::default()
            .with_model(words)
            .with_normalizer(Some(normalizers::Sequence::new(normal.into())))
            .with_pre_tokenizer(Some(Sequence::new(vec![split.into(), bytes.into()])))
            .build()?;
        let special = |text: &str| AddedToken::from(text.to_owned(), true);
        tokenizer.add_special_tokens([START_TEXT, END_TEXT].map(special))?;
        Ok(Self(tokenizer))
    }
}

/// The pairs, a line each.
fn merges() -> tokenizers::Result<String> {
    let deflated = COMPRESSED.get(GZIP_HEADER..).unwrap_or_default();
    let bytes = inflate::decompress_to_vec(deflated)
        .map_err(|error| format!("the merges cannot be decompressed: {error}"))?;
    Ok(String::from_utf8(bytes)?)
}

/// Tokens in the order of their ids: characters of bytes, the same at the end of a word, pairs, and
/// the two special ones.
fn vocabulary(lines: &str) -> tokenizers::Result<(Vocab, Merges)> {
    let split = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
    let merges: Option<Merges> = lines.lines().map(split).collect();
    let merges = merges.filter(|merges| merges.len() == MERGES);
    let merges = merges.ok_or("the merges are damaged")?;
    let inside = byte_characters().map(String::from);
    let last = byte_characters().map(|character| format!("{character}{WORD_END}"));
    let joined = merges.iter().map(|(a, b)| format!("{a}{b}"));
    let special = [START_TEXT, END_TEXT].map(String::from);
    let tokens = inside.chain(last).chain(joined).chain(special);
    let vocabulary: Vocab = tokens.zip(0..).collect();
    Ok((vocabulary, merges))
}

/// The characters that stand for bytes: printable ones of Latin-1 for themselves, then the others'.
fn byte_characters() -> impl Iterator<Item = char> {
    let printable = [33..=126, 161..=172, 174..=255].into_iter().flatten();
    let others = [0..=32, 127..=160, 173..=173].into_iter().flatten();
    printable
        .chain((256..).zip(others).map(|(code, _): (u32, u32)| code))
        .filter_map(char::from_u32)
}

fn defect(error: tokenizers::Error) -> Error {
    Error::new(Code::Internal, format!("CLIP's tokenizer: {error}"))
}
