//! The network of the recording: a formula in place of weights.

use std::sync::{Arc, Mutex};

use amdm::error::Error;
use amdm::math::schedule::scaled_linear_cumulative;
use amdm_diffusion::{
    Cancel, Codec, Conditioning, Denoiser, LatentInfo, ModelInfo, Prediction, PredictionKind,
    Request, Result, Tensor, Tiling,
};

use crate::cases::{Constants, SCALE};

pub struct Analytic {
    info: ModelInfo,
    constants: Constants,
    /// Logarithms of the sigmas of the training steps.
    log_sigmas: Vec<f64>,
    /// The training steps that it was asked for, and the timesteps that it was told.
    asked: Mutex<Vec<(usize, f64)>>,
}

impl Analytic {
    /// A model over a table of sigmas.
    pub fn new(
        name: &str,
        prediction: PredictionKind,
        sigmas: &[f32],
        constants: Constants,
    ) -> Arc<Self> {
        let alpha = |&sigma: &f32| 1.0 / (1.0 + f64::from(sigma).powi(2));
        let info = ModelInfo {
            name: name.into(),
            prediction,
            family: "recorded".into(),
            latent_shape: vec![4, 8, 8],
            latent: LatentInfo::plain("recorded"),
            alphas_cumprod: sigmas.iter().map(alpha).collect(),
            final_alpha: 1.0,
            clip: None,
            conditioning_schema: r#"{"type":"number"}"#.into(),
        };
        let log_sigmas = sigmas.iter().map(|&sigma| f64::from(sigma).ln()).collect();
        Arc::new(Self { info, constants, log_sigmas, asked: Mutex::default() })
    }

    /// A model over the latents and training steps of Stable Diffusion 1.x.
    pub fn stable_diffusion(name: &str, constants: Constants) -> Arc<Self> {
        let alphas = scaled_linear_cumulative(1000, 0.00085, 0.012);
        let sigmas = alphas.iter().map(|alpha| ((1.0 - alpha) / alpha).sqrt() as f32);
        let plain =
            Self::new(name, PredictionKind::Epsilon, &sigmas.collect::<Vec<_>>(), constants);
        let latent = LatentInfo { pixels: 8, scale: vec![SCALE], ..plain.info.latent.clone() };
        let info = ModelInfo { latent, alphas_cumprod: alphas, ..plain.info.clone() };
        let log_sigmas = plain.log_sigmas.clone();
        Arc::new(Self { info, constants, log_sigmas, asked: Mutex::default() })
    }

    /// What it was asked since the last call.
    pub fn asked(&self) -> Vec<(usize, f64)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The training step whose sigma is nearest, by the logarithm.
    fn step(&self, sigma: f64) -> usize {
        let far = |log: &f64| (log - sigma.ln()).abs();
        let steps = self.log_sigmas.iter().enumerate();
        steps.min_by(|a, b| far(a.1).total_cmp(&far(b.1))).unwrap().0
    }

    fn pass(&self, latent: &Tensor, step: usize, k: f64) -> Result<Tensor> {
        let Constants { l, a, b, c, d } = self.constants;
        let (shape, x) = (latent.extents().to_vec(), latent.to_f32()?);
        let width = shape[3] as usize;
        let time = b * (step as f64 / 100.0).sin();
        let value = |at: usize| {
            let (row, column) = (at / width, at % width);
            let left = f64::from(x[row * width + (column + width - 1) % width]);
            let x = f64::from(x[at]);
            (l * x + a * (2.0 * x).sin() + time + c * k * (1.5 * x).cos() + d * left) as f32
        };
        let values = (0..x.len()).map(value).collect::<Vec<f32>>();
        Tensor::from_f32(latent.device(), &shape, values)
    }
}

impl Denoiser for Analytic {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, _: u32) -> Result<Vec<f64>> {
        Err(Error::invalid("the schedule comes from outside"))
    }

    fn condition(&self, json: &str, _: &[(&str, &Tensor)]) -> Result<Conditioning> {
        let k: f64 = json.parse().map_err(|_| Error::invalid("expected a number"))?;
        Ok(Conditioning::new("recorded", json, k, 0))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Ok(self)
    }

    fn predict(
        &self,
        asked: &[Request<'_>],
        parts: bool,
        _: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let answer = |request: &Request<'_>| {
            let step = self.step(request.level.noise / request.level.signal);
            self.asked.lock().unwrap().push((step, request.level.timestep));
            let pass = |condition: &Conditioning| {
                self.pass(request.latent, step, *condition.data::<f64>("recorded")?)
            };
            let negative = request.negative.filter(|_| request.needs_unconditional(parts));
            let unconditional = negative.map(pass).transpose()?;
            Prediction::guide(pass(request.positive)?, unconditional, request.guidance, parts)
        };
        asked.iter().map(answer).collect()
    }
}

impl Codec for Analytic {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.info.latent
    }

    fn encode(&self, image: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        Ok(image.clone())
    }

    fn decode(&self, latent: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        Ok(latent.clone())
    }
}
