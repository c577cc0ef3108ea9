//! The step loop without a guest: `amdm::math` over the same tensors, networks and noise.

use std::cell::RefCell;
use std::sync::Arc;

use amdm::error::Error;
use amdm::math::{
    Backend, Chain, Draw, LaneRequest, LaneSpec, Operator, Outcome, Phase, Prediction, StepState,
    sample,
};
use amdm::rng::lane_seed;
use amdm_diffusion::noise::Generator;
use amdm_diffusion::{Conditioning, Denoiser, Device, Request, Tensor, predict};

use crate::plan::{Plan, SEED};

pub type Context = RefCell<StepState<Tensor>>;

struct Native<'a> {
    device: Device,
    networks: &'a [Arc<dyn Denoiser>],
    conditioning: Conditioning,
    generators: Vec<Generator>,
    operators: Vec<Box<dyn Operator<Context>>>,
    chain: Option<Chain<Context>>,
}

impl Native<'_> {
    fn chain(&mut self) -> &mut Chain<Context> {
        self.chain.as_mut().unwrap()
    }
}

impl Backend for Native<'_> {
    type Tensor = Tensor;
    type Context = Context;

    fn context(&mut self, lanes: u32, steps: u32, alphas: &[f64]) -> Result<Context, Error> {
        Ok(RefCell::new(StepState::new(lanes, steps, alphas.to_vec())?))
    }

    fn open_policy(&mut self, steps: u32) -> Result<u32, Error> {
        self.chain = Some(Chain::new(std::mem::take(&mut self.operators), steps));
        Ok(self.chain().end())
    }

    fn wants_parts(&mut self, step: u32) -> bool {
        self.chain().wants_parts(step)
    }

    fn check(&mut self, context: &Context) -> Result<(), Error> {
        self.chain().check(context)
    }

    fn apply(&mut self, phase: Phase, context: &Context) -> Result<(), Error> {
        self.chain().apply(phase, context)
    }

    fn predict(
        &mut self,
        requests: &[LaneRequest<'_, Tensor>],
        parts: bool,
    ) -> Result<Vec<Prediction<Tensor>>, Error> {
        let asked = requests.iter().map(|request| Request {
            model: &self.networks[request.lane as usize],
            latent: request.latent,
            level: request.level,
            positive: &self.conditioning,
            negative: None,
            guidance: request.guidance,
            step: request.step,
            steps: request.steps,
        });
        let answers = predict(&asked.collect::<Vec<_>>(), parts, &|| false)?;
        let lift = |answer: amdm_diffusion::Prediction| Prediction {
            guided: answer.guided,
            conditional: answer.conditional,
            unconditional: answer.unconditional,
        };
        Ok(answers.into_iter().map(lift).collect())
    }

    fn noise(&mut self, lane: u32, shape: &[u32], _: Draw) -> Result<Tensor, Error> {
        self.generators[lane as usize].normal(&self.device, shape)
    }

    fn progress(&mut self, _: u32, _: u32, _: &Context) -> Result<(), Error> {
        Ok(())
    }
}

/// Samples what the plan says.
pub fn run(
    plan: &Plan,
    device: &Device,
    networks: &[Arc<dyn Denoiser>],
) -> Result<Outcome<Tensor>, Error> {
    let specs = networks.iter().zip(plan.lanes()).map(|(network, lane)| LaneSpec {
        prediction: network.info().prediction,
        clip: network.info().clip,
        guidance: lane.guidance,
        weight: lane.weight,
        refine: 1.0,
    });
    let mut backend = Native {
        device: device.clone(),
        networks,
        conditioning: networks[0].condition("{}", &[])?,
        generators: (0..plan.lanes).map(|lane| Generator::new(lane_seed(SEED, lane))).collect(),
        operators: plan.operators(),
        chain: None,
    };
    let start = plan.start(device)?;
    let schedule = plan.schedule(networks[0].as_ref())?;
    sample(&mut backend, &specs.collect::<Vec<_>>(), &schedule, &plan.settings(), &[start])
}
