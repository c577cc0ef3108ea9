//! Interface `objects`: typed values on wires.

use wasmtime::component::Resource;

use super::{HostError, StoreData};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::objects::{self, Value as WitValue};

type Handle = Resource<Object>;

impl objects::Host for StoreData {}

impl objects::HostObject for StoreData {
    fn create(
        &mut self,
        kind: String,
        fields: Vec<(String, WitValue)>,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let fields = fields
            .into_iter()
            .map(|(name, value)| Ok((name, self.lift(value)?)))
            .collect::<Result<Vec<_>, HostError>>()?;
        let object = Object::fields(&kind, fields)?;
        self.push_object(object)
    }

    fn from_items(&mut self, kind: String, items: Vec<Handle>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let items = items.iter().map(|item| Ok(self.table.get(item)?.clone()));
        let items = items.collect::<Result<Vec<_>, HostError>>()?;
        let object = Object::from_items(&kind, &items)?;
        self.push_object(object)
    }

    fn kind(&mut self, this: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.kind().to_owned())
    }

    fn field(&mut self, this: Handle, name: String) -> wasmtime::Result<Option<WitValue>> {
        let Some(value) = self.table.get(&this)?.field(&name) else { return Ok(None) };
        self.lower(value).map(Some).map_err(into_trap)
    }

    fn field_names(&mut self, this: Handle) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.field_names())
    }

    fn items(&mut self, this: Handle) -> wasmtime::Result<Vec<Handle>> {
        let items = self.table.get(&this)?.items();
        items.into_iter().map(|item| self.push_object(item).map_err(into_trap)).collect()
    }

    fn append(&mut self, this: Handle, item: Handle) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let list = self.table.get(&this)?.append(self.table.get(&item)?)?;
        self.push_object(list)
    }

    fn with_fields(
        &mut self,
        this: Handle,
        fields: Vec<(String, Option<WitValue>)>,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let changes = fields
            .into_iter()
            .map(|(name, value)| Ok((name, value.map(|value| self.lift(value)).transpose()?)))
            .collect::<Result<Vec<_>, HostError>>()?;
        let object = self.table.get(&this)?.with_fields(&changes)?;
        self.push_object(object)
    }

    fn share(&mut self, this: Handle) -> wasmtime::Result<Handle> {
        let object = self.table.get(&this)?.clone();
        self.push_object(object).map_err(into_trap)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.take_object(this)?;
        Ok(())
    }
}

/// For functions that cannot return an error: the guest ends.
pub(super) fn into_trap(error: HostError) -> wasmtime::Error {
    match error {
        HostError::Node(error) => wasmtime::Error::new(error),
        HostError::Raised(failure) => wasmtime::Error::new(failure),
        HostError::Trap(trap) => trap,
    }
}
