//! Keys: what a node's result was made of, as a SHA-256.
//!
//! Into a key go the class, the pack's name, version and content, the inputs' values, the keys of
//! the nodes behind its links with the slots, the contents of the files that its inputs name, and
//! where and with what program it is computed. Ids, titles and the order of keys in a file do not.
//! A node that is not deterministic has none, nor has one that loads such a network, nor has anything
//! behind them.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use amdm::catalogue::Descriptor;
use amdm::graph::{Checked, CheckedNode, Resolved, Source};
use amdm_diffusion::{Device, ModelInfo, ModelSource, Models};
use sha2::{Digest, Sha256};

use super::files::{self, Files, Read, Stamp};
use crate::cancel::Cancel;
use crate::pictures::Inputs;
use crate::value::Value;

/// Changed whenever equal keys could mean unequal results: the meaning of a key, the host's maths.
pub(super) const VERSION: u32 = 1;

/// Name of a result.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub [u8; 32]);

impl Key {
    /// The key of unfinished work on a result of this key, of which `wanted` outputs are wanted.
    pub fn of_unfinished(&self, wanted: &[&str]) -> Self {
        let mut text = Text::new();
        text.text("unfinished").bytes(&self.0);
        for name in wanted {
            text.text(name);
        }
        text.key()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({self})")
    }
}

/// The key of one node.
#[derive(Clone, Debug)]
pub(crate) struct NodeKey {
    /// Its name.
    pub key: Key,
    /// Whether other processes mean the same by it; not so behind networks of the embedder's.
    pub portable: bool,
    /// Whether objects that the embedder gave the graph alone are behind it. They end with the graph,
    /// so a result that may hold one is not kept.
    pub lent: bool,
    /// The files that it and its step operators read.
    files: Vec<(PathBuf, Stamp)>,
    /// Names under which they read them.
    reads: HashSet<Read>,
}

impl NodeKey {
    /// Whether the key says all about what the node looked at, and the files are what they were.
    pub fn covers(&self, seen: &HashSet<Read>) -> bool {
        let same = |(path, stamp): &(PathBuf, Stamp)| files::stamp(path) == Some(*stamp);
        seen.is_subset(&self.reads) && self.files.iter().all(same)
    }
}

/// What says all about a class's code, and whether other processes mean the same by it.
pub(crate) type Code = (Vec<u8>, bool);

/// What keys are made from, besides the graph.
pub(crate) struct Sources<'a> {
    /// What is known of a class's code.
    pub code: &'a dyn Fn(&Descriptor) -> Option<Code>,
    /// Networks by name.
    pub models: &'a Models,
    /// Pictures by name.
    pub inputs: &'a Inputs,
    /// Where it is computed.
    pub device: &'a Device,
    /// Known contents.
    pub files: &'a Files,
    /// Stops the reading of files.
    pub cancel: &'a Cancel,
}

/// The keys of a graph's needed nodes, by index.
pub(crate) struct Keys(HashMap<usize, NodeKey>);

impl Keys {
    /// No keys: everything runs, nothing is kept.
    pub fn none() -> Self {
        Self(HashMap::new())
    }

    /// Makes the keys of all needed nodes that can have one.
    pub fn of(graph: &Checked, sources: &Sources<'_>) -> Self {
        let mut keys = Self::none();
        for &index in &graph.order {
            if let Some(key) = keys.node(&graph.nodes[index], graph, sources) {
                keys.0.insert(index, key);
            }
        }
        keys
    }

    /// The key of a node.
    pub fn get(&self, index: usize) -> Option<&NodeKey> {
        self.0.get(&index)
    }

    fn node(&self, node: &CheckedNode, graph: &Checked, sources: &Sources<'_>) -> Option<NodeKey> {
        let descriptor = &node.descriptor;
        let code = (sources.code)(descriptor).filter(|_| descriptor.deterministic);
        let (code, portable) = code?;
        let mut text = Text::new();
        text.number(VERSION.into()).text(env!("CARGO_PKG_VERSION")).text(machine());
        text.text(sources.device.name()).text(sources.device.card()).text(&descriptor.r#type);
        text.text(&descriptor.pack).text(&descriptor.version).bytes(&code);
        let mut key = NodeKey {
            key: Key([0; 32]),
            portable,
            lent: false,
            files: Vec::new(),
            reads: HashSet::new(),
        };
        let mut inputs = node.inputs.iter().collect::<Vec<_>>();
        inputs.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, value) in inputs {
            text.text(name);
            match value {
                Resolved::Boolean(value) => text.tag(0).number((*value).into()),
                Resolved::Integer(value) => text.tag(1).bytes(&value.to_le_bytes()),
                Resolved::Float(value) => text.tag(2).number(value.to_bits()),
                Resolved::Text(value) => text.tag(3).text(value),
                Resolved::Link(source) => self.link(*source, graph, text.tag(4), &mut key)?,
                Resolved::Group(members) => {
                    text.tag(5).number(members.len() as u64);
                    for (member, source) in members {
                        self.link(*source, graph, text.text(member), &mut key)?;
                    }
                    &mut text
                }
            };
            let from = descriptor.inputs.iter().find(|input| input.name == *name);
            let from = from.and_then(|input| input.choices_from.as_deref());
            if let (Some(from), Resolved::Text(file)) = (from, value) {
                key.read(from, file, sources, &mut text)?;
            }
        }
        key.key = text.key();
        Some(key)
    }

    /// A link: the key of the node there, and the slot. Step operators run inside who takes them.
    fn link<'t>(
        &self,
        source: Source,
        graph: &Checked,
        text: &'t mut Text,
        key: &mut NodeKey,
    ) -> Option<&'t mut Text> {
        let behind = self.get(source.node)?;
        key.portable &= behind.portable;
        key.lent |= behind.lent;
        if graph.nodes[source.node].is_operator() {
            key.files.extend(behind.files.iter().cloned());
            key.reads.extend(behind.reads.iter().cloned());
        }
        Some(text.bytes(&behind.key.0).number(source.slot as u64))
    }
}

impl NodeKey {
    /// Takes in what a name of the host's list `from` means. None where that cannot be told.
    fn read(
        &mut self,
        from: &str,
        name: &str,
        sources: &Sources<'_>,
        text: &mut Text,
    ) -> Option<()> {
        let (path, remember, read) = match from {
            "images" => {
                if sources.inputs.given(name).is_some() {
                    // Such a name holds the hash of the content.
                    self.reads.insert(Read::Picture(name.to_owned()));
                    return Some(());
                }
                let path = sources.inputs.path(name).ok()?;
                (path, false, Read::Picture(name.to_owned()))
            }
            "objects" => {
                let given = sources.inputs.given(name)?;
                if let Some(number) = given.number() {
                    text.number(number);
                    (self.portable, self.lent) = (false, true);
                }
                self.reads.insert(Read::Given(name.to_owned()));
                let model = match given.value() {
                    Value::Object(object) => object.model().ok(),
                    _ => None,
                };
                return model.is_none_or(|model| model.is_deterministic()).then_some(());
            }
            "models" | "checkpoints" => {
                let read = Read::Model(name.to_owned());
                match sources.models.source(name).ok()? {
                    ModelSource::BuiltIn(weights) => {
                        text.bytes(&Sha256::digest(weights));
                        self.reads.insert(read);
                        return Some(());
                    }
                    ModelSource::Registered(number, version) => {
                        let model = sources.models.load(name, "").ok()?;
                        if !model.is_deterministic() {
                            return None;
                        }
                        match version {
                            Some(version) => {
                                facts(text.text("version").text(&version), model.info());
                            }
                            None => {
                                text.number(number);
                                self.portable = false;
                            }
                        }
                        self.reads.insert(read);
                        return Some(());
                    }
                    ModelSource::File(path) => (path, true, read),
                }
            }
            "adapters" => {
                // What a model knows by such a name without a file cannot be told.
                let path = sources.models.file(name).ok()??;
                (path, true, Read::Adapter(name.to_owned()))
            }
            "vae" => {
                let path = sources.models.codec_file(name).ok()?;
                (path, true, Read::Codec(name.to_owned()))
            }
            // What the node then looks at is not covered, so its result is not kept.
            _ => return Some(()),
        };
        let (content, stamp) = sources.files.content(&path, remember, sources.cancel)?;
        text.bytes(&content);
        self.files.push((path, stamp));
        self.reads.insert(read);
        Some(())
    }
}

/// Takes in what an embedder says of a network.
fn facts(text: &mut Text, info: &ModelInfo) {
    text.number(info.prediction as u64).text(&info.family).text(&info.conditioning_schema);
    let latent = &info.latent;
    text.text(&latent.space).number(latent.pixels.into());
    for numbers in [&latent.scale, &latent.shift] {
        text.number(numbers.len() as u64);
        for number in numbers {
            text.number(number.to_bits());
        }
    }
    text.number(info.latent_shape.len() as u64);
    for &extent in &info.latent_shape {
        text.number(extent.into());
    }
    text.number(info.alphas_cumprod.len() as u64);
    for alpha in &info.alphas_cumprod {
        text.number(alpha.to_bits());
    }
    text.number(info.final_alpha.to_bits());
    text.number(info.clip.map_or(u64::MAX, f64::to_bits));
}

/// What is hashed: every part with its length before it, so that no two lists of parts are one
/// text.
struct Text(Sha256);

impl Text {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn tag(&mut self, tag: u8) -> &mut Self {
        self.bytes(&[tag])
    }

    fn key(self) -> Key {
        Key(self.0.finalize().into())
    }
}

/// What the kernels' arithmetic depends on: all of it is float32 and exact, but the width of
/// vectors decides the order of sums.
pub(super) fn machine() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            return "x86_64 avx512f float32 exact";
        }
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            return "x86_64 avx2 float32 exact";
        }
        "x86_64 float32 exact"
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;
    use std::sync::Arc;

    use amdm::catalogue::{Catalogue, Choices, Descriptor};
    use amdm::graph::{Checked, Document, validate};
    use amdm_diffusion::{Device, Models};
    use serde_json::json;

    use super::{Key, Keys, Read, Sources};
    use crate::cache::Files;
    use crate::cancel::Cancel;
    use crate::pictures::Inputs;

    struct Names;

    impl Choices for Names {
        fn list(&self, kind: &str) -> Option<Vec<String>> {
            match kind {
                "models" => Some(vec!["tiny-layout".into()]),
                "families" => Some(vec!["auto".into()]),
                "adapters" => Some(vec!["style.safetensors".into()]),
                _ => None,
            }
        }
    }

    fn graph(change: impl Fn(&mut Descriptor)) -> Checked {
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        let mut descriptors = amdm_describe::describe(std::path::Path::new(wit)).unwrap();
        descriptors.iter_mut().for_each(&change);
        let mut catalogue = Catalogue::new();
        catalogue.add_pack(descriptors).unwrap();
        let graph = json!({
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["start", 0]}},
            "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}},
        });
        let document = Document::parse(graph.to_string().as_bytes()).unwrap();
        validate(&document, &catalogue.with_choices(Arc::new(Names))).unwrap()
    }

    fn keys(graph: &Checked, device: &Device, pack: u8) -> Keys {
        keys_with(graph, device, pack, &Models::new(device))
    }

    fn keys_with(graph: &Checked, device: &Device, pack: u8, models: &Models) -> Keys {
        let sources = Sources {
            code: &|node| (node.pack == "amdm:node").then(|| (vec![pack; 32], true)),
            models,
            inputs: &Inputs::new(None),
            device,
            files: &Files::default(),
            cancel: &Cancel::new(),
        };
        Keys::of(graph, &sources)
    }

    /// The key of the decoded picture.
    fn key(graph: &Checked, device: &Device, pack: u8) -> Option<Key> {
        keys(graph, device, pack).get(graph.find("decode").unwrap()).map(|key| key.key)
    }

    #[test]
    fn packs_and_devices_count() {
        let (plain, cpu) = (graph(|_| {}), Device::cpu(1).unwrap());
        let first = key(&plain, &cpu, 1).unwrap();
        assert_eq!(key(&plain, &Device::cpu(2).unwrap(), 1), Some(first));
        assert_ne!(key(&plain, &cpu, 2), Some(first), "the pack's content");
        assert_ne!(key(&plain, &Device::reference(1).unwrap(), 1), Some(first), "the device");
        let newer = graph(|descriptor| descriptor.version = "0.1.1".into());
        assert_ne!(key(&newer, &cpu, 1), Some(first), "the pack's version");
    }

    /// The content of a small weight set counts, as that of a model does.
    #[test]
    fn adapters_count_by_their_content() {
        let adapted = graph(|node| {
            for input in node.inputs.iter_mut().filter(|input| input.name == "family") {
                input.choices_from = Some("adapters".into());
                input.default = Some("style.safetensors".into());
            }
        });
        let (dir, cpu) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let models = Models::new(&cpu).with_directories([dir.path().to_owned()]);
        let key = |content: Option<&str>| {
            let path = dir.path().join("style.safetensors");
            match content {
                Some(content) => std::fs::write(path, content).unwrap(),
                None => std::fs::remove_file(path).unwrap_or_default(),
            }
            let keys = keys_with(&adapted, &cpu, 1, &models);
            let key = keys.get(adapted.find("model").unwrap())?;
            let read = HashSet::from([Read::Adapter("style.safetensors".into())]);
            assert!(key.covers(&read));
            Some(key.key)
        };
        assert_eq!(key(None), None, "nobody knows what is behind the name");
        let first = key(Some("a"));
        assert!(first.is_some());
        assert_ne!(key(Some("b")), first);
        assert_eq!(key(Some("a")), first);
    }

    #[test]
    fn behind_chance_nothing_has_a_key() {
        let chance = graph(|node| node.deterministic = node.r#type != "EmptyLatent");
        let keys = keys(&chance, &Device::cpu(1).unwrap(), 1);
        let has = |id: &str| keys.get(chance.find(id).unwrap()).is_some();
        assert_eq!(["model", "start", "decode", "save"].map(has), [true, false, false, false]);
    }

    #[test]
    fn a_key_covers_what_its_inputs_name_and_no_more() {
        let plain = graph(|_| {});
        let keys = keys(&plain, &Device::cpu(1).unwrap(), 1);
        let [model, start] =
            ["model", "start"].map(|id| keys.get(plain.find(id).unwrap()).unwrap());
        let seen = |read: Read| HashSet::from([read]);
        let named = || seen(Read::Model("tiny-layout".into()));
        assert!(model.covers(&named()) && model.covers(&HashSet::new()));
        assert!(!model.covers(&seen(Read::Model("tiny-style".into()))));
        assert!(!model.covers(&seen(Read::Other)));
        assert!(!start.covers(&named()));
    }
}
