//! How long a guest has computed: ticks since it was called, but for those in which the host worked
//! for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The clock of one instance.
pub struct GuestClock {
    /// Ticks of the engine, 10 ms each.
    ticks: Arc<AtomicU64>,
    start: u64,
    /// Ticks that passed in the host.
    host: Arc<AtomicU64>,
}

impl GuestClock {
    /// Starts with no time spent.
    pub fn new(ticks: &Arc<AtomicU64>) -> Self {
        let start = ticks.load(Ordering::Relaxed);
        Self { ticks: ticks.clone(), start, host: Arc::default() }
    }

    /// The guest is called anew.
    pub fn restart(&mut self) {
        self.start = self.ticks.load(Ordering::Relaxed);
        self.host.store(0, Ordering::Relaxed);
    }

    /// The host works until what this returns is dropped.
    pub fn work(&self) -> Work {
        let start = self.ticks.load(Ordering::Relaxed);
        Work { ticks: self.ticks.clone(), start, host: self.host.clone() }
    }

    /// Ticks that the guest has used.
    pub fn spent(&self) -> u64 {
        let passed = self.ticks.load(Ordering::Relaxed).saturating_sub(self.start);
        passed.saturating_sub(self.host.load(Ordering::Relaxed))
    }
}

/// Work of the host for a guest.
pub struct Work {
    ticks: Arc<AtomicU64>,
    start: u64,
    host: Arc<AtomicU64>,
}

impl Drop for Work {
    fn drop(&mut self) {
        let passed = self.ticks.load(Ordering::Relaxed).saturating_sub(self.start);
        if passed > 0 {
            self.host.fetch_add(passed, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::GuestClock;

    #[test]
    fn the_hosts_ticks_are_not_the_guests() {
        let ticks = Arc::new(AtomicU64::new(5));
        let pass = |count| ticks.fetch_add(count, Ordering::Relaxed);
        let mut clock = GuestClock::new(&ticks);
        pass(2);
        assert_eq!(clock.spent(), 2);
        let work = clock.work();
        pass(10);
        drop(work);
        assert_eq!(clock.spent(), 2);
        pass(1);
        assert_eq!(clock.spent(), 3);
        clock.restart();
        assert_eq!(clock.spent(), 0);
    }
}
