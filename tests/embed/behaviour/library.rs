//! The face of the C library: runs on a thread of its own, or on the caller's.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;

use amdm_capi::*;
use serde_json::Value;

use super::{Face, Image, Job, Ran, Stop, own, settled};
use crate::library::{NOTHING, api, description, graph, last_error, ok, open, shown, taken, text};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `amdm_run_start`, events from `amdm_run_next_event`.
    Started,
    /// `amdm_run_execute`, events inside `wakeup`.
    Executed,
}

/// Where results are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Nothing,
    InMemory,
    OnDisk,
}

pub struct Loaded {
    pub host: *mut AmdmHost,
    mode: Mode,
    applied: own::Applied,
    cache: Option<tempfile::TempDir>,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        ok(unsafe { (api().host_destroy)(self.host) });
    }
}

/// Files of a directory.
pub fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(dir) else { return BTreeMap::new() };
    let read = entries.map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().to_str().unwrap().to_owned(), std::fs::read(entry.path()).unwrap())
    });
    read.collect()
}

/// What is told of a run while it goes on.
pub struct Heard {
    pub run: *mut AmdmRun,
    pub events: Vec<Value>,
    pub stop: Stop,
}

impl Heard {
    /// Takes all events that come within `timeout`, -1 until the last; whether it was among them.
    pub fn take(&mut self, timeout: i64) -> bool {
        let mut event = unsafe { std::mem::zeroed::<AmdmEvent>() };
        event.struct_size = size_of::<AmdmEvent>();
        loop {
            let status = unsafe { (api().run_next_event)(self.run, timeout, &mut event) };
            if status == AMDM_STATUS_EMPTY {
                return false;
            }
            ok(status);
            if event.kind == AMDM_EVENT_FINISHED {
                return true;
            }
            let when = match self.stop {
                Stop::FirstStep => Some(AMDM_CANCEL_NOW),
                Stop::NextPicture => Some(AMDM_CANCEL_AFTER_IMAGE),
                _ => None,
            };
            if let Some(when) = when.filter(|_| event.kind == AMDM_EVENT_PROGRESS) {
                let run = self.run as usize;
                // From another thread, as a program with a button would.
                let cancel = move || unsafe { (api().run_cancel)(run as *mut AmdmRun, when) };
                ok(std::thread::spawn(cancel).join().unwrap());
            }
            let json: Value = serde_json::from_str(&shown(event.json)).unwrap();
            if let Some(node) = json["node"].as_str() {
                assert_eq!(shown(event.node), node);
            }
            self.events.push(settled(json));
        }
    }
}

/// What is kept on disk here is kept in memory elsewhere.
pub fn kept_in_memory(events: &mut [Value]) {
    for event in events.iter_mut().filter(|event| event["event"] == "cached") {
        assert_eq!(event["from"], "disk");
        event["from"] = "memory".into();
    }
}

unsafe extern "C" fn wakeup(user_data: *mut c_void) {
    unsafe { &mut *user_data.cast::<Heard>() }.take(0);
}

impl Loaded {
    pub fn open(inputs: &Path, mode: Mode) -> Self {
        Self::with(inputs, mode, Keeps::Nothing)
    }

    pub fn with(inputs: &Path, mode: Mode, keeps: Keeps) -> Self {
        let mut desc = description();
        if keeps != Keeps::InMemory {
            desc.cache_bytes = 0;
        }
        let cache = (keeps == Keeps::OnDisk).then(|| tempfile::tempdir().unwrap());
        let place = cache.as_ref().map(|cache| text(cache.path().to_str().unwrap()));
        desc.cache_dir = place.as_ref().map_or(std::ptr::null(), |place| place.as_ptr());
        let dir = text(inputs.to_str().unwrap());
        desc.input_dir = dir.as_ptr();
        let host = open(&desc);
        let applied = own::library::register(host);
        Self { host, mode, applied, cache }
    }

    fn prepare(&self, job: &Job<'_>) -> *mut AmdmGraph {
        let graph = graph(self.host, job.graph);
        for (node, input, value) in job.set {
            let (node, input, value) = (text(node), text(input), value.to_string());
            let (data, len) = (value.as_ptr().cast::<c_char>(), value.len());
            let set = api().graph_set_json;
            ok(unsafe { set(graph, node.as_ptr(), input.as_ptr(), data, len) });
        }
        graph
    }
}

/// The images of the nodes that have any, in the order of `nodes`.
pub fn images(run: *mut AmdmRun, nodes: &[String]) -> Vec<Image> {
    let mut images = Vec::new();
    for node in nodes {
        for index in 0.. {
            let mut image = unsafe { std::mem::zeroed::<AmdmImage>() };
            image.struct_size = size_of::<AmdmImage>();
            let (id, none) = (text(node), std::ptr::null());
            let get = api().run_output_image;
            let status = unsafe { get(run, id.as_ptr(), none, index, &mut image) };
            if status == AMDM_STATUS_EMPTY {
                break;
            }
            ok(status);
            assert_eq!((image.channels, image.element_type), (3, AMDM_ELEMENT_U8));
            assert_eq!(image.row_stride, i64::from(image.width) * 3);
            let bytes = (image.width * image.height * 3) as usize;
            let data = unsafe { std::slice::from_raw_parts(image.data.cast::<u8>(), bytes) };
            images.push((node.clone(), [image.width, image.height], data.to_vec()));
            unsafe { image.release.unwrap()(image.release_ctx) };
        }
    }
    images
}

/// What DLPack says of a tensor, laid out as its header has it.
#[repr(C)]
pub struct Managed {
    pub version: [u32; 2],
    pub context: *mut c_void,
    pub deleter: Option<unsafe extern "C" fn(*mut Managed)>,
    pub flags: u64,
    pub data: *mut c_void,
    pub device: [i32; 2],
    pub rank: i32,
    pub code_bits: [u8; 2],
    pub lanes: u16,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub offset: u64,
}

/// Shape and bits of a tensor, by DLPack.
pub fn bits(tensor: *const AmdmTensor) -> (Vec<u32>, Vec<u32>) {
    let mut managed = std::ptr::null_mut();
    ok(unsafe { (api().tensor_to_dlpack)(tensor, 0, &mut managed) });
    let managed = managed.cast::<Managed>();
    let shown = unsafe { &*managed };
    assert_eq!((shown.version[0], shown.code_bits, shown.lanes), (1, [2, 32], 1));
    assert_eq!((shown.device, shown.flags, shown.offset), ([1, 0], 1, 0));
    let shape = unsafe { std::slice::from_raw_parts(shown.shape, shown.rank as usize) };
    let count = shape.iter().product::<i64>() as usize;
    let values = unsafe { std::slice::from_raw_parts(shown.data.cast::<u32>(), count) };
    let bits = (shape.iter().map(|&extent| extent as u32).collect(), values.to_vec());
    unsafe { shown.deleter.unwrap()(managed) };
    bits
}

fn tensor(run: *mut AmdmRun, node: &str, output: &str) -> Option<(Vec<u32>, Vec<u32>)> {
    let (node, output, mut tensor) = (text(node), text(output), std::ptr::null_mut());
    let get = api().run_output_tensor;
    let status = unsafe { get(run, node.as_ptr(), output.as_ptr(), &mut tensor) };
    if status != AMDM_STATUS_OK {
        assert!(tensor.is_null());
        return None;
    }
    let bits = bits(tensor);
    ok(unsafe { (api().tensor_release)(tensor) });
    Some(bits)
}

/// A text that a function of a run's writes.
pub fn json(
    run: *mut AmdmRun,
    get: unsafe extern "C" fn(*mut AmdmRun, *mut AmdmString) -> AmdmStatus,
) -> Option<Value> {
    let mut out = NOTHING;
    match unsafe { get(run, &mut out) } {
        AMDM_STATUS_EMPTY => None,
        status => {
            ok(status);
            Some(serde_json::from_str(&taken(out)).unwrap())
        }
    }
}

impl Face for Loaded {
    fn name(&self) -> &'static str {
        match self.mode {
            Mode::Started if self.cache.is_some() => "the library, on disk",
            Mode::Started => "the library, started",
            Mode::Executed => "the library, executed",
        }
    }

    fn verdict(&self, json: &Value) -> Value {
        let (graph, mut out) = (graph(self.host, json), NOTHING);
        let status = unsafe { (api().graph_validate)(graph, &mut out) };
        let verdict: Value = serde_json::from_str(&taken(out)).unwrap();
        let valid = verdict["error"].is_null();
        assert_eq!(status, if valid { AMDM_STATUS_OK } else { AMDM_STATUS_INVALID_GRAPH });
        ok(unsafe { (api().graph_destroy)(graph) });
        verdict
    }

    fn run(&self, job: &Job<'_>) -> Ran {
        let (graph, out) = (self.prepare(job), tempfile::tempdir().unwrap());
        let dir = text(out.path().to_str().unwrap());
        let wanted = job.wanted.iter().map(|(node, output)| (text(node), text(output)));
        let wanted = wanted.collect::<Vec<(CString, CString)>>();
        let names = wanted
            .iter()
            .map(|(node, output)| AmdmOutputName { node: node.as_ptr(), output: output.as_ptr() });
        let names = names.collect::<Vec<_>>();
        let mut heard = Heard { run: std::ptr::null_mut(), events: Vec::new(), stop: job.stop };
        let mut desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
        desc.struct_size = size_of::<AmdmRunDesc>();
        (desc.output_dir, desc.no_metadata) = (dir.as_ptr(), u32::from(!job.metadata));
        (desc.wanted, desc.wanted_count) = (names.as_ptr(), names.len());
        if self.mode == Mode::Executed {
            desc.wakeup = Some(wakeup);
            desc.user_data = (&raw mut heard).cast();
        }
        ok(unsafe { (api().run_create)(graph, &desc, &raw mut heard.run) });
        ok(unsafe { (api().graph_destroy)(graph) });
        let run = heard.run;
        if job.stop == Stop::Before {
            ok(unsafe { (api().run_cancel)(run, AMDM_CANCEL_NOW) });
        }
        let status = unsafe {
            match self.mode {
                Mode::Started => {
                    ok((api().run_start)(run));
                    assert!(heard.take(-1), "the last event");
                    (api().run_wait)(run, -1)
                }
                Mode::Executed => (api().run_execute)(run),
            }
        };
        let message = last_error();
        assert!(!heard.take(0), "all events were taken");
        let failure = json(run, api().run_error);
        let mut state = 0;
        ok(unsafe { (api().run_poll)(run, &mut state) });
        match (&failure, status) {
            (None, AMDM_STATUS_OK) => assert_eq!(state, AMDM_RUN_SUCCEEDED),
            (Some(_), AMDM_STATUS_CANCELLED) => assert_eq!(state, AMDM_RUN_CANCELLED),
            (Some(failure), _) => {
                assert_eq!(state, AMDM_RUN_FAILED);
                assert_eq!(status, own::library::status(failure["code"].as_str().unwrap()));
                assert!(message.contains(failure["message"].as_str().unwrap()), "{message}");
            }
            found => panic!("{found:?}"),
        }
        let result = json(run, api().run_output_json).unwrap();
        let nodes = job.graph.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let wanted = job.wanted.iter().filter_map(|(node, output)| tensor(run, node, output));
        let mut events = std::mem::take(&mut heard.events);
        if self.cache.is_some() {
            kept_in_memory(&mut events);
        }
        let ran = Ran {
            failure,
            events,
            files: files(out.path()),
            images: Some(images(run, &nodes)),
            tensors: Some(wanted.collect()),
            warnings: serde_json::from_value(result["warnings"].clone()).unwrap(),
            applied: std::mem::take(&mut *self.applied.lock().unwrap()),
        };
        ok(unsafe { (api().run_destroy)(run) });
        ran
    }
}
