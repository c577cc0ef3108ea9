//! The nodes of all loaded packs.
//!
//! Kept in the order in which they were added, so that everything made of a catalogue (tables,
//! object_info) is the same at every run. Cloning shares the descriptors.

use super::{CatalogueError, Choices, Descriptor, closest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::sync::Arc;

/// Descriptors by class name, and the host's lists of names.
#[derive(Clone, Default)]
pub struct Catalogue {
    nodes: Vec<Arc<Descriptor>>,
    index: HashMap<String, usize>,
    /// Name and version, in the order of loading.
    packs: Vec<(String, String)>,
    choices: Option<Arc<dyn Choices>>,
}

impl Catalogue {
    /// A catalogue without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes nodes of any number of packs; those of one pack must name one version.
    ///
    /// # Errors
    /// Two classes of one name, two versions of one pack, a class name that is not its pack's.
    pub fn from_descriptors(
        nodes: impl IntoIterator<Item = Descriptor>,
    ) -> Result<Self, CatalogueError> {
        let mut packs: Vec<Vec<Descriptor>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for node in nodes {
            let place = *places.entry(node.pack.clone()).or_insert(packs.len());
            match packs.get_mut(place) {
                Some(pack) => pack.push(node),
                None => packs.push(vec![node]),
            }
        }
        let mut catalogue = Self::new();
        for pack in packs {
            catalogue.add_pack(pack)?;
        }
        Ok(catalogue)
    }

    /// Reads a JSON array of descriptors, as packs carry it.
    ///
    /// # Errors
    /// [`CatalogueError::Malformed`], and those of [`Self::from_descriptors`].
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        Self::from_descriptors(descriptors(text)?)
    }

    /// Adds all nodes of one pack, or none of them.
    ///
    /// # Errors
    /// A pack or class of that name is there already, the nodes name several packs, or a class
    /// name is not its pack's.
    pub fn add_pack(&mut self, nodes: Vec<Descriptor>) -> Result<(), CatalogueError> {
        let Some(first) = nodes.first() else { return Ok(()) };
        let (pack, version) = (first.pack.clone(), first.version.clone());
        if self.version(&pack).is_some() {
            return Err(CatalogueError::DuplicatePack { pack, version });
        }
        let mut index = HashMap::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            check_class(node, &pack, &version)?;
            let known = self.index.contains_key(&node.r#type);
            if known || index.insert(node.r#type.clone(), self.nodes.len() + at).is_some() {
                return Err(CatalogueError::DuplicateClass { class: node.r#type.clone(), pack });
            }
        }
        self.index.extend(index);
        self.nodes.extend(nodes.into_iter().map(Arc::new));
        self.packs.push((pack, version));
        Ok(())
    }

    /// Adds one node, to a pack that may be there already.
    ///
    /// # Errors
    /// A class of that name is there already, the pack is there in another version, or the class
    /// name is not its pack's.
    pub fn add_node(&mut self, node: Descriptor) -> Result<(), CatalogueError> {
        let version = self.version(&node.pack).map(str::to_owned);
        let Some(version) = version else { return self.add_pack(vec![node]) };
        check_class(&node, &node.pack, &version)?;
        let (class, pack) = (node.r#type.clone(), node.pack.clone());
        if self.index.contains_key(&class) {
            return Err(CatalogueError::DuplicateClass { class, pack });
        }
        self.index.insert(class, self.nodes.len());
        self.nodes.push(Arc::new(node));
        Ok(())
    }

    /// Adds all nodes of one pack from its JSON (`describe()`, or the section `amdm:nodes`).
    ///
    /// # Errors
    /// [`CatalogueError::Malformed`], and those of [`Self::add_pack`].
    pub fn add_pack_json(&mut self, text: &str) -> Result<(), CatalogueError> {
        self.add_pack(descriptors(text)?)
    }

    /// The same catalogue, with the host's lists of names.
    #[must_use]
    pub fn with_choices(mut self, choices: Arc<dyn Choices>) -> Self {
        self.choices = Some(choices);
        self
    }

    /// The node of class `name`, in either spelling: `Lane`, or `AmdmLane` as our pack inside
    /// ComfyUI has it.
    pub fn find(&self, name: &str) -> Option<&Arc<Descriptor>> {
        if let Some(place) = self.index.get(name) {
            return self.nodes.get(*place);
        }
        let place = self.index.get(name.strip_prefix("Amdm")?)?;
        self.nodes.get(*place).filter(|node| is_plain(&node.pack))
    }

    /// All nodes, in the order of loading and of their WIT.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Arc<Descriptor>> {
        self.nodes.iter()
    }

    /// Loaded packs as name and version, in the order of loading.
    pub fn packs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.packs.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// The version of pack `name`, if it is loaded.
    pub fn version(&self, name: &str) -> Option<&str> {
        self.packs().find(|(pack, _)| *pack == name).map(|(_, version)| version)
    }

    /// The nodes of pack `name`.
    pub fn pack(&self, name: &str) -> impl Iterator<Item = &Arc<Descriptor>> {
        self.nodes.iter().filter(move |node| node.pack == name)
    }

    /// The host's list `kind`; `None` where the host keeps no such list.
    pub fn choices(&self, kind: &str) -> Option<Vec<String>> {
        self.choices.as_ref()?.list(kind)
    }

    /// The class whose name is nearest to `name`, if one is near enough to be a slip.
    pub fn closest(&self, name: &str) -> Option<&str> {
        let classes = || self.nodes.iter().map(|node| node.r#type.as_str());
        if let Some((pack, plain)) = name.rsplit_once('.') {
            let within = |class: &'_ str| class.rsplit_once('.').is_some_and(|(p, _)| p == pack);
            if classes().any(within) {
                let names = classes().filter(|class| within(class));
                let best = closest::closest(plain, names.map(|class| &class[pack.len() + 1..]))?;
                return classes().find(|class| within(class) && class.ends_with(best));
            }
        }
        closest::closest(name.strip_prefix("Amdm").unwrap_or(name), classes())
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").field("packs", &self.packs).finish_non_exhaustive()
    }
}

impl Serialize for Catalogue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.nodes.iter().map(|node| &**node))
    }
}

impl<'de> Deserialize<'de> for Catalogue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nodes = Vec::<Descriptor>::deserialize(deserializer)?;
        Self::from_descriptors(nodes).map_err(serde::de::Error::custom)
    }
}

fn descriptors(text: &str) -> Result<Vec<Descriptor>, CatalogueError> {
    serde_json::from_str(text).map_err(|error| CatalogueError::Malformed(error.to_string()))
}

/// Whether the pack's classes have plain names.
fn is_plain(pack: &str) -> bool {
    pack.starts_with("amdm:")
}

/// Plain names belong to namespace `amdm`; others carry their pack: `acme.blur.BoxBlur`.
fn check_class(node: &Descriptor, pack: &str, version: &str) -> Result<(), CatalogueError> {
    if node.pack != pack || node.version != version {
        return Err(CatalogueError::MixedPack {
            class: node.r#type.clone(),
            found: format!("{}@{}", node.pack, node.version),
            expected: format!("{pack}@{version}"),
        });
    }
    let (fits, expected) = if is_plain(pack) {
        (!node.r#type.contains('.'), "a name without a dot".to_owned())
    } else {
        let prefix = format!("{}.", pack.replace(':', "."));
        let rest = node.r#type.strip_prefix(&prefix);
        let fits = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('.'));
        (fits, format!("a name that starts with {prefix}"))
    };
    if fits && !node.r#type.is_empty() {
        return Ok(());
    }
    Err(CatalogueError::ClassName { class: node.r#type.clone(), pack: pack.to_owned(), expected })
}
