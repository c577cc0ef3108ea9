//! A position in the WIT source while nodes are read: makes findings that name it.

use wit_parser::{Resolve, Span};

use crate::finding::Finding;

/// The node, or field of a node, that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) resolve: &'a Resolve,
    pub(crate) node: &'a str,
    pub(crate) field: Option<&'a str>,
    pub(crate) span: Span,
}

impl<'a> Place<'a> {
    /// The same node, at one of its fields, enums or cases.
    pub(crate) fn at(self, field: &'a str, span: Span) -> Self {
        Self { field: Some(field), span, ..self }
    }

    pub(crate) fn finding(
        &self,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Box<Finding> {
        Box::new(Finding {
            location: self.resolve.render_location(self.span),
            node: self.node.to_owned(),
            field: self.field.map(str::to_owned),
            found: found.into(),
            expected: expected.into(),
        })
    }
}
