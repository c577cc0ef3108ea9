//! Interface `sampling`, the step context: a sampling's state behind a handle.

use amdm::error::Error;
use amdm::math;
use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::enums::{lift_kind, lift_part};
use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::core::StepView;
use crate::wasm::bindings::amdm::node::models::{NoiseLevel, Prediction, PredictionKind};
use crate::wasm::bindings::amdm::node::sampling::{self, Part};

type Handle = Resource<StepView>;

impl StoreData {
    /// A tensor of the state as a handle of its own.
    fn read(
        &mut self,
        this: &Handle,
        f: impl FnOnce(&StepView) -> Result<Tensor, Error>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let tensor = f(self.table.get(this)?)?;
        self.push_tensor(tensor)
    }

    /// Hands a tensor over to the state.
    fn write(
        &mut self,
        this: &Handle,
        value: Resource<Tensor>,
        f: impl FnOnce(&StepView, Tensor) -> Result<(), Error>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let value = self.take_tensor(value)?;
        Ok(f(self.table.get(this)?, value)?)
    }
}

fn lift_noise(level: NoiseLevel) -> math::NoiseLevel {
    math::NoiseLevel { timestep: level.timestep, signal: level.signal, noise: level.noise }
}

fn lower_noise(level: math::NoiseLevel) -> NoiseLevel {
    NoiseLevel { timestep: level.timestep, signal: level.signal, noise: level.noise }
}

impl sampling::Host for StoreData {}

impl sampling::HostStepContext for StoreData {
    fn new(&mut self, lanes: u32, steps: u32, alphas: Vec<f64>) -> wasmtime::Result<Handle> {
        let view = StepView::new(&self.access, lanes, steps, alphas);
        self.push_view(view.map_err(wasmtime::Error::new)?).map_err(into_trap)
    }

    fn begin(
        &mut self,
        this: Handle,
        index: u32,
        now: NoiseLevel,
        next: NoiseLevel,
    ) -> wasmtime::Result<()> {
        let view = self.table.get(&this)?;
        view.begin(index, lift_noise(now), lift_noise(next)).map_err(wasmtime::Error::new)
    }

    fn index(&mut self, this: Handle) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.index())
    }

    fn steps(&mut self, this: Handle) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.steps())
    }

    fn lanes(&mut self, this: Handle) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.lanes())
    }

    fn target(&mut self, this: Handle) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.target())
    }

    fn set_target(&mut self, this: Handle, lane: u32) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_target(lane);
        Ok(())
    }

    fn weight(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        Ok(self.table.get(&this)?.weight(lane))
    }

    fn set_weight(&mut self, this: Handle, lane: u32, weight: f64) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_weight(lane, weight);
        Ok(())
    }

    fn guidance(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        Ok(self.table.get(&this)?.guidance(lane))
    }

    fn set_guidance(&mut self, this: Handle, lane: u32, value: f64) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_guidance(lane, value);
        Ok(())
    }

    fn refine(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        Ok(self.table.get(&this)?.refine(lane))
    }

    fn set_refine(&mut self, this: Handle, lane: u32, refine: f64) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_refine(lane, refine);
        Ok(())
    }

    fn wanted(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.wanted(lane))
    }

    fn set_wanted(&mut self, this: Handle, lane: u32, wanted: bool) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_wanted(lane, wanted);
        Ok(())
    }

    fn stochastic(&mut self, this: Handle) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.stochastic())
    }

    fn set_stochastic(&mut self, this: Handle, stochastic: bool) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_stochastic(stochastic);
        Ok(())
    }

    fn now(&mut self, this: Handle) -> wasmtime::Result<NoiseLevel> {
        Ok(lower_noise(self.table.get(&this)?.now()))
    }

    fn next(&mut self, this: Handle) -> wasmtime::Result<NoiseLevel> {
        Ok(lower_noise(self.table.get(&this)?.next()))
    }

    fn alphas_cumprod(&mut self, this: Handle) -> wasmtime::Result<Vec<f64>> {
        Ok(self.table.get(&this)?.alphas_cumprod())
    }

    fn active(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.active(lane))
    }

    fn set_active(&mut self, this: Handle, lane: u32, active: bool) -> wasmtime::Result<()> {
        self.table.get(&this)?.set_active(lane, active);
        Ok(())
    }

    fn input(&mut self, this: Handle, lane: u32) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |view| view.input(lane))
    }

    fn set_input(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, value, |view, value| view.set_input(lane, value))
    }

    fn set_prediction(
        &mut self,
        this: Handle,
        lane: u32,
        kind: PredictionKind,
        value: Prediction,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let mut take = |handle: Option<Resource<Tensor>>| {
            handle.map(|handle| self.take_tensor(handle)).transpose()
        };
        let conditional = take(value.conditional)?;
        let unconditional = take(value.unconditional)?;
        let guided = self.take_tensor(value.guided)?;
        let prediction = math::Prediction { guided, conditional, unconditional };
        Ok(self.table.get(&this)?.set_prediction(lane, lift_kind(kind), prediction)?)
    }

    fn epsilon(
        &mut self,
        this: Handle,
        lane: u32,
        part: Part,
    ) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |view| view.epsilon(lane, lift_part(part)))
    }

    fn denoised(
        &mut self,
        this: Handle,
        lane: u32,
        part: Part,
    ) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |view| view.denoised(lane, lift_part(part)))
    }

    fn has_prediction(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.has_prediction(lane))
    }

    fn set_epsilon(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, value, |view, value| view.set_epsilon(lane, value))
    }

    fn set_denoised(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, value, |view, value| view.set_denoised(lane, value))
    }

    fn mean(&mut self, this: Handle, lane: u32) -> wasmtime::Result<Option<Resource<Tensor>>> {
        let mean = self.table.get(&this)?.mean(lane);
        mean.map(|mean| self.push_tensor(mean).map_err(into_trap)).transpose()
    }

    fn set_mean(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, value, |view, value| view.set_mean(lane, value))
    }

    fn latent(&mut self, this: Handle, lane: u32) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |view| view.latent(lane))
    }

    fn set_latent(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, value, |view, value| view.set_latent(lane, value))
    }

    fn rewritten(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.rewritten(lane))
    }

    fn slot(&mut self, this: Handle, name: String) -> wasmtime::Result<Option<Resource<Tensor>>> {
        let tensor = self.table.get(&this)?.slot(&name);
        tensor.map(|tensor| self.push_tensor(tensor).map_err(into_trap)).transpose()
    }

    fn set_slot(
        &mut self,
        this: Handle,
        name: String,
        value: Resource<Tensor>,
    ) -> wasmtime::Result<()> {
        let value = self.take_tensor(value)?;
        self.table.get(&this)?.set_slot(&name, value).map_err(wasmtime::Error::new)
    }

    fn trace(
        &mut self,
        this: Handle,
        name: String,
        lane: Option<u32>,
        value: f64,
    ) -> wasmtime::Result<()> {
        self.table.get(&this)?.trace(&name, lane, value);
        Ok(())
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        let view = self.table.delete(this)?;
        self.ledger.remove(&[view.storage()]);
        Ok(())
    }
}
