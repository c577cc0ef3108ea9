//! Making errors that end a node.

use alloc::string::String;

use crate::{Error, ErrorCode};

impl Error {
    /// An error of `code`, not tied to an input. `message`: what was found and what was expected,
    /// lower case, no full stop.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), input: None }
    }

    /// A value that does not fit: out of range, wrong shape, contradicting another.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// A name that nothing answers to.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// Well-formed, but not something this node, model or device can do.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unsupported, message)
    }

    /// A defect of the pack or the host, not of the graph.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// Names the input at fault, so that an editor can mark its socket.
    #[must_use]
    pub fn at(mut self, input: impl Into<String>) -> Self {
        self.input = Some(input.into());
        self
    }
}
