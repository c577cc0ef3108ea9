//! The input sockets of nodes, and what is known where they are read.

use crate::graph::comfy::ObjectInfo;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// An input socket.
pub(super) struct Socket<'a> {
    pub name: Cow<'a, str>,
    pub type_name: &'a str,
    /// Index of the link in the layer.
    pub link: Option<usize>,
    /// The file names a link that it does not have.
    pub dangling: bool,
    /// Belongs to a widget.
    pub widget: bool,
}

/// What a layer knows while its nodes are read.
pub(super) struct Context<'a, 'c> {
    pub info: &'a ObjectInfo,
    /// Definitions of subgraphs by id: their layer, and their JSON.
    pub subgraphs: &'c HashMap<&'a str, (usize, &'a Value)>,
    /// The layer's links by id.
    pub links: &'c HashMap<Cow<'a, str>, usize>,
}
