//! Settings written back into the workflow that their graph was made of.
//!
//! Each value goes to the entry that it came from: of the node's own widgets, of the primitive that
//! it is linked to, or of the subgraph's instance that shows the widget. The result is converted
//! again, and counts only if that gives the graph with exactly those settings and nothing else
//! changed: what two inputs share, what is linked, and what only one of two instances should have
//! cannot be written.

use super::super::version;
use super::source::{Address, Source, Sources};
use super::{convert, file, traced};
use crate::graph::Document;
use crate::graph::comfy::ObjectInfo;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A value that an input of the graph was set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Id of the node in the graph: `5`, or `30:5` in a subgraph.
    pub node: String,
    /// Name of the input.
    pub input: String,
    /// The value, as graphs have it.
    pub value: Value,
}

/// The workflow that converts to the same graph with `settings`; `None` where there is none of the
/// same nodes and links. Nodes of older versions are brought up to date. `info` describes the nodes
/// that the workflow is converted for.
pub fn write_back(workflow: &Value, settings: &[Setting], info: &ObjectInfo) -> Option<Value> {
    let migrated = version::migrate_workflow(workflow).ok()?;
    let workflow = migrated.as_ref().map_or(workflow, |(workflow, _)| workflow);
    let mut sources = Sources::default();
    for setting in settings {
        sources.ask(&setting.node, &setting.input);
    }
    let mut graph = traced(workflow, info, &mut sources).ok()?.graph;
    let mut changes = Changes::default();
    for setting in settings {
        let source = sources.get(&setting.node, &setting.input)?;
        changes.add(&sources, source, plain(&setting.value))?;
        set(&mut graph, setting)?;
    }
    let mut copy = workflow.clone();
    changes.write(workflow, &mut copy);
    // Entries that are none of the file's are left: defaults of the description.
    if !changes.entries.is_empty() {
        return None;
    }
    let renewed = convert(&copy, info).ok()?;
    (renewed.graph == graph).then_some(copy)
}

impl Document {
    /// Writes what was set into the workflow, or drops the workflow where that cannot be done
    /// exactly. `info` describes the nodes that it was converted for.
    pub fn renew_workflow(&mut self, info: &ObjectInfo) {
        let settings = self.take_settings();
        let Some(workflow) = self.stored_workflow().filter(|_| !settings.is_empty()) else {
            return;
        };
        let named =
            settings.into_iter().map(|((node, input), value)| Setting { node, input, value });
        match write_back(workflow, &named.collect::<Vec<_>>(), info) {
            Some(renewed) => self.keep_workflow(renewed),
            None => self.drop_workflow(),
        }
    }
}

fn set(graph: &mut Map<String, Value>, setting: &Setting) -> Option<()> {
    let inputs = graph.get_mut(&setting.node)?.get_mut("inputs")?.as_object_mut()?;
    inputs.insert(setting.input.clone(), setting.value.clone());
    Some(())
}

/// A graph's value as workflows have it: lists are not wrapped there.
fn plain(value: &Value) -> &Value {
    value.get("__value__").filter(|inner| inner.is_array()).unwrap_or(value)
}

/// What is to be written.
#[derive(Default)]
struct Changes<'v> {
    /// New values of entries.
    entries: HashMap<Address, &'v Value>,
    /// New lists of values, of nodes whose lists do not have what is set.
    lists: HashMap<Address, Vec<Value>>,
}

impl<'v> Changes<'v> {
    /// `None` where the source cannot have that value, or has another one already.
    fn add(&mut self, sources: &Sources, source: &Source, value: &'v Value) -> Option<()> {
        match source {
            Source::Unknown => None,
            Source::Value(entry) => {
                let known = self.entries.insert(*entry, value);
                known.is_none_or(|known| known == value).then_some(())
            }
            Source::Widget { node, place } => {
                let list = match self.lists.entry(*node) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => entry.insert(sources.list(*node)?.clone()),
                };
                *list.get_mut(*place)? = value.clone();
                Some(())
            }
        }
    }

    /// Writes the changes of a layer and of the subgraphs in it; `copy` is a copy of `raw`.
    fn write(&mut self, raw: &Value, copy: &mut Value) {
        let nodes = copy.get_mut("nodes").and_then(Value::as_array_mut);
        for (raw, copy) in file::list(raw, "nodes").iter().zip(nodes.into_iter().flatten()) {
            self.node(raw, copy);
        }
        let definitions =
            raw.get("definitions").map_or(&[][..], |all| file::list(all, "subgraphs"));
        let copies = copy.get_mut("definitions").and_then(|all| all.get_mut("subgraphs"));
        let copies = copies.and_then(Value::as_array_mut).into_iter().flatten();
        for (raw, copy) in definitions.iter().zip(copies) {
            self.write(raw, copy);
        }
    }

    fn node(&mut self, raw: &Value, copy: &mut Value) {
        let list = self.lists.remove(&std::ptr::from_ref(raw));
        let mut changed = list.is_some();
        let Value::Object(copy) = copy else { return };
        if let Some(list) = list {
            copy.insert("widgets_values".to_owned(), Value::Array(list));
        }
        let values = copy.get_mut("widgets_values").and_then(Value::as_array_mut);
        for (raw, copy) in
            file::list(raw, "widgets_values").iter().zip(values.into_iter().flatten())
        {
            if let Some(value) = self.entries.remove(&std::ptr::from_ref(raw)) {
                *copy = value.clone();
                changed = true;
            }
        }
        // Values by name would say something else now.
        if changed {
            copy.shift_remove("widgets_values_named");
        }
    }
}
