//! Status codes, the last error of a thread, and the guard around every exported body.

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use amdm::error::{Code, Error};
use amdm::graph::GraphError;
use amdm_runtime::{Failure, FailureCode};

/// How a function ended: 0 for success, a negative code for a failure.
pub type AmdmStatus = i32;

/// Success.
pub const AMDM_STATUS_OK: AmdmStatus = 0;
/// A pointer that must not be NULL is, a length or an enumeration is out of range, a text is not
/// UTF-8.
pub const AMDM_STATUS_INVALID_ARGUMENT: AmdmStatus = -1;
/// A handle that is NULL, was destroyed, or is of another kind.
pub const AMDM_STATUS_INVALID_HANDLE: AmdmStatus = -2;
/// The header that the caller was compiled with has another major version than the library.
pub const AMDM_STATUS_ABI_MISMATCH: AmdmStatus = -3;
/// Called from inside a callback that must not call it.
pub const AMDM_STATUS_WRONG_THREAD: AmdmStatus = -4;
/// Not in this state: a run started twice, an output before the run has ended.
pub const AMDM_STATUS_WRONG_STATE: AmdmStatus = -5;
/// Nothing is there: no event, no such output.
pub const AMDM_STATUS_EMPTY: AmdmStatus = -6;
/// The time to wait is over; the run goes on.
pub const AMDM_STATUS_TIMEOUT: AmdmStatus = -7;
/// A defect of the library; the process is unharmed, the object may not be.
pub const AMDM_STATUS_PANIC: AmdmStatus = -8;
/// A file or text is no graph, or the graph is not valid; the error text lists why.
pub const AMDM_STATUS_INVALID_GRAPH: AmdmStatus = -9;
/// A value does not fit: out of range, wrong shape, contradicting another.
pub const AMDM_STATUS_INVALID_INPUT: AmdmStatus = -10;
/// A name that nothing answers to.
pub const AMDM_STATUS_NOT_FOUND: AmdmStatus = -11;
/// Well-formed, but not something that this build, model or device can do.
pub const AMDM_STATUS_UNSUPPORTED: AmdmStatus = -12;
/// The device or the process has no memory left for it.
pub const AMDM_STATUS_OUT_OF_MEMORY: AmdmStatus = -13;
/// A configured bound was reached.
pub const AMDM_STATUS_LIMIT_EXCEEDED: AmdmStatus = -14;
/// Reading or writing failed.
pub const AMDM_STATUS_INPUT_OUTPUT: AmdmStatus = -15;
/// The run was cancelled.
pub const AMDM_STATUS_CANCELLED: AmdmStatus = -16;
/// Not permitted, such as a path outside the run's directories or a pack that is not allow-listed.
pub const AMDM_STATUS_DENIED: AmdmStatus = -17;
/// A defect of a node, a model or the library, found in time.
pub const AMDM_STATUS_INTERNAL: AmdmStatus = -18;
/// A pack crashed; it ran isolated, so nothing else is harmed.
pub const AMDM_STATUS_TRAP: AmdmStatus = -19;
/// The run's time, or a pack's, is up.
pub const AMDM_STATUS_TIME_UP: AmdmStatus = -20;
/// A file is no usable pack.
pub const AMDM_STATUS_PACK_INVALID: AmdmStatus = -21;
/// A pack or node behaves unlike its own description.
pub const AMDM_STATUS_PACK_MISMATCH: AmdmStatus = -22;

/// Why a call failed.
#[derive(Clone, Debug)]
pub(crate) struct Fail {
    pub status: AmdmStatus,
    pub message: String,
    /// The input at fault, where a node names one.
    pub input: Option<String>,
}

impl Fail {
    pub fn new(status: AmdmStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), input: None }
    }

    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(AMDM_STATUS_INVALID_ARGUMENT, message)
    }

    /// As an error of the runtime's. `EMPTY` becomes `not_found`, `INVALID_ARGUMENT`
    /// `invalid_input`; every other status about the call itself is the embedder's defect:
    /// `internal`.
    pub fn into_error(self) -> Error {
        let code = match self.status {
            AMDM_STATUS_INVALID_ARGUMENT => Code::InvalidInput,
            AMDM_STATUS_EMPTY => Code::NotFound,
            status => {
                let same = CODES.iter().find(|(_, same)| *same == status);
                same.map_or(Code::Internal, |(code, _)| *code)
            }
        };
        Error { code, message: self.message, input: self.input }
    }
}

/// Codes of errors and their statuses: as many as there are codes.
const CODES: [(Code, AmdmStatus); Code::ALL.len()] = [
    (Code::InvalidInput, AMDM_STATUS_INVALID_INPUT),
    (Code::NotFound, AMDM_STATUS_NOT_FOUND),
    (Code::Unsupported, AMDM_STATUS_UNSUPPORTED),
    (Code::OutOfMemory, AMDM_STATUS_OUT_OF_MEMORY),
    (Code::LimitExceeded, AMDM_STATUS_LIMIT_EXCEEDED),
    (Code::InputOutput, AMDM_STATUS_INPUT_OUTPUT),
    (Code::Cancelled, AMDM_STATUS_CANCELLED),
    (Code::Denied, AMDM_STATUS_DENIED),
    (Code::Internal, AMDM_STATUS_INTERNAL),
];

fn code_status(code: Code) -> AmdmStatus {
    let same = CODES.iter().find(|(same, _)| *same == code);
    same.map_or(AMDM_STATUS_INTERNAL, |(_, status)| *status)
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self { status: code_status(error.code), message: error.message, input: error.input }
    }
}

impl From<Failure> for Fail {
    fn from(failure: Failure) -> Self {
        let status = match failure.code {
            FailureCode::Node(code) => code_status(code),
            FailureCode::Trap => AMDM_STATUS_TRAP,
            FailureCode::Timeout => AMDM_STATUS_TIME_UP,
            FailureCode::PackInvalid => AMDM_STATUS_PACK_INVALID,
            FailureCode::PackMismatch => AMDM_STATUS_PACK_MISMATCH,
            // Programs that use the runtime in Rust have such codes; this library has none.
            FailureCode::Program(_) => AMDM_STATUS_INTERNAL,
        };
        Self { status, message: failure.to_string(), input: failure.input }
    }
}

/// Writing our own values as JSON does not fail; if it does, that is a defect.
impl From<serde_json::Error> for Fail {
    fn from(error: serde_json::Error) -> Self {
        Self::new(AMDM_STATUS_INTERNAL, error.to_string())
    }
}

impl From<GraphError> for Fail {
    fn from(error: GraphError) -> Self {
        Self::new(AMDM_STATUS_INVALID_GRAPH, error.to_string())
    }
}

impl From<Vec<GraphError>> for Fail {
    fn from(errors: Vec<GraphError>) -> Self {
        let lines = errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        Self::new(AMDM_STATUS_INVALID_GRAPH, lines.join("\n"))
    }
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
    /// Callbacks of the embedder's that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// The text of this thread's last failure.
pub(crate) fn last_error() -> *const c_char {
    // A thread that ends has lost its text.
    LAST.try_with(|text| text.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

fn remember(message: &str) {
    let text = CString::new(message.replace('\0', " ")).unwrap_or_default();
    let _ = LAST.try_with(|last| last.replace(text));
}

/// The body of an exported function: no panic leaves it, and its failure is remembered.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Fail>) -> AmdmStatus {
    let ended = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let text = format!("a defect of amdm: {}", text.unwrap_or("it panicked"));
        Err(Fail::new(AMDM_STATUS_PANIC, text))
    });
    match ended {
        Ok(()) => AMDM_STATUS_OK,
        Err(fail) => {
            remember(&fail.message);
            fail.status
        }
    }
}

/// The same for functions that must not be called inside a callback.
pub(crate) fn outside(body: impl FnOnce() -> Result<(), Fail>) -> AmdmStatus {
    guard(|| {
        must_be_outside()?;
        body()
    })
}

/// Fails inside a callback of the embedder's.
pub(crate) fn must_be_outside() -> Result<(), Fail> {
    if !is_inside() {
        return Ok(());
    }
    let message = "called inside a callback, expected a call of the tables handed to it, \
                   amdm_run_cancel, _poll, _next_event or amdm_tensor_*";
    Err(Fail::new(AMDM_STATUS_WRONG_THREAD, message))
}

/// Whether this thread is in a callback of the embedder's.
pub(crate) fn is_inside() -> bool {
    DEPTH.get() > 0
}

/// Calls into the embedder's code.
pub(crate) fn callback<T>(work: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    work()
}
