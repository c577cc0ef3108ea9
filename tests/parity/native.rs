//! A backend over dense tensors: closures for networks and noise, a chain of operators.

use std::cell::RefCell;
use std::collections::VecDeque;

use amdm::error::Error;
use amdm::math::{
    Backend, Chain, Draw, LaneRequest, LaneSpec, Operator, Phase, Prediction, PredictionKind,
    StepContext, StepState, Tensor,
};

use crate::dense::{Dense, Real};

pub type Context<F> = RefCell<StepState<Dense<F>>>;
pub type Operators<F> = Vec<Box<dyn Operator<Context<F>>>>;
pub type Request<'a, F> = LaneRequest<'a, Dense<F>>;

/// Predicts for one lane; the flag says whether parts were asked for.
pub type Network<'a, F> = Box<dyn FnMut(&Request<'_, F>, bool) -> Prediction<Dense<F>> + 'a>;
/// The next noise of a lane.
pub type Noise<'a, F> = Box<dyn FnMut(u32, &[u32]) -> Dense<F> + 'a>;

pub struct Native<'a, F: Real> {
    network: Network<'a, F>,
    noise: Noise<'a, F>,
    operators: Operators<F>,
    chain: Option<Chain<Context<F>>>,
    /// Lanes of each predict call.
    pub calls: Vec<Vec<u32>>,
    /// Guidance of each request, in order.
    pub guidances: Vec<f64>,
    /// Draws of each lane, in order.
    pub draws: Vec<u32>,
    /// Every lane's latent after every step.
    pub latents: Vec<Vec<Dense<F>>>,
}

impl<'a, F: Real> Native<'a, F> {
    pub fn new(network: Network<'a, F>, noise: Noise<'a, F>, operators: Operators<F>) -> Self {
        Self {
            network,
            noise,
            operators,
            chain: None,
            calls: Vec::new(),
            guidances: Vec::new(),
            draws: Vec::new(),
            latents: Vec::new(),
        }
    }

    fn chain(&mut self) -> &mut Chain<Context<F>> {
        self.chain.as_mut().expect("opened first")
    }
}

impl<F: Real> Backend for Native<'_, F> {
    type Tensor = Dense<F>;
    type Context = Context<F>;

    fn context(
        &mut self,
        lanes: u32,
        steps: u32,
        alphas_cumprod: &[f64],
    ) -> Result<Self::Context, Error> {
        Ok(RefCell::new(StepState::new(lanes, steps, alphas_cumprod.to_vec())?))
    }

    fn open_policy(&mut self, steps: u32) -> Result<u32, Error> {
        self.chain = Some(Chain::new(std::mem::take(&mut self.operators), steps));
        Ok(self.chain().end())
    }

    fn wants_parts(&mut self, step: u32) -> bool {
        self.chain().wants_parts(step)
    }

    fn check(&mut self, context: &Self::Context) -> Result<(), Error> {
        self.chain().check(context)
    }

    fn apply(&mut self, phase: Phase, context: &Self::Context) -> Result<(), Error> {
        self.chain().apply(phase, context)
    }

    fn predict(
        &mut self,
        requests: &[Request<'_, F>],
        parts: bool,
    ) -> Result<Vec<Prediction<Dense<F>>>, Error> {
        self.calls.push(requests.iter().map(|request| request.lane).collect());
        self.guidances.extend(requests.iter().map(|request| request.guidance));
        Ok(requests.iter().map(|request| (self.network)(request, parts)).collect())
    }

    fn noise(&mut self, lane: u32, shape: &[u32], _: Draw) -> Result<Dense<F>, Error> {
        self.draws.push(lane);
        Ok((self.noise)(lane, shape))
    }

    fn progress(&mut self, done: u32, _: u32, context: &Self::Context) -> Result<(), Error> {
        assert_eq!(done as usize, self.latents.len() + 1);
        let latents = (0..context.lanes()).map(|lane| context.latent(lane));
        self.latents.push(latents.collect::<Result<_, _>>()?);
        Ok(())
    }
}

/// A lane of weight, guidance and refine 1 without a clip.
pub fn plain(prediction: PredictionKind) -> LaneSpec {
    LaneSpec { prediction, clip: None, guidance: 1.0, weight: 1.0, refine: 1.0 }
}

/// A prediction without parts.
pub fn whole<F: Real>(guided: Dense<F>) -> Prediction<Dense<F>> {
    Prediction { guided, conditional: None, unconditional: None }
}

/// A guided prediction from its parts, with them where asked for.
pub fn guided<F: Real>(
    conditional: Dense<F>,
    unconditional: Dense<F>,
    guidance: f64,
    parts: bool,
) -> Prediction<Dense<F>> {
    let terms = [(&conditional, guidance), (&unconditional, 1.0 - guidance)];
    let guided = Tensor::linear_combination(&terms).unwrap();
    if parts {
        let (conditional, unconditional) = (Some(conditional), Some(unconditional));
        Prediction { guided, conditional, unconditional }
    } else {
        whole(guided)
    }
}

/// Gives each lane its tensors in order.
pub fn recorded<'a, F: Real>(lanes: Vec<Vec<Dense<F>>>) -> Noise<'a, F> {
    let mut lanes: Vec<VecDeque<_>> = lanes.into_iter().map(VecDeque::from).collect();
    Box::new(move |lane, _| lanes[lane as usize].pop_front().expect("no noise left"))
}

/// Standard normal values, a stream for each seed: splitmix64 and Box-Muller.
pub struct Normal(u64);

impl Normal {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn next(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub fn tensor<F: Real>(&mut self, shape: &[u32]) -> Dense<F> {
        let count = shape.iter().product::<u32>();
        Dense::new(shape, (0..count).map(|_| F::of(self.next())).collect())
    }
}
