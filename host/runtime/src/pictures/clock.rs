//! The time of day as names of files say it.

use std::fmt;
use std::sync::Arc;

use jiff::ZonedDateTime;

/// A moment of local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Of the common era.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// Tells the time; clones tell the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The system's clock in its time zone, or in UTC where that is not known.
    pub fn local() -> Self {
        Self::new(|| {
            let now = ZonedDateTime::now();
            let part = |part: i8| u8::try_from(part).unwrap_or_default();
            Moment {
                year: now.year(),
                month: part(now.month()),
                day: part(now.day()),
                hour: part(now.hour()),
                minute: part(now.minute()),
                second: part(now.second()),
            }
        })
    }

    /// A clock that says what `now` says.
    pub fn new(now: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> Moment {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
