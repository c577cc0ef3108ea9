//! The widgets and sockets that an editor makes for a node, in the order in which it makes them.
//!
//! Saved values go to widgets by position, and some widgets are there only for the value of another
//! one (options of dynamic combos), so laying out and giving values is one pass.

use super::file;
use super::spec::{DYNAMIC_COMBO, Shape, Spec};
use crate::graph::comfy::NodeInfo;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// What the entries after a widget hold: a control that changes nothing, a filter of everything.
const EXTRAS: [&str; 2] = ["fixed", ""];
/// What the entry of an upload button holds.
const BUTTON: &str = "image";

/// Saved values, by position or by name.
pub(super) enum Saved<'a> {
    /// With them the node in the file, and how many members more than it lists a group has.
    Positions {
        values: Vec<&'a Value>,
        node: &'a Value,
        more: usize,
    },
    Names(HashMap<Cow<'a, str>, Cow<'a, Value>>),
}

/// One entry of a node's values.
#[derive(Clone)]
pub(super) struct Widget<'a> {
    /// The input; `None` for controls, filters and buttons, which graphs do not have.
    pub spec: Option<Spec<'a>>,
    pub value: Option<Cow<'a, Value>>,
    /// What a new entry holds that graphs do not have.
    pub extra: &'static str,
}

/// What a node looks like in an editor.
#[derive(Default)]
pub(super) struct Layout<'a> {
    pub widgets: Vec<Widget<'a>>,
    /// Inputs without a widget.
    pub sockets: Vec<(Spec<'a>, Shape)>,
    /// Groups of widgets that may have more members.
    pub groups: usize,
}

/// Names of members by group.
type Members<'m> = HashMap<&'m str, Vec<&'m str>>;

impl<'a> Saved<'a> {
    fn get(&self, position: usize, name: &str) -> Option<Cow<'a, Value>> {
        match self {
            Self::Positions { values, .. } => {
                values.get(position).map(|value| Cow::Borrowed(*value))
            }
            Self::Names(values) => values.get(name).cloned(),
        }
    }

    /// Names of members by group: what stands before and after the last dot.
    fn members(&self) -> Members<'_> {
        let names: Vec<&str> = match self {
            Self::Positions { node, .. } => file::inputs(node).map(|input| input.name).collect(),
            Self::Names(values) => values.keys().map(|name| &**name).collect(),
        };
        let mut members = Members::new();
        for name in names {
            if let Some((group, _)) = name.rsplit_once('.') {
                members.entry(group).or_default().push(name);
            }
        }
        members
    }

    /// How many members of the group `spec` are named.
    fn count<'m>(&'m self, spec: &Spec<'_>, members: &mut Option<Members<'m>>) -> usize {
        let members = members.get_or_insert_with(|| self.members());
        let named = members.get(&*spec.name).into_iter().flatten();
        let last = named.filter_map(|name| spec.ordinal(name)).max();
        last.map_or(0, |ordinal| ordinal + 1)
    }

    /// How many members more a group has.
    fn more(&self) -> usize {
        if let Self::Positions { more, .. } = self { *more } else { 0 }
    }
}

impl<'a> Layout<'a> {
    /// Makes the widgets of `info` and gives them `saved` values, or their defaults.
    pub fn new(info: &'a NodeInfo, saved: &Saved<'a>) -> Self {
        let mut layout = Self::default();
        let inputs = info.inputs.iter().filter(|input| !input.hidden).map(Spec::of);
        let mut waiting: Vec<Spec<'a>> = inputs.collect();
        let button = waiting.iter().any(Spec::uploads);
        waiting.reverse();
        let (mut placed, mut members) = (!button, None);
        while let Some(spec) = waiting.pop() {
            if !placed && !info.ordered && !spec.required {
                layout.widgets.push(Widget::extra(BUTTON));
                placed = true;
            }
            layout.place(spec, (saved, &mut members), &mut waiting);
        }
        if !placed {
            layout.widgets.push(Widget::extra(BUTTON));
        }
        layout
    }

    fn place<'m>(
        &mut self,
        spec: Spec<'a>,
        (saved, members): (&'m Saved<'a>, &mut Option<Members<'m>>),
        waiting: &mut Vec<Spec<'a>>,
    ) {
        match spec.shape() {
            Shape::Button => self.widgets.push(Widget::extra(BUTTON)),
            shape @ (Shape::Socket | Shape::Grow) => self.sockets.push((spec, shape)),
            Shape::GrowWidgets => {
                waiting.extend(
                    spec.members(saved.count(&spec, members), saved.more()).into_iter().rev(),
                );
                self.groups += 1;
            }
            Shape::Widget => {
                let value = saved.get(self.widgets.len(), &spec.name).or_else(|| spec.default());
                if spec.widget_type() == DYNAMIC_COMBO {
                    waiting.extend(spec.children(value.as_deref()).into_iter().rev());
                }
                let extras = spec.extras();
                self.widgets.push(Widget { spec: Some(spec), value, extra: "" });
                self.widgets.extend(EXTRAS.into_iter().take(extras).map(Widget::extra));
            }
        }
    }
}

impl Widget<'_> {
    /// An entry that graphs do not have.
    const fn extra(extra: &'static str) -> Self {
        Self { spec: None, value: None, extra }
    }
}
