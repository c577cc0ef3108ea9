//! All that one run tells a program that embeds it, waiting to be taken: events, lines of the log,
//! unfinished images, and the result at the end.

use std::sync::Arc;
use std::time::Duration;

use amdm_diffusion::Tensor;

use super::queue::Queue;
use super::{Event, Level, RunResult};

/// Unfinished images that wait at most: each takes as much memory as an image.
const PREVIEWS: usize = 8;

/// Something that a run tells.
#[derive(Debug)]
pub enum Notice {
    /// What happened in the graph.
    Event(Event),
    /// A line of the log.
    Line(Level, String),
    /// An unfinished image `[batch, height, width, channels]` in [0, 1].
    Preview {
        /// The id of the node that shows it.
        node: String,
        /// The image.
        image: Tensor,
    },
    /// The run has ended; the last notice.
    Ended(Arc<RunResult>),
}

/// The notices of one run, for one consumer at a time.
///
/// Where nobody takes them, the oldest of progress and log are lost beyond 4096 that wait, and of
/// unfinished images beyond 8; nothing else ever is.
#[derive(Default)]
pub struct Notices(Queue<Notice>);

impl Notices {
    /// Adds a notice; [`Notice::Ended`] closes the queue.
    pub fn push(&self, notice: Notice) {
        match &notice {
            Notice::Event(Event::Progress { .. }) | Notice::Line(..) => self.0.push(notice, true),
            Notice::Event(_) => self.0.push(notice, false),
            Notice::Preview { .. } => {
                let preview = |notice: &Notice| matches!(notice, Notice::Preview { .. });
                self.0.push_newest(notice, PREVIEWS, preview);
            }
            Notice::Ended(_) => self.0.end(notice),
        }
    }

    /// Says that nothing will come, to who waits as well.
    pub fn close(&self) {
        self.0.close();
    }

    /// The next notice, waited for until `limit` has passed (none waits for ever). None where none
    /// came, and once all were taken.
    pub fn next(&self, limit: Option<Duration>) -> Option<Notice> {
        self.0.next(limit)
    }
}
