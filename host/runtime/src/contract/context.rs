//! Interface `sampling`, the step context: the rules live in [`amdm::math::StepState`], shared with
//! native callers; here they are put behind handles.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::error::{Code, Error};
use amdm::math::{self, StepState, Tensor as _};
use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::bindings::amdm::node::models::{Prediction, PredictionKind};
use crate::bindings::amdm::node::sampling::{self, NoiseLevel, Part};
use crate::memory::{Budget, Grant, Storage};

/// One sampling's context, shared between the sampler's instance and its operators'.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    state: Mutex<StepState<Tensor>>,
    /// Of the state without its tensors.
    bytes: usize,
    tensors: Mutex<Tensors>,
}

/// What a context's tensors keep alive. Counted exactly only where the estimate outgrows the grant:
/// a step writes tens of tensors, most of them in place of others.
struct Tensors {
    /// At least the bytes of all storages.
    estimate: usize,
    grant: Grant,
}

/// Bytes that a lane takes without its tensors, and those of its values.
const LANE: usize = 4096;
/// Bytes that the slots take without their values: as many as there may be, with their names.
const SLOTS: usize = math::state::SLOTS * (NAME + OVERHEAD);
/// Bytes that a tensor takes beside its values.
const OVERHEAD: usize = 256;
/// Bytes of a slot's name.
const NAME: usize = 256;

type Handle = Resource<Context>;

impl Context {
    /// Exclusive use for one call; a panic elsewhere does not close it.
    pub fn lock(&self) -> MutexGuard<'_, StepState<Tensor>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host memory of the state itself.
    pub(super) fn storage(&self) -> Storage {
        (Arc::as_ptr(&self.0).addr(), self.0.bytes)
    }

    fn new(state: StepState<Tensor>, budget: &Arc<Budget>) -> Self {
        let bytes = LANE * state.lanes() as usize + SLOTS + size_of_val(state.alphas_cumprod());
        let tensors = Mutex::new(Tensors { estimate: 0, grant: Grant::new(budget) });
        Self(Arc::new(Inner { state: Mutex::new(state), bytes, tensors }))
    }

    /// Makes room for a tensor of `bytes` within the run's budget and `limit`.
    fn reserve(&self, bytes: usize, limit: usize) -> Result<(), Error> {
        let mut tensors = self.0.tensors.lock().unwrap_or_else(PoisonError::into_inner);
        let estimate = tensors.estimate.saturating_add(bytes);
        if estimate <= tensors.grant.bytes() {
            tensors.estimate = estimate;
            return Ok(());
        }
        let mut held = self.lock().tensors().map(Tensor::storage).collect::<Vec<_>>();
        held.sort_unstable();
        held.dedup();
        let exact = held.iter().fold(bytes, |sum, (_, bytes)| sum.saturating_add(*bytes));
        if exact > limit {
            let message = format!(
                "the sampling would hold {exact} bytes of tensors, at most {limit} are given"
            );
            return Err(Error::new(Code::LimitExceeded, message));
        }
        // Twice as much, so that the next count is as far away; less where there is no more.
        let ample = exact.saturating_mul(2).min(limit);
        tensors.grant.resize(ample).or_else(|_| tensors.grant.resize(exact))?;
        tensors.estimate = exact;
        Ok(())
    }

    /// A form of a prediction; it is made at the first call and kept.
    pub(crate) fn form(
        &self,
        lane: u32,
        limit: usize,
        f: impl FnOnce(&mut StepState<Tensor>) -> Result<Tensor, Error>,
    ) -> Result<Tensor, Error> {
        let bytes = self.lock().input(lane).map_or(0, |input| input.bytes());
        self.reserve(bytes, limit)?;
        f(&mut self.lock())
    }

    /// Hands a tensor of `lane` over. All of a lane's tensors are shaped as its latent, so that the
    /// one who gives another is told, not the one who meets it later.
    pub(crate) fn give(
        &self,
        lane: u32,
        value: Tensor,
        limit: usize,
        f: impl FnOnce(&mut StepState<Tensor>, Tensor) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let value = value.compact()?;
        self.reserve(value.bytes(), limit)?;
        let mut state = self.lock();
        fits(&state, lane, &value)?;
        f(&mut state, value)
    }

    /// Leaves a tensor to the operators behind.
    pub(crate) fn set_slot(&self, name: &str, value: Tensor, limit: usize) -> Result<(), Error> {
        let value = value.compact()?;
        if name.len() > NAME {
            let found = name.len();
            let message = format!("found a slot's name of {found} bytes, at most {NAME} are kept");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        self.reserve(value.bytes(), limit)?;
        self.lock().set_slot(name, value);
        Ok(())
    }
}

impl StoreData {
    /// The context behind a handle, locked for one rule.
    fn context<T>(
        &self,
        this: &Handle,
        f: impl FnOnce(&mut StepState<Tensor>) -> T,
    ) -> wasmtime::Result<T> {
        Ok(f(&mut self.table.get(this)?.lock()))
    }

    /// A form of a prediction as a handle of its own; it is made at the first call and kept.
    fn form(
        &mut self,
        this: &Handle,
        lane: u32,
        f: impl FnOnce(&mut StepState<Tensor>) -> Result<Tensor, Error>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let limit = self.run.limits.node_tensor_bytes;
        let tensor = self.table.get(this)?.form(lane, limit, f)?;
        self.push_tensor(tensor)
    }

    /// A tensor of the context as a handle of its own.
    fn read(
        &mut self,
        this: &Handle,
        f: impl FnOnce(&mut StepState<Tensor>) -> Result<Tensor, Error>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let tensor = self.context(this, f)??;
        self.push_tensor(tensor)
    }

    /// Hands a tensor of `lane` over to the context.
    fn write(
        &mut self,
        this: &Handle,
        lane: u32,
        value: Resource<Tensor>,
        f: impl FnOnce(&mut StepState<Tensor>, Tensor) -> Result<(), Error>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let value = self.take_tensor(value)?;
        Ok(self.table.get(this)?.give(lane, value, self.run.limits.node_tensor_bytes, f)?)
    }

    /// Makes room for a tensor that the context is to keep.
    fn reserve(&self, this: &Handle, bytes: usize) -> Result<(), HostError> {
        Ok(self.table.get(this)?.reserve(bytes, self.run.limits.node_tensor_bytes)?)
    }
}

/// Fails unless a tensor of `lane` is shaped as its latent, where it has one.
fn fits(state: &StepState<Tensor>, lane: u32, value: &Tensor) -> Result<(), Error> {
    let found = value.shape();
    match state.latent(lane) {
        Ok(latent) if latent.shape() != found => Err(Error::invalid(format!(
            "found a tensor {found:?} for lane {lane}, expected its latent's shape {:?}",
            latent.shape()
        ))),
        _ => Ok(()),
    }
}

/// The tensors of a prediction.
fn parts(prediction: &math::Prediction<Tensor>) -> impl Iterator<Item = &Tensor> {
    let others = [&prediction.conditional, &prediction.unconditional];
    others.into_iter().flatten().chain([&prediction.guided])
}

fn lift_level(level: NoiseLevel) -> math::NoiseLevel {
    math::NoiseLevel { timestep: level.timestep, signal: level.signal, noise: level.noise }
}

fn lower_level(level: math::NoiseLevel) -> NoiseLevel {
    NoiseLevel { timestep: level.timestep, signal: level.signal, noise: level.noise }
}

fn lift_part(part: Part) -> math::Part {
    match part {
        Part::Guided => math::Part::Guided,
        Part::Conditional => math::Part::Conditional,
        Part::Unconditional => math::Part::Unconditional,
    }
}

fn lift_kind(kind: PredictionKind) -> math::PredictionKind {
    match kind {
        PredictionKind::Epsilon => math::PredictionKind::Epsilon,
        PredictionKind::Velocity => math::PredictionKind::Velocity,
        PredictionKind::Sample => math::PredictionKind::Sample,
        PredictionKind::Flow => math::PredictionKind::Flow,
    }
}

impl sampling::Host for StoreData {}

impl sampling::HostStepContext for StoreData {
    fn new(&mut self, lanes: u32, steps: u32, alphas: Vec<f32>) -> wasmtime::Result<Handle> {
        let state = StepState::new(lanes, steps, alphas).map_err(wasmtime::Error::new)?;
        self.push_context(Context::new(state, &self.run.tensors)).map_err(into_trap)
    }

    fn begin(
        &mut self,
        this: Handle,
        index: u32,
        now: NoiseLevel,
        next: NoiseLevel,
    ) -> wasmtime::Result<()> {
        if self.operator {
            let message = "a step operator began a step, which only a sampler can";
            return Err(wasmtime::Error::new(Error::new(Code::Denied, message)));
        }
        self.context(&this, |state| state.begin(index, lift_level(now), lift_level(next)))
    }

    fn index(&mut self, this: Handle) -> wasmtime::Result<u32> {
        self.context(&this, |state| state.index())
    }

    fn steps(&mut self, this: Handle) -> wasmtime::Result<u32> {
        self.context(&this, |state| state.steps())
    }

    fn lanes(&mut self, this: Handle) -> wasmtime::Result<u32> {
        self.context(&this, |state| state.lanes())
    }

    fn target(&mut self, this: Handle) -> wasmtime::Result<u32> {
        self.context(&this, |state| state.target())
    }

    fn set_target(&mut self, this: Handle, lane: u32) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_target(lane))
    }

    fn weight(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        self.context(&this, |state| state.weight(lane))
    }

    fn set_weight(&mut self, this: Handle, lane: u32, weight: f64) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_weight(lane, weight))
    }

    fn guidance(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        self.context(&this, |state| state.guidance(lane))
    }

    fn set_guidance(&mut self, this: Handle, lane: u32, value: f64) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_guidance(lane, value))
    }

    fn refine(&mut self, this: Handle, lane: u32) -> wasmtime::Result<f64> {
        self.context(&this, |state| state.refine(lane))
    }

    fn set_refine(&mut self, this: Handle, lane: u32, refine: f64) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_refine(lane, refine))
    }

    fn wanted(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        self.context(&this, |state| state.wanted(lane))
    }

    fn set_wanted(&mut self, this: Handle, lane: u32, wanted: bool) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_wanted(lane, wanted))
    }

    fn stochastic(&mut self, this: Handle) -> wasmtime::Result<bool> {
        self.context(&this, |state| state.stochastic())
    }

    fn set_stochastic(&mut self, this: Handle, stochastic: bool) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_stochastic(stochastic))
    }

    fn now(&mut self, this: Handle) -> wasmtime::Result<NoiseLevel> {
        self.context(&this, |state| lower_level(state.now()))
    }

    fn next(&mut self, this: Handle) -> wasmtime::Result<NoiseLevel> {
        self.context(&this, |state| lower_level(state.next()))
    }

    fn alphas_cumprod(&mut self, this: Handle) -> wasmtime::Result<Vec<f32>> {
        self.context(&this, |state| state.alphas_cumprod().to_vec())
    }

    fn active(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        self.context(&this, |state| state.active(lane))
    }

    fn set_active(&mut self, this: Handle, lane: u32, active: bool) -> wasmtime::Result<()> {
        self.context(&this, |state| state.set_active(lane, active))
    }

    fn input(&mut self, this: Handle, lane: u32) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |state| state.input(lane))
    }

    fn set_input(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, lane, value, |state, value| state.set_input(lane, value))
    }

    fn set_prediction(
        &mut self,
        this: Handle,
        lane: u32,
        kind: PredictionKind,
        value: Prediction,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let mut take = |handle: Option<Resource<Tensor>>| match handle {
            Some(handle) => Ok::<_, HostError>(Some(self.take_tensor(handle)?.compact()?)),
            None => Ok(None),
        };
        let conditional = take(value.conditional)?;
        let unconditional = take(value.unconditional)?;
        let guided = self.take_tensor(value.guided)?.compact()?;
        let prediction = math::Prediction { guided, conditional, unconditional };
        let kind = lift_kind(kind);
        let bytes = parts(&prediction).map(Tensor::bytes).fold(0, usize::saturating_add);
        self.reserve(&this, bytes)?;
        Ok(self.context(&this, |state| {
            parts(&prediction).try_for_each(|tensor| fits(state, lane, tensor))?;
            state.set_prediction(lane, kind, prediction)
        })??)
    }

    fn epsilon(
        &mut self,
        this: Handle,
        lane: u32,
        part: Part,
    ) -> Result<Resource<Tensor>, HostError> {
        self.form(&this, lane, |state| state.epsilon(lane, lift_part(part)))
    }

    fn denoised(
        &mut self,
        this: Handle,
        lane: u32,
        part: Part,
    ) -> Result<Resource<Tensor>, HostError> {
        self.form(&this, lane, |state| state.denoised(lane, lift_part(part)))
    }

    fn has_prediction(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        self.context(&this, |state| state.has_prediction(lane))
    }

    fn set_epsilon(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, lane, value, |state, value| state.set_epsilon(lane, value))
    }

    fn set_denoised(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, lane, value, |state, value| state.set_denoised(lane, value))
    }

    fn mean(&mut self, this: Handle, lane: u32) -> wasmtime::Result<Option<Resource<Tensor>>> {
        let mean = self.context(&this, |state| state.mean(lane))?;
        mean.map(|mean| self.push_tensor(mean).map_err(into_trap)).transpose()
    }

    fn set_mean(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, lane, value, |state, value| state.set_mean(lane, value))
    }

    fn latent(&mut self, this: Handle, lane: u32) -> Result<Resource<Tensor>, HostError> {
        self.read(&this, |state| state.latent(lane))
    }

    fn set_latent(
        &mut self,
        this: Handle,
        lane: u32,
        value: Resource<Tensor>,
    ) -> Result<(), HostError> {
        self.write(&this, lane, value, |state, value| state.set_latent(lane, value))
    }

    fn rewritten(&mut self, this: Handle, lane: u32) -> wasmtime::Result<bool> {
        self.context(&this, |state| state.rewritten(lane))
    }

    fn slot(&mut self, this: Handle, name: String) -> wasmtime::Result<Option<Resource<Tensor>>> {
        let tensor = self.context(&this, |state| state.slot(&name))?;
        tensor.map(|tensor| self.push_tensor(tensor).map_err(into_trap)).transpose()
    }

    fn set_slot(
        &mut self,
        this: Handle,
        name: String,
        value: Resource<Tensor>,
    ) -> wasmtime::Result<()> {
        let (value, limit) = (self.take_tensor(value)?, self.run.limits.node_tensor_bytes);
        self.table.get(&this)?.set_slot(&name, value, limit).map_err(wasmtime::Error::new)
    }

    fn trace(
        &mut self,
        this: Handle,
        name: String,
        lane: Option<u32>,
        value: f64,
    ) -> wasmtime::Result<()> {
        let step = self.context(&this, |state| state.index())?;
        let name = super::clean(&name);
        tracing::debug!(node = %self.node, step, lane, name, value, "trace");
        Ok(())
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        let context = self.table.delete(this)?;
        self.ledger.remove(&[context.storage()]);
        Ok(())
    }
}
