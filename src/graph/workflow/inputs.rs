//! The input sockets of a node in an editor's order: those described, those of its widgets, then
//! what else the file lists.
//!
//! The file leaves out sockets of widgets that are not linked. It is the socket's name that tells
//! which link is whose, not its place.

use super::file::{self, FileInput};
use super::layout::Layout;
use super::socket::{Context, Socket};
use super::spec::Shape;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The sockets of an ordinary node.
pub(super) fn described<'a>(
    raw: &'a Value,
    layout: &Layout<'a>,
    context: &Context<'a, '_>,
) -> Vec<Socket<'a>> {
    let mut sockets = Sockets::of(raw, context);
    for (spec, shape) in &layout.sockets {
        match shape {
            Shape::Grow => sockets.grown(&spec.name),
            _ => sockets.push(spec.name.clone(), spec.type_name(), false),
        }
    }
    for spec in layout.widgets.iter().filter_map(|widget| widget.spec.as_ref()) {
        if !spec.is("socketless") {
            sockets.push(spec.name.clone(), spec.type_name(), true);
        }
    }
    sockets.finish()
}

/// The sockets of a subgraph's instance: the inputs of its definition first.
pub(super) fn of_instance<'a>(
    raw: &'a Value,
    definition: &'a Value,
    context: &Context<'a, '_>,
) -> Vec<Socket<'a>> {
    let mut sockets = Sockets::of(raw, context);
    for input in file::list(definition, "inputs") {
        sockets.push(Cow::Borrowed(file::text(input, "name")), file::type_name(input), false);
    }
    sockets.finish()
}

/// The sockets that the file lists, of a node without a description.
pub(super) fn listed<'a>(raw: &'a Value, context: &Context<'a, '_>) -> Vec<Socket<'a>> {
    file::inputs(raw).map(|input| socket(&input, context)).collect()
}

struct Sockets<'a, 'b> {
    context: &'b Context<'a, 'b>,
    file: Vec<FileInput<'a>>,
    by_name: HashMap<&'a str, FileInput<'a>>,
    taken: HashSet<&'a str>,
    made: Vec<Socket<'a>>,
}

impl<'a, 'b> Sockets<'a, 'b> {
    fn of(raw: &'a Value, context: &'b Context<'a, 'b>) -> Self {
        let file: Vec<FileInput<'a>> = file::inputs(raw).collect();
        let by_name = file.iter().map(|input| (input.name, *input)).collect();
        Self { context, file, by_name, taken: HashSet::new(), made: Vec::new() }
    }

    fn push(&mut self, name: Cow<'a, str>, type_name: &'a str, widget: bool) {
        let mut made = Socket { name, type_name, link: None, dangling: false, widget };
        if let Some(input) = self.by_name.get(&*made.name) {
            self.taken.insert(input.name);
            let listed = socket(input, self.context);
            (made.link, made.dangling) = (listed.link, listed.dangling);
        }
        self.made.push(made);
    }

    /// The sockets that the file lists of the group `name`.
    fn grown(&mut self, name: &str) {
        for input in &self.file {
            let member = input.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            if member && self.taken.insert(input.name) {
                self.made.push(socket(input, self.context));
            }
        }
    }

    fn finish(mut self) -> Vec<Socket<'a>> {
        for input in &self.file {
            if !self.taken.contains(input.name) {
                self.made.push(socket(input, self.context));
            }
        }
        self.made
    }
}

fn socket<'a>(input: &FileInput<'a>, context: &Context<'a, '_>) -> Socket<'a> {
    let link = input.link.and_then(file::id).and_then(|id| context.links.get(&id).copied());
    Socket {
        name: Cow::Borrowed(input.name),
        type_name: input.type_name,
        link,
        dangling: link.is_none() && input.link.is_some(),
        widget: false,
    }
}
