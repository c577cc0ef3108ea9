//! Errors of the libraries below, as errors with a stable code.

use amdm::error::{Code, Error};

/// A candle error: out of memory and what the device cannot do are told apart from our defects.
pub(crate) fn from_candle(error: candle_core::Error) -> Error {
    let text = plain(error);
    let lower = text.to_lowercase();
    let code = if lower.contains("out of memory") || lower.contains("out_of_memory") {
        Code::OutOfMemory
    } else {
        Code::Internal
    };
    Error::new(code, format!("the device failed: {text}"))
}

/// The first line of candle's message; with RUST_BACKTRACE set, a backtrace follows it.
pub(crate) fn plain(error: candle_core::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Something that this build, model or device cannot do.
pub(crate) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(Code::Unsupported, message)
}

/// A defect of ours: values and a layer on different devices.
pub(crate) fn mixed() -> Error {
    Error::new(Code::Internal, "a feature map and a layer lie on different devices")
}

/// A defect of ours: a tensor of a file that was checked when it was opened is not there.
pub(crate) fn lost(name: &str) -> Error {
    Error::new(Code::Internal, format!("tensor `{name}` was checked, but is not in its file"))
}

/// The error of a run that is being stopped.
pub(crate) fn cancelled() -> Error {
    Error::new(Code::Cancelled, "the run is being stopped")
}
