//! Runs behind handles: started or executed, watched, cancelled, asked for what they gave.

mod event;
mod output;

use std::collections::HashSet;
use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use amdm::graph::Targets;
use amdm_diffusion::Tensor;
use amdm_runtime::{
    Asked, Cancel, Event, Kept, Notice, Notices, Prepared, RunOptions, RunResult, Status, on_caller,
};

use self::event::Taken;
pub use self::event::*;
pub use self::output::*;
use crate::graph::{AmdmGraph, Graph};
use crate::handle::{HANDLES, kind};
use crate::host::{Ends, Host};
use crate::layout::{Versioned, give, list, optional, put, read, text};
use crate::log::Listener;
use crate::status::{
    AMDM_STATUS_TIMEOUT, AMDM_STATUS_WRONG_STATE, AmdmStatus, Fail, callback, guard, outside,
};

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
    /// Where pictures are written, made at need; NULL: nothing is written, pictures are in memory
    /// alone.
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
    /// Told that an event waits. It may only signal another thread, except under
    /// `amdm_run_execute`, where it comes on that thread after every event and may call
    /// `amdm_run_next_event`, `_poll` and `_cancel`. May be NULL.
    pub wakeup: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Handed to `wakeup`.
    pub user_data: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmRunDesc {}

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
/// Stop when the next node that saves or shows is done, with all pictures of its batch.
pub const AMDM_CANCEL_AFTER_IMAGE: u32 = 1;

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
    /// It was destroyed, or its host was: it never starts.
    ended: bool,
    thread: Option<JoinHandle<()>>,
}

/// What a run's handle stands for.
pub(crate) struct Run {
    host: Arc<Host>,
    graph: Prepared,
    options: RunOptions,
    warnings: Vec<String>,
    cancel: Cancel,
    /// Stop when the next picture is done.
    after: Arc<AtomicBool>,
    /// Whether it runs on the caller's thread.
    executing: Arc<AtomicBool>,
    kept: Kept,
    wakeup: Wakeup,
    notices: Arc<Notices>,
    taken: Mutex<Option<Taken>>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

kind!(Run, 3, "a run");

impl Run {
    /// What the event that was taken last points to.
    fn taken(&self) -> MutexGuard<'_, Option<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Result<(), Fail> {
        let mut progress = self.lock();
        if progress.ended {
            return Err(Fail::new(AMDM_STATUS_WRONG_STATE, "the host or the run was destroyed"));
        }
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
        let notices = self.notices.clone();
        let listener = Listener::new(self.host.log_level, move |level, text| {
            notices.push(Notice::Line(level, text));
            wakeup.tell();
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::dispatcher::with_default(&tracing::Dispatch::new(listener), || {
                self.host.warn_of_native_code();
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
        let result = Arc::new(result);
        let mut progress = self.lock();
        (progress.state, progress.result) = (state, Some(result.clone()));
        drop(progress);
        self.notices.push(Notice::Ended(result));
        wakeup.tell();
        self.lock().over = true;
        self.changed.notify_all();
    }

    fn execute(&self, wakeup: Wakeup) -> RunResult {
        let pictures = self.graph.checked.nodes.iter().filter(|node| node.descriptor.output_node);
        let pictures = pictures.map(|node| node.id.clone()).collect::<HashSet<_>>();
        let notices = self.notices.clone();
        let (after, cancel) = (self.after.clone(), self.cancel.clone());
        let sink = Arc::new(move |event: Event| {
            if let Event::NodeFinished { node, .. } = &event
                && pictures.contains(node)
                && after.load(Ordering::Relaxed)
            {
                cancel.stop();
            }
            if kind(&event).is_some() {
                notices.push(Notice::Event(event));
                wakeup.tell();
            }
        });
        let Prepared { document, checked, .. } = &self.graph;
        self.host.runtime().report(document, checked, &self.options, &self.cancel, sink)
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

impl Ends for Run {
    fn end(&self) {
        self.cancel.stop();
        let mut progress = self.lock();
        progress.ended = true;
        if progress.state == AMDM_RUN_CREATED {
            self.notices.close();
        }
    }

    fn join(&self) {
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
    let create = || {
        // SAFETY: as the function's documentation asks of the caller.
        let desc = unsafe { read(desc, "desc")? };
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as above.
        let run = Arc::new(unsafe { prepare(&graph, &desc)? });
        let ends: Arc<dyn Ends> = run.clone();
        graph.host.remember(Arc::downgrade(&ends))?;
        Ok(HANDLES.insert(run)? as *mut AmdmRun)
    };
    // SAFETY: as above.
    outside(|| unsafe { give(out, "the run", create) })
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
    let inputs = state.inputs(&graph.host);
    if let Some(id) = targets.iter().find(|id| state.document.find(id).is_none()) {
        let message = format!("targets: found {id}, expected the id of a node that saves or shows");
        return Err(Fail::argument(message));
    }
    let targets = (!targets.is_empty()).then(|| Targets::of(targets));
    let asked = Asked { targets, outputs: wanted, partial: false };
    let prepared = state.graphs(&graph.host).prepare(state.document, &asked)?;
    let notices = Arc::<Notices>::default();
    let wakeup = Wakeup { call: desc.wakeup, user_data: desc.user_data, on_caller: false };
    let executing = Arc::new(AtomicBool::new(false));
    let kept = match desc.preview_ms {
        0 => Kept::new(),
        every => {
            let (notices, executing) = (notices.clone(), executing.clone());
            let sink = move |node: &str, image: &Tensor| {
                let (node, image) = (node.to_owned(), image.clone());
                notices.push(Notice::Preview { node, image });
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
        graph: prepared,
        options,
        warnings: state.warnings,
        cancel: Cancel::new(),
        after: Arc::default(),
        executing,
        kept,
        wakeup,
        notices,
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

/// Runs a graph and returns when it has ended. Registered nodes and models, and `wakeup`, are
/// called on this thread.
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

/// Waits for the end of a run, at most `timeout_ms` milliseconds; a negative number waits for ever.
/// After it has returned the run's end no callback of the run comes any more.
///
/// Returns the status that the run ended with, `AMDM_STATUS_TIMEOUT`, or `AMDM_STATUS_WRONG_STATE`
/// for a run that was not started.
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

/// Cancels a run: `AMDM_CANCEL_NOW`, or `AMDM_CANCEL_AFTER_IMAGE`. The last event still comes. A
/// run that has ended is unharmed. One that was not started is stopped once it is: at its start, or
/// after its first picture.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_cancel(run: *mut AmdmRun, when: u32) -> AmdmStatus {
    guard(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        match when {
            AMDM_CANCEL_NOW => run.cancel.stop(),
            AMDM_CANCEL_AFTER_IMAGE => run.after.store(true, Ordering::Relaxed),
            _ => return Err(Fail::argument(format!("found {when}, expected AMDM_CANCEL_*"))),
        }
        Ok(())
    })
}

/// Ends a run: cancels it and waits for it where it goes on. Images and tensors that were fetched
/// stay. NULL is fine.
///
/// \thread any, not inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_destroy(run: *mut AmdmRun) -> AmdmStatus {
    outside(|| {
        if let Some(run) = HANDLES.destroy::<Run>(run as usize)? {
            run.end();
            run.join();
        }
        Ok(())
    })
}
