//! Errors as they are found, and their order.

use super::{ErrorCode, GraphError, limits};
use std::collections::HashSet;

/// What an error is about; also its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index of the node; `None` is the graph as a whole.
    pub node: Option<usize>,
    /// 0 the node, from 1 its inputs as declared, then those unknown.
    pub rank: usize,
}

impl Place {
    pub const GRAPH: Self = Self { node: None, rank: 0 };

    pub const fn node(at: usize) -> Self {
        Self { node: Some(at), rank: 0 }
    }

    /// Input `index` of the node.
    pub const fn input(at: usize, index: usize) -> Self {
        Self { node: Some(at), rank: index + 1 }
    }
}

#[derive(Default)]
pub(super) struct Report {
    errors: Vec<(Place, GraphError)>,
    left_out: usize,
    bad: HashSet<usize>,
}

impl Report {
    pub fn is_full(&self) -> bool {
        self.errors.len() >= limits::GRAPH_ERRORS
    }

    /// Nodes with an error, also those whose errors are not listed.
    pub fn bad(&self, at: usize) -> bool {
        self.bad.contains(&at)
    }

    pub fn push(&mut self, place: Place, error: GraphError) {
        self.bad.extend(place.node);
        if self.is_full() {
            self.left_out += 1;
        } else {
            self.errors.push((place, error));
        }
    }

    /// The errors, sorted; nothing wrong is `Ok`.
    pub fn finish(mut self) -> Result<(), Vec<GraphError>> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort_by_key(|(place, _)| *place);
        let mut errors: Vec<GraphError> = self.errors.into_iter().map(|(_, error)| error).collect();
        if self.left_out > 0 {
            let found = format!("{} more errors", self.left_out);
            let expected = format!("no more than {} to list", limits::GRAPH_ERRORS);
            errors.push(GraphError::new(ErrorCode::LimitExceeded, found, expected));
        }
        Err(errors)
    }
}
