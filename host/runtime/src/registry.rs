//! All nodes that a host can run: those of packs, and the embedder's own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use amdm::catalogue::{Catalogue, Descriptor};
use amdm::error::{Code, Error};
use amdm::graph::Checked;

use crate::cache::Code as ContentCode;
use crate::core::{Provider, Providers};
use crate::failure::{Failure, FailureCode};
use crate::own::{self, NativeFile, NativePack, OwnNode, Registration};
use crate::wasm::Pack;

/// Registrations so far, of all hosts: no two have one number.
static REGISTRATIONS: AtomicU64 = AtomicU64::new(0);

/// Packs and own nodes; a run keeps the ones that were there when it began.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    packs: HashMap<String, Arc<Pack>>,
    /// Names of packs, in the order of loading.
    order: Vec<String>,
    own: HashMap<String, Arc<OwnNode>>,
    /// Packs of own classes that came in files, in the order of loading.
    native: Vec<NativePack>,
    /// What of them graphs can use.
    pub catalogue: Arc<Catalogue>,
}

impl Registry {
    /// Adds a pack with its nodes.
    ///
    /// # Errors
    /// `pack_invalid` for a pack or class that is there already.
    pub fn add_pack(&mut self, pack: Arc<Pack>) -> Result<(), Failure> {
        let added = Arc::make_mut(&mut self.catalogue).add_pack(pack.descriptors().to_vec());
        added.map_err(|error| {
            Failure::new(FailureCode::PackInvalid, format!("{}: {error}", pack.origin()))
        })?;
        self.order.push(pack.name());
        self.packs.insert(pack.name(), pack);
        Ok(())
    }

    /// Adds one class of the embedder's own.
    ///
    /// # Errors
    /// `invalid_input` for a class that is there already or not its pack's, `denied` for a name
    /// that is ours.
    pub fn add_node(&mut self, class: Registration) -> Result<(), Error> {
        // What it does is known in this process alone.
        let number = REGISTRATIONS.fetch_add(1, Ordering::Relaxed);
        let pack = &class.descriptor.pack;
        if self.native.iter().any(|native| native.name == *pack) {
            return Err(taken(pack));
        }
        self.add_own(class, (number.to_le_bytes().to_vec(), false))
    }

    /// Adds the classes of a file of native code. Where it fails, some of them may have been added.
    ///
    /// # Errors
    /// As [`Self::add_node`], and `invalid_input` for the name of a pack that is there already.
    pub fn add_native(
        &mut self,
        file: &NativeFile,
        classes: Vec<Registration>,
    ) -> Result<(), Error> {
        let mut packs = Vec::<NativePack>::new();
        for class in classes {
            let (name, version) = (class.descriptor.pack.clone(), class.descriptor.version.clone());
            match packs.iter_mut().find(|pack| pack.name == name) {
                Some(pack) => pack.nodes += 1,
                None if self.catalogue.version(&name).is_some() => return Err(taken(&name)),
                None => packs.push(NativePack { name, version, nodes: 1, file: file.clone() }),
            }
            self.add_own(class, (file.sha256.to_vec(), true))?;
        }
        self.native.append(&mut packs);
        Ok(())
    }

    fn add_own(&mut self, class: Registration, code: ContentCode) -> Result<(), Error> {
        let Registration { descriptor, node, concurrent } = class;
        own::permitted(&descriptor)?;
        if self.packs.contains_key(&descriptor.pack) {
            return Err(taken(&descriptor.pack));
        }
        let name = descriptor.r#type.clone();
        let added = Arc::make_mut(&mut self.catalogue).add_node(descriptor);
        added.map_err(|error| Error::invalid(error.to_string()))?;
        self.own.insert(name, Arc::new(OwnNode::new(node, concurrent, code)));
        Ok(())
    }

    /// Packs of own classes that came in files, in the order of loading.
    pub fn native(&self) -> &[NativePack] {
        &self.native
    }

    /// All packs, in the order of loading.
    pub fn packs(&self) -> impl Iterator<Item = &Arc<Pack>> {
        self.order.iter().filter_map(|name| self.packs.get(name))
    }

    /// Names and versions of packs; of the embedder's those that `graph` runs nodes of.
    pub fn versions(&self, graph: &Checked) -> BTreeMap<String, String> {
        let packs = self.packs().map(|pack| (pack.name(), pack.version().to_owned()));
        let nodes = graph.order.iter().map(|&index| &graph.nodes[index].descriptor);
        let own = nodes.filter(|node| self.own.contains_key(&node.r#type));
        packs.chain(own.map(|node| (node.pack.clone(), node.version.clone()))).collect()
    }

    /// What keys of results say about the code of a class, and whether other processes mean the
    /// same by it.
    pub fn code(&self, descriptor: &Descriptor) -> Option<ContentCode> {
        if let Some(own) = self.own.get(&descriptor.r#type) {
            return Some(own.code.clone());
        }
        self.packs.get(&descriptor.pack).map(|pack| (pack.sha256().to_vec(), true))
    }
}

impl Providers for Registry {
    fn provider(&self, descriptor: &Descriptor) -> Result<Arc<dyn Provider>, Error> {
        if let Some(own) = self.own.get(&descriptor.r#type) {
            return Ok(own.clone());
        }
        match self.packs.get(&descriptor.pack) {
            Some(pack) => Ok(pack.clone()),
            None => {
                let message = format!("the pack {} is not loaded", descriptor.pack);
                Err(Error::new(Code::NotFound, message))
            }
        }
    }
}

fn taken(pack: &str) -> Error {
    Error::invalid(format!("found the name of a loaded pack, {pack}"))
}
