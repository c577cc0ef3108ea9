//! Showing how a run goes on: a bar for people, JSON lines for machines.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amdm_runtime::{Event, Sink};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ProgressMode;
use crate::output;

/// A sink for `mode`. The bar goes to stderr, JSON lines to stdout.
pub fn sink(mode: ProgressMode) -> Sink {
    let bar = match mode {
        ProgressMode::Json => return Arc::new(|event| json(&event)),
        ProgressMode::None => false,
        ProgressMode::Bar => true,
        ProgressMode::Auto => std::io::stderr().is_terminal(),
    };
    if !bar {
        return Arc::new(|_| {});
    }
    let bar = Mutex::new(Bar::new());
    Arc::new(move |event| bar.lock().unwrap_or_else(PoisonError::into_inner).show(event))
}

/// Writes an event as a line.
pub fn json(event: &impl serde::Serialize) {
    match serde_json::to_string(event) {
        Ok(text) => output::line(text),
        Err(error) => tracing::error!(%error, "an event has no JSON form"),
    }
}

struct Bar {
    bar: ProgressBar,
    done: u64,
    title: String,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, done: 0, title: String::new() }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Started { nodes, .. } => self.bar.set_length(nodes.len() as u64),
            Event::NodeStarted { title, .. } => {
                self.bar.set_message(title.clone());
                self.title = title;
            }
            Event::Progress { step, total, .. } => {
                self.bar.set_message(format!("{}, step {step} of {total}", self.title));
            }
            Event::NodeFinished { .. } | Event::Cached { .. } => {
                self.done += 1;
                self.bar.set_position(self.done);
            }
            Event::Finished { .. } | Event::Failed { .. } => self.bar.finish_and_clear(),
            _ => {}
        }
    }
}
