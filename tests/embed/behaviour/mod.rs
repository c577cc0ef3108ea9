//! One suite over all faces of the host: the crate, the command, and the C library with runs on a
//! thread of its own and on the caller's. What they give is the same, bit for bit.

mod cancel;
mod command;
mod errors;
mod images;
pub mod library;
mod memory;
mod native;
mod outputs;
pub mod own;
mod owned;
mod parallel;
mod turns;

pub mod scene;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// When a run is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Never,
    /// Before it starts.
    Before,
    /// When its first step is told.
    FirstStep,
    /// Once the picture after that is done.
    NextPicture,
}

/// What not every face has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The node and the operator of [`own`].
    Nodes,
    /// The model of [`own`].
    Models,
    /// Outputs that are wanted besides those of output nodes.
    Wanted,
    /// Being stopped before it starts.
    StopBefore,
    /// Being stopped amid a run.
    Stop,
}

/// What is to be done.
pub struct Job<'a> {
    pub graph: &'a Value,
    /// Node, input, value.
    pub set: &'a [(&'a str, &'a str, Value)],
    /// Node, output.
    pub wanted: &'a [(&'a str, &'a str)],
    pub stop: Stop,
    /// Whether the graph goes into the pictures.
    pub metadata: bool,
}

impl<'a> Job<'a> {
    pub fn new(graph: &'a Value) -> Self {
        Self { graph, set: &[], wanted: &[], stop: Stop::Never, metadata: false }
    }
}

/// An image in memory: the node's id, pixels a row and rows, bytes.
pub type Image = (String, [u32; 2], Vec<u8>);

/// What a run gave.
#[derive(Debug, PartialEq)]
pub struct Ran {
    /// Its failure as JSON, if it failed.
    pub failure: Option<Value>,
    /// Its events but for the last, without times.
    pub events: Vec<Value>,
    /// Files by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Images in memory, of faces that have them.
    pub images: Option<Vec<Image>>,
    /// Shapes and bits of wanted outputs, of faces that have them.
    pub tensors: Option<Vec<(Vec<u32>, Vec<u32>)>>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// Phase and step of each call of the operator of [`own`].
    pub applied: Vec<(u32, u32)>,
}

/// One way to the host.
pub trait Face {
    fn name(&self) -> &'static str;
    /// What validation says, in the form that editors read.
    fn verdict(&self, graph: &Value) -> Value;
    /// Runs a graph in a directory of its own.
    fn run(&self, job: &Job<'_>) -> Ran;
    /// Whether it has this.
    fn has(&self, part: Part) -> bool {
        let _ = part;
        true
    }
}

/// All faces that are here, with pictures in `inputs`; nothing is kept of earlier runs.
pub fn faces(inputs: &Path) -> Vec<Box<dyn Face>> {
    all(inputs, false)
}

/// The same, with results of earlier runs kept.
pub fn caching(inputs: &Path) -> Vec<Box<dyn Face>> {
    all(inputs, true)
}

fn all(inputs: &Path, keeps: bool) -> Vec<Box<dyn Face>> {
    use library::{Keeps, Loaded, Mode};
    let memory = if keeps { Keeps::InMemory } else { Keeps::Nothing };
    let mut faces: Vec<Box<dyn Face>> = vec![
        Box::new(native::Native::open(inputs, keeps)),
        Box::new(Loaded::with(inputs, Mode::Started, memory)),
        Box::new(Loaded::with(inputs, Mode::Executed, memory)),
    ];
    if keeps {
        faces.push(Box::new(Loaded::with(inputs, Mode::Started, Keeps::OnDisk)));
    }
    if let Some(command) = command::Command::open(inputs, keeps) {
        faces.push(Box::new(command));
    }
    faces
}

/// An event without what differs from run to run.
pub fn settled(mut event: Value) -> Value {
    if let Some(event) = event.as_object_mut() {
        event.remove("seconds");
    }
    event
}

/// Runs a job through all faces; all give the same, which is returned.
#[track_caller]
pub fn agreed(faces: &[Box<dyn Face>], job: &Job<'_>) -> Ran {
    let all = faces.iter().map(|face| (face.name(), face.run(job)));
    same(all.collect())
}

/// What all have; they have the same.
#[track_caller]
pub fn same(mut all: Vec<(&'static str, Ran)>) -> Ran {
    let (_, first) = all.remove(0);
    for (name, ran) in all {
        assert_eq!(ran.failure, first.failure, "{name}");
        assert_eq!(ran.events, first.events, "{name}");
        assert_eq!(ran.warnings, first.warnings, "{name}");
        assert_eq!(ran.applied, first.applied, "{name}");
        assert!(ran.files == first.files, "{name}: other files");
        if let (Some(ran), Some(first)) = (&ran.images, &first.images) {
            assert!(ran == first, "{name}: other images");
        }
        if let (Some(ran), Some(first)) = (&ran.tensors, &first.tensors) {
            assert!(ran == first, "{name}: other tensors");
        }
    }
    first
}

/// Those faces that have something.
pub fn having(part: Part, faces: Vec<Box<dyn Face>>) -> Vec<Box<dyn Face>> {
    faces.into_iter().filter(|face| face.has(part)).collect()
}
