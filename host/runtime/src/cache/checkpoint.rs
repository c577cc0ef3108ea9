//! Unfinished work of one node, on disk: what a run that was broken off left for the next one.
//!
//! It lies among the results, under a key made of the node's own and of the outputs that are
//! wanted, so it is found only by who would do the same work; where the node's own key would not
//! hold (a file changed, the node looked at something that the key does not name) nothing is kept.
//! It goes when the node is done.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use amdm_diffusion::{Device, Tensor};

use super::{Entry, Key, NodeKey, Read, Results};
use crate::value::Value;

/// Numbers of one checkpoint: some for each of 64 lanes, many times over.
pub(crate) const NUMBERS: usize = 1 << 16;

/// The place of one node's unfinished work.
pub(crate) struct Checkpoints {
    results: Arc<Results>,
    node: NodeKey,
    key: Key,
    every: Duration,
    last: Mutex<Instant>,
}

impl Checkpoints {
    /// Of the node with the key `node`, of which `wanted` outputs are wanted; none where nothing is
    /// kept on disk.
    pub fn new(results: &Arc<Results>, node: &NodeKey, wanted: &HashSet<String>) -> Option<Self> {
        results.disk.as_ref().filter(|_| node.portable)?;
        let mut wanted = wanted.iter().map(String::as_str).collect::<Vec<_>>();
        wanted.sort_unstable();
        let key = node.key.of_unfinished(&wanted);
        let (results, every) = (results.clone(), results.checkpoints);
        Some(Self { results, node: node.clone(), key, every, last: Mutex::new(Instant::now()) })
    }

    /// What was kept last.
    pub fn find(&self, device: &Device) -> Option<(Vec<f64>, Vec<Tensor>)> {
        let entry = self.results.disk.as_ref()?.get(&self.key, device)?;
        let (mut numbers, mut tensors) = (Vec::new(), Vec::new());
        for (_, value) in entry.outputs {
            match value {
                Value::Float(number) => numbers.push(number),
                Value::Tensor(tensor) => tensors.push(tensor),
                _ => return None,
            }
        }
        Some((numbers, tensors))
    }

    /// Whether it is time for the next one.
    pub fn due(&self) -> bool {
        self.last().elapsed() >= self.every
    }

    /// Keeps `numbers` and `tensors` in place of what was kept before, unless the node `saw` what
    /// its key does not cover.
    pub fn keep(&self, numbers: &[f64], tensors: Vec<Tensor>, saw: &HashSet<Read>) {
        if let Some(disk) = self.results.disk.as_ref().filter(|_| self.node.covers(saw)) {
            let numbers = numbers.iter().map(|&number| Value::Float(number));
            let values = numbers.chain(tensors.into_iter().map(Value::Tensor));
            let entry = Entry { outputs: (0..).zip(values).collect(), ui: Vec::new() };
            disk.put(&self.key, &entry);
        }
        *self.last() = Instant::now();
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was kept.
    pub fn clear(&self) {
        if let Some(disk) = &self.results.disk {
            disk.remove(&self.key);
        }
    }
}
