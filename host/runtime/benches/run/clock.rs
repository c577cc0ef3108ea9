//! Repeated timing.

use std::time::Instant;

/// Seconds of one repetition each, sorted.
pub struct Times(Vec<f64>);

impl Times {
    /// Times of `count` repetitions that say themselves how long they took.
    pub fn told(count: usize, mut work: impl FnMut() -> f64) -> Self {
        Self::new((0..count).map(|_| work()).collect())
    }

    pub fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// Times of `count` repetitions.
    pub fn of<T>(count: usize, mut work: impl FnMut() -> T) -> Self {
        Self::told(count, || {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64()
        })
    }

    pub fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    pub fn least(&self) -> f64 {
        self.0[0]
    }
}

/// A line of the table, in milliseconds.
pub fn milliseconds(name: &str, times: &Times) {
    let (median, least) = (times.median() * 1e3, times.least() * 1e3);
    println!("  {name:<44} {median:>9.2} ms  (least {least:.2})");
}
