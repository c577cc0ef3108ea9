//! Versions in graphs: what a graph was made for, and what is changed in older ones.
//!
//! A node records its pack and the pack's version as editors do, `_meta.cnr_id` and `_meta.ver`,
//! and the form of the graph in `_meta.amdm.schema`. [`record`] writes them, [`migrate`] reads
//! them: nodes of older versions are brought up to date by the table `MIGRATIONS`, newer ones are
//! errors. A graph without records is taken as it stands.
//!
//! Saved workflows record the form in `extra.amdm.schema`, and pack and version in each node's
//! `properties`. Values lie there by position, so they are brought up to date before anything is
//! made of them: [`migrate_workflow`].

use super::error::{quoted, shown};
use super::{Document, ErrorCode, GraphError, Node};
use crate::catalogue::{Catalogue, Descriptor};
use crate::limits;
use semver::Version;
use serde_json::{Map, Value, json};

/// The form of graphs that this version writes.
pub const SCHEMA: u64 = 1;

/// A change that a class went through.
struct Migration {
    pack: &'static str,
    class: &'static str,
    /// The first version that has the change.
    since: Version,
    change: fn(&mut Map<String, Value>),
    /// The same to a node as editors save it.
    saved: fn(&mut Map<String, Value>),
    /// What it does, for the warning.
    help: &'static str,
}

/// All changes, oldest first.
const MIGRATIONS: &[Migration] = &[Migration {
    pack: "amdm:node",
    class: "ModelLoader",
    since: Version::new(0, 1, 0),
    change: |inputs| {
        if let Some(Value::String(conditioning)) = inputs.shift_remove("conditioning") {
            inputs.entry("family").or_insert_with(|| format!("tiny-{conditioning}").into());
        }
    },
    saved: |node| {
        let tiny = |value: &mut Value| {
            if let Some(conditioning) = value.as_str() {
                *value = format!("tiny-{conditioning}").into();
            }
        };
        if let Some(value) = node.get_mut("widgets_values").and_then(|values| values.get_mut(1)) {
            tiny(value);
        }
        if let Some(Value::Object(values)) = node.get_mut("widgets_values_named")
            && let Some(mut value) = values.shift_remove("conditioning")
        {
            tiny(&mut value);
            values.insert("family".to_owned(), value);
        }
        for input in node.get_mut("inputs").and_then(Value::as_array_mut).into_iter().flatten() {
            if input.get("name").is_some_and(|name| name == "conditioning") {
                input["name"] = "family".into();
            }
        }
    },
    help: "its input conditioning became family",
}];

impl Migration {
    fn warning(&self, made_for: &Version) -> GraphError {
        let found = format!("a node made for {} {made_for}: {}", self.pack, self.help);
        GraphError::new(ErrorCode::MigratedNode, found, "")
    }
}

/// Brings nodes that were made for older versions up to date; gives a warning for each.
///
/// # Errors
/// `newer_version` for every node, or graph form, that this version does not know yet.
pub fn migrate(
    document: &mut Document,
    catalogue: &Catalogue,
) -> Result<Vec<GraphError>, Vec<GraphError>> {
    let mut warnings = Vec::new();
    let mut errors = Vec::new();
    for at in 0..document.nodes().len() {
        let node = &document.nodes()[at];
        let schema = node.meta().and_then(|meta| meta.get("amdm")?.get("schema"));
        errors.extend(schema.and_then(newer_schema).map(|error| error.at(node)));
        let Some(class) = node.class().and_then(|class| catalogue.find(class)) else { continue };
        let Some(made_for) = recorded(node, class) else { continue };
        if let Some(error) = newer_pack(node, class, &made_for) {
            errors.push(error);
            continue;
        }
        let due = MIGRATIONS.iter().filter(|migration| {
            migration.pack == class.pack
                && migration.class == class.r#type
                && made_for < migration.since
        });
        for migration in due.collect::<Vec<_>>() {
            warnings.push(migration.warning(&made_for).at(&document.nodes()[at]));
            if let Some(node) = document.node_mut(at) {
                node.change(migration.change);
            }
        }
        // What was brought up to date is of this version.
        if let Some(node) = document.node_mut(at) {
            stamp(node, class);
        }
    }
    if errors.is_empty() { Ok(warnings) } else { Err(errors) }
}

/// The workflow with the nodes of older versions brought up to date, and a warning for each; `None`
/// where nothing is to be done.
///
/// # Errors
/// `newer_version` for a form that this version does not know yet.
pub fn migrate_workflow(
    workflow: &Value,
) -> Result<Option<(Value, Vec<GraphError>)>, Vec<GraphError>> {
    let schema = workflow.get("extra").and_then(|extra| extra.get("amdm")?.get("schema"));
    if let Some(error) = schema.and_then(newer_schema) {
        return Err(vec![error]);
    }
    let mut due = 0;
    each_saved(workflow, &mut |node| due += usize::from(!outdated(node).is_empty()));
    if due == 0 {
        return Ok(None);
    }
    let (mut copy, mut warnings) = (workflow.clone(), Vec::new());
    each_saved_mut(&mut copy, &mut |node| {
        for (migration, made_for) in outdated(node) {
            let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
            if warnings.len() < limits::GRAPH_ERRORS {
                let id = node.get("id").map_or(String::new(), |id| match id {
                    Value::String(id) => id.clone(),
                    other => other.to_string(),
                });
                let warning = migration.warning(&made_for);
                warnings.push(warning.at_node(&id, text("type"), text("title")));
            }
            if let Value::Object(node) = node {
                (migration.saved)(node);
            }
            node["properties"]["ver"] = json!(migration.since.to_string());
        }
    });
    Ok(Some((copy, warnings)))
}

/// The changes that a saved node lacks, and the version that it was made for.
fn outdated(node: &Value) -> Vec<(&'static Migration, Version)> {
    let property = |name: &str| node.get("properties")?.get(name)?.as_str();
    let class = node.get("type").and_then(Value::as_str).unwrap_or_default();
    let due = MIGRATIONS.iter().filter(|migration| {
        let plain = class.strip_prefix("Amdm").unwrap_or(class);
        let own = migration.pack.starts_with("amdm:") && property("cnr_id") == Some("amdm");
        (own && plain == migration.class)
            || (property("cnr_id") == Some(migration.pack) && class == migration.class)
    });
    let made_for = || Version::parse(property("ver")?).ok();
    due.filter_map(|migration| Some((migration, made_for()?)))
        .filter(|(migration, made_for)| *made_for < migration.since)
        .collect()
}

/// Every node of a workflow and of the subgraphs in it.
fn each_saved(workflow: &Value, work: &mut impl FnMut(&Value)) {
    let nodes = workflow.get("nodes").and_then(Value::as_array);
    nodes.into_iter().flatten().for_each(&mut *work);
    let inner = workflow.get("definitions").and_then(|all| all.get("subgraphs"));
    for subgraph in inner.and_then(Value::as_array).into_iter().flatten() {
        each_saved(subgraph, work);
    }
}

fn each_saved_mut(workflow: &mut Value, work: &mut impl FnMut(&mut Value)) {
    let nodes = workflow.get_mut("nodes").and_then(Value::as_array_mut);
    nodes.into_iter().flatten().for_each(&mut *work);
    let inner = workflow.get_mut("definitions").and_then(|all| all.get_mut("subgraphs"));
    for subgraph in inner.and_then(Value::as_array_mut).into_iter().flatten() {
        each_saved_mut(subgraph, work);
    }
}

/// Writes what the nodes are made for into the graph; writing it twice changes nothing.
pub fn record(document: &mut Document, catalogue: &Catalogue) {
    for at in 0..document.nodes().len() {
        let class = document.nodes()[at].class().and_then(|class| catalogue.find(class)).cloned();
        if let (Some(node), Some(class)) = (document.node_mut(at), class) {
            stamp(node, &class);
        }
    }
}

fn stamp(node: &mut Node, class: &Descriptor) {
    node.note("cnr_id", json!(id(class)));
    node.note("ver", json!(class.version));
    node.note_own("schema", json!(SCHEMA));
}

/// The pack's name as editors record it: `amdm` for our own, the WIT package for others.
fn id(class: &Descriptor) -> &str {
    if class.pack.starts_with("amdm:") { "amdm" } else { &class.pack }
}

/// The version that a node was made for, where it says so and means the pack that is loaded.
fn recorded(node: &Node, class: &Descriptor) -> Option<Version> {
    let meta = node.meta()?;
    let same = meta.get("cnr_id").and_then(Value::as_str) == Some(id(class));
    // Editors also record commits, which have no order.
    Version::parse(meta.get("ver")?.as_str()?).ok().filter(|_| same)
}

fn newer_schema(schema: &Value) -> Option<GraphError> {
    if schema.as_u64().is_some_and(|schema| schema <= SCHEMA) {
        return None;
    }
    let found = format!("a graph of form {}", shown(schema));
    let expected = format!("form {SCHEMA} or older: a newer amdm wrote it");
    Some(GraphError::new(ErrorCode::NewerVersion, found, expected))
}

/// Patches change no inputs, so only the parts before them count.
fn newer_pack(node: &Node, class: &Descriptor, made_for: &Version) -> Option<GraphError> {
    let loaded = Version::parse(&class.version).ok()?;
    if (made_for.major, made_for.minor) <= (loaded.major, loaded.minor) {
        return None;
    }
    let found = format!("a node made for {} {made_for}", quoted(&class.pack));
    let expected = format!("version {loaded}, which is loaded, or older");
    Some(GraphError::new(ErrorCode::NewerVersion, found, expected).at(node))
}
