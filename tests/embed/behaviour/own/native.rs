//! The three against the crate.

use std::sync::Arc;

use amdm::error::Error;
use amdm::math::{Part, Phase, Tensor as _};
use amdm_diffusion::{
    Cancel, Codec, Conditioning, Denoiser, ModelInfo, Prediction, Request, Result, Tensor,
};
use amdm_runtime::{Host, Level, Node, NodeCall, StepOperator, StepView, Value};

use super::{Applied, INNER, REFUSAL, REFUSED, THREE_LANES, WARNING, WRAPPED, nudge, turn};

pub fn register(host: &Host) -> Applied {
    let applied = Applied::default();
    let descriptor = |json| serde_json::from_value(json).unwrap();
    host.register_node(descriptor(turn()), Arc::new(Turn), false).unwrap();
    host.register_node(descriptor(nudge()), Arc::new(Nudge(applied.clone())), false).unwrap();
    let inner = host.models().load(INNER, "").unwrap();
    let info = ModelInfo { name: WRAPPED.into(), ..inner.info().clone() };
    host.models().register(WRAPPED, Arc::new(Wrapped { info, inner }), None).unwrap();
    applied
}

struct Turn;

impl Node for Turn {
    fn execute(&self, call: &NodeCall) -> std::result::Result<(), Error> {
        let (Some(Value::Tensor(image)), Some(Value::Float(amount))) =
            (call.input("image"), call.input("amount"))
        else {
            return Err(Error::invalid("found no image or amount"));
        };
        call.progress(1, 2);
        if amount == REFUSED {
            return Err(Error::invalid(REFUSAL).at("amount"));
        }
        call.log(Level::Warn, WARNING);
        call.set_ui(r#"{"turned": true}"#)?;
        let turned = image.affine(1.0 - 2.0 * amount, amount)?;
        drop(call.set_output("image", Value::Tensor(turned)));
        drop(call.set_output("half", Value::Float(amount / 2.0)));
        call.progress(2, 2);
        Ok(())
    }
}

struct Nudge(Applied);

impl Node for Nudge {
    fn execute(&self, _: &NodeCall) -> std::result::Result<(), Error> {
        Ok(())
    }

    fn operator(&self, call: &NodeCall) -> std::result::Result<Box<dyn StepOperator>, Error> {
        let Some(Value::Float(by)) = call.input("by") else {
            return Err(Error::invalid("found no number"));
        };
        Ok(Box::new(Nudging { by, applied: self.0.clone() }))
    }
}

struct Nudging {
    by: f64,
    applied: Applied,
}

impl StepOperator for Nudging {
    fn window(
        &mut self,
        steps: u32,
        before: &[(u32, u32)],
    ) -> std::result::Result<(u32, u32), Error> {
        let start = before.iter().map(|window| window.0).max().unwrap_or(0);
        Ok((start + 1, steps))
    }

    fn wants_parts(&mut self) -> std::result::Result<bool, Error> {
        Ok(true)
    }

    fn check(&mut self, step: &StepView) -> std::result::Result<(), Error> {
        match step.lanes() {
            3.. => Err(Error::invalid(THREE_LANES)),
            _ => Ok(()),
        }
    }

    fn apply(&mut self, phase: Phase, step: &StepView) -> std::result::Result<(), Error> {
        let number = match phase {
            Phase::Prepare => 0,
            Phase::Predicted => 1,
            Phase::Stepped => 2,
        };
        self.applied.lock().unwrap().push((number, step.index()));
        for lane in 0..step.lanes() {
            match phase {
                Phase::Prepare => step.set_guidance(lane, step.guidance(lane) + self.by),
                Phase::Predicted if step.has_prediction(lane) => {
                    let with = step.epsilon(lane, Part::Conditional)?;
                    let without = step.epsilon(lane, Part::Unconditional)?;
                    let weights = [(&with, 1.0 + self.by), (&without, -self.by)];
                    step.set_epsilon(lane, Tensor::linear_combination(&weights)?)?;
                }
                Phase::Predicted => {}
                Phase::Stepped => {
                    let latent = step.latent(lane)?.affine(1.0 - self.by / 16.0, 0.0)?;
                    step.set_latent(lane, latent)?;
                }
            }
        }
        Ok(())
    }
}

struct Wrapped {
    info: ModelInfo,
    inner: Arc<dyn Denoiser>,
}

impl Denoiser for Wrapped {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        self.inner.timesteps(steps)
    }

    fn condition(&self, json: &str, parts: &[(&str, &Tensor)]) -> Result<Conditioning> {
        let inner = self.inner.condition(json, parts)?;
        Ok(Conditioning::new(WRAPPED, json, inner, 0))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Arc::clone(&self.inner).codec()
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let inner =
            |conditioning: &Conditioning| conditioning.data::<Conditioning>(WRAPPED).cloned();
        let conditions = requests.iter().map(|request| {
            Ok((inner(request.positive)?, request.negative.map(inner).transpose()?))
        });
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        let asked = requests.iter().zip(&conditions).map(|(request, (positive, negative))| {
            let negative = negative.as_ref();
            Request { model: &self.inner, positive, negative, ..*request }
        });
        self.inner.predict(&asked.collect::<Vec<_>>(), parts, cancel)
    }
}
