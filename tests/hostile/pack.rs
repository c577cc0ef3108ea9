//! Components from the text in `packs/`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The hostile pack's only class.
pub const CLASS: &str = "acme.hostile.Node";

/// Interfaces that no host has, or that only WASI hosts have.
const OTHERS: [(&str, &str); 2] = [
    ("wasi.wit", "package wasi:clocks@0.2.0; interface monotonic-clock { now: func() -> u64; }"),
    ("other.wit", "package acme:other; interface wishes { wish: func(); }"),
];
const WORLDS: &str = "package acme:hostile;
    world node { include amdm:node/pack@0.1.0; }
    world operator { include amdm:node/step-pack@0.1.0; }
    world clock { include amdm:node/pack@0.1.0; import wasi:clocks/monotonic-clock@0.2.0; }
    world wishes { include amdm:node/pack@0.1.0; import acme:other/wishes; }";

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().into()
}

/// The descriptor of a node that ends a graph and has one output.
pub fn node(class: &str, pack: &str, output: &str) -> Value {
    json!({
        "type": class, "pack": pack, "version": "1.0.0", "title": "Node", "category": "hostile",
        "description": "", "inputs": [], "outputs": [{"name": "value", "type": output}],
        "output_node": true,
    })
}

/// The descriptor of a step operator that acts in all phases.
pub fn operator() -> Value {
    json!({
        "type": CLASS, "pack": "acme:hostile", "version": "1.0.0", "title": "Operator",
        "category": "hostile", "description": "",
        "inputs": [{"name": "policy", "type": "STEP_POLICY", "optional": true, "socket_only": true}],
        "outputs": [{"name": "policy", "type": "STEP_POLICY"}],
        "step_operator": {"phases": ["prepare", "predicted", "stepped"]},
    })
}

/// A pack in the making.
pub struct Source {
    text: String,
    world: &'static str,
    nodes: String,
    said: Option<String>,
}

impl Source {
    /// The module `packs/<name>.wat` with one node of the output type `INT`.
    pub fn node(name: &str) -> Self {
        Self::new(name, "node", &json!([node(CLASS, "acme:hostile", "INT")]))
    }

    /// The module `packs/operator-<name>.wat` with one step operator of the window [0, 2).
    pub fn operator(name: &str) -> Self {
        Self::new(&format!("operator-{name}"), "operator", &json!([operator()]))
            .fill("@START@", "0")
            .fill("@END@", "2")
    }

    fn new(name: &str, world: &'static str, nodes: &Value) -> Self {
        let mut text = file(name);
        for (mark, name) in
            [("@COMMON@", "common"), ("@DESCRIBE@", "describe"), ("@OPERATOR@", "operator")]
        {
            text = text.replace(mark, &file(name));
        }
        Self { text, world, nodes: nodes.to_string(), said: None }
    }

    /// Replaces a mark.
    pub fn fill(mut self, mark: &str, value: &str) -> Self {
        self.text = self.text.replace(mark, value);
        self
    }

    /// The world that it is built for.
    pub fn world(mut self, world: &'static str) -> Self {
        self.world = world;
        self
    }

    /// The text of the section `amdm:nodes`.
    pub fn nodes(mut self, nodes: impl ToString) -> Self {
        self.nodes = nodes.to_string();
        self
    }

    /// What `describe` says, where it is not what the section says.
    pub fn said(mut self, said: impl ToString) -> Self {
        self.said = Some(said.to_string());
        self
    }

    /// A pack without the section.
    pub fn undescribed(mut self) -> Self {
        self.said.get_or_insert_with(|| self.nodes.clone());
        self.text = self.text.replace("(@custom \"amdm:nodes\" \"@NODES@\")", "");
        self
    }

    /// The core module.
    pub fn module(&self) -> Vec<u8> {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let said = self.said.as_ref().unwrap_or(&self.nodes);
        let text = self
            .text
            .replace("@NODES@", &escape(&self.nodes))
            .replace("@SAID@", &escape(said))
            .replace("@SAID_LENGTH@", &said.len().to_string());
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let mut module = self.module();
        let mut resolve = Resolve::new();
        resolve.push_dir(root().join("wit")).unwrap();
        for (path, text) in OTHERS {
            resolve.push_str(path, text).unwrap();
        }
        let package = resolve.push_str("worlds.wit", WORLDS).unwrap();
        let world = resolve.select_world(&[package], Some(self.world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

fn file(name: &str) -> String {
    let path = root().join("tests/hostile/packs").join(name).with_extension("wat");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
