//! A node of a workflow as an editor has it after loading: what it is, its sockets and widgets.
//!
//! Where the installation has a description of the node's type, names, types and order are those of
//! the description; the file brings links, values, title and mode.

use super::file;
use super::inputs;
use super::layout::{Layout, Widget};
use super::socket::{Context, Socket};
use super::value::{self, Oddity};
use crate::graph::comfy::NodeInfo;
use serde_json::Value;
use std::borrow::Cow;

/// Whether a node takes part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Active,
    /// Gives nothing to anybody.
    Muted,
    /// Gives on what it is given.
    Bypassed,
}

/// What a node is.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    Ordinary(&'a NodeInfo),
    /// A text beside the graph.
    Note,
    Reroute,
    /// A value of its own, for widgets it is linked to.
    Primitive,
    /// A subgraph, by its layer.
    Instance(usize),
    Unknown,
}

/// A node of a layer.
pub(super) struct Node<'a> {
    pub id: Cow<'a, str>,
    pub class: &'a str,
    pub title: &'a str,
    pub mode: Mode,
    pub role: Role<'a>,
    pub widgets: Vec<Widget<'a>>,
    pub sockets: Vec<Socket<'a>>,
    pub oddity: Option<Oddity>,
    /// The node in the file.
    pub raw: &'a Value,
}

impl<'a> Node<'a> {
    /// Reads a node of the file; `None` where it has no id or no type.
    pub fn read(raw: &'a Value, context: &Context<'a, '_>) -> Option<Self> {
        let id = file::id(raw.get("id")?)?;
        let class = raw.get("type")?.as_str()?;
        let role = role(class, context);
        let (layout, oddity) = match role {
            Role::Ordinary(info) => value::lay_out(raw, info),
            _ => (Layout::default(), None),
        };
        let sockets = match role {
            Role::Ordinary(_) => inputs::described(raw, &layout, context),
            Role::Instance(_) => match context.subgraphs.get(class) {
                Some((_, definition)) => inputs::of_instance(raw, definition, context),
                None => Vec::new(),
            },
            _ => inputs::listed(raw, context),
        };
        let own = file::text(raw, "title");
        let title = match role {
            Role::Ordinary(info) if own.is_empty() => &info.title,
            _ => own,
        };
        let mode = match raw.get("mode").and_then(Value::as_f64) {
            Some(2.0) => Mode::Muted,
            Some(4.0) => Mode::Bypassed,
            _ => Mode::Active,
        };
        let widgets = layout.widgets;
        Some(Self { id, class, title, mode, role, widgets, sockets, oddity, raw })
    }

    /// Whether the widgets have their values by position, as far as there are any.
    pub fn is_positional(&self) -> bool {
        matches!(self.oddity, None | Some(Oddity::Count { .. }))
    }
}

fn role<'a>(class: &str, context: &Context<'a, '_>) -> Role<'a> {
    match class {
        "Note" | "MarkdownNote" => Role::Note,
        "Reroute" => Role::Reroute,
        "PrimitiveNode" => Role::Primitive,
        _ => match (context.subgraphs.get(class), context.info.find(class)) {
            (Some((layer, _)), _) => Role::Instance(*layer),
            (None, Some(info)) => Role::Ordinary(info),
            (None, None) => Role::Unknown,
        },
    }
}
