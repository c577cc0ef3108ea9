//! Weights in prompts: `(text)` multiplies by 1.1, `(text:1.4)` sets 1.4, `\(` is a plain bracket.
//!
//! Odd brackets follow ComfyUI: a closing one too many makes the next opening one plain, and what
//! begins with an opening one and ends with a closing one is a group even where the rest does not
//! match.

use amdm::error::{Code, Error};
use amdm::graph::comfy::python_float;
use amdm::limits::PROMPT_DEPTH;

use crate::Result;

/// What a bracket without a number multiplies by.
const RAISE: f64 = 1.1;

/// Text of one weight. Borders of segments are borders of words and of groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    pub text: String,
    pub weight: f64,
}

/// One character of a prompt; brackets behind a backslash are plain.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mark {
    Open,
    Close,
    Plain(char),
}

/// The segments of a prompt.
///
/// # Errors
/// `limit_exceeded` where brackets nest deeper than [`PROMPT_DEPTH`].
pub(super) fn segments(prompt: &str) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    weigh(&marks(prompt), 1.0, 0, &mut segments)?;
    Ok(segments)
}

fn marks(prompt: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut characters = prompt.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && ['(', ')'].contains(next));
        marks.push(match (escaped, character) {
            (Some(bracket), _) => Mark::Plain(bracket),
            (None, '(') => Mark::Open,
            (None, ')') => Mark::Close,
            (None, plain) => Mark::Plain(plain),
        });
    }
    marks
}

fn weigh(marks: &[Mark], weight: f64, depth: usize, segments: &mut Vec<Segment>) -> Result<()> {
    if depth > PROMPT_DEPTH {
        let message = format!("found brackets deeper than {PROMPT_DEPTH} inside one another");
        return Err(Error::new(Code::LimitExceeded, message));
    }
    for piece in pieces(marks) {
        match piece {
            [Mark::Open, inner @ .., Mark::Close] => {
                let (inner, weight) = match number_behind(inner) {
                    Some((inner, number)) => (inner, number),
                    None => (inner, weight * RAISE),
                };
                weigh(inner, weight, depth + 1, segments)?;
            }
            plain => segments.push(Segment { text: text(plain), weight }),
        }
    }
    Ok(())
}

/// Cuts before an opening bracket at level 0 and behind a closing one that comes back to it.
fn pieces(marks: &[Mark]) -> Vec<&[Mark]> {
    let mut pieces = Vec::new();
    let (mut start, mut level) = (0, 0_i64);
    let mut cut = |start: &mut usize, end: usize| {
        if *start < end {
            pieces.push(&marks[*start..end]);
        }
        *start = end;
    };
    for (index, mark) in marks.iter().enumerate() {
        match mark {
            Mark::Open => {
                if level == 0 {
                    cut(&mut start, index);
                }
                level += 1;
            }
            Mark::Close => {
                level -= 1;
                if level == 0 {
                    cut(&mut start, index + 1);
                }
            }
            Mark::Plain(_) => {}
        }
    }
    cut(&mut start, marks.len());
    pieces
}

/// What stands before the last colon, and the number behind it, where there are both.
fn number_behind(marks: &[Mark]) -> Option<(&[Mark], f64)> {
    let colon = marks.iter().rposition(|mark| *mark == Mark::Plain(':'))?;
    let number = python_float(&text(&marks[colon + 1..]))?;
    (colon > 0).then(|| (&marks[..colon], number))
}

fn text(marks: &[Mark]) -> String {
    let character = |mark: &Mark| match mark {
        Mark::Open => '(',
        Mark::Close => ')',
        Mark::Plain(plain) => *plain,
    };
    marks.iter().map(character).collect()
}
