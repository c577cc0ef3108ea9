//! Brownian motion over an interval of sigmas, as torchsde's tree of halves draws it.
//!
//! The motion is a function of the seed, the interval and the shape: each node of the tree has a
//! seed of its own, so any increment can be asked for in any order, and the same one twice gives
//! the same values. Times are rounded to six decimals as there, so one unit in the last place of a
//! sigma can move an increment; see `noise_rules` of the recordings.

use alloc::format;
use alloc::vec::Vec;

use super::TorchCpu;
use super::seed_sequence::first_word;

/// Splits below one another: an interval of 2^40 millionths is beyond any sigma.
const DEPTH: u64 = 64;
/// Positions that are kept: a step's start, its middle and its end.
const KEPT: usize = 3;

/// A Brownian motion of `n` independent values between two times.
#[derive(Clone)]
pub struct Brownian {
    seed: u64,
    n: usize,
    start: f64,
    end: f64,
    /// The whole increment.
    root: Vec<f64>,
    /// Where the motion is at times asked for last, the newest first.
    kept: Vec<(f64, Vec<f64>)>,
}

impl Brownian {
    /// The motion of `seed`, with all its 64 bits, between the times `low` and `high`.
    ///
    /// In a sampling these are its smallest sigma above 0 and its largest.
    pub fn new(seed: u64, low: f64, high: f64, n: usize) -> Self {
        let (low, high) = if low <= high { (low, high) } else { (high, low) };
        let deviation = libm::sqrt(high - low);
        let values = TorchCpu::new(first_word(seed, &[]).into()).normal(n);
        let root = values.into_iter().map(|value| f64::from(value) * deviation).collect();
        Self { seed, n, start: rounded(low), end: rounded(high), root, kept: Vec::new() }
    }

    /// The increment from time `from` to time `to`, over the root of the time between them: unit
    /// normal values, with opposite sign where `from` is later. Equal times give values that are no
    /// numbers.
    pub fn between(&mut self, from: f64, to: f64) -> Vec<f32> {
        let deviation = libm::sqrt((to - from).abs());
        let (first, last) = (self.position(from), self.position(to));
        let pairs = first.iter().zip(&last);
        #[allow(clippy::cast_possible_truncation)]
        pairs.map(|(first, last)| ((last - first) / deviation) as f32).collect()
    }

    /// Where the motion is at `time`, counted from its start.
    fn position(&mut self, time: f64) -> Vec<f64> {
        let time = rounded(time.clamp(self.start, self.end));
        if let Some((_, position)) =
            self.kept.iter().find(|(kept, _)| kept.to_bits() == time.to_bits())
        {
            return position.clone();
        }
        let position = self.descend(time);
        self.kept.truncate(KEPT - 1);
        self.kept.insert(0, (time, position.clone()));
        position
    }

    fn descend(&self, time: f64) -> Vec<f64> {
        let mut position = alloc::vec![0.0; self.n];
        if time <= self.start {
            return position;
        }
        let (mut a, mut b, mut key) = (self.start, self.end, 0_u64);
        let mut node = self.root.clone();
        for depth in 0..DEPTH {
            if time >= b {
                break;
            }
            let middle = rounded(f64::midpoint(a, b));
            let (share, deviation) =
                ((middle - a) / (b - a), libm::sqrt((middle - a) * (b - middle) / (b - a)));
            let word = first_word(self.seed, &[key, depth]);
            let drawn = TorchCpu::new(word.into()).normal(self.n);
            let left = node.iter().zip(drawn);
            let left: Vec<f64> =
                left.map(|(whole, drawn)| share * whole + deviation * f64::from(drawn)).collect();
            if time >= middle {
                for ((node, position), left) in node.iter_mut().zip(&mut position).zip(left) {
                    *node -= left;
                    *position += left;
                }
                (a, key) = (middle, 2 * key + 1);
                if time <= a {
                    return position;
                }
            } else {
                (node, b, key) = (left, middle, 2 * key);
            }
        }
        position.iter_mut().zip(node).for_each(|(position, node)| *position += node);
        position
    }
}

/// To six decimals, halves to even of the exact value, as Python rounds.
fn rounded(time: f64) -> f64 {
    format!("{time:.6}").parse().unwrap_or(time)
}
