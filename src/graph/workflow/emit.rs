//! The API graph: a node for every active one, with its widgets' values and what its links lead to.
//!
//! A link to a widget takes the place of its value. Inputs that are linked to nodes that are not
//! written are dropped at the end. Beside the graph, warnings tell what editors keep silent about:
//! values that do not fit their widgets, choices that do not exist, sockets left open.

use super::super::error::{cut, shown, word};
use super::super::{ErrorCode, GraphError};
use super::expand::Scope;
use super::extension::{self, Extension};
use super::layer::Layer;
use super::layout::{Layout, Saved, Widget};
use super::node::{Mode, Node, Role};
use super::report::{Report, exceeded};
use super::resolve::{Broken, Outcome, Resolver};
use super::source::Sources;
use super::spec::{Shape, Spec};
use super::subgraph::Override;
use super::value::{self, Oddity};
use crate::graph::comfy::NodeInfo;
use crate::graph::comfy::ObjectInfo;
use crate::limits;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Writes all nodes of all scopes.
pub(super) fn emit<'a>(
    layers: &[Layer<'a>],
    scopes: &[Scope<'a>],
    info: &ObjectInfo,
    (report, sources): (&mut Report, &mut Sources),
) -> Result<Map<String, Value>, Vec<GraphError>> {
    let resolver = Resolver::new(layers, scopes);
    let (graph, hints, room) = (Vec::new(), HashMap::new(), limits::GRAPH_BYTES);
    let told = HashSet::new();
    let mut writer =
        Writer { layers, scopes, info, report, sources, told, resolver, graph, room, hints };
    let mut waiting = vec![(0, 0)];
    while let Some((scope, at)) = waiting.pop() {
        let Some(node) = layers[scopes[scope].layer].nodes.get(at) else { continue };
        waiting.push((scope, at + 1));
        if node.mode != Mode::Active {
            continue;
        }
        writer.report_links(scope, at, node);
        match node.role {
            Role::Instance(_) => {
                waiting.extend(scopes[scope].children.get(&at).map(|child| (*child, 0)));
            }
            Role::Unknown => writer.unknown(scope, at, node),
            Role::Ordinary(info) => writer.node(scope, at, info)?,
            Role::Note | Role::Reroute | Role::Primitive => {}
        }
    }
    Ok(writer.finish())
}

struct Writer<'a, 's> {
    layers: &'s [Layer<'a>],
    scopes: &'s [Scope<'a>],
    info: &'s ObjectInfo,
    report: &'s mut Report,
    sources: &'s mut Sources,
    /// Subgraphs whose outputs were looked at.
    told: HashSet<usize>,
    resolver: Resolver<'a, 's>,
    graph: Vec<(String, Value)>,
    /// Bytes that the graph may still take.
    room: usize,
    /// What was probably meant by unknown types.
    hints: HashMap<&'a str, Option<&'s str>>,
}

type Inputs = Map<String, Value>;

/// Unknown types for which the nearest known one is looked for.
const HINTS: usize = 50;

impl<'a, 's> Writer<'a, 's> {
    fn node(&mut self, scope: usize, at: usize, info: &'a NodeInfo) -> Result<(), Vec<GraphError>> {
        let node = &self.layers[self.scopes[scope].layer].nodes[at];
        let given = self.scopes[scope].given.nodes.get(&at);
        let widgets = match given {
            None => Cow::Borrowed(&node.widgets[..]),
            Some(given) => Cow::Owned(relaid(node, info, given)),
        };
        let work = widgets.len() + node.sockets.len() + info.inputs.len();
        self.resolver.count(work).map_err(|_| too_much())?;
        let id = self.resolver.id(scope, at).into_owned();
        let mut inputs = Inputs::new();
        for widget in widgets.iter() {
            if let (Some(spec), Some(value)) = (&widget.spec, &widget.value) {
                self.take(value::size(value) + spec.name.len())?;
                inputs.insert(spec.name.to_string(), value::wrapped(Some(spec), value));
            }
        }
        self.sources.own(&id, node, &widgets);
        self.links(scope, node, &id, &widgets, &mut inputs)?;
        let about = About { id: &id, node };
        about.judge(info, &widgets, &inputs, self)?;
        let meta = meta(node);
        self.take(id.len() + node.class.len() + node.title.len() + value::size(&meta))?;
        let value = json!({ "inputs": inputs, "class_type": node.class, "_meta": meta });
        self.graph.push((id, value));
        Ok(())
    }

    /// Puts in what the node's sockets are linked to.
    fn links(
        &mut self,
        scope: usize,
        node: &Node<'a>,
        id: &str,
        widgets: &[Widget<'a>],
        inputs: &mut Inputs,
    ) -> Result<(), Vec<GraphError>> {
        let about = About { id, node };
        for socket in &node.sockets {
            if socket.link.is_none() {
                continue;
            }
            let value = match self.resolver.input(scope, socket) {
                Ok(Outcome::Output { scope, node, slot }) => {
                    json!([self.resolver.id(scope, node), slot])
                }
                Ok(Outcome::Constant(value) | Outcome::Promoted(Some(value))) if socket.widget => {
                    let named = |spec: &&Spec<'_>| spec.name == socket.name;
                    let spec = widgets.iter().filter_map(|widget| widget.spec.as_ref()).find(named);
                    self.sources.given(id, &socket.name, value);
                    value::wrapped(spec, value)
                }
                Ok(_) => continue,
                Err(Broken::Steps) => return Err(too_much()),
                Err(Broken::Cycle) => {
                    let found = "a link that comes back to itself";
                    let expected = "a link from a node's output";
                    let error = about.say(ErrorCode::DependencyCycle, found, expected);
                    self.report.error(error.input(cut(&socket.name)));
                    continue;
                }
            };
            self.take(value::size(&value) + socket.name.len())?;
            inputs.insert(socket.name.to_string(), value);
        }
        Ok(())
    }

    /// Warns of links that lead nowhere: editors keep silent, and the input gets nothing.
    fn report_links(&mut self, scope: usize, at: usize, node: &Node<'a>) {
        if matches!(node.role, Role::Note | Role::Unknown) {
            return;
        }
        let layer = &self.layers[self.scopes[scope].layer];
        for socket in &node.sockets {
            let Some((found, expected)) = layer.lost(socket, self.layers) else { continue };
            let id = self.resolver.id(scope, at);
            let about = About { id: &id, node };
            let warning = about.say(ErrorCode::BadLinkedInput, found, expected);
            self.report.warning(warning.input(cut(&socket.name)));
        }
        let Role::Instance(inner) = node.role else { return };
        // What is wrong inside a subgraph is said of its first instance.
        if !self.told.insert(inner) {
            return;
        }
        for (slot, found, expected) in self.layers[inner].lost_exits(self.layers) {
            let id = self.resolver.id(scope, at);
            let found = format!("{found} to output {slot} of the subgraph");
            let warning = About { id: &id, node }.say(ErrorCode::BadLinkedInput, found, expected);
            self.report.warning(warning);
        }
    }

    fn unknown(&mut self, scope: usize, at: usize, node: &Node<'a>) {
        let id = self.resolver.id(scope, at);
        let about = About { id: &id, node };
        let class = word(node.class);
        match extension::find(node.class) {
            Some(Extension::Idle) => {
                let found = format!("a node of an editor's extension, {class}");
                let expected = "nodes that run; it is left out";
                self.report.warning(about.say(ErrorCode::VirtualNode, found, expected));
            }
            Some(Extension::Carries) => {
                let found = format!("a node of an editor's extension, {class}");
                let expected = "plain links in its place, or a graph exported by that editor";
                self.report.error(about.say(ErrorCode::VirtualNode, found, expected));
            }
            Some(Extension::Group) => {
                let found = format!("a group node, {class}");
                let expected =
                    "a subgraph, which editors make of it when it is converted, or its nodes";
                self.report.error(about.say(ErrorCode::VirtualNode, found, expected));
            }
            None => {
                let found = format!("unknown node type {class}");
                let expected = "a type of this installation, or a subgraph of the file";
                let error = about.say(ErrorCode::MissingNodeType, found, expected);
                let hint = self.hint(node.class);
                self.report.error(error.closest(hint));
            }
        }
    }

    /// The class that was probably meant; looked for a few times only, as it takes a while.
    fn hint(&mut self, class: &'a str) -> Option<&'s str> {
        if self.hints.len() >= HINTS && !self.hints.contains_key(class) {
            return None;
        }
        *self.hints.entry(class).or_insert_with(|| self.info.closest(class))
    }

    fn take(&mut self, bytes: usize) -> Result<(), Vec<GraphError>> {
        let room = self.room.checked_sub(bytes);
        self.room = room.ok_or_else(|| exceeded("bytes of graph", limits::GRAPH_BYTES))?;
        Ok(())
    }

    /// The graph, without inputs that are linked to nodes that are not in it.
    fn finish(mut self) -> Map<String, Value> {
        self.graph.sort_by_key(|(id, _)| whole(id));
        let ids: HashSet<String> = self.graph.iter().map(|(id, _)| id.clone()).collect();
        let mut graph = Map::with_capacity(self.graph.len());
        for (id, mut node) in self.graph {
            if let Some(Value::Object(inputs)) = node.get_mut("inputs") {
                inputs.retain(|_, value| {
                    let source = value.get(0).and_then(Value::as_str);
                    !value.is_array() || source.is_some_and(|source| ids.contains(source))
                });
            }
            if graph.insert(id.clone(), node).is_some() {
                let found = format!("a second node {}", word(&id));
                self.report.error(GraphError::new(ErrorCode::InvalidPrompt, found, "each id once"));
            }
        }
        graph
    }
}

/// A node that something is said about.
struct About<'n, 'a> {
    id: &'n str,
    node: &'n Node<'a>,
}

impl<'a> About<'_, 'a> {
    fn say(&self, code: ErrorCode, found: impl Into<String>, expected: &str) -> GraphError {
        GraphError::new(code, found, expected).at_node(self.id, self.node.class, self.node.title)
    }

    /// Warns of what a person should know, though an editor says nothing.
    fn judge(
        &self,
        info: &NodeInfo,
        widgets: &[Widget<'a>],
        inputs: &Inputs,
        writer: &mut Writer<'a, '_>,
    ) -> Result<(), Vec<GraphError>> {
        if let Some(oddity) = &self.node.oddity {
            writer.report.warning(self.odd(oddity));
        }
        for spec in widgets.iter().filter_map(|widget| widget.spec.as_ref()) {
            let (Some(choices), Some(value)) = (spec.choices(), inputs.get(&*spec.name)) else {
                continue;
            };
            if value.is_array() || spec.several() || choices.is_empty() {
                continue;
            }
            writer.resolver.count(choices.len()).map_err(|_| too_much())?;
            if !choices.contains(value) {
                let expected = format!("one of {} choices", choices.len());
                let warning = self.say(ErrorCode::ValueNotInList, shown(value), &expected);
                writer.report.warning(warning.input(cut(&spec.name)));
            }
        }
        let inputs_of = info.inputs.iter().filter(|input| input.required && !input.hidden);
        for spec in inputs_of.map(Spec::of) {
            let open = matches!(spec.shape(), Shape::Socket) && !inputs.contains_key(&*spec.name);
            if open {
                let expected = format!("a link to an output of type {}", word(spec.type_name()));
                let warning = self.say(ErrorCode::RequiredInputMissing, "nothing", &expected);
                writer.report.warning(warning.input(cut(&spec.name)));
            }
        }
        Ok(())
    }

    fn odd(&self, oddity: &Oddity) -> GraphError {
        let (found, expected) = match oddity {
            Oddity::Count { found, expected } => {
                (format!("{found} saved values"), format!("{expected}, one for each widget"))
            }
            Oddity::Form => {
                ("values saved by name, which editors ignore".to_owned(), "a list".to_owned())
            }
            Oddity::Named { found, expected } => {
                let number = found.map_or("no".to_owned(), |found| found.to_string());
                let expected = format!("{expected}; those saved by name are used");
                (format!("{number} saved values"), expected)
            }
        };
        self.say(ErrorCode::WidgetValues, found, &expected)
    }
}

/// The widgets of a node some of whose values a subgraph's instance gives.
fn relaid<'a>(node: &Node<'a>, info: &'a NodeInfo, given: &[Override<'a>]) -> Vec<Widget<'a>> {
    let mut values = HashMap::new();
    for widget in &node.widgets {
        if let (Some(spec), Some(value)) = (&widget.spec, &widget.value) {
            values.insert(spec.name.clone(), value.clone());
        }
    }
    for given in given {
        values.insert(given.widget.clone(), Cow::Borrowed(given.value));
    }
    Layout::new(info, &Saved::Names(values)).widgets
}

/// What editors keep beside a node: its title, and the package that it is of.
fn meta(node: &Node<'_>) -> Value {
    let mut meta = Map::new();
    meta.insert("title".to_owned(), Value::from(node.title));
    for key in ["cnr_id", "aux_id", "ver"] {
        let value = node.raw.get("properties").and_then(|properties| properties.get(key));
        if let Some(value @ Value::String(_)) = value {
            meta.insert(key.to_owned(), value.clone());
        }
    }
    Value::Object(meta)
}

/// The place of an id among others: whole numbers ascending, then the rest as they come.
fn whole(id: &str) -> u64 {
    let number = id.parse().ok().filter(|number: &u32| number.to_string() == id);
    number.filter(|number| *number < u32::MAX).map_or(u64::MAX, u64::from)
}

fn too_much() -> Vec<GraphError> {
    exceeded("steps along links and widgets", limits::CONVERSION_STEPS)
}
