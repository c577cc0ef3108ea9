//! Runs node graphs: packs of WebAssembly nodes on wasmtime, tensors and networks on a device.
//!
//! ```no_run
//! use amdm_runtime::{Asked, Cancel, Host, HostOptions, RunOptions};
//!
//! let host = Host::open(&HostOptions::default())?;
//! let graphs = host.graphs(None);
//! let draft = graphs.read(&std::fs::read("graph.json")?).map_err(|errors| errors[0].clone())?;
//! let graph = graphs.prepare(draft.document, &Asked::default());
//! let graph = graph.map_err(|errors| errors[0].clone())?;
//! let (options, cancel) = (RunOptions::default(), Cancel::new());
//! let sink = std::sync::Arc::new(|_| {});
//! let outcome = host.run(&graph.document, &graph.checked, &options, &cancel, sink)?;
//! println!("{} files", outcome.files.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`Host`]: opened once; knows packs, models and a device.
//! * [`Graphs`]: reads graphs and makes them ready to run.
//! * [`Pack`]: a component and its node descriptors.
//! * [`Event`], [`Outcome`], [`Failure`], [`RunResult`]: what a run reports and gives; [`Notices`]:
//!   all of it, waiting to be taken.
//! * [`ResultCache`]: what is kept of it for later runs.
//! * [`Node`], [`StepOperator`]: nodes and operators of the embedder's own. They see [`NodeCall`],
//!   [`StepView`] and, behind both, [`Access`]: what a node may ask of the host.
//! * [`Inputs`], [`Given`]: the pictures that graphs may read, and values in memory.
//! * [`Kept`], [`Turn`]: what a run leaves in memory, and code that one call at a time may be in.
//! * [`Cancel`], [`Limits`]: how a run is stopped and bounded.
//!
//! Inside, rules stand once: `core` says what a node may do; `wasm` and `own` are thin faces of it,
//! for components and for native code; `run` executes, `report` tells, `cache` keeps.
//!
//! Guests see only the contract in `wit/`: no files, no network, no clock. A guest that loops, eats
//! memory or crashes ends its run with an error and nothing else.

mod budget;
mod cache;
mod cancel;
mod core;
mod failure;
mod given;
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
pub use core::{Access, Kept, NodeCall, Place, PreviewSink, Running, StepView, entries};
pub use failure::{Failure, FailureCode, NodeRef};
pub use given::Given;
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
