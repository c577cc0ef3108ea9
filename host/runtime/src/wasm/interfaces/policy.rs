//! Interface `sampling`, the policy: a chain of step operators behind a handle.

use wasmtime::component::Resource;

use super::enums::lift_phase;
use super::{HostError, StoreData};
use crate::core::{Policy, StepView};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::sampling::{self, Phase};

type Handle = Resource<Policy>;

impl sampling::HostPolicy for StoreData {
    fn open(&mut self, object: Resource<Object>, steps: u32) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let (object, others) = (self.table.get(&object)?, self.others.as_deref());
        let policy = Policy::open(&self.access, object, steps, others)?;
        self.push(policy)
    }

    fn end(&mut self, this: Handle) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.end())
    }

    fn wants_parts(&mut self, this: Handle, step: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.wants_parts(step))
    }

    fn resumable(&mut self, this: Handle, step: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.resumable(step))
    }

    fn check(&mut self, this: Handle, context: Resource<StepView>) -> Result<(), HostError> {
        let _work = self.work()?;
        Ok(self.table.get(&this)?.check(self.table.get(&context)?)?)
    }

    fn apply(
        &mut self,
        this: Handle,
        phase: Phase,
        context: Resource<StepView>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let (policy, view) = (self.table.get(&this)?, self.table.get(&context)?);
        Ok(policy.apply(lift_phase(phase), view)?)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
