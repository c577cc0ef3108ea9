//! The error that nodes and the maths end with, and its stable codes.

mod code;

use alloc::string::String;

pub use self::code::Code;

/// Ends a node with a message for the person who wrote the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Stable kind.
    pub code: Code,
    /// What was found and what was expected; lower case, no full stop.
    pub message: String,
    /// The input at fault, where one is.
    pub input: Option<String>,
}

impl Error {
    /// An error of `code` with `message`, not tied to an input.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), input: None }
    }

    /// A value that does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    /// Names the input at fault.
    #[must_use]
    pub fn at(mut self, input: impl Into<String>) -> Self {
        self.input = Some(input.into());
        self
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.input {
            Some(input) => write!(f, "{input}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl core::error::Error for Error {}
