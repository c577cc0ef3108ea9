//! A thread of our own for everything that enters guests, and the way back to the caller's.
//!
//! Embedders call from threads whose stacks may be small, and a sampler's guest and an operator's
//! lie on one stack, half a megabyte each at most. A panic of ours ends as a failure `internal`.
//!
//! Code of the embedder's, on the other hand, may want the thread that called us (a Python
//! interpreter, a thread that owns a graphics context): [`on_caller`] does work there, while the
//! caller waits for the run.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, scope};

use amdm::error::{Code, Error};

use crate::core::Place;
use crate::failure::{Failure, FailureCode};
use crate::turn;

/// Two guests (512 KiB each, see `wasmtime::Config::max_wasm_stack`) and host functions above them.
const STACK: usize = 8 << 20;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// Of a thread of ours: what the thread that called us waits at.
    static CALLER: RefCell<Option<Sender<Job>>> = const { RefCell::new(None) };
}

/// Does `work` on a thread with enough stack, and waits for it, doing what it wants done on this
/// one. Log subscribers stay the caller's.
///
/// # Errors
/// Those of `work`; `out_of_memory` where no thread can be had, `internal` where `work` panics.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    let entered = turn::entered();
    let (sender, jobs) = channel::<Job>();
    scope(|scope| {
        let worker = Builder::new()
            .name("amdm-run".into())
            .stack_size(STACK)
            .spawn_scoped(scope, move || {
                CALLER.set(Some(sender));
                let work = || turn::as_in(entered, work);
                let result = tracing::dispatcher::with_default(&subscriber, work);
                // The caller waits for jobs until the last sender is gone.
                CALLER.set(None);
                result
            })
            .map_err(|error| fail(Code::OutOfMemory, format!("cannot start a thread: {error}")))?;
        serve(&jobs);
        worker.join().unwrap_or_else(|panic| Err(fail(Code::Internal, defect(panic.as_ref()))))
    })
}

/// Does jobs until nobody can send any more. A job that panics drops its sender; whoever waits for
/// it sees the channel close.
fn serve(jobs: &Receiver<Job>) {
    for job in jobs {
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Does `work` on the thread that called [`Host::run`](crate::Host::run) (or another function of
/// the host that enters guests), and waits for it. Elsewhere than on a thread of the run it is done
/// here.
///
/// # Errors
/// `internal` where `work` panics.
pub fn on_caller<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let Some(caller) = CALLER.with_borrow(Clone::clone) else { return Ok(work()) };
    let (sender, result) = channel();
    let place = Place::here();
    let work = move || place.with(work);
    let job = move || drop(sender.send(work()));
    // The caller may be gone only where this run's thread is, too.
    let _ = caller.send(Box::new(job));
    result.recv().map_err(|_| Error::new(Code::Internal, "code of the embedder's panicked"))
}

fn fail(code: Code, message: String) -> Failure {
    Failure::new(FailureCode::Node(code), message)
}

fn defect(panic: &(dyn Any + Send)) -> String {
    format!("a defect of amdm ended the run: {}", said(panic))
}

/// What a panic says.
pub(crate) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it gave no reason")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::thread::current;

    use super::{on_caller, run};

    #[test]
    fn work_comes_back_to_the_caller() {
        let here = current().id();
        let (there, back) = run(|| {
            let back = on_caller(|| current().id()).unwrap();
            Ok((current().id(), back))
        })
        .unwrap();
        assert_eq!(back, here);
        assert_ne!(there, here);
        assert_eq!(on_caller(|| current().id()).unwrap(), here);
    }

    #[test]
    fn a_panic_on_the_caller_is_an_error_there() {
        let told = run(|| Ok(on_caller(|| -> u8 { panic!("no") }).unwrap_err())).unwrap();
        assert_eq!(told.message, "code of the embedder's panicked");
        assert!(run(|| -> Result<(), _> { panic!("no") }).is_err());
    }
}
