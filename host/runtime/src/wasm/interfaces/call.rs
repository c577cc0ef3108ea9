//! Interface `runtime`: what a node sees of the run that it is part of.

use amdm::error::Code;
use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::enums::lift_level;
use super::objects::into_trap;
use super::{HostError, Model, StoreData};
use crate::core::NodeCall;
use crate::wasm::bindings::amdm::node::objects::Value as WitValue;
use crate::wasm::bindings::amdm::node::runtime;
use crate::wasm::bindings::amdm::node::types::LogLevel;

type Handle = Resource<NodeCall>;

impl runtime::Host for StoreData {}

impl runtime::HostCall for StoreData {
    fn input(&mut self, this: Handle, name: String) -> wasmtime::Result<Option<WitValue>> {
        self.table
            .get(&this)?
            .input(&name)
            .map(|value| self.lower(value).map_err(into_trap))
            .transpose()
    }

    fn inputs(
        &mut self,
        this: Handle,
        prefix: String,
    ) -> wasmtime::Result<Vec<(String, WitValue)>> {
        let members = self.table.get(&this)?.inputs(&prefix);
        members
            .into_iter()
            .map(|(name, value)| Ok((name, self.lower(value).map_err(into_trap)?)))
            .collect()
    }

    fn set_output(&mut self, this: Handle, name: String, value: WitValue) -> Result<(), HostError> {
        let _work = self.work()?;
        let value = self.lift(value)?;
        Ok(self.table.get(&this)?.set_output(&name, value)?)
    }

    fn output_wanted(&mut self, this: Handle, name: String) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.output_wanted(&name))
    }

    fn set_ui(&mut self, this: Handle, json: String) -> wasmtime::Result<()> {
        match self.table.get(&this)?.set_ui(&json) {
            Err(error) if error.code == Code::LimitExceeded => Err(wasmtime::Error::new(error)),
            Err(error) => {
                tracing::warn!(node = %self.access.node(), %error, "set-ui was given no JSON");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn progress(&mut self, this: Handle, step: u32, total: u32) -> wasmtime::Result<()> {
        self.table.get(&this)?.progress(step, total);
        Ok(())
    }

    fn preview(
        &mut self,
        this: Handle,
        model: Resource<Model>,
        latent: Resource<Tensor>,
    ) -> wasmtime::Result<()> {
        let _work = self.clock.work();
        let (model, latent) = (self.table.get(&model)?, self.table.get(&latent)?);
        self.table.get(&this)?.preview(&model.0, latent);
        Ok(())
    }

    fn cancelled(&mut self, this: Handle) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.cancelled())
    }

    fn checkpoint(
        &mut self,
        this: Handle,
    ) -> wasmtime::Result<Option<(Vec<f64>, Vec<Resource<Tensor>>)>> {
        let _work = self.clock.work();
        let found = self.table.get(&this)?.checkpoint();
        let Some((numbers, tensors)) = found else { return Ok(None) };
        let tensors = tensors
            .into_iter()
            .map(|tensor| self.push_tensor(tensor).map_err(into_trap))
            .collect::<wasmtime::Result<_>>()?;
        Ok(Some((numbers, tensors)))
    }

    fn checkpoint_due(&mut self, this: Handle) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.checkpoint_due())
    }

    fn keep_checkpoint(
        &mut self,
        this: Handle,
        numbers: Vec<f64>,
        tensors: Vec<Resource<Tensor>>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let tensors = tensors
            .iter()
            .map(|tensor| Ok(self.table.get(tensor)?.clone()))
            .collect::<wasmtime::Result<Vec<_>>>()?;
        Ok(self.table.get(&this)?.keep_checkpoint(&numbers, tensors)?)
    }

    fn log(&mut self, this: Handle, level: LogLevel, message: String) -> wasmtime::Result<()> {
        self.table.get(&this)?.log(lift_level(level), &message);
        Ok(())
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
