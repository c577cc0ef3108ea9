//! Runs behind handles: started or executed, watched, cancelled, asked for what they gave.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use amdm::graph::{Checked, Document, Targets, set};
use amdm_diffusion::Tensor;
use amdm_runtime::{Cancel, Event, Inputs, Kept, RunOptions, RunResult, Status, Value, on_caller};

use crate::graph::{AmdmGraph, Graph};
use crate::handle::{HANDLES, Kind};
use crate::host::Host;
use crate::layout::{
    AmdmStr, AmdmString, Sized_, clear, list, no_text, optional, put, read, text, write,
};
use crate::log::{Line, Listener};
use crate::picture::{self, AmdmImage};
use crate::queue::{PREVIEWS, Queue};
use crate::status::{
    AMDM_STATUS_EMPTY, AMDM_STATUS_INTERNAL, AMDM_STATUS_TIMEOUT, AMDM_STATUS_WRONG_STATE,
    AmdmStatus, Fail, callback, guard, outside,
};
use crate::tensor::{AmdmTensor, handle};

/// One run of one graph.
pub struct AmdmRun {
    _private: [u8; 0],
}

/// An output of a node, by its node's id and its name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmOutputName {
    /// Id of the node.
    pub node: *const c_char,
    /// Name of the output, such as `image`.
    pub output: *const c_char,
}

/// How a run goes. All bytes 0 but the size are the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmRunDesc {
    /// `sizeof(AmdmRunDesc)`.
    pub struct_size: usize,
    /// Where pictures are written, made at need; NULL: nothing is written, pictures are in memory alone.
    pub output_dir: *const c_char,
    /// Outputs that are computed and kept besides those of output nodes.
    pub wanted: *const AmdmOutputName,
    /// How many.
    pub wanted_count: usize,
    /// Ids of the output nodes that run.
    pub targets: *const *const c_char,
    /// How many; 0 runs all, unless outputs are wanted and there is no output node.
    pub target_count: usize,
    /// Milliseconds between previews at the least; 0 gives none.
    pub preview_ms: u32,
    /// 1 leaves the graph out of the pictures.
    pub no_metadata: u32,
    /// Milliseconds after which the run ends; 0 for no limit.
    pub timeout_ms: u64,
    /// Told that an event waits. It may only signal another thread, except under `amdm_run_execute`,
    /// where it comes on that thread after every event and may call `amdm_run_next_event`, `_poll` and
    /// `_cancel`. May be NULL.
    pub wakeup: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Handed to `wakeup`.
    pub user_data: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Sized_ for AmdmRunDesc {}

/// Not started yet.
pub const AMDM_RUN_CREATED: u32 = 0;
/// Running.
pub const AMDM_RUN_RUNNING: u32 = 1;
/// Ended well.
pub const AMDM_RUN_SUCCEEDED: u32 = 2;
/// Ended with an error.
pub const AMDM_RUN_FAILED: u32 = 3;
/// Ended by a cancel.
pub const AMDM_RUN_CANCELLED: u32 = 4;

/// Stop as soon as possible.
pub const AMDM_CANCEL_NOW: u32 = 0;
/// Stop when the next picture is done.
pub const AMDM_CANCEL_AFTER_IMAGE: u32 = 1;

/// The run begins.
pub const AMDM_EVENT_STARTED: u32 = 1;
/// A node begins.
pub const AMDM_EVENT_NODE_STARTED: u32 = 2;
/// A node is done; `seconds` says how long it took.
pub const AMDM_EVENT_NODE_DONE: u32 = 3;
/// A node does not run, as its result was kept.
pub const AMDM_EVENT_CACHED: u32 = 4;
/// A node did `step` of `total` steps.
pub const AMDM_EVENT_PROGRESS: u32 = 5;
/// An unfinished image, in `image`.
pub const AMDM_EVENT_PREVIEW: u32 = 6;
/// Something for an editor to show on the node, in `json`.
pub const AMDM_EVENT_UI: u32 = 7;
/// Files were written; `json` names them.
pub const AMDM_EVENT_SAVED: u32 = 8;
/// A line of the log, in `text`; its level in `step`.
pub const AMDM_EVENT_LOG: u32 = 9;
/// A node goes on from where a run that was broken off had come to.
pub const AMDM_EVENT_RESUMED: u32 = 10;
/// The last event: the run has ended, well or not.
pub const AMDM_EVENT_FINISHED: u32 = 11;

/// What happened. Texts and the image live until the next `amdm_run_next_event` on the run.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmEvent {
    /// `sizeof(AmdmEvent)`, set by the caller.
    pub struct_size: usize,
    /// `AMDM_EVENT_*`. Events of further kinds may be added; pass over those you do not know.
    pub kind: u32,
    /// Steps done.
    pub step: u32,
    /// Steps in all.
    pub total: u32,
    /// 0.
    pub reserved: u32,
    /// Time that a node took.
    pub seconds: f64,
    /// The node's id.
    pub node: AmdmStr,
    /// A line of the log.
    pub text: AmdmStr,
    /// The whole event as JSON, as `amdm run --progress json` prints it.
    pub json: AmdmStr,
    /// The preview, 8-bit RGB; NULL for other events.
    pub image: *const AmdmImage,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Sized_ for AmdmEvent {
    const FIRST: usize = size_of::<Self>();
}

/// An event that waits.
struct Waiting {
    kind: u32,
    step: u32,
    total: u32,
    seconds: f64,
    node: String,
    text: String,
    json: String,
    preview: Option<Tensor>,
}

/// What an event that was taken points to.
struct Taken {
    waiting: Waiting,
    image: Option<Box<AmdmImage>>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(image) = &self.image
            && let Some(release) = image.release
        {
            // SAFETY: it is our own release, called once.
            unsafe { release(image.release_ctx) };
        }
    }
}

// SAFETY: the image's pointers are to memory of its own.
unsafe impl Send for Taken {}

/// Where to tell of events.
#[derive(Clone, Copy)]
struct Wakeup {
    call: Option<unsafe extern "C" fn(*mut c_void)>,
    user_data: *mut c_void,
    /// Whether it belongs on the thread that executes the run.
    on_caller: bool,
}

// SAFETY: the header says on which threads it is called; the pointer is only handed on.
unsafe impl Send for Wakeup {}
// SAFETY: as above.
unsafe impl Sync for Wakeup {}

impl Wakeup {
    /// The same, on the thread that executes the run or not.
    fn on(self, on_caller: bool) -> Self {
        Self { on_caller, ..self }
    }

    fn tell(self) {
        let Some(call) = self.call else { return };
        let tell = move || {
            let this = self;
            // SAFETY: as the description's documentation says.
            callback(|| unsafe { call(this.user_data) });
        };
        if self.on_caller {
            // It fails only where `tell` panics, which it does not.
            let _ = on_caller(tell);
        } else {
            tell();
        }
    }
}

#[derive(Default)]
struct Progress {
    state: u32,
    result: Option<Arc<RunResult>>,
    /// Nothing of the embedder's is called any more.
    over: bool,
    thread: Option<JoinHandle<()>>,
}

/// What a run's handle stands for.
pub(crate) struct Run {
    host: Arc<Host>,
    document: Document,
    checked: Checked,
    options: RunOptions,
    warnings: Vec<String>,
    cancel: Cancel,
    /// Stop when the next picture is done.
    after: Arc<AtomicBool>,
    /// Whether it runs on the caller's thread.
    executing: Arc<AtomicBool>,
    kept: Kept,
    wakeup: Wakeup,
    queue: Arc<Queue<Waiting>>,
    taken: Mutex<Option<Taken>>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

impl Kind for Run {
    const KIND: usize = 3;
    const NAME: &'static str = "a run";
}

impl Run {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it, if it runs.
    pub fn stop(&self) {
        self.cancel.stop();
    }

    /// Waits until nothing of the embedder's is called any more.
    pub fn join(&self) {
        let mut progress = self.lock();
        while progress.state == AMDM_RUN_RUNNING || (progress.result.is_some() && !progress.over) {
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        let thread = progress.thread.take();
        drop(progress);
        if let Some(thread) = thread {
            // It catches what panics.
            let _ = thread.join();
        }
    }

    fn begin(&self) -> Result<(), Fail> {
        let mut progress = self.lock();
        if progress.state != AMDM_RUN_CREATED {
            let message = "the run was started before; a graph runs again with another run";
            return Err(Fail::new(AMDM_STATUS_WRONG_STATE, message));
        }
        progress.state = AMDM_RUN_RUNNING;
        Ok(())
    }

    /// Runs the graph, on this thread as far as the embedder's code is concerned.
    fn drive(&self, executing: bool) {
        let wakeup = self.wakeup.on(executing);
        let queue = self.queue.clone();
        let listener = Listener::new(self.host.log_level(), move |line: Line| {
            let json = serde_json::json!({"event": "log", "level": line.level, "text": line.text});
            let waiting = Waiting {
                kind: AMDM_EVENT_LOG,
                step: line.level,
                text: line.text,
                json: json.to_string(),
                ..Waiting::nothing()
            };
            queue.push(waiting, true);
            wakeup.tell();
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::dispatcher::with_default(&tracing::Dispatch::new(listener), || {
                self.execute(wakeup)
            })
        }));
        let mut result = ended.unwrap_or_else(|_| {
            let code = amdm_runtime::FailureCode::Node(amdm::error::Code::Internal);
            RunResult::failed(amdm_runtime::Failure::new(code, "a defect of amdm ended the run"))
        });
        result.warnings.splice(0..0, self.warnings.iter().cloned());
        let state = match (&result.status, &result.error) {
            (Status::Finished, _) => AMDM_RUN_SUCCEEDED,
            (_, Some(failure)) if failure.is_cancelled() => AMDM_RUN_CANCELLED,
            _ => AMDM_RUN_FAILED,
        };
        let mut json = serde_json::to_value(&result).unwrap_or_default();
        json["event"] = "finished".into();
        let json = json.to_string();
        let mut progress = self.lock();
        (progress.state, progress.result) = (state, Some(Arc::new(result)));
        drop(progress);
        self.queue.end(Waiting { kind: AMDM_EVENT_FINISHED, json, ..Waiting::nothing() });
        wakeup.tell();
        self.lock().over = true;
        self.changed.notify_all();
    }

    fn execute(&self, wakeup: Wakeup) -> RunResult {
        let pictures = self.checked.nodes.iter().filter(|node| node.descriptor.output_node);
        let pictures = pictures.map(|node| node.id.clone()).collect::<HashSet<_>>();
        let queue = self.queue.clone();
        let (after, cancel) = (self.after.clone(), self.cancel.clone());
        let sink = Arc::new(move |event: Event| {
            if let Event::NodeFinished { node, .. } = &event
                && pictures.contains(node)
                && after.load(Ordering::Relaxed)
            {
                cancel.stop();
            }
            let Some(waiting) = Waiting::of(&event) else { return };
            let may_be_lost = waiting.kind == AMDM_EVENT_PROGRESS;
            queue.push(waiting, may_be_lost);
            wakeup.tell();
        });
        self.host.runtime().report(&self.document, &self.checked, &self.options, &self.cancel, sink)
    }

    /// What it gave, once it has ended.
    fn result(&self) -> Result<Arc<RunResult>, Fail> {
        let none = || Fail::new(AMDM_STATUS_WRONG_STATE, "the run has not ended");
        self.lock().result.clone().ok_or_else(none)
    }

    /// The status that it ended with.
    fn status(&self) -> Result<(), Fail> {
        match &self.result()?.error {
            None => Ok(()),
            Some(failure) => Err(Fail::from(failure.clone())),
        }
    }
}

impl Waiting {
    fn nothing() -> Self {
        Self {
            kind: 0,
            step: 0,
            total: 0,
            seconds: 0.0,
            node: String::new(),
            text: String::new(),
            json: String::new(),
            preview: None,
        }
    }

    /// An event of the host's; none of those that the run tells itself.
    fn of(event: &Event) -> Option<Self> {
        let none = Self::nothing();
        let mut waiting = match event {
            Event::Started { .. } => Self { kind: AMDM_EVENT_STARTED, ..none },
            Event::NodeStarted { node, .. } => {
                Self { kind: AMDM_EVENT_NODE_STARTED, node: node.clone(), ..none }
            }
            Event::NodeFinished { node, seconds } => {
                let (node, seconds) = (node.clone(), *seconds);
                Self { kind: AMDM_EVENT_NODE_DONE, node, seconds, ..none }
            }
            Event::Cached { node, .. } => {
                Self { kind: AMDM_EVENT_CACHED, node: node.clone(), ..none }
            }
            Event::Progress { node, step, total } => {
                let (node, step, total) = (node.clone(), *step, *total);
                Self { kind: AMDM_EVENT_PROGRESS, node, step, total, ..none }
            }
            Event::Ui { node, .. } => Self { kind: AMDM_EVENT_UI, node: node.clone(), ..none },
            Event::Saved { node, .. } => {
                Self { kind: AMDM_EVENT_SAVED, node: node.clone(), ..none }
            }
            Event::Resumed { node } => {
                Self { kind: AMDM_EVENT_RESUMED, node: node.clone(), ..none }
            }
            _ => return None,
        };
        waiting.json = serde_json::to_string(event).unwrap_or_default();
        Some(waiting)
    }
}

/// A duration out of milliseconds; none for a negative number.
fn limit(timeout_ms: i64) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// Prepares a run of a graph as it stands now; later changes of the graph do not matter to it.
///
/// The description and its texts are copied. `*out` is the caller's, who destroys it.
///
/// Failures: `INVALID_GRAPH` with all errors in `amdm_last_error`.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_create(
    graph: *mut AmdmGraph,
    desc: *const AmdmRunDesc,
    out: *mut *mut AmdmRun,
) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let desc = unsafe {
            clear(out, "the run")?;
            read(desc, "desc")?
        };
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as above.
        let run = Arc::new(unsafe { prepare(&graph, &desc)? });
        graph.host.remember(&run);
        let handle = HANDLES.insert(run)? as *mut AmdmRun;
        // SAFETY: as above.
        unsafe { put(out, handle, "the run") }
    })
}

/// # Safety
/// The description's pointers are as its documentation says.
unsafe fn prepare(graph: &Graph, desc: &AmdmRunDesc) -> Result<Run, Fail> {
    // SAFETY: the caller says so.
    let (output_dir, wanted, targets) = unsafe {
        let output_dir = optional(desc.output_dir, "output_dir")?.map(PathBuf::from);
        let wanted = list(desc.wanted, desc.wanted_count, "wanted")?.iter().map(|name| {
            Ok((text(name.node, "wanted.node")?.into(), text(name.output, "wanted.output")?.into()))
        });
        let wanted = wanted.collect::<Result<Vec<(String, String)>, Fail>>()?;
        let targets = list(desc.targets, desc.target_count, "targets")?.iter();
        let targets = targets.map(|id| Ok(text(*id, "a target")?.to_owned()));
        (output_dir, wanted, targets.collect::<Result<Vec<String>, Fail>>()?)
    };
    let state = graph.snapshot();
    let inputs: Inputs = state.inputs(&graph.host);
    let mut document = state.document;
    set::fill_file_names(&mut document);
    if document.is_workflow_stale() {
        let catalogue = graph.host.runtime().catalogue_for(inputs.clone());
        document.renew_workflow(&amdm::catalogue::ObjectInfo::of(&catalogue));
    }
    let targets = if targets.is_empty() { Targets::read(&document)? } else { Targets::of(targets) };
    let checked = graph.host.runtime().check_asked(&document, inputs.clone(), &targets, &wanted)?;
    let queue = Arc::<Queue<Waiting>>::default();
    let wakeup = Wakeup { call: desc.wakeup, user_data: desc.user_data, on_caller: false };
    let executing = Arc::new(AtomicBool::new(false));
    let kept = match desc.preview_ms {
        0 => Kept::new(),
        every => {
            let (queue, executing) = (queue.clone(), executing.clone());
            let sink = move |node: &str, image: &Tensor| {
                let json = serde_json::json!({"event": "preview", "node": node}).to_string();
                let (node, preview) = (node.to_owned(), Some(image.clone()));
                let event =
                    Waiting { kind: AMDM_EVENT_PREVIEW, node, json, preview, ..Waiting::nothing() };
                queue.push_newest(event, PREVIEWS, |event| event.kind == AMDM_EVENT_PREVIEW);
                let on_caller = executing.load(Ordering::Relaxed);
                wakeup.on(on_caller).tell();
            };
            Kept::with_previews(Box::new(sink), Duration::from_millis(every.into()))
        }
    };
    let options = RunOptions {
        in_memory: output_dir.is_none(),
        output_dir: output_dir.unwrap_or_default(),
        inputs,
        metadata: desc.no_metadata == 0,
        timeout: (desc.timeout_ms > 0).then(|| Duration::from_millis(desc.timeout_ms)),
        kept: Some(kept.clone()),
        ..RunOptions::default()
    };
    Ok(Run {
        host: graph.host.clone(),
        document,
        checked,
        options,
        warnings: state.warnings,
        cancel: Cancel::new(),
        after: Arc::default(),
        executing,
        kept,
        wakeup,
        queue,
        taken: Mutex::default(),
        progress: Mutex::default(),
        changed: Condvar::new(),
    })
}

/// Starts a run on a thread of its own and returns.
///
/// Failures: `WRONG_STATE` for a run that was started before.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_start(run: *mut AmdmRun) -> AmdmStatus {
    outside(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        run.begin()?;
        let driven = run.clone();
        let thread = std::thread::Builder::new()
            .name("amdm-run-events".into())
            .spawn(move || driven.drive(false));
        match thread {
            Ok(thread) => {
                run.lock().thread = Some(thread);
                Ok(())
            }
            Err(error) => {
                run.lock().state = AMDM_RUN_CREATED;
                run.changed.notify_all();
                let message = format!("cannot start a thread: {error}");
                Err(Fail::new(crate::status::AMDM_STATUS_OUT_OF_MEMORY, message))
            }
        }
    })
}

/// Runs a graph and returns when it has ended. Registered nodes and models, and `wakeup`, are called on
/// this thread.
///
/// Returns the status that the run ended with; `amdm_run_error` says more.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_execute(run: *mut AmdmRun) -> AmdmStatus {
    outside(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        run.begin()?;
        run.executing.store(true, Ordering::Relaxed);
        run.drive(true);
        run.status()
    })
}

/// Writes the state of a run, `AMDM_RUN_*`.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_poll(run: *mut AmdmRun, state: *mut u32) -> AmdmStatus {
    guard(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        let now = run.lock().state;
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { put(state, now, "the state") }
    })
}

/// Waits for the end of a run, at most `timeout_ms` milliseconds; a negative number waits for ever. After
/// it has returned anything but `AMDM_STATUS_TIMEOUT` no callback of the run comes any more.
///
/// Returns the status that the run ended with, or `AMDM_STATUS_TIMEOUT`.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_wait(run: *mut AmdmRun, timeout_ms: i64) -> AmdmStatus {
    outside(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        let end = limit(timeout_ms).and_then(|limit| Instant::now().checked_add(limit));
        let forever = timeout_ms < 0;
        let mut progress = run.lock();
        while !progress.over {
            // Also where its thread could not be had.
            if progress.state == AMDM_RUN_CREATED {
                let message = "the run was not started";
                return Err(Fail::new(AMDM_STATUS_WRONG_STATE, message));
            }
            progress = match end {
                Some(end) if !forever => {
                    let Some(left) = end.checked_duration_since(Instant::now()) else {
                        return Err(Fail::new(AMDM_STATUS_TIMEOUT, "the run goes on"));
                    };
                    let waited = run.changed.wait_timeout(progress, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                _ => run.changed.wait(progress).unwrap_or_else(PoisonError::into_inner),
            };
        }
        drop(progress);
        run.status()
    })
}

/// Takes the next event, waiting for it at most `timeout_ms` milliseconds; a negative number waits for
/// ever. `event->struct_size` is set by the caller.
///
/// `AMDM_STATUS_EMPTY` where none came in time, and after the last one (`AMDM_EVENT_FINISHED`).
///
/// \thread any, one at a time for the run; also inside callbacks, there with `timeout_ms` 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_next_event(
    run: *mut AmdmRun,
    timeout_ms: i64,
    event: *mut AmdmEvent,
) -> AmdmStatus {
    guard(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { read(event, "event")? };
        // Inside a callback the run itself waits, so nothing more can come.
        let timeout =
            if crate::status::is_inside() { Some(Duration::ZERO) } else { limit(timeout_ms) };
        let Some(mut waiting) = run.queue.next(timeout) else {
            return Err(Fail::new(AMDM_STATUS_EMPTY, "no event waits"));
        };
        let image = match waiting.preview.take() {
            Some(tensor) => Some(Box::new(picture::write(&tensor, 0, &picture::PREVIEW)?)),
            None => None,
        };
        let mut place = run.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = place.insert(Taken { waiting, image });
        let Waiting { kind, step, total, seconds, .. } = taken.waiting;
        let told = AmdmEvent {
            struct_size: size_of::<AmdmEvent>(),
            kind,
            step,
            total,
            reserved: 0,
            seconds,
            node: AmdmStr::of(&taken.waiting.node),
            text: AmdmStr::of(&taken.waiting.text),
            json: AmdmStr::of(&taken.waiting.json),
            image: taken.image.as_deref().map_or(std::ptr::null(), std::ptr::from_ref),
        };
        // SAFETY: as above.
        unsafe { write(event, &told, "event") }
    })
}

/// Cancels a run: `AMDM_CANCEL_NOW`, or `AMDM_CANCEL_AFTER_IMAGE`. The last event still comes. A run that
/// has ended, or was not started, is unharmed; the latter ends as soon as it starts.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_cancel(run: *mut AmdmRun, when: u32) -> AmdmStatus {
    guard(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        match when {
            AMDM_CANCEL_NOW => run.stop(),
            AMDM_CANCEL_AFTER_IMAGE => run.after.store(true, Ordering::Relaxed),
            _ => return Err(Fail::argument(format!("found {when}, expected AMDM_CANCEL_*"))),
        }
        Ok(())
    })
}

/// Writes why a run failed, as JSON: `code`, `node` ({"id", "class", "title"}), `input`, `message`; the caller frees the text.
///
/// `AMDM_STATUS_EMPTY` for a run that succeeded, `AMDM_STATUS_WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_error(run: *mut AmdmRun, out: *mut AmdmString) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { no_text(out)? };
        let run = HANDLES.get::<Run>(run as usize)?;
        let result = run.result()?;
        let Some(failure) = &result.error else {
            return Err(Fail::new(AMDM_STATUS_EMPTY, "the run succeeded"));
        };
        let json = serde_json::to_string(failure)
            .map_err(|error| Fail::new(AMDM_STATUS_INTERNAL, error.to_string()))?;
        // SAFETY: as above.
        unsafe { put(out, AmdmString::new(json), "the text") }
    })
}

/// Gives an image of a run that has ended: the `index`-th that the node saved or showed, or of an output
/// that was wanted, where `output` is its name (else NULL).
///
/// `image` says which layout is wanted by `channels` (0: the image's own), `element_type` (0: bytes),
/// `channel_order`, `alpha_mode` and `row_stride` (0: no gaps; negative: last row first); everything
/// else is filled in. The data is the caller's until `image->release(image->release_ctx)`, once.
///
/// Failures: `EMPTY` where there is no such image, `WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_image(
    run: *mut AmdmRun,
    node: *const c_char,
    output: *const c_char,
    index: u32,
    image: *mut AmdmImage,
) -> AmdmStatus {
    outside(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (node, output, wanted) =
            unsafe { (text(node, "node")?, optional(output, "output")?, read(image, "image")?) };
        run.result()?;
        let batches = match output {
            None => {
                let images = run.kept.images().into_iter();
                images.filter(|(id, _)| id == node).map(|(_, image)| image).collect::<Vec<_>>()
            }
            Some(output) => match run.kept.value(node, output) {
                Some(Value::Tensor(tensor)) => vec![tensor],
                _ => Vec::new(),
            },
        };
        let mut left = index as usize;
        for batch in batches {
            let count = batch.extents().first().copied().unwrap_or(0) as usize;
            if left < count {
                let made = picture::write(&batch, left, &wanted)?;
                // SAFETY: as above.
                return unsafe { write(image, &made, "image") };
            }
            left -= count;
        }
        let message = format!("node {node} has no image {index}");
        Err(Fail::new(AMDM_STATUS_EMPTY, message))
    })
}

/// Gives the tensor of an output that was wanted, or what a node saved or showed where `output` is NULL
/// (the last batch); of a latent its samples. The caller releases it.
///
/// Failures: `EMPTY` where there is none, `WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_tensor(
    run: *mut AmdmRun,
    node: *const c_char,
    output: *const c_char,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let (node, output) = unsafe {
            clear(out, "the tensor")?;
            (text(node, "node")?, optional(output, "output")?)
        };
        let run = HANDLES.get::<Run>(run as usize)?;
        run.result()?;
        let value = match output {
            Some(output) => run.kept.value(node, output),
            None => {
                let last = run.kept.images().into_iter().rfind(|(id, _)| id == node);
                last.map(|(_, image)| Value::Tensor(image))
            }
        };
        let tensor = match value {
            Some(Value::Tensor(tensor)) => Some(tensor),
            Some(Value::Object(object)) => match object.field("samples") {
                Some(Value::Tensor(tensor)) => Some(tensor),
                _ => None,
            },
            _ => None,
        };
        let Some(tensor) = tensor else {
            let output = output.unwrap_or("picture");
            let message = format!("node {node} has no tensor {output}");
            return Err(Fail::new(AMDM_STATUS_EMPTY, message));
        };
        // SAFETY: as above.
        unsafe { put(out, handle(tensor)?, "the tensor") }
    })
}

/// Writes all about a run that has ended, as JSON: files with hashes, times, seeds, versions, warnings,
/// and under `values` the wanted outputs that are plain; the caller frees the text.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_json(
    run: *mut AmdmRun,
    out: *mut AmdmString,
) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { no_text(out)? };
        let run = HANDLES.get::<Run>(run as usize)?;
        let result = run.result()?;
        let mut json = serde_json::to_value(&*result)
            .map_err(|error| Fail::new(AMDM_STATUS_INTERNAL, error.to_string()))?;
        let mut values = BTreeMap::<String, BTreeMap<String, serde_json::Value>>::new();
        for source in &run.checked.asked {
            let node = &run.checked.nodes[source.node];
            let name = &node.descriptor.outputs[source.slot].name;
            let value = match run.kept.value(&node.id, name) {
                Some(Value::Boolean(value)) => value.into(),
                Some(Value::Integer(value)) => value.into(),
                Some(Value::Float(value)) => value.into(),
                Some(Value::Text(value) | Value::Json(value)) => value.to_string().into(),
                _ => continue,
            };
            values.entry(node.id.clone()).or_default().insert(name.clone(), value);
        }
        json["values"] = serde_json::to_value(values).unwrap_or_default();
        // SAFETY: as above.
        unsafe { put(out, AmdmString::new(json.to_string()), "the text") }
    })
}

/// Ends a run: cancels it and waits for it where it goes on. Images and tensors that were fetched stay.
/// NULL is fine.
///
/// \thread any, not inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_destroy(run: *mut AmdmRun) -> AmdmStatus {
    outside(|| {
        if run.is_null() {
            return Ok(());
        }
        if let Some(run) = HANDLES.release::<Run>(run as usize)? {
            run.stop();
            run.join();
        }
        Ok(())
    })
}
