//! Errors and warnings as they are found, no more of them than anybody reads.
//!
//! One error is enough for there to be no graph; all of them are listed, as is what was left out.

use super::super::{ErrorCode, GraphError};
use crate::limits;

/// What a conversion has to say.
#[derive(Default)]
pub(super) struct Report {
    errors: Vec<GraphError>,
    warnings: Vec<GraphError>,
    left_out: [usize; 2],
}

impl Report {
    pub fn error(&mut self, error: GraphError) {
        push(&mut self.errors, &mut self.left_out[0], error);
    }

    pub fn warning(&mut self, warning: GraphError) {
        push(&mut self.warnings, &mut self.left_out[1], warning);
    }

    /// The warnings, or the errors where there are any.
    pub fn finish(self) -> Result<Vec<GraphError>, Vec<GraphError>> {
        let [errors, warnings] = self.left_out;
        if self.errors.is_empty() {
            Ok(closed(self.warnings, warnings, "warnings"))
        } else {
            Err(closed(self.errors, errors, "errors"))
        }
    }
}

/// More than a graph may have of something: nothing of it can be converted.
pub(super) fn exceeded(what: &str, limit: usize) -> Vec<GraphError> {
    let found = format!("more than {limit} {what}");
    vec![GraphError::new(ErrorCode::LimitExceeded, found, format!("at most {limit}"))]
}

fn push(list: &mut Vec<GraphError>, left_out: &mut usize, error: GraphError) {
    if list.len() < limits::GRAPH_ERRORS {
        list.push(error);
    } else {
        *left_out += 1;
    }
}

fn closed(mut list: Vec<GraphError>, left_out: usize, what: &str) -> Vec<GraphError> {
    if left_out > 0 {
        let found = format!("{left_out} more {what}");
        let expected = format!("no more than {} to list", limits::GRAPH_ERRORS);
        list.push(GraphError::new(ErrorCode::LimitExceeded, found, expected));
    }
    list
}
