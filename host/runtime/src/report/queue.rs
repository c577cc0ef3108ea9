//! What happens, in order, for one consumer at a time: bounded, with an end.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events that wait at most; beyond that, those that may be lost are.
const WAITING: usize = 4096;

/// A queue that ends.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// Each with whether it may be lost.
    events: VecDeque<(T, bool)>,
    /// Nothing more will come.
    ended: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = Mutex::new(State { events: VecDeque::new(), ended: false });
        Self { state, changed: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds an event; where too many wait, the oldest of those that `may_be_lost` is.
    pub fn push(&self, event: T, may_be_lost: bool) {
        let mut state = self.lock();
        if may_be_lost && state.events.len() >= WAITING {
            let oldest = state.events.iter().position(|(_, may_be_lost)| *may_be_lost);
            // Where none may, this one is.
            let Some(oldest) = oldest else { return };
            state.events.remove(oldest);
        }
        state.events.push_back((event, may_be_lost));
        drop(state);
        self.changed.notify_all();
    }

    /// Adds an event in place of the oldest of those like it, where `most` of them wait already.
    pub fn push_newest(&self, event: T, most: usize, like: impl Fn(&T) -> bool) {
        let mut state = self.lock();
        let mut those = state.events.iter().map(|(event, _)| like(event));
        if those.clone().filter(|like| *like).count() >= most
            && let Some(oldest) = those.position(|like| like)
        {
            state.events.remove(oldest);
        }
        state.events.push_back((event, false));
        drop(state);
        self.changed.notify_all();
    }

    /// Adds the last event.
    pub fn end(&self, event: T) {
        let mut state = self.lock();
        state.events.push_back((event, false));
        state.ended = true;
        drop(state);
        self.changed.notify_all();
    }

    /// Says that nothing will come, to who waits as well.
    pub fn close(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// The next event, waited for until `limit` has passed (none waits for ever). None where none
    /// came, and once all were taken.
    pub fn next(&self, limit: Option<Duration>) -> Option<T> {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut state = self.lock();
        loop {
            if let Some((event, _)) = state.events.pop_front() {
                return Some(event);
            }
            if state.ended {
                return None;
            }
            state = match end {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.checked_duration_since(Instant::now())?;
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Queue, WAITING};

    #[test]
    fn events_come_in_order_and_end() {
        let queue = Queue::default();
        assert_eq!(queue.next(Some(Duration::ZERO)), None::<u32>);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..100).for_each(|event| queue.push(event, false));
                queue.end(100);
            });
            let events = std::iter::from_fn(|| queue.next(None)).collect::<Vec<_>>();
            assert_eq!(events, (0..=100).collect::<Vec<_>>());
        });
    }

    #[test]
    fn of_what_is_large_the_newest_wait() {
        let queue = Queue::default();
        for event in 0..10 {
            queue.push(100 + event, false);
            queue.push_newest(event, 2, |event| *event < 100);
        }
        queue.end(200);
        let events = std::iter::from_fn(|| queue.next(None)).collect::<Vec<_>>();
        let small = events.iter().filter(|event| **event < 100).collect::<Vec<_>>();
        assert_eq!((small, events.len()), (vec![&8, &9], 13));
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let queue = Queue::default();
        (0..WAITING + 10).for_each(|event| queue.push(event, true));
        queue.push(7, false);
        queue.end(8);
        let events = std::iter::from_fn(|| queue.next(None)).collect::<Vec<_>>();
        assert_eq!(events.len(), WAITING + 2);
        assert_eq!(events[..2], [10, 11], "the newest are there");
        assert_eq!(events[WAITING..], [7, 8]);
    }
}
