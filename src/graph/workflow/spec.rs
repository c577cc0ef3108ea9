//! What an input of a description makes in an editor: a widget, a socket, or both.
//!
//! An input makes a widget if its type is `INT`, `FLOAT`, `BOOLEAN`, `STRING`, `COMBO` or one that
//! editors have a widget for, unless it says `forceInput` (or is optional and says
//! `defaultInput`). `widgetType` names another type for the widget, `socketless` leaves out its
//! socket.

use crate::graph::comfy::{InputInfo, declared_choices, declared_type};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Inputs that depend on the value of a combo.
pub(super) const DYNAMIC_COMBO: &str = "COMFY_DYNAMICCOMBO_V3";
/// Inputs that grow: as sockets are linked, or as widgets are added.
const GROWING: &[&str] = &["COMFY_AUTOGROW_V3", "COMFY_DYNAMICGROUP_V3"];
/// Most members of a group that grows.
const MEMBERS: usize = 100;
/// Sockets that take the type of what is linked.
const MATCH_TYPE: &str = "COMFY_MATCHTYPE_V3";
/// A curve, whose value travels marked as such.
pub(super) const CURVE: &str = "CURVE";

/// Types beside the basic five for which editors have a widget.
const WIDGETS: &[&str] = &[
    "INT",
    "FLOAT",
    "BOOLEAN",
    "STRING",
    "COMBO",
    DYNAMIC_COMBO,
    CURVE,
    "COLOR",
    "MARKDOWN",
    "TEXTAREA",
    "LOAD_3D",
    "LOAD_3D_ANIMATION",
    "WEBCAM",
    "AUDIO_RECORD",
];
/// Widgets that are buttons: they hold a place among the values and send nothing.
const BUTTONS: &[&str] = &["IMAGEUPLOAD", "AUDIOUPLOAD"];

/// One input, of a class or of an option of a dynamic combo.
#[derive(Clone)]
pub(super) struct Spec<'a> {
    /// Name in graphs, with a dot inside options: `method.sigma`.
    pub name: Cow<'a, str>,
    pub required: bool,
    config: &'a Value,
}

/// What an input makes.
pub(super) enum Shape {
    Socket,
    /// Any number of sockets whose names begin with the input's and a dot.
    Grow,
    /// The same with widgets.
    GrowWidgets,
    Widget,
    Button,
}

impl<'a> Spec<'a> {
    pub fn of(input: &'a InputInfo) -> Self {
        Self { name: Cow::Borrowed(&input.name), required: input.required, config: &input.config }
    }

    pub fn shape(&self) -> Shape {
        let kind = self.widget_type();
        if GROWING.contains(&kind) {
            let widget = self.template().is_some_and(|one| matches!(one.shape(), Shape::Widget));
            if widget { Shape::GrowWidgets } else { Shape::Grow }
        } else if BUTTONS.contains(&kind) {
            Shape::Button
        } else if WIDGETS.contains(&kind) && !self.forced() {
            Shape::Widget
        } else {
            Shape::Socket
        }
    }

    /// Whether a socket takes the place of a widget.
    pub fn forced(&self) -> bool {
        self.is("forceInput") || (!self.required && self.is("defaultInput"))
    }

    /// The type of its socket.
    pub fn type_name(&self) -> &'a str {
        match declared_type(self.config) {
            MATCH_TYPE => {
                let template = self.option("template");
                let allowed = template.and_then(|template| template.get("allowed_types"));
                allowed.and_then(Value::as_str).unwrap_or("*")
            }
            other => other,
        }
    }

    /// The type of its widget.
    pub fn widget_type(&self) -> &'a str {
        self.option("widgetType").and_then(Value::as_str).unwrap_or(declared_type(self.config))
    }

    pub fn option(&self, name: &str) -> Option<&'a Value> {
        self.config.get(1)?.get(name)
    }

    /// Whether an option is set: `true`, or what editors take for it.
    pub fn is(&self, name: &str) -> bool {
        match self.option(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(set)) => *set,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(_) => true,
        }
    }

    /// Whether it takes several of its choices.
    pub fn several(&self) -> bool {
        self.is("multi_select") || self.is("multiselect")
    }

    pub fn choices(&self) -> Option<&'a [Value]> {
        declared_choices(self.config)
    }

    /// Entries that follow the widget's own: a seed's control, a combo's control and filter.
    pub fn extras(&self) -> usize {
        let controlled = self.is("control_after_generate");
        match self.widget_type() {
            "COMBO" if controlled => 2,
            "INT" | "FLOAT" if controlled => 1,
            "INT" if matches!(&*self.name, "seed" | "noise_seed") => {
                usize::from(self.option("control_after_generate").is_none_or(Value::is_null))
            }
            _ => 0,
        }
    }

    /// Whether editors put an upload button after the widgets for its sake.
    pub fn uploads(&self) -> bool {
        let kinds = ["image_upload", "video_upload", "animated_image_upload"];
        self.required && self.widget_type() == "COMBO" && kinds.iter().any(|kind| self.is(kind))
    }

    /// The value of a new widget; `None` where an editor would have none either.
    pub fn default(&self) -> Option<Cow<'a, Value>> {
        if let Some(default) = self.option("default").filter(|default| !default.is_null()) {
            return Some(Cow::Borrowed(default));
        }
        let owned = match self.widget_type() {
            "INT" => Value::from(0),
            "FLOAT" => Value::from(0.0),
            "STRING" | "MARKDOWN" | "TEXTAREA" => Value::from(""),
            "BOOLEAN" => Value::from(false),
            "COMBO" if self.several() => Value::Array(Vec::new()),
            "COMBO" => return self.choices()?.first().map(Cow::Borrowed),
            DYNAMIC_COMBO => return self.options().next()?.get("key").map(Cow::Borrowed),
            _ => return None,
        };
        Some(Cow::Owned(owned))
    }

    /// The inputs that a dynamic combo has while `value` is chosen.
    pub fn children(&self, value: Option<&Value>) -> Vec<Self> {
        let chosen = self.options().find(|option| option.get("key") == value);
        chosen.map_or(Vec::new(), |option| self.inputs_of(option))
    }

    fn inputs_of(&self, option: &'a Value) -> Vec<Self> {
        let mut children = Vec::new();
        for (group, required) in [("required", true), ("optional", false)] {
            let inputs = option.get("inputs").and_then(|inputs| inputs.get(group)?.as_object());
            for (name, config) in inputs.into_iter().flat_map(Map::iter) {
                let name = Cow::Owned(format!("{}.{name}", self.name));
                children.push(Self { name, required, config });
            }
        }
        children
    }

    /// Whether this input makes a widget called `name` for some value of its combos. Takes what it
    /// looks at from `room`.
    pub fn may_make(&self, name: &str, room: &mut usize) -> bool {
        let widget = matches!(self.shape(), Shape::Widget);
        if widget && self.name == name {
            return true;
        }
        let inside =
            |name: &str| name.strip_prefix(&*self.name).is_some_and(|rest| rest.starts_with('.'));
        if !inside(name) {
            return false;
        }
        if !widget {
            return matches!(self.shape(), Shape::GrowWidgets) && self.ordinal(name).is_some();
        }
        self.options().any(|option| {
            let children = self.inputs_of(option);
            *room = room.saturating_sub(children.len() + 1);
            *room > 0 && children.iter().any(|child| child.may_make(name, room))
        })
    }

    /// What one member of a group is like, where it is a single input.
    fn template(&self) -> Option<Self> {
        let inputs = self.option("template")?.get("input")?;
        let groups = ["required", "optional"].map(|group| (group == "required", inputs.get(group)));
        let mut all = groups.into_iter().flat_map(|(required, group)| {
            let inputs = group.and_then(Value::as_object).into_iter().flatten();
            inputs.map(move |(name, config)| (name, required, config))
        });
        let (name, required, config) = all.next()?;
        let name = Cow::Borrowed(name.as_str());
        let one = Self { name, required: required && self.required, config };
        // A group in a group is nothing that an editor makes.
        let plain = !GROWING.contains(&one.widget_type());
        (all.next().is_none() && plain).then_some(one)
    }

    /// The first `count` members of a group, and no fewer than it always has, and `more`.
    pub fn members(&self, count: usize, more: usize) -> Vec<Self> {
        let (Some(one), Some(template)) = (self.template(), self.option("template")) else {
            return Vec::new();
        };
        let bound = |key: &str| {
            let bound = template.get(key).and_then(Value::as_u64);
            bound.map(|bound| usize::try_from(bound).unwrap_or(MEMBERS).min(MEMBERS))
        };
        let (least, names) = (bound("min").unwrap_or(0), self.member_names());
        let most = names.map_or(bound("max").unwrap_or(MEMBERS), |names| names.len().min(MEMBERS));
        let name = |ordinal: usize| match names {
            Some(names) => names.get(ordinal)?.as_str().map(|name| format!("{}.{name}", self.name)),
            None => Some(format!("{}.{}{ordinal}", self.name, self.prefix())),
        };
        let member = |ordinal: usize| {
            let required = one.required && ordinal < least;
            Some(Self { name: name(ordinal)?.into(), required, config: one.config })
        };
        (0..count.max(least).saturating_add(more).min(most)).filter_map(member).collect()
    }

    /// Which member of the group is called `name`.
    pub fn ordinal(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix(&*self.name)?.strip_prefix('.')?;
        let ordinal = match self.member_names() {
            Some(names) => names.iter().take(MEMBERS).position(|one| one == name)?,
            None => name.strip_prefix(self.prefix())?.parse().ok()?,
        };
        (ordinal < MEMBERS).then_some(ordinal)
    }

    fn member_names(&self) -> Option<&'a [Value]> {
        self.option("template")?.get("names")?.as_array().map(Vec::as_slice)
    }

    fn prefix(&self) -> &'a str {
        let template = self.option("template");
        template.and_then(|template| template.get("prefix")?.as_str()).unwrap_or_default()
    }

    fn options(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let options = self.option("options").and_then(Value::as_array);
        options.into_iter().flatten()
    }
}
