//! Runs node graphs: packs of WebAssembly nodes on wasmtime, tensors and networks on a device.
//!
//! ```no_run
//! use amdm::graph::Document;
//! use amdm_runtime::{Cancel, Host, HostOptions, RunOptions};
//!
//! let host = Host::open(&HostOptions::default())?;
//! let graph = Document::parse(&std::fs::read("graph.json")?)?;
//! let checked = host.check(&graph, None).map_err(|errors| errors[0].clone())?;
//! let options = RunOptions::default();
//! let outcome = host.run(&graph, &checked, &options, &Cancel::new(), std::sync::Arc::new(|_| {}))?;
//! println!("{} files", outcome.files.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`Host`]: opened once; knows packs, models and a device.
//! * [`Pack`]: a component and its node descriptors.
//! * [`Event`], [`Outcome`], [`Failure`], [`RunResult`]: what a run reports and gives.
//! * [`ResultCache`]: what is kept of it for later runs.
//! * [`Node`], [`Kept`], [`Turn`]: nodes of the embedder's own, and what a run leaves it in memory.
//! * [`Cancel`], [`Limits`]: how a run is stopped and bounded.
//!
//! Guests see only the contract in `wit/`: no files, no network, no clock. A guest that loops, eats
//! memory or crashes ends its run with an error and nothing else.

mod budget;
mod cache;
mod cancel;
mod core;
mod failure;
mod host;
mod limits;
mod own;
mod pictures;
mod prepare;
mod registry;
mod report;
mod run;
mod turn;
pub mod unfinished;
mod value;
mod wasm;
mod worker;

pub use cache::{CacheState, ResultCache};
pub use cancel::Cancel;
pub use core::{Access, Kept, NodeCall, Place, PreviewSink, Running, StepView};
pub use failure::{Failure, FailureCode, NodeRef};
pub use host::{Host, HostOptions};
pub use limits::Limits;
pub use own::{NativeFile, NativePack, Node, Registration, StepOperator};
pub use pictures::{Clock, Inputs, Moment};
pub use prepare::{Asked, Draft, Graphs, Prepared};
pub use report::{
    Event, Level, NodeTime, Notice, Notices, Outcome, OutputFile, RunResult, Saved, Seed, Sink,
    Status, Versions,
};
pub use run::RunOptions;
pub use turn::{Entered, Turn};
pub use value::{Object, Value};
pub use wasm::{CacheDir, Origin, Pack, SECTION};
pub use worker::on_caller;
