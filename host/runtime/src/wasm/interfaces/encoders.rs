//! Interface `encoders`: prompts to conditions, by handle.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::encoders::{self, TextInfo};

/// A text encoder that the host holds.
pub struct TextEncoder(pub Arc<dyn amdm_diffusion::TextEncoder>);

type Handle = Resource<TextEncoder>;

impl encoders::Host for StoreData {}

impl encoders::HostTextEncoder for StoreData {
    fn from_object(&mut self, object: Resource<Object>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let encoder = self.table.get(&object)?.text_encoder()?.clone();
        self.push(TextEncoder(encoder))
    }

    fn to_object(&mut self, this: Handle) -> wasmtime::Result<Resource<Object>> {
        let object = Object::from_text_encoder(self.table.get(&this)?.0.clone());
        self.push_object(object).map_err(into_trap)
    }

    fn info(&mut self, this: Handle) -> wasmtime::Result<TextInfo> {
        let info = self.table.get(&this)?.0.info();
        Ok(TextInfo {
            name: info.name.clone(),
            family: info.family.clone(),
            width: info.width,
            layers: info.layers,
        })
    }

    fn with_last_layer(&mut self, this: Handle, layer: i32) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let encoder = Arc::clone(&self.table.get(&this)?.0).with_last_layer(layer)?;
        self.push(TextEncoder(encoder))
    }

    fn encode(&mut self, this: Handle, prompt: String) -> Result<Resource<Object>, HostError> {
        let _work = self.work()?;
        let encoder = &self.table.get(&this)?.0;
        let conditioning = self.access.encode_text(&**encoder, &prompt)?;
        self.push_object(conditioning)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
