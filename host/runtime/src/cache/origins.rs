//! What decides the bytes that a graph leads to, besides the graph: by name, for people to compare.
//!
//! Two runs of one graph with equal origins write the same files. Packs, networks and pictures are
//! known by their contents; a name that comes through a link could be any on the host's list, so
//! all of that list count. What cannot be read is told as such: the run itself will say more. Code
//! and networks that an embedder registers have no content to compare: their versions stand for
//! them.

use std::collections::BTreeMap;

use amdm::graph::{Checked, CheckedNode, Resolved};
use amdm_diffusion::ModelSource;
use sha2::{Digest, Sha256};

use super::key::{Sources, VERSION, machine};

/// Adds the origins of `graph` to those found: `amdm`, `device`, `arithmetic`, `pack NAME`, `model
/// NAME`, `adapter NAME`, `picture NAME`. What is there already is not read again.
pub(crate) fn origins(
    graph: &Checked,
    sources: &Sources<'_>,
    found: &mut BTreeMap<String, String>,
) {
    let program = [
        ("amdm", env!("CARGO_PKG_VERSION").to_owned()),
        ("device", device(sources)),
        ("arithmetic", format!("{}, revision {VERSION}", machine())),
    ];
    found.extend(program.map(|(name, value)| (name.to_owned(), value)));
    for &index in &graph.order {
        node(&graph.nodes[index], sources, found);
    }
}

fn node(node: &CheckedNode, sources: &Sources<'_>, found: &mut BTreeMap<String, String>) {
    let descriptor = &node.descriptor;
    found.entry(format!("pack {}", descriptor.pack)).or_insert_with(|| {
        let code = (sources.code)(descriptor);
        let content = match code {
            Some((code, true)) => hex(&code),
            // Own code without a file: its version is all that another process could compare.
            Some((_, false)) => "registered".to_owned(),
            None => unreadable(),
        };
        format!("{} {content}", descriptor.version)
    });
    for input in &descriptor.inputs {
        let Some(from) = input.choices_from.as_deref() else { continue };
        let names = match (node.input(&input.name), from) {
            (Some(Resolved::Text(name)), _) => vec![name.clone()],
            (Some(Resolved::Link(_)), "images") => sources.inputs.names(),
            (Some(Resolved::Link(_)), kind) => sources.models.names(kind),
            _ => continue,
        };
        for name in names {
            let (title, read): (_, fn(&str, &Sources<'_>) -> String) = match from {
                "images" => (format!("picture {name}"), picture),
                "models" | "checkpoints" => (format!("model {name}"), model),
                "adapters" => (format!("adapter {name}"), adapter),
                _ => continue,
            };
            found.entry(title).or_insert_with(|| read(&name, sources));
        }
    }
}

fn picture(name: &str, sources: &Sources<'_>) -> String {
    let path = sources.inputs.path(name).ok();
    let content = path.and_then(|path| sources.files.content(&path, false, sources.cancel));
    content.map_or_else(unreadable, |(hash, _)| hex(&hash))
}

fn model(name: &str, sources: &Sources<'_>) -> String {
    match sources.models.source(name) {
        Ok(ModelSource::BuiltIn(weights)) => hex(&Sha256::digest(weights)),
        Ok(ModelSource::Registered(_, Some(version))) => format!("registered, version {version}"),
        Ok(ModelSource::Registered(_, None)) => "registered, without a version".to_owned(),
        Ok(ModelSource::File(path)) => {
            let content = sources.files.content(&path, true, sources.cancel);
            content.map_or_else(unreadable, |(hash, _)| hex(&hash))
        }
        Err(_) => unreadable(),
    }
}

fn adapter(name: &str, sources: &Sources<'_>) -> String {
    let path = sources.models.file(name).ok().flatten();
    let content = path.and_then(|path| sources.files.content(&path, true, sources.cancel));
    content.map_or_else(unreadable, |(hash, _)| hex(&hash))
}

/// The device by its name, and what stands behind it.
fn device(sources: &Sources<'_>) -> String {
    match (sources.device.name(), sources.device.card()) {
        (name, "") => name.to_owned(),
        (name, card) => format!("{name}, {card}"),
    }
}

fn unreadable() -> String {
    "unreadable".to_owned()
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
