//! The values that an instance of a subgraph gives to the widgets inside.
//!
//! Either one value for each promoted input, in the order of the definition's inputs, or, where the
//! file has `properties.proxyWidgets`, one for each entry of that list: the id of a node inside and
//! the name of its widget. `-1` stands for the definition's inputs; names that begin with `$$` are
//! previews.

use super::file;
use super::layer::{Layer, Origin};
use super::node::{Node, Role};
use super::spec::Spec;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// A value for a widget of a node inside.
#[derive(Clone)]
pub(super) struct Override<'a> {
    pub widget: Cow<'a, str>,
    /// Of an instance's widgets: the node inside it that owns the widget.
    pub owner: Option<Cow<'a, str>>,
    pub value: &'a Value,
}

/// What an instance gives its inside.
pub(super) struct Given<'a> {
    /// Values by input of the definition.
    pub inputs: Vec<Option<&'a Value>>,
    /// Values by index of the node inside; of several for one widget the last counts.
    pub nodes: HashMap<usize, Vec<Override<'a>>>,
    /// Names of widgets that are not there.
    pub lost: Vec<String>,
}

/// An entry of `proxyWidgets`.
struct Proxy<'a> {
    node: Cow<'a, str>,
    widget: Cow<'a, str>,
    owner: Option<Cow<'a, str>>,
}

impl<'a> Given<'a> {
    /// What `instance` gives, as the file has it, and over that what the graph around it gives.
    /// `None` where that takes more steps than there is `room` for.
    pub fn of(
        instance: &Node<'a>,
        inner: &Layer<'a>,
        promoted: &HashMap<usize, usize>,
        outer: &[Override<'a>],
        room: &mut usize,
    ) -> Option<Self> {
        let proxies = proxies(instance.raw);
        let matched = (proxies.len() + 1).saturating_mul(outer.len() + 1);
        let placed = (proxies.len() + outer.len() + 1).saturating_mul(inner.inputs.len() + 1);
        let owners = outer.iter().filter_map(|value| value.owner.as_ref());
        let sought = owners.chain(proxies.iter().map(|proxy| &proxy.node));
        let sought = sought.filter_map(|node| inner.nodes.get(*inner.index.get(node)?));
        let sought: usize = sought.map(|node| node.sockets.len() + described(node)).sum();
        *room = room.checked_sub(matched.saturating_add(placed).saturating_add(sought))?;
        let nothing = vec![None; inner.inputs.len()];
        let mut given = Self { inputs: nothing, nodes: HashMap::new(), lost: Vec::new() };
        if proxies.is_empty() {
            given.positional(instance, inner, promoted);
        } else {
            let values = file::list(instance.raw, "widgets_values");
            for (proxy, value) in proxies.iter().zip(values) {
                given.put(proxy, value, (inner, room));
            }
        }
        for value in outer {
            given.pass_on(value, &proxies, (inner, room));
        }
        // What is looked at on the way may have taken all of it.
        (*room > 0).then_some(given)
    }

    fn positional(
        &mut self,
        instance: &Node<'a>,
        inner: &Layer<'a>,
        promoted: &HashMap<usize, usize>,
    ) {
        let values = instance.raw.get("widgets_values").and_then(Value::as_array);
        let named = instance.raw.get("widgets_values_named").and_then(Value::as_object);
        let named = named.filter(|names| !names.is_empty());
        let by_name = named.filter(|_| values.is_none_or(|values| values.len() != promoted.len()));
        for (input, place) in promoted {
            let value = match by_name {
                Some(names) => names.get(inner.inputs[*input]),
                None => values.and_then(|values| values.get(*place)),
            };
            self.inputs[*input] = value;
        }
    }

    fn put(
        &mut self,
        proxy: &Proxy<'a>,
        value: &'a Value,
        (inner, room): (&Layer<'a>, &mut usize),
    ) {
        if proxy.widget.starts_with("$$") || proxy.widget == "control_after_generate" {
            return;
        }
        if proxy.node == "-1" {
            match inner.inputs.iter().position(|name| *name == proxy.widget) {
                Some(input) => self.inputs[input] = Some(value),
                None => self.lost.push(proxy.widget.to_string()),
            }
            return;
        }
        let owned = inner.index.get(&proxy.node).filter(|at| owns(&inner.nodes[**at], proxy, room));
        let Some(at) = owned else {
            return self.lost.push(format!("{}.{}", proxy.node, proxy.widget));
        };
        let (widget, owner) = (proxy.widget.clone(), proxy.owner.clone());
        self.nodes.entry(*at).or_default().push(Override { widget, owner, value });
    }

    /// Hands a value from outside to where this instance's own value of that widget goes.
    fn pass_on(
        &mut self,
        value: &Override<'a>,
        proxies: &[Proxy<'a>],
        (inner, room): (&Layer<'a>, &mut usize),
    ) {
        let named = || proxies.iter().filter(|proxy| proxy.widget == value.widget);
        let owned = named().find(|proxy| Some(&proxy.node) == value.owner.as_ref());
        if let Some(proxy) = owned.or_else(|| named().next()) {
            return self.put(proxy, value.value, (inner, room));
        }
        let owner = value.owner.as_ref().filter(|owner| inner.index.contains_key(*owner));
        let promoted = owner.and_then(|owner| promoted(inner, owner, &value.widget));
        if let Some(place) = promoted.and_then(|input| self.inputs.get_mut(input)) {
            *place = Some(value.value);
            return;
        }
        let named = inner.inputs.contains(&&*value.widget);
        let node = owner.filter(|_| !named).cloned().unwrap_or(Cow::Borrowed("-1"));
        let proxy = Proxy { node, widget: value.widget.clone(), owner: None };
        self.put(&proxy, value.value, (inner, room));
    }
}

/// The input of the subgraph that shows this widget of a node inside.
fn promoted(inner: &Layer<'_>, node: &str, widget: &str) -> Option<usize> {
    let node = inner.nodes.get(*inner.index.get(node)?)?;
    let socket = node.sockets.iter().find(|socket| socket.name == widget)?;
    let link = inner.links.get(socket.link?)?;
    (link.origin == Origin::Entry).then_some(link.slot)
}

/// Inputs that are looked at to tell whether a node has a widget.
fn described(node: &Node<'_>) -> usize {
    match node.role {
        Role::Ordinary(info) => info.inputs.len() + node.widgets.len(),
        _ => 0,
    }
}

/// Whether a node can take a value for that widget.
fn owns(node: &Node<'_>, proxy: &Proxy<'_>, room: &mut usize) -> bool {
    match node.role {
        // Also widgets that a combo has only while it has another value: that may be given too.
        Role::Ordinary(info) => {
            let inputs = info.inputs.iter().filter(|input| !input.hidden).map(Spec::of);
            inputs.into_iter().any(|spec| spec.may_make(&proxy.widget, room))
        }
        Role::Primitive | Role::Instance(_) => true,
        Role::Note | Role::Reroute | Role::Unknown => false,
    }
}

/// The list, which some files hold as a text of JSON.
fn proxies(raw: &Value) -> Vec<Proxy<'_>> {
    let list = raw.get("properties").and_then(|properties| properties.get("proxyWidgets"));
    match list {
        Some(Value::Array(entries)) => entries.iter().map(proxy).collect(),
        Some(Value::String(text)) => {
            let parsed = super::super::json::parse(text.as_bytes());
            let Ok(Value::Array(entries)) = parsed else { return Vec::new() };
            entries.iter().map(|entry| proxy(entry).owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// An entry; one of a wrong form keeps its place and means nothing.
fn proxy(entry: &Value) -> Proxy<'_> {
    let part = |at: usize| entry.get(at).and_then(file::id);
    let preview = || Cow::Borrowed("$$");
    Proxy {
        node: part(0).unwrap_or_default(),
        widget: part(1).unwrap_or_else(preview),
        owner: part(2),
    }
}

impl Proxy<'_> {
    fn owned<'b>(self) -> Proxy<'b> {
        Proxy {
            node: Cow::Owned(self.node.into_owned()),
            widget: Cow::Owned(self.widget.into_owned()),
            owner: self.owner.map(|owner| Cow::Owned(owner.into_owned())),
        }
    }
}
