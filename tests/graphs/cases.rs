//! Runs every case folder.

use amdm::catalogue::Catalogue;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{
    Checked, GraphError, Prefer, Read, Resolved, Source, Targets, read, set, validate_asked,
    version,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graphs")
}

/// The nodes of the cases, on a host that has a few models and pictures.
pub fn catalogue() -> Catalogue {
    let text = fs::read_to_string(folder().join("catalogue.json")).unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut lists = BTreeMap::new();
    let models = ["tiny-layout", "tiny-attributes", "tiny-style", "sdxl-base.safetensors"];
    lists.insert("models".to_owned(), names(&models));
    let families = ["auto", "tiny-attributes", "tiny-layout", "tiny-style"];
    lists.insert("families".to_owned(), names(&families));
    let images = (1..=30).map(|i| format!("fox-{i}.png"));
    lists.insert("images".to_owned(), images.collect());
    Catalogue::from_json(&text).unwrap().with_choices(Arc::new(lists))
}

pub fn case_folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> =
        entries.filter(|path| path.is_dir() && !path.join("mod.rs").exists()).collect();
    folders.sort();
    assert!(folders.len() > 50, "only {} cases", folders.len());
    folders
}

/// Reads, sets and validates as a command line does.
pub fn judge(case: &Path, catalogue: &Catalogue) -> Result<Checked, Vec<GraphError>> {
    let files = ["graph.json", "graph.png", "graph.webp"].map(|name| case.join(name));
    let bytes = files.iter().find_map(|file| fs::read(file).ok());
    let info = ObjectInfo::of(catalogue);
    let Read { mut document, warnings, .. } = read(&bytes.unwrap(), &info, Prefer::Prompt)?;
    let migrated = version::migrate(&mut document, catalogue)?;
    if let Ok(settings) = fs::read_to_string(case.join("set.txt")) {
        let results = settings.lines().map(|line| set::apply(&mut document, catalogue, line));
        let errors: Vec<GraphError> = results.filter_map(Result::err).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    let asked = fs::read_to_string(case.join("ask.txt")).unwrap_or_default();
    let asked = asked.lines().map(|line| line.split_once('.').unwrap());
    let asked = asked.map(|(node, output)| (node.to_owned(), output.to_owned()));
    let mut checked =
        validate_asked(&document, catalogue, &Targets::all(), &asked.collect::<Vec<_>>())?;
    checked.warnings.splice(0..0, warnings);
    checked.warnings.extend(migrated);
    Ok(checked)
}

fn outline(checked: &Checked) -> Value {
    let id = |at: usize| checked.nodes[at].id.as_str();
    let link = |source: &Source| json!([id(source.node), source.slot]);
    let mut nodes = Map::new();
    for node in &checked.nodes {
        let mut inputs = Map::new();
        for (name, value) in &node.inputs {
            let value = match value {
                Resolved::Boolean(value) => json!(value),
                Resolved::Integer(value) => json!(value),
                Resolved::Float(value) => json!(value),
                Resolved::Text(value) => json!(value),
                Resolved::Link(source) => link(source),
                Resolved::Group(members) => {
                    members.iter().map(|(name, source)| (name.clone(), link(source))).collect()
                }
            };
            inputs.insert(name.clone(), value);
        }
        let outputs = node.descriptor.outputs.iter().zip(&node.wanted);
        let wanted: Vec<&str> =
            outputs.filter(|(_, wanted)| **wanted).map(|(o, _)| o.name.as_str()).collect();
        let mut outline =
            json!({ "class": node.descriptor.r#type, "inputs": inputs, "wanted": wanted });
        if let (Some(policy), false) = (node.policy(), node.is_operator()) {
            let chain: Vec<&str> = checked.chain(policy).into_iter().map(id).collect();
            outline["chain"] = json!(chain);
        }
        nodes.insert(node.id.clone(), outline);
    }
    let order: Vec<&str> = checked.order.iter().map(|at| id(*at)).collect();
    let warnings: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
    json!({ "order": order, "warnings": warnings, "nodes": nodes })
}

/// The name of the answer's file, and what stands in it.
fn answer(case: &Path, catalogue: &Catalogue) -> (&'static str, String) {
    match judge(case, catalogue) {
        Ok(checked) => {
            let text = serde_json::to_string_pretty(&outline(&checked)).unwrap();
            ("expected.json", text + "\n")
        }
        Err(errors) => {
            ("error.txt", errors.iter().map(|error| format!("{error}\n")).collect::<String>())
        }
    }
}

#[test]
fn every_case_gets_its_answer() {
    let catalogue = catalogue();
    let accept = std::env::var_os("AMDM_ACCEPT").is_some();
    let mut wrong = Vec::new();
    for case in case_folders() {
        let (name, text) = answer(&case, &catalogue);
        if accept {
            let other = if name == "error.txt" { "expected.json" } else { "error.txt" };
            let _ = fs::remove_file(case.join(other));
            fs::write(case.join(name), text).unwrap();
            continue;
        }
        let stored = fs::read_to_string(case.join(name)).unwrap_or_default();
        let files = ["expected.json", "error.txt"].iter().filter(|f| case.join(f).exists());
        if stored != text || files.count() != 1 {
            wrong.push(format!("{}: {name} should be\n{stored}but is\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_are_for_people_and_programs() {
    let catalogue = catalogue();
    for case in case_folders() {
        let Err(errors) = judge(&case, &catalogue) else { continue };
        for error in errors {
            let (line, json) = (error.to_string(), serde_json::to_value(&error).unwrap());
            assert!(!line.contains('\n') && line.chars().count() < 400, "{line}");
            assert!(line.ends_with(&format!("{} [{}]", error.message(), error.code)), "{line}");
            assert!(line.starts_with(char::is_lowercase) && !error.message().ends_with('.'));
            assert_eq!(json["code"], error.code.as_str());
            assert_eq!(json["message"], error.message());
            assert_eq!(json.get("node").and_then(Value::as_str), error.node.as_deref());
        }
    }
}
