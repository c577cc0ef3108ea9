//! A pack: a WebAssembly component with the descriptors of its nodes.
//!
//! Descriptors are read from the custom section `amdm:nodes`, which compiles nothing; code is
//! compiled at the first use of a node, and its own `describe` must then say the same. Packs
//! without the section (from languages whose tools drop it) are asked at once.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use amdm::catalogue::Descriptor;
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Instance, InstancePre, Linker, ResourceType};
use wasmtime::{Engine, Store};

use super::bindings::exports::amdm::node::{nodes, step_operators};
use super::interfaces::StoreData;
use crate::failure::{Failure, FailureCode};

/// Name of the custom section that holds the descriptors as JSON.
pub const SECTION: &str = "amdm:nodes";

/// A pack that is open; its code may not be compiled yet.
pub struct Pack {
    origin: Origin,
    bytes: Vec<u8>,
    linker: Linker<StoreData>,
    engine: Engine,
    descriptors: OnceLock<Vec<Descriptor>>,
    ready: OnceLock<Result<Ready, Failure>>,
    sha256: OnceLock<[u8; 32]>,
}

/// Where a pack comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Part of this program.
    Embedded(&'static str),
    /// A file in a pack directory.
    File(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Compiled code, linked against the contract.
pub struct Ready {
    engine: Engine,
    pre: InstancePre<StoreData>,
    nodes: nodes::GuestIndices,
    operators: Option<step_operators::GuestIndices>,
}

impl Pack {
    /// Opens a pack from its bytes and reads its descriptors.
    ///
    /// # Errors
    /// `pack_invalid` where the bytes are no component or the descriptors cannot be read.
    pub fn open(
        engine: &Engine,
        linker: &Linker<StoreData>,
        origin: Origin,
        bytes: Vec<u8>,
    ) -> Result<Self, Failure> {
        let section = section(&bytes).map_err(|message| invalid(&origin, message))?;
        let pack = Self {
            origin,
            bytes,
            linker: linker.clone(),
            engine: engine.clone(),
            descriptors: OnceLock::new(),
            ready: OnceLock::new(),
            sha256: OnceLock::new(),
        };
        if let Some(text) = section {
            pack.accept(&text)?;
        }
        Ok(pack)
    }

    /// Takes the descriptors that the pack gave as JSON.
    ///
    /// # Errors
    /// `pack_invalid` where they are none, or take a name that is not the pack's to give.
    pub fn accept(&self, text: &str) -> Result<(), Failure> {
        let (found, limit) = (text.len(), amdm::limits::PACK_NODES_BYTES);
        if found > limit {
            let message =
                format!("its node descriptors have {found} bytes, at most {limit} are read");
            return Err(self.invalid(message));
        }
        let descriptors: Vec<Descriptor> = serde_json::from_str(text)
            .map_err(|error| self.invalid(format!("its node descriptors do not parse: {error}")))?;
        let Some(first) = descriptors.first() else {
            return Err(self.invalid("it describes no nodes"));
        };
        if matches!(self.origin, Origin::File(_)) && first.pack.starts_with("amdm:") {
            let name = &first.pack;
            return Err(self.invalid(format!("found the name {name}; amdm:* is our own packs'")));
        }
        // A second text has been compared with the first already.
        let _ = self.descriptors.set(descriptors);
        Ok(())
    }

    /// The nodes of the pack; empty until an undescribed pack has been asked.
    pub fn descriptors(&self) -> &[Descriptor] {
        self.descriptors.get().map_or(&[], Vec::as_slice)
    }

    /// Whether the pack carries its descriptors in a section.
    pub fn is_described(&self) -> bool {
        self.descriptors.get().is_some()
    }

    /// Name of the WIT package, or of the file where that is not known.
    pub fn name(&self) -> String {
        let first = self.descriptors().first();
        first.map_or_else(|| self.origin.to_string(), |node| node.pack.clone())
    }

    /// Version of the WIT package.
    pub fn version(&self) -> &str {
        self.descriptors().first().map_or("", |node| &node.version)
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// SHA-256 of its file.
    pub fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| Sha256::digest(&self.bytes).into())
    }

    /// The compiled code; compiles at the first call.
    ///
    /// # Errors
    /// `pack_invalid` where it does not compile or imports what the contract does not offer.
    pub fn ready(&self) -> Result<&Ready, Failure> {
        self.ready.get_or_init(|| self.compile()).as_ref().map_err(Clone::clone)
    }

    fn compile(&self) -> Result<Ready, Failure> {
        let component = Component::from_binary(&self.engine, &self.bytes)
            .map_err(|error| self.invalid(format!("it does not compile: {error:#}")))?;
        let mut linker = self.linker.clone();
        deny_wasi(&self.engine, &mut linker, &component)
            .map_err(|error| self.invalid(format!("its imports cannot be linked: {error:#}")))?;
        let pre = linker.instantiate_pre(&component).map_err(|error| {
            self.invalid(format!("it imports what the contract does not offer: {error:#}"))
        })?;
        let nodes = nodes::GuestIndices::new(&pre).map_err(|error| {
            self.invalid(format!("it does not export amdm:node/nodes: {error:#}"))
        })?;
        let operators = step_operators::GuestIndices::new(&pre).ok();
        Ok(Ready { engine: self.engine.clone(), pre, nodes, operators })
    }

    /// Fails unless `describe` says what the section says.
    ///
    /// # Errors
    /// `pack_mismatch`.
    pub fn confirm(&self, described: &str) -> Result<(), Failure> {
        if !self.is_described() {
            return self.accept(described);
        }
        if described.len() > amdm::limits::PACK_NODES_BYTES {
            let found = described.len();
            return Err(self.mismatch(format!("describe gives {found} bytes, too many to read")));
        }
        let said: Vec<Descriptor> = serde_json::from_str(described).map_err(|error| {
            self.mismatch(format!("describe gives no node descriptors: {error}"))
        })?;
        if said == self.descriptors() {
            return Ok(());
        }
        let names = |nodes: &[Descriptor]| {
            nodes.iter().map(|node| node.r#type.as_str()).collect::<Vec<_>>().join(", ")
        };
        Err(self.mismatch(format!(
            "describe names the nodes {}, its section {}; both must be equal in every field",
            names(&said),
            names(self.descriptors())
        )))
    }

    fn invalid(&self, message: impl Into<String>) -> Failure {
        invalid(&self.origin, message)
    }

    /// A failure of the pack's behaviour.
    pub fn mismatch(&self, message: impl Into<String>) -> Failure {
        Failure::new(FailureCode::PackMismatch, format!("pack {}: {}", self.name(), message.into()))
    }
}

impl Ready {
    /// The engine that compiled it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A fresh instance in `store`.
    pub fn instantiate(&self, store: &mut Store<StoreData>) -> wasmtime::Result<Instance> {
        self.pre.instantiate(store)
    }

    /// The instance's nodes.
    ///
    /// # Errors
    /// `pack_invalid`, never for an instance of this pack.
    pub fn nodes(
        &self,
        store: &mut Store<StoreData>,
        instance: &Instance,
    ) -> Result<nodes::Guest, Failure> {
        self.nodes
            .load(store, instance)
            .map_err(|error| Failure::new(FailureCode::PackInvalid, format!("{error:#}")))
    }

    /// The instance's step operators.
    ///
    /// # Errors
    /// `pack_mismatch` where the pack describes operators and exports none.
    pub fn operators(
        &self,
        store: &mut Store<StoreData>,
        instance: &Instance,
    ) -> Result<step_operators::Guest, Failure> {
        let missing = || {
            Failure::new(
                FailureCode::PackMismatch,
                "the pack describes a step operator but does not export amdm:node/step-operators",
            )
        };
        let indices = self.operators.as_ref().ok_or_else(missing)?;
        indices
            .load(store, instance)
            .map_err(|error| Failure::new(FailureCode::PackInvalid, format!("{error:#}")))
    }
}

fn invalid(origin: &Origin, message: impl Into<String>) -> Failure {
    Failure::new(FailureCode::PackInvalid, format!("{origin} is no pack: {}", message.into()))
}

/// The text of the descriptors' section, at any depth of the component.
fn section(bytes: &[u8]) -> Result<Option<String>, String> {
    if !Parser::is_component(bytes) {
        let expected = "expected a WebAssembly component";
        return Err(if Parser::is_core_wasm(bytes) {
            format!("found a core WebAssembly module, {expected}")
        } else {
            format!("found bytes that are no WebAssembly, {expected}")
        });
    }
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        if let Payload::CustomSection(custom) = payload
            && custom.name() == SECTION
        {
            let text = std::str::from_utf8(custom.data())
                .map_err(|error| format!("its section {SECTION} is not UTF-8: {error}"))?;
            return Ok(Some(text.to_owned()));
        }
    }
    Ok(None)
}

/// Lets a pack built with a standard library load: every `wasi:*` function ends the guest.
fn deny_wasi(
    engine: &Engine,
    linker: &mut Linker<StoreData>,
    component: &Component,
) -> wasmtime::Result<()> {
    for (interface, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        if !interface.starts_with("wasi:") {
            continue;
        }
        let mut stubs = linker.instance(interface)?;
        for (name, export) in instance.exports(engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    let full = format!("{interface}.{name}");
                    stubs.func_new(name, move |_, _, _, _| {
                        Err(wasmtime::Error::new(amdm::error::Error::new(
                            amdm::error::Code::Denied,
                            format!("the pack called {full}; packs have no access to the system"),
                        )))
                    })?;
                }
                ComponentItem::Resource(_) => {
                    stubs.resource(name, ResourceType::host::<Denied>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Stands for any resource of the system; none ever exists.
struct Denied;

/// Pack files of a directory, sorted by name.
///
/// # Errors
/// `input_output` where the directory cannot be read.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = std::fs::read_dir(dir)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(|error| unreadable(dir, &error))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    paths.sort();
    Ok(paths)
}

/// The bytes of a pack file, at most `limit`.
///
/// # Errors
/// `input_output` where it cannot be read, is too big, or is no regular file.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let fail = |error: &dyn std::fmt::Display| unreadable(path, error);
    if !std::fs::metadata(path).map_err(|error| fail(&error))?.is_file() {
        return Err(fail(&"it is no regular file"));
    }
    let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    let mut bytes = Vec::new();
    file.take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| fail(&error))?;
    if bytes.len() > limit {
        return Err(fail(&format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        FailureCode::Node(amdm::error::Code::InputOutput),
        format!("cannot read {}: {error}", path.display()),
    )
}
