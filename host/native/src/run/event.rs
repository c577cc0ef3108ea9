//! What happens in a run, as events that wait and are taken.

use std::time::Duration;

use amdm_diffusion::Tensor;
use amdm_runtime::Event;

use super::{AmdmRun, Run, limit};
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, Versioned, read, write};
use crate::picture::{self, AmdmImage, Pixels};
use crate::status::{AMDM_STATUS_EMPTY, AmdmStatus, Fail, guard, is_inside};

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
    /// The preview, 8-bit RGB; NULL for other events. It stays the library's: there is nothing to
    /// release, and `image->release` is NULL.
    pub image: *const AmdmImage,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmEvent {
    const FIRST: usize = std::mem::offset_of!(Self, image) + size_of::<*const AmdmImage>();
}

/// An event that waits.
#[derive(Default)]
pub(super) struct Waiting {
    pub kind: u32,
    pub step: u32,
    pub total: u32,
    pub seconds: f64,
    pub node: String,
    pub text: String,
    pub json: String,
    pub preview: Option<Tensor>,
}

/// What an event that was taken points to.
pub(super) struct Taken {
    waiting: Waiting,
    image: Option<Box<Pixels>>,
}

impl Waiting {
    /// An event of the host's; none of those that the run tells itself.
    pub fn of(event: &Event) -> Option<Self> {
        let (kind, node) = match event {
            Event::Started { .. } => (AMDM_EVENT_STARTED, ""),
            Event::NodeStarted { node, .. } => (AMDM_EVENT_NODE_STARTED, node.as_str()),
            Event::NodeFinished { node, .. } => (AMDM_EVENT_NODE_DONE, node.as_str()),
            Event::Cached { node, .. } => (AMDM_EVENT_CACHED, node.as_str()),
            Event::Progress { node, .. } => (AMDM_EVENT_PROGRESS, node.as_str()),
            Event::Ui { node, .. } => (AMDM_EVENT_UI, node.as_str()),
            Event::Saved { node, .. } => (AMDM_EVENT_SAVED, node.as_str()),
            Event::Resumed { node } => (AMDM_EVENT_RESUMED, node.as_str()),
            _ => return None,
        };
        let json = serde_json::to_string(event).unwrap_or_default();
        let mut waiting = Self { kind, node: node.into(), json, ..Self::default() };
        match event {
            Event::NodeFinished { seconds, .. } => waiting.seconds = *seconds,
            Event::Progress { step, total, .. } => (waiting.step, waiting.total) = (*step, *total),
            _ => {}
        }
        Some(waiting)
    }
}

/// Takes the next event, waiting for it at most `timeout_ms` milliseconds; a negative number waits for
/// ever. `event->struct_size` is set by the caller.
///
/// `AMDM_STATUS_EMPTY` where none came in time, and after the last one (`AMDM_EVENT_FINISHED`). Where nobody
/// takes events, the oldest of progress and log are lost beyond 4096 that wait, and of previews beyond 8; no
/// other ever is.
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
        let timeout = if is_inside() { Some(Duration::ZERO) } else { limit(timeout_ms) };
        let Some(mut waiting) = run.queue.next(timeout) else {
            return Err(Fail::new(AMDM_STATUS_EMPTY, "no event waits"));
        };
        let image = match waiting.preview.take() {
            Some(tensor) => Some(Box::new(picture::pixels(&tensor, 0, &picture::PREVIEW)?)),
            None => None,
        };
        let mut place = run.taken();
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
            image: taken.image.as_deref().map_or(std::ptr::null(), Pixels::image),
        };
        // SAFETY: as above.
        unsafe { write(event, &told, "event") }
    })
}
