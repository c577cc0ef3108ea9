//! How to run a graph.

use std::path::PathBuf;
use std::time::Duration;

use crate::core::Kept;
use crate::pictures::{Clock, Inputs};

/// How to run a graph.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where pictures are written; made at need.
    pub output_dir: PathBuf,
    /// Whether pictures are not written but left in `kept` alone.
    pub in_memory: bool,
    /// Where `LoadImage` finds pictures; by default nowhere.
    pub inputs: Inputs,
    /// Whether the graph is left inside the pictures it makes.
    pub metadata: bool,
    /// Longest time for the whole run.
    pub timeout: Option<Duration>,
    /// What `%date:...%` in file names reads.
    pub clock: Clock,
    /// Where pictures, chosen outputs and previews are left in memory, for who embeds the run.
    pub kept: Option<Kept>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            output_dir: "output".into(),
            in_memory: false,
            inputs: Inputs::default(),
            metadata: true,
            timeout: None,
            clock: Clock::local(),
            kept: None,
        }
    }
}
