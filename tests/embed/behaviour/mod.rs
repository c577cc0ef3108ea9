//! One suite over all faces of the host: the crate, the command, and the C library with runs on a
//! thread of its own and on the caller's. What they give is the same, bit for bit.

mod cancel;
mod command;
mod errors;
mod images;
pub mod library;
mod native;
mod outputs;
mod own;
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
}

/// What is to be done.
pub struct Job<'a> {
    pub graph: &'a Value,
    /// Node, input, value.
    pub set: &'a [(&'a str, &'a str, Value)],
    /// Node, output.
    pub wanted: &'a [(&'a str, &'a str)],
    pub stop: Stop,
}

impl<'a> Job<'a> {
    pub fn new(graph: &'a Value) -> Self {
        Self { graph, set: &[], wanted: &[], stop: Stop::Never }
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
}

/// One way to the host.
pub trait Face {
    fn name(&self) -> &'static str;
    /// What validation says, in the form that editors read.
    fn verdict(&self, graph: &Value) -> Value;
    /// Runs a graph in a directory of its own.
    fn run(&self, job: &Job<'_>) -> Ran;
    /// Whether it brings nodes and models of its own.
    fn has_own(&self) -> bool {
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
    let mut faces: Vec<Box<dyn Face>> = vec![
        Box::new(native::Native::open(inputs, keeps)),
        Box::new(library::Loaded::with(inputs, library::Mode::Started, keeps)),
        Box::new(library::Loaded::with(inputs, library::Mode::Executed, keeps)),
    ];
    match command::Command::open(inputs, keeps) {
        Some(command) => faces.push(Box::new(command)),
        None => eprintln!("left out: the command, which is not built beside this test"),
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
    let mut all = faces.iter().map(|face| (face.name(), face.run(job)));
    let (_, first) = all.next().unwrap();
    for (name, ran) in all {
        assert_eq!(ran.failure, first.failure, "{name}");
        assert_eq!(ran.events, first.events, "{name}");
        assert_eq!(ran.warnings, first.warnings, "{name}");
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

/// Those faces that bring nodes of their own.
pub fn owning(faces: Vec<Box<dyn Face>>) -> Vec<Box<dyn Face>> {
    faces.into_iter().filter(|face| face.has_own()).collect()
}
