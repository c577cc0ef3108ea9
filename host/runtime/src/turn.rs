//! Turns: code of the embedder's that one call at a time may be in, whichever runs it comes from.
//!
//! Waiting stops when the run is cancelled. Waiting for a turn that this run already holds (a node
//! that runs a graph with its own class in it, a model that asks itself) is an error, not a
//! deadlock: a run's threads know which turns the thread that started it holds.

use std::cell::RefCell;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use amdm::error::{Code, Error};

/// How long a cancel goes unheard while somebody else has the turn.
const HEARS: Duration = Duration::from_millis(10);

thread_local! {
    /// Addresses of the turns that this thread has, and those that the run has whose work it does.
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// One at a time.
#[derive(Debug, Default)]
pub struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

/// A turn that somebody has, on one thread; ends when it is dropped.
#[derive(Debug)]
pub struct Entered<'t> {
    turn: &'t Turn,
    /// Not for other threads: it is noted on this one.
    _here: std::marker::PhantomData<*const ()>,
}

impl Turn {
    /// Waits until nobody else has it.
    ///
    /// # Errors
    /// `unsupported` where this thread or the one that it works for has it already, `cancelled`
    /// once `cancelled` says so.
    pub fn wait(&self, cancelled: &dyn Fn() -> bool) -> Result<Entered<'_>, Error> {
        if ENTERED.with_borrow(|entered| entered.contains(&self.address())) {
            let message = "found a call of it from inside its own code, and it is not concurrent";
            return Err(Error::new(Code::Unsupported, message));
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            if cancelled() {
                return Err(Error::new(Code::Cancelled, "the run was stopped"));
            }
            let waited = self.free.wait_timeout(taken, HEARS);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken = true;
        ENTERED.with_borrow_mut(|entered| entered.push(self.address()));
        Ok(Entered { turn: self, _here: std::marker::PhantomData })
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let address = self.turn.address();
        ENTERED.with_borrow_mut(|entered| entered.retain(|entered| *entered != address));
        *self.turn.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.turn.free.notify_one();
    }
}

/// What the calling thread is in, for a thread that works for it.
pub(crate) fn entered() -> Vec<usize> {
    ENTERED.with_borrow(Clone::clone)
}

/// Does `work` as a thread that is in `entered`.
pub(crate) fn as_in<T>(entered: Vec<usize>, work: impl FnOnce() -> T) -> T {
    struct Before(Vec<usize>);
    impl Drop for Before {
        fn drop(&mut self) {
            ENTERED.set(std::mem::take(&mut self.0));
        }
    }
    let _before = Before(ENTERED.replace(entered));
    work()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Turn, as_in, entered};
    use amdm::error::Code;

    #[test]
    fn one_at_a_time() {
        let (turn, inside, most) = (Turn::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _turn = turn.wait(&|| false).unwrap();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn who_waits_hears_of_a_cancel() {
        let turn = Turn::default();
        let _taken = turn.wait(&|| false).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turn.wait(&|| true).unwrap_err().code);
            assert_eq!(waiting.join().unwrap(), Code::Cancelled);
        });
    }

    #[test]
    fn nobody_waits_for_itself() {
        let turn = Turn::default();
        let taken = turn.wait(&|| false).unwrap();
        assert_eq!(turn.wait(&|| false).unwrap_err().code, Code::Unsupported);
        let inside = entered();
        std::thread::scope(|scope| {
            let helper = scope.spawn(|| as_in(inside, || turn.wait(&|| false).unwrap_err().code));
            assert_eq!(helper.join().unwrap(), Code::Unsupported);
        });
        drop(taken);
        assert!(turn.wait(&|| false).is_ok());
        assert!(entered().is_empty());
    }
}
