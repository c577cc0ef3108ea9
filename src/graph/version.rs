//! Versions in graphs: what a graph was made for, and what is changed in older ones.
//!
//! A node records its pack and the pack's version as editors do, `_meta.cnr_id` and `_meta.ver`, and
//! the form of the graph in `_meta.amdm.schema`. [`record`] writes them, [`migrate`] reads them:
//! nodes of older versions are brought up to date by the table `MIGRATIONS`, newer ones are
//! errors. A graph without records is taken as it stands.

use super::error::{quoted, shown};
use super::{Document, ErrorCode, GraphError, Node};
use crate::catalogue::{Catalogue, Descriptor};
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
    help: "its input conditioning became family",
}];

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
        errors.extend(newer_schema(node));
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
            let found = format!("a node made for {} {made_for}: {}", class.pack, migration.help);
            let warning = GraphError::new(ErrorCode::MigratedNode, found, "");
            warnings.push(warning.at(&document.nodes()[at]));
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

fn newer_schema(node: &Node) -> Option<GraphError> {
    let schema = node.meta()?.get("amdm")?.get("schema")?;
    if schema.as_u64().is_some_and(|schema| schema <= SCHEMA) {
        return None;
    }
    let found = format!("a graph of form {}", shown(schema));
    let expected = format!("form {SCHEMA} or older: a newer amdm wrote it");
    Some(GraphError::new(ErrorCode::NewerVersion, found, expected).at(node))
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
