//! A thread of our own for everything that enters guests.
//!
//! Embedders call from threads whose stacks may be small, and a sampler's guest and an operator's
//! lie on one stack, half a megabyte each at most. A panic of ours ends as a failure `internal`.

use std::any::Any;
use std::thread::{Builder, scope};

use amdm::error::Code;

use crate::failure::{Failure, FailureCode};

/// Two guests (512 KiB each, see `wasmtime::Config::max_wasm_stack`) and host functions above them.
const STACK: usize = 8 << 20;

/// Does `work` on a thread with enough stack, and waits for it. Log subscribers stay the caller's.
///
/// # Errors
/// Those of `work`; `out_of_memory` where no thread can be had, `internal` where `work` panics.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    scope(|scope| {
        Builder::new()
            .name("amdm-run".into())
            .stack_size(STACK)
            .spawn_scoped(scope, move || tracing::dispatcher::with_default(&subscriber, work))
            .map_err(|error| fail(Code::OutOfMemory, format!("cannot start a thread: {error}")))?
            .join()
            .unwrap_or_else(|panic| Err(fail(Code::Internal, defect(panic.as_ref()))))
    })
}

fn fail(code: Code, message: String) -> Failure {
    Failure::new(FailureCode::Node(code), message)
}

fn defect(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a defect of amdm ended the run: {}", text.unwrap_or("it panicked"))
}
