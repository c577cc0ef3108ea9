//! Lines of the log as events: a listener for one run, and nothing on stdout or stderr.

use std::fmt::{Debug, Write};

use amdm_runtime::Level as LogLevel;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// For who searches for an error.
pub const AMDM_LOG_TRACE: u32 = 1;
/// For who develops.
pub const AMDM_LOG_DEBUG: u32 = 2;
/// Of interest.
pub const AMDM_LOG_INFO: u32 = 3;
/// People should know.
pub const AMDM_LOG_WARN: u32 = 4;
/// Something failed.
pub const AMDM_LOG_ERROR: u32 = 5;

/// Hands lines of our own crates to a function: the level, and the text.
pub(crate) struct Listener<F> {
    /// Least level; 0 for none.
    least: u32,
    tell: F,
}

impl<F: Fn(LogLevel, String) + Send + Sync + 'static> Listener<F> {
    pub fn new(least: u32, tell: F) -> Self {
        Self { least, tell }
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        _ => LogLevel::Error,
    }
}

/// Levels and their numbers.
pub(crate) const LEVELS: [(LogLevel, u32); 5] = [
    (LogLevel::Trace, AMDM_LOG_TRACE),
    (LogLevel::Debug, AMDM_LOG_DEBUG),
    (LogLevel::Info, AMDM_LOG_INFO),
    (LogLevel::Warn, AMDM_LOG_WARN),
    (LogLevel::Error, AMDM_LOG_ERROR),
];

/// The level's number.
pub(crate) fn number(level: LogLevel) -> u32 {
    LEVELS.iter().find(|(known, _)| *known == level).map_or(0, |(_, number)| *number)
}

impl<F: Fn(LogLevel, String) + Send + Sync + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.least > 0
            && metadata.is_event()
            && number(level(*metadata.level())) >= self.least
            && metadata.target().starts_with("amdm")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        (self.least == 0).then_some(LevelFilter::OFF)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let Text { message, fields } = text;
        (self.tell)(level(*event.metadata().level()), message + &fields);
    }

    // Spans are not listened to.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The message, and the fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
