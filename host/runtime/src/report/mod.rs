//! What a run reports while it goes on, and what it gives at its end.

mod event;
mod notices;
mod outcome;
mod queue;
mod result;

pub use self::event::{Event, Level, Sink};
pub use self::notices::{Notice, Notices};
pub use self::outcome::{NodeTime, Outcome, Saved, Seed, Versions};
pub use self::result::{OutputFile, RunResult, Status};
