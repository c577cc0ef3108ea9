//! A network of the family as the rest sees it: conditions, codec and predictions.

use std::sync::Arc;

use amdm::error::Error;
use amdm::math::Tensor as _;

use super::conditions::{self, Condition};
use super::network::Network;
use super::{CHANNELS, EXTENT, FAMILY, Kind, LATENT_SHAPE, schedule};
use crate::{
    Cancel, Codec, Conditioning, Denoiser, Device, LatentInfo, ModelInfo, Prediction,
    PredictionKind, Request, Result, Tensor, Tiling, WeightFile, error, pixels, planes,
};

/// What the networks share: they may be aggregated with each other.
const LATENT_SPACE: &str = "tiny-rgb-32";

/// One network of the family.
pub(super) struct Tiny {
    info: ModelInfo,
    kind: Kind,
    device: Device,
    network: Network,
}

impl Tiny {
    /// A network of `kind` from weights with the family's tensor names.
    pub(super) fn load(
        kind: Kind,
        name: &str,
        weights: &WeightFile,
        device: &Device,
    ) -> Result<Self> {
        let info = ModelInfo {
            name: name.into(),
            family: FAMILY.into(),
            prediction: PredictionKind::Epsilon,
            latent_shape: LATENT_SHAPE.into(),
            latent: LatentInfo::plain(LATENT_SPACE),
            alphas_cumprod: schedule::alphas_cumprod(),
            final_alpha: 1.0,
            clip: Some(1.0),
            conditioning_schema: conditions::schema(kind),
        };
        let network = Network::load(weights, device)?;
        Ok(Self { info, kind, device: device.clone(), network })
    }

    /// The batch of a latent that is ours.
    fn batch(&self, latent: &Tensor) -> Result<u32> {
        if !latent.device().is_same(&self.device) {
            let (found, expected) = (latent.device().name(), self.device.name());
            return Err(Error::invalid(format!(
                "found a latent on {found}, model {} runs on {expected}",
                self.info.name
            )));
        }
        match *latent.extents() {
            [batch, CHANNELS, EXTENT, EXTENT] => Ok(batch),
            ref found => Err(Error::invalid(format!(
                "found latent {found:?}, model {} expects [batch, {CHANNELS}, {EXTENT}, {EXTENT}]",
                self.info.name
            ))),
        }
    }

    /// Refuses tiles: an image has one size, and that is small.
    fn untiled(&self, tiles: Option<Tiling>) -> Result<()> {
        let name = &self.info.name;
        let refused = |_| Err(error::unsupported(format!("model {name} works without tiles")));
        tiles.map_or(Ok(()), refused)
    }

    fn check(&self, request: &Request<'_>) -> Result<()> {
        self.batch(request.latent)?;
        let last = f64::from(schedule::STEPS - 1);
        if !(0.0..=last).contains(&request.level.timestep) {
            let found = request.level.timestep;
            return Err(Error::invalid(format!("found timestep {found}, expected 0 to {last}")));
        }
        if !request.guidance.is_finite() {
            let found = request.guidance;
            return Err(Error::invalid(format!("found guidance {found}, expected a number")));
        }
        Ok(())
    }
}

impl Denoiser for Tiny {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        Ok(schedule::timesteps(steps))
    }

    fn condition(&self, json: &str, parts: &[(&str, &Tensor)]) -> Result<Conditioning> {
        if let Some((name, _)) = parts.first() {
            let model = &self.info.name;
            return Err(Error::invalid(format!(
                "found tensor `{name}`, conditions of model {model} take none"
            )));
        }
        let condition = Condition::parse(self.kind, json).map_err(|error| {
            let message = format!("for the model {}, {}", self.info.name, error.message);
            Error::new(error.code, message)
        })?;
        let bytes = condition.map.as_ref().map_or(0, |map| size_of_val(map.as_slice()));
        Ok(Conditioning::new(self.kind.name(), json, condition, bytes))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Ok(self)
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let mut passes = Vec::with_capacity(requests.len() * 2);
        for request in requests {
            self.check(request)?;
            let family = self.kind.name();
            let positive = request.positive.data::<Condition>(family)?;
            let negative = match request.negative {
                Some(negative) => negative.data::<Condition>(family)?,
                None => &Condition::NONE,
            };
            let pass =
                |condition| self.network.pass(request.latent, request.level.timestep, condition);
            passes.push(pass(positive)?);
            if request.needs_unconditional(parts) {
                passes.push(pass(negative)?);
            }
        }
        let mut answers = self.network.run(&self.device, &passes, cancel)?.into_iter();
        let mut predictions = Vec::with_capacity(requests.len());
        for request in requests {
            let needed = request.needs_unconditional(parts);
            let mut answer = || {
                answers.next().ok_or_else(|| {
                    Error::new(amdm::error::Code::Internal, "a pass without an answer")
                })
            };
            let conditional = answer()?;
            let unconditional = if needed { Some(answer()?) } else { None };
            let guidance = request.guidance;
            predictions.push(Prediction::guide(conditional, unconditional, guidance, parts)?);
        }
        Ok(predictions)
    }
}

impl Codec for Tiny {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.info.latent
    }

    fn encode(&self, picture: &Tensor, tiles: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        self.untiled(tiles)?;
        let [_, height, width, channels] = pixels::extents(picture)?;
        if [height, width, channels] != [EXTENT, EXTENT, CHANNELS] {
            return Err(Error::invalid(format!(
                "found an image of {width} x {height} pixels with {channels} channels, model {} \
                 expects {EXTENT} x {EXTENT} with {CHANNELS}",
                self.info.name
            )));
        }
        planes::of(picture)?.affine(2.0, -1.0)
    }

    fn decode(&self, latent: &Tensor, tiles: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        self.untiled(tiles)?;
        self.batch(latent)?;
        let unit = latent.affine(0.5, 0.5)?.clamp(0.0, 1.0)?;
        planes::to_image(&unit)
    }
}
