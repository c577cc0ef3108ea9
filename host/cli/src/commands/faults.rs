//! Telling the person what is wrong with a graph, or odd about it.

use std::path::Path;

use amdm::catalogue::Catalogue;
use amdm::graph::{ErrorCode, GraphError};

use super::files::parent;
use crate::args::GraphArguments;
use crate::exit::{INVALID, Stop};
use crate::output;

/// The errors; those about pictures that are not there say where pictures come from.
pub fn explained(
    errors: Vec<GraphError>,
    catalogue: &Catalogue,
    arguments: &GraphArguments,
) -> Vec<GraphError> {
    let from = |error: &GraphError| {
        let node = catalogue.find(error.class.as_deref()?)?;
        let input = node.inputs.iter().find(|input| Some(&input.name) == error.input.as_ref())?;
        input.choices_from.as_deref()
    };
    let dir = arguments.inputs.clone().or_else(|| parent(&arguments.graph));
    let place = match dir {
        Some(dir) => format!("pictures of {}; --inputs names another directory", dir.display()),
        None => "--inputs names the directory of pictures".to_owned(),
    };
    let explain = |error: GraphError| {
        if error.code != ErrorCode::ValueNotInList || from(&error) != Some("images") {
            return error;
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let expected = format!("{} ({place})", error.expected);
        GraphError::new(error.code, error.found.clone(), expected)
            .at_node(&text(&error.node), &text(&error.class), &text(&error.title))
            .input(text(&error.input))
            .closest(error.closest.clone())
    };
    errors.into_iter().map(explain).collect()
}

/// Why there is no graph to work with.
pub enum Problem {
    /// The graph itself is wrong.
    Graph(Vec<GraphError>),
    /// Anything else.
    Stop(Stop),
}

impl Problem {
    /// Tells the person what is wrong with the graph at `path`; `end` says what follows.
    pub fn tell(self, path: &Path, end: &str) -> Stop {
        match self {
            Self::Stop(stop) => stop,
            Self::Graph(errors) => {
                report(path, &errors, end);
                Stop::silent(INVALID)
            }
        }
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Warnings that are printed; more are counted.
const WARNINGS: usize = 50;

/// Tells the person what may not be meant; said before errors, it may be why they are there.
pub fn warn(warnings: &[impl std::fmt::Display]) {
    for warning in warnings.iter().take(WARNINGS) {
        output::note(format_args!("warning: {warning}"));
    }
    let more = warnings.len().saturating_sub(WARNINGS);
    if more > 0 {
        output::note(format_args!("and {more} more warnings"));
    }
}

/// Tells the person everything that is wrong with a graph.
pub fn report(path: &Path, errors: &[GraphError], end: &str) {
    for error in errors {
        output::problem(&error.to_string());
    }
    let count = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    output::note(format_args!("{}: {count}, {end}", path.display()));
}
