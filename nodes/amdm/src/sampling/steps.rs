//! What all samplers share: the step loop of `amdm::math` over the host's networks, noise and
//! operators.

use alloc::vec::Vec;

use amdm::error::{Code, Error as MathError};
use amdm::math::schedule::Schedule;
use amdm::math::{
    Backend, Checkpoint, Draw, Given, LaneRequest, LaneSpec, Outcome, Phase, Prediction, Settings,
    sample,
};
use amdm_sdk::math::{Context, Handle, lift, lift_kind, lower, lower_level, lower_phase};
use amdm_sdk::{Call, Error, Model, ModelInfo, Object, Policy, Request, StepContext};

use super::noise::Noise;

/// A lane of a sampling.
pub(super) struct Lane {
    pub model: Model,
    pub info: ModelInfo,
    pub positive: Object,
    pub negative: Option<Object>,
    pub spec: LaneSpec,
}

impl Lane {
    /// A lane that is asked with `guidance`, alone or among others.
    pub fn new(model: &Object, positive: Object, guidance: f64) -> Result<Self, Error> {
        let model = Model::from_object(model)?;
        let info = model.info();
        let (prediction, clip) = (lift_kind(info.prediction), info.clip);
        let spec = LaneSpec { prediction, clip, guidance, weight: 1.0, refine: 1.0 };
        Ok(Self { model, info, positive, negative: None, spec })
    }
}

/// A sampling.
pub(super) struct Steps<'a> {
    pub lanes: &'a [Lane],
    pub schedule: &'a Schedule,
    pub settings: &'a Settings,
    pub given: Given<'a, Handle>,
    pub noise: Noise,
    pub policy: Option<&'a Object>,
}

impl Steps<'_> {
    /// Runs it, with the lanes' latents as networks see them.
    pub fn run(self, call: &Call) -> Result<Outcome<Handle>, Error> {
        let Self { lanes, schedule, settings, given, noise, policy } = self;
        let specs = lanes.iter().map(|lane| lane.spec).collect::<Vec<_>>();
        let mut host = Host { call, lanes, noise, policy, opened: None };
        sample(&mut host, &specs, schedule, settings, given).map_err(lower)
    }
}

/// What the step loop asks for, answered by the host.
struct Host<'a> {
    call: &'a Call,
    lanes: &'a [Lane],
    noise: Noise,
    policy: Option<&'a Object>,
    opened: Option<Policy>,
}

impl Backend for Host<'_> {
    type Tensor = Handle;
    type Context = Context<StepContext>;

    fn context(
        &mut self,
        lanes: u32,
        steps: u32,
        alphas_cumprod: &[f64],
    ) -> Result<Self::Context, MathError> {
        Ok(Context(StepContext::new(lanes, steps, alphas_cumprod)))
    }

    fn open_policy(&mut self, steps: u32) -> Result<u32, MathError> {
        let Some(object) = self.policy else { return Ok(0) };
        let policy = Policy::open(object, steps).map_err(lift)?;
        let end = policy.end();
        self.opened = Some(policy);
        Ok(end)
    }

    fn wants_parts(&mut self, step: u32) -> bool {
        self.opened.as_ref().is_some_and(|policy| policy.wants_parts(step))
    }

    fn check(&mut self, context: &Self::Context) -> Result<(), MathError> {
        self.opened.as_ref().map_or(Ok(()), |policy| policy.check(&context.0).map_err(lift))
    }

    fn apply(&mut self, phase: Phase, context: &Self::Context) -> Result<(), MathError> {
        let apply = |policy: &Policy| policy.apply(lower_phase(phase), &context.0).map_err(lift);
        self.opened.as_ref().map_or(Ok(()), apply)
    }

    fn predict(
        &mut self,
        requests: &[LaneRequest<'_, Handle>],
        parts: bool,
    ) -> Result<Vec<Prediction<Handle>>, MathError> {
        let asked = requests
            .iter()
            .map(|request| {
                let lane = &self.lanes[request.lane as usize];
                Request {
                    model: &lane.model,
                    latent: &request.latent.0,
                    level: lower_level(request.level),
                    positive: &lane.positive,
                    negative: lane.negative.as_ref(),
                    guidance: request.guidance,
                    step: request.step,
                    steps: request.steps,
                }
            })
            .collect::<Vec<_>>();
        let predictions = amdm_sdk::predict(&asked, parts).map_err(lift)?;
        Ok(predictions
            .into_iter()
            .map(|prediction| Prediction {
                guided: Handle(prediction.guided),
                conditional: prediction.conditional.map(Handle),
                unconditional: prediction.unconditional.map(Handle),
            })
            .collect())
    }

    fn noise(&mut self, lane: u32, shape: &[u32], draw: Draw) -> Result<Handle, MathError> {
        self.noise.draw(lane as usize, shape, draw).map(Handle).map_err(lift)
    }

    fn between(
        &mut self,
        lane: u32,
        shape: &[u32],
        span: (f64, f64),
        sigmas: (f64, f64),
    ) -> Result<Handle, MathError> {
        self.noise.between(lane as usize, shape, span, sigmas).map(Handle).map_err(lift)
    }

    fn read(&mut self, tensor: &Handle) -> Result<Vec<f64>, MathError> {
        let values = tensor.0.read_f32().map_err(lift)?;
        Ok(values.into_iter().map(f64::from).collect())
    }

    fn resume(
        &mut self,
        size: (u32, u32),
        shape: &[u32],
    ) -> Result<Option<Checkpoint<Handle>>, MathError> {
        let Some((numbers, tensors)) = self.call.checkpoint() else { return Ok(None) };
        let tensors = tensors.into_iter().map(Handle).collect();
        Ok(Checkpoint::from_parts(&numbers, tensors, size, shape))
    }

    fn wants_checkpoint(&mut self, next: u32) -> bool {
        let resumable = |policy: &Policy| policy.resumable(next);
        self.call.checkpoint_due() && self.opened.as_ref().is_none_or(resumable)
    }

    fn keep(&mut self, checkpoint: &Checkpoint<Handle>) -> Result<(), MathError> {
        let (numbers, tensors) = checkpoint.to_parts();
        let tensors = tensors.iter().map(|tensor| &tensor.0).collect::<Vec<_>>();
        self.call.keep_checkpoint(&numbers, &tensors).map_err(lift)
    }

    fn progress(
        &mut self,
        done: u32,
        total: u32,
        context: &Self::Context,
    ) -> Result<(), MathError> {
        self.call.progress(done, total);
        if self.call.cancelled() {
            return Err(MathError::new(Code::Cancelled, "the run was stopped"));
        }
        let target = context.0.target();
        if let Ok(latent) = context.0.latent(target) {
            self.call.preview(&self.lanes[target as usize].model, &latent);
        }
        Ok(())
    }
}
