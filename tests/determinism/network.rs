//! A network made of a few tensor operations, which remembers all that it is asked.

use std::sync::{Arc, Mutex};

use amdm::math::Tensor as _;
use amdm_diffusion::{
    Cancel, Codec, Conditioning, Denoiser, LatentInfo, ModelInfo, Prediction, PredictionKind,
    Request, Result, Tensor, Tiling,
};

/// One question, bit for bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Predict { latent: Vec<u32>, timestep: u64, guidance: u64, step: u32, steps: u32, parts: bool },
    Decode { latent: Vec<u32> },
}

/// Shape of a latent without the batch.
pub const LATENT: [u32; 3] = [3, 8, 8];

/// Lane `number`'s network.
pub struct Network {
    info: ModelInfo,
    number: u32,
    asked: Mutex<Vec<Asked>>,
}

impl Network {
    /// Lane 0 tells noise and clips, lane 1 tells noise, lane 2 a velocity.
    pub fn new(number: u32, alphas_cumprod: Vec<f64>) -> Arc<Self> {
        let info = ModelInfo {
            name: format!("network-{number}"),
            prediction: match number {
                2 => PredictionKind::Velocity,
                _ => PredictionKind::Epsilon,
            },
            family: "test".into(),
            latent_shape: LATENT.to_vec(),
            latent: LatentInfo::plain("test"),
            alphas_cumprod,
            final_alpha: 1.0,
            clip: (number == 0).then_some(1.0),
            conditioning_schema: "{}".into(),
        };
        Arc::new(Self { info, number, asked: Mutex::default() })
    }

    /// What it was asked since the last call.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn note(&self, asked: Asked) {
        self.asked.lock().unwrap().push(asked);
    }

    fn answer(&self, request: &Request<'_>, parts: bool) -> Result<Prediction> {
        let x = request.latent;
        let number = f64::from(self.number);
        let wave = x.affine(1.0 + request.level.timestep / 500.0, number)?.sin()?;
        let conditional = Tensor::linear_combination(&[(x, 0.6 - 0.1 * number), (&wave, 0.3)])?;
        let unconditional = request.needs_unconditional(parts).then(|| x.affine(0.5, -0.02));
        Prediction::guide(conditional, unconditional.transpose()?, request.guidance, parts)
    }
}

/// The values of a tensor, bit for bit.
pub fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.to_f32().unwrap().into_iter().map(f32::to_bits).collect()
}

impl Denoiser for Network {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        let at = |step| f64::from(step) * 950.0 / f64::from(steps);
        Ok((0..steps).rev().map(at).collect())
    }

    fn condition(&self, json: &str, _: &[(&str, &Tensor)]) -> Result<Conditioning> {
        Ok(Conditioning::new("test", json, (), 0))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Ok(self)
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        _: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let answer = |request: &Request<'_>| {
            self.note(Asked::Predict {
                latent: bits(request.latent),
                timestep: request.level.timestep.to_bits(),
                guidance: request.guidance.to_bits(),
                step: request.step,
                steps: request.steps,
                parts,
            });
            self.answer(request, parts)
        };
        requests.iter().map(answer).collect()
    }
}

impl Codec for Network {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.info.latent
    }

    fn encode(&self, image: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        image.reshape(&[image.extents()[0], LATENT[0], LATENT[1], LATENT[2]])
    }

    fn decode(&self, latent: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        self.note(Asked::Decode { latent: bits(latent) });
        latent.reshape(&[latent.extents()[0], LATENT[1], LATENT[2], LATENT[0]])
    }
}
