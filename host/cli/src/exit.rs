//! Exit codes, and the errors that lead to them.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the run failed, or not all of it ran (`--partial`), or a server would refuse the graph |
//! | 2 | the command line is wrong |
//! | 3 | the graph cannot be read or is not valid; nothing ran |
//! | 4 | the run took longer than `--timeout`, or a pack hung |
//! | 130 | stopped by Ctrl-C or SIGTERM |

use std::process::ExitCode;

use amdm::error;
use amdm_runtime::{Failure, FailureCode};

/// The run failed, or not all outputs ran, or a server would refuse the graph.
pub const FAILED: Code = Code(1);
/// The command line is wrong.
pub const USAGE: Code = Code(2);
/// The graph is not valid.
pub const INVALID: Code = Code(3);
/// Time was up.
pub const TIMEOUT: Code = Code(4);
/// Stopped on request.
pub const INTERRUPTED: Code = Code(130);

/// A sweep that is to be continued was made from something else.
pub const SWEEP_CHANGED: FailureCode = FailureCode::Program("sweep_changed");

/// A process exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(u8);

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.0)
    }
}

/// Why a command ends early.
#[derive(Debug)]
pub struct Stop {
    /// What the process exits with.
    pub code: Code,
    /// What to tell the person, unless that was done already.
    pub message: Option<String>,
    /// What to tell programs, unless that was done already.
    pub failure: Option<Box<Failure>>,
}

impl Stop {
    /// Ends with a message: about the command line, or about a file.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let kind = if code == USAGE { error::Code::InvalidInput } else { error::Code::InputOutput };
        Self::of(code, Failure::new(FailureCode::Node(kind), message))
    }

    /// Ends with the message of `failure`, without its code.
    pub fn of(code: Code, failure: Failure) -> Self {
        Self { code, message: Some(failure.message.clone()), failure: Some(Box::new(failure)) }
    }

    /// Ends without one.
    pub fn silent(code: Code) -> Self {
        Self { code, message: None, failure: None }
    }

    /// Marks the failure as already reported in machine-readable form.
    #[must_use]
    pub fn told(self) -> Self {
        Self { failure: None, ..self }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let code = match failure.code {
            FailureCode::Timeout => TIMEOUT,
            SWEEP_CHANGED => USAGE,
            _ if failure.is_cancelled() => INTERRUPTED,
            _ => FAILED,
        };
        Self { message: Some(failure.to_string()), ..Self::of(code, failure) }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        let failure = Failure::new(FailureCode::Node(error::Code::Internal), format!("{error:#}"));
        Self::of(FAILED, failure)
    }
}
