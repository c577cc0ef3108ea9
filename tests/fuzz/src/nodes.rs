//! The nodes that files are judged for: those of the cases, and two recorded installations.

use amdm::catalogue::Catalogue;
use amdm::graph::comfy::ObjectInfo;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

const CATALOGUE: &str = include_str!("../../graphs/catalogue.json");
const EDITOR: &str = include_str!("../../fixtures/comfyui/vectors/object_info.json");
const SERVER: &str = include_str!("../../fixtures/comfyui/errors/object_info.json");

pub struct Nodes {
    pub catalogue: Catalogue,
    /// The catalogue, and the recorded installations.
    pub infos: [ObjectInfo; 3],
    /// All their classes.
    pub classes: Vec<String>,
    /// All names of their inputs.
    pub inputs: Vec<String>,
    /// All types of their inputs and outputs.
    pub types: Vec<String>,
}

pub fn nodes() -> &'static Nodes {
    static NODES: OnceLock<Nodes> = OnceLock::new();
    NODES.get_or_init(|| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut lists = BTreeMap::<String, Vec<String>>::new();
        lists.insert("models".to_owned(), names(&["tiny-layout", "sdxl-base.safetensors"]));
        lists.insert("images".to_owned(), names(&["fox-1.png", "fox-2.png"]));
        let catalogue = Catalogue::from_json(CATALOGUE).unwrap().with_choices(Arc::new(lists));
        let parse = |text: &str| ObjectInfo::parse(text.as_bytes()).unwrap();
        let infos = [ObjectInfo::of(&catalogue), parse(EDITOR), parse(SERVER)];
        let all = || infos.iter().flat_map(ObjectInfo::iter);
        let inputs = || all().flat_map(|class| &class.inputs);
        let outputs = all().flat_map(|class| &class.outputs);
        let types = inputs().map(|input| input.type_name.clone());
        Nodes {
            classes: unique(all().map(|class| class.class.clone())),
            inputs: unique(inputs().map(|input| input.name.clone())),
            types: unique(types.chain(outputs.map(|output| output.type_name.clone()))),
            catalogue,
            infos,
        }
    })
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}
