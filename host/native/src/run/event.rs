//! What happens in a run, as events that wait and are taken.

use std::time::Duration;

use amdm_runtime::{Event, Notice};
use serde_json::json;

use super::{AmdmRun, Run, limit};
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, Versioned, read, write};
use crate::log::number;
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

/// A notice as C sees it, and what it points to.
#[derive(Default)]
pub(super) struct Taken {
    kind: u32,
    step: u32,
    total: u32,
    seconds: f64,
    node: String,
    text: String,
    json: String,
    image: Option<Box<Pixels>>,
}

/// The kind of an event of the graph, and its node; none of those that the run tells itself.
pub(super) fn kind(event: &Event) -> Option<(u32, &str)> {
    Some(match event {
        Event::Started { .. } => (AMDM_EVENT_STARTED, ""),
        Event::NodeStarted { node, .. } => (AMDM_EVENT_NODE_STARTED, node),
        Event::NodeFinished { node, .. } => (AMDM_EVENT_NODE_DONE, node),
        Event::Cached { node, .. } => (AMDM_EVENT_CACHED, node),
        Event::Progress { node, .. } => (AMDM_EVENT_PROGRESS, node),
        Event::Ui { node, .. } => (AMDM_EVENT_UI, node),
        Event::Saved { node, .. } => (AMDM_EVENT_SAVED, node),
        Event::Resumed { node } => (AMDM_EVENT_RESUMED, node),
        _ => return None,
    })
}

impl Taken {
    fn of(notice: Notice) -> Result<Self, Fail> {
        let none = Self::default();
        Ok(match notice {
            Notice::Event(event) => {
                let (kind, node) = kind(&event).unwrap_or_default();
                let (node, json) = (node.to_owned(), serde_json::to_string(&event)?);
                let taken = Self { kind, node, json, ..none };
                match event {
                    Event::NodeFinished { seconds, .. } => Self { seconds, ..taken },
                    Event::Progress { step, total, .. } => Self { step, total, ..taken },
                    _ => taken,
                }
            }
            Notice::Line(level, text) => {
                let step = number(level);
                let json = json!({"event": "log", "level": step, "text": text}).to_string();
                Self { kind: AMDM_EVENT_LOG, step, text, json, ..none }
            }
            Notice::Preview { node, image } => {
                let json = json!({"event": "preview", "node": node}).to_string();
                let image = Some(Box::new(picture::pixels(&image, 0, &picture::PREVIEW)?));
                Self { kind: AMDM_EVENT_PREVIEW, node, json, image, ..none }
            }
            Notice::Ended(result) => {
                let mut json = serde_json::to_value(&*result).unwrap_or_default();
                json["event"] = "finished".into();
                Self { kind: AMDM_EVENT_FINISHED, json: json.to_string(), ..none }
            }
        })
    }
}

/// Takes the next event, waiting for it at most `timeout_ms` milliseconds; a negative number waits
/// for ever. `event->struct_size` is set by the caller.
///
/// `AMDM_STATUS_EMPTY` where none came in time, and after the last one (`AMDM_EVENT_FINISHED`).
/// Where nobody takes events, the oldest of progress and log are lost beyond 4096 that wait, and of
/// previews beyond 8; no other ever is.
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
        let Some(notice) = run.notices.next(timeout) else {
            return Err(Fail::new(AMDM_STATUS_EMPTY, "no event waits"));
        };
        let taken = Taken::of(notice)?;
        let mut place = run.taken();
        let taken = place.insert(taken);
        let told = AmdmEvent {
            struct_size: size_of::<AmdmEvent>(),
            kind: taken.kind,
            step: taken.step,
            total: taken.total,
            reserved: 0,
            seconds: taken.seconds,
            node: AmdmStr::of(&taken.node),
            text: AmdmStr::of(&taken.text),
            json: AmdmStr::of(&taken.json),
            image: taken.image.as_deref().map_or(std::ptr::null(), Pixels::image),
        };
        // SAFETY: as above.
        unsafe { write(event, &told, "event") }
    })
}
