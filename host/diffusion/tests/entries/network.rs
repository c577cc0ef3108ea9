//! The network of the recordings: a formula in place of weights.

use std::sync::Mutex;

use amdm::error::Error;
use amdm::math::schedule::scaled_linear_cumulative;
use amdm_diffusion::{
    Cancel, Conditioning, Denoiser, Handle, LatentInfo, ModelInfo, Prediction, PredictionKind,
    Request, Result, Tensor,
};

use super::data::Constants;

/// Height, width, text and control of a row that the network saw.
pub type Row = (u32, u32, f64, f64);

pub struct Analytic {
    info: ModelInfo,
    constants: Constants,
    heeds_controls: bool,
    rows: Mutex<Vec<Row>>,
}

/// What the network is told.
pub fn condition(k: f64) -> Conditioning {
    Conditioning::new("recorded", "", k, 0)
}

impl Analytic {
    pub fn new(constants: Constants) -> Self {
        let info = ModelInfo {
            name: "recorded".into(),
            family: "recorded".into(),
            prediction: PredictionKind::Epsilon,
            latent_shape: vec![4, 8, 8],
            latent: LatentInfo { pixels: 8, ..LatentInfo::plain("recorded") },
            alphas_cumprod: scaled_linear_cumulative(1000, 0.00085, 0.012),
            final_alpha: 1.0,
            clip: None,
            conditioning_schema: String::new(),
        };
        Self { info, constants, heeds_controls: true, rows: Mutex::default() }
    }

    /// One whose output means something else.
    pub fn of_kind(self, prediction: PredictionKind) -> Self {
        Self { info: ModelInfo { prediction, ..self.info }, ..self }
    }

    /// One without training steps, which heeds no controls.
    pub fn bare(self) -> Self {
        let info = ModelInfo { alphas_cumprod: Vec::new(), ..self.info };
        Self { info, heeds_controls: false, ..self }
    }

    /// What it saw since the last call.
    pub fn rows(&self) -> Vec<Row> {
        std::mem::take(&mut self.rows.lock().unwrap())
    }

    fn pass(&self, latent: &Tensor, timestep: f64, condition: &Conditioning) -> Result<Tensor> {
        let Constants { l, a, b, c, d, g } = self.constants;
        let k = *condition.data::<f64>("recorded")?;
        let beside = condition.controls().iter().chain(condition.grounding());
        let strengths = beside.filter_map(Handle::data::<f64>);
        let u: f64 = strengths.sum();
        let (shape, x) = (latent.extents().to_vec(), latent.to_f32()?);
        self.rows.lock().unwrap().push((shape[2], shape[3], k, u));
        let width = shape[3] as usize;
        let time = b * (timestep / 100.0).sin();
        let value = |at: usize| {
            let (row, column) = (at / width, at % width);
            let left = f64::from(x[row * width + (column + width - 1) % width]);
            let x = f64::from(x[at]);
            let plain = l * x + a * (2.0 * x).sin() + time + c * k * (1.5 * x).cos() + d * left;
            (plain + g * u * (1.0 + k) * (1.2 * x + 0.3).sin()) as f32
        };
        Tensor::from_f32(latent.device(), &shape, (0..x.len()).map(value).collect::<Vec<f32>>())
    }
}

impl Denoiser for Analytic {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, _: u32) -> Result<Vec<f64>> {
        Err(Error::invalid("the schedule comes from outside"))
    }

    fn condition(&self, _: &str, _: &[(&str, &Tensor)]) -> Result<Conditioning> {
        Err(Error::invalid("the conditions come from outside"))
    }

    fn heeds_controls(&self) -> bool {
        self.heeds_controls
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        _: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let answer = |request: &Request<'_>| {
            let pass = |condition: &Conditioning| {
                self.pass(request.latent, request.level.timestep, condition)
            };
            let negative = request.negative.filter(|_| request.needs_unconditional(parts));
            let unconditional = negative.map(pass).transpose()?;
            Prediction::guide(pass(request.positive)?, unconditional, request.guidance, parts)
        };
        requests.iter().map(answer).collect()
    }
}
