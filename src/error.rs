//! The error that nodes and the maths end with, and its stable codes.

use alloc::string::String;

/// What kind of thing went wrong; the same cases as `error-code` in `wit/types.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A value does not fit: out of range, wrong shape, contradicting another.
    InvalidInput,
    /// A name that nothing answers to.
    NotFound,
    /// Well-formed, but not something this build, model or device can do.
    Unsupported,
    /// The device or the process has no memory left for it.
    OutOfMemory,
    /// A configured bound was reached.
    LimitExceeded,
    /// Reading or writing failed.
    InputOutput,
    /// The run is being stopped.
    Cancelled,
    /// Not permitted here, such as a path outside the run's directories.
    Denied,
    /// A defect of ours.
    Internal,
}

impl Code {
    /// The code as written in JSON and in messages: `invalid_input`, `not_found`, and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::OutOfMemory => "out_of_memory",
            Self::LimitExceeded => "limit_exceeded",
            Self::InputOutput => "input_output",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::Internal => "internal",
        }
    }
}

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
