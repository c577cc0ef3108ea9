//! Packs of components: added to a host, and asked what they are.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use amdm_diffusion::Models;
use wasmtime::component::Linker;

use super::Host;
use crate::cancel::Cancel;
use crate::core::{Access, Job, Means};
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::pictures::{Inputs, Outputs};
use crate::wasm::{Guest, Origin, Pack, StoreData, engine, pack};
use crate::worker;

impl Host {
    pub(super) fn add(
        &self,
        linker: &Linker<StoreData>,
        origin: Origin,
        bytes: Vec<u8>,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        let pack = Arc::new(Pack::open(&self.engine, linker, origin, bytes)?);
        if !pack.is_described() {
            let described = self.ask(&pack, cancel.clone()).map_err(|failure| {
                // A stop is not the pack's fault.
                if cancel.is_set() { cancel.failure() } else { failure }
            });
            pack.accept(&described?)?;
        }
        self.change(|registry| registry.add_pack(pack))
    }

    /// Adds a pack of components from a file, for the graphs that are checked from now on.
    ///
    /// # Errors
    /// Those of [`Self::open`] for one pack.
    pub fn load_pack(&self, path: &Path) -> Result<(), Failure> {
        self.load_pack_from(path, self.read_pack(path)?)
    }

    /// The bytes of a pack file, bounded as [`Self::open`] bounds them.
    ///
    /// # Errors
    /// `input_output` where it cannot be read, is too big, or is no regular file.
    pub fn read_pack(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        pack::read(path, self.limits.pack_bytes)
    }

    /// The same as [`Self::load_pack`] for a file that was read before, whatever has become of it
    /// since.
    ///
    /// # Errors
    /// Those of [`Self::open`] for one pack.
    pub fn load_pack_from(&self, path: &Path, bytes: Vec<u8>) -> Result<(), Failure> {
        worker::run(|| {
            let linker = engine::linker(&self.engine)?;
            self.add(&linker, Origin::File(path.to_owned()), bytes, &Cancel::new())
        })
    }
    /// What the pack's own `describe` says; it runs without files and models.
    fn ask(&self, pack: &Arc<Pack>, cancel: Cancel) -> Result<String, Failure> {
        let means = Means {
            device: self.device.clone(),
            models: Arc::new(Models::none(&self.device)),
            results: self.results.clone(),
            inputs: Inputs::new(None),
            outputs: Outputs::nowhere(),
        };
        let (limits, ticks) = (self.limits.clone(), self.clock.ticks());
        let job = Arc::new(Job::new(cancel, means, limits, ticks, Arc::new(|_| {})));
        let node =
            NodeRef { id: String::new(), class: format!("{} describe", pack.name()), title: None };
        let _ticker = self.clock.tick(&self.engine)?;
        let described = Guest::start(pack, Access::new(&job, node), None)
            .and_then(|mut guest| guest.describe());
        described.map_err(|failure| Failure { node: None, ..failure })
    }

    /// Fails unless the pack's `describe` agrees with its section; asked once a pack. Our own
    /// pack's agreement is proven when it is built.
    pub(super) fn confirm(&self, pack: &Arc<Pack>, cancel: &Cancel) -> Result<(), Failure> {
        if matches!(pack.origin(), Origin::Embedded(_)) {
            return Ok(());
        }
        let name = pack.name();
        let confirmed = || self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = confirmed().get(&name) {
            return known.clone();
        }
        let described = self.ask(pack, cancel.clone());
        let result = described.and_then(|text| pack.confirm(&text));
        match &result {
            // The run ended, so nothing is known of the pack.
            Err(_) if cancel.is_set() => return Err(cancel.failure()),
            Ok(()) => {}
            Err(failure)
                if [FailureCode::PackMismatch, FailureCode::PackInvalid]
                    .contains(&failure.code) => {}
            // Time or memory was short; the next run may have more.
            Err(_) => return result,
        }
        confirmed().insert(name, result.clone());
        result
    }
    /// The node descriptors as JSON, as the pack's own `describe` gives them.
    ///
    /// # Errors
    /// Those of a pack that does not compile, and what it does wrong.
    pub fn describe(&self, pack: &Arc<Pack>) -> Result<String, Failure> {
        worker::run(|| self.ask(pack, Cancel::new()))
    }
}
