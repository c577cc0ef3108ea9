//! Interface `models`: networks by handle, and the one call that runs all lanes of a step.

use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm_diffusion::{Conditioning, Denoiser, PredictionKind, Tensor};
use wasmtime::component::Resource;

use super::objects::into_trap;
use super::{HostError, StoreData, short};
use crate::bindings::amdm::node::models::{self, ModelInfo, Prediction, Request};
use crate::cache::Read;
use crate::run::Shared;
use crate::value::Object;

/// Most timesteps that a model is asked for: training has 1,000.
const STEPS: u32 = 100_000;

/// A network that the host holds.
pub struct Model(pub Arc<dyn Denoiser>);

type Handle = Resource<Model>;

/// A request whose handles are resolved.
struct Resolved {
    model: Arc<dyn Denoiser>,
    latent: Tensor,
    positive: Conditioning,
    negative: Option<Conditioning>,
}

impl StoreData {
    fn resolve(&self, request: &Request) -> Result<Resolved, HostError> {
        let negative = match &request.negative {
            Some(handle) => Some(self.table.get(handle)?.conditioning()?.clone()),
            None => None,
        };
        Ok(Resolved {
            model: self.table.get(&request.model)?.0.clone(),
            latent: self.table.get(&request.latent)?.clone(),
            positive: self.table.get(&request.positive)?.conditioning()?.clone(),
            negative,
        })
    }

    fn push_prediction(
        &mut self,
        prediction: amdm_diffusion::Prediction,
    ) -> Result<Prediction, HostError> {
        Ok(Prediction {
            guided: self.push_tensor(prediction.guided)?,
            conditional: prediction.conditional.map(|part| self.push_tensor(part)).transpose()?,
            unconditional: prediction
                .unconditional
                .map(|part| self.push_tensor(part))
                .transpose()?,
        })
    }
}

/// Fails for more requests than lanes may be.
fn within_lanes(found: usize) -> Result<(), Error> {
    let limit = amdm::math::state::LANES as usize;
    if found <= limit {
        return Ok(());
    }
    let message = format!("found {found} requests in one step, expected at most {limit}");
    Err(Error::new(Code::LimitExceeded, message))
}

/// All predictions of one step, counted and timed.
///
/// # Errors
/// Those of the models, `limit_exceeded`, `cancelled`.
pub(crate) fn predict(
    run: &Shared,
    requests: &[amdm_diffusion::Request<'_>],
    parts: bool,
) -> Result<Vec<amdm_diffusion::Prediction>, Error> {
    run.cancel.check()?;
    within_lanes(requests.len())?;
    let stopped = || run.cancel.is_set();
    let predictions = run.time_networks(|| amdm_diffusion::predict(requests, parts, &stopped))?;
    run.count_passes(requests.len() as u64);
    Ok(predictions)
}

/// A network by name.
///
/// # Errors
/// Those of the models, `limit_exceeded`, `cancelled`.
pub(crate) fn load_model(
    run: &Shared,
    name: &str,
    options_json: &str,
) -> Result<Arc<dyn Denoiser>, Error> {
    run.cancel.check()?;
    run.saw(Read::Model(name.to_owned()));
    short(options_json, "model options")?;
    run.models.load(name, options_json)
}

impl models::Host for StoreData {
    fn predict(
        &mut self,
        requests: Vec<Request>,
        parts: bool,
    ) -> Result<Vec<Prediction>, HostError> {
        let _work = self.work()?;
        within_lanes(requests.len())?;
        let resolved =
            requests.iter().map(|request| self.resolve(request)).collect::<Result<Vec<_>, _>>()?;
        let asked = requests
            .iter()
            .zip(&resolved)
            .map(|(request, resolved)| amdm_diffusion::Request {
                model: &resolved.model,
                latent: &resolved.latent,
                timestep: request.timestep,
                positive: &resolved.positive,
                negative: resolved.negative.as_ref(),
                guidance: request.guidance,
                step: request.step,
                steps: request.steps,
            })
            .collect::<Vec<_>>();
        let predictions = predict(&self.run, &asked, parts)?;
        predictions.into_iter().map(|prediction| self.push_prediction(prediction)).collect()
    }
}

impl models::HostModel for StoreData {
    fn load(&mut self, name: String, options_json: String) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let model = load_model(&self.run, &name, &options_json)?;
        self.push(Model(model))
    }

    fn from_object(&mut self, object: Resource<Object>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let model = self.table.get(&object)?.model()?.clone();
        self.push(Model(model))
    }

    fn to_object(&mut self, this: Handle) -> wasmtime::Result<Resource<Object>> {
        let object = Object::from_model(self.table.get(&this)?.0.clone());
        self.push_object(object).map_err(into_trap)
    }

    fn info(&mut self, this: Handle) -> wasmtime::Result<ModelInfo> {
        let info = self.table.get(&this)?.0.info();
        Ok(ModelInfo {
            name: info.name.clone(),
            prediction: match info.prediction {
                PredictionKind::Epsilon => models::PredictionKind::Epsilon,
                PredictionKind::Velocity => models::PredictionKind::Velocity,
                PredictionKind::Sample => models::PredictionKind::Sample,
                PredictionKind::Flow => models::PredictionKind::Flow,
            },
            latent_shape: info.latent_shape.clone(),
            latent_space: info.latent_space.clone(),
            alphas_cumprod: info.alphas_cumprod.to_vec(),
            final_alpha: info.final_alpha,
            clip: info.clip,
            conditioning_schema: info.conditioning_schema.clone(),
        })
    }

    fn timesteps(&mut self, this: Handle, steps: u32) -> Result<Vec<f64>, HostError> {
        let _work = self.work()?;
        if steps > STEPS {
            let message = format!("found {steps} steps to plan, expected at most {STEPS}");
            return Err(Error::new(Code::LimitExceeded, message).into());
        }
        Ok(self.table.get(&this)?.0.timesteps(steps)?)
    }

    fn with_adapter(
        &mut self,
        this: Handle,
        name: String,
        _options_json: String,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        self.run.saw(Read::Other);
        let model = &self.table.get(&this)?.0.info().name;
        Err(Error::new(
            Code::Unsupported,
            format!("the model {model:?} takes no adapters, found {name:?}"),
        )
        .into())
    }

    fn condition(
        &mut self,
        this: Handle,
        json: String,
        parts: Vec<(String, Resource<Tensor>)>,
    ) -> Result<Resource<Object>, HostError> {
        let _work = self.work()?;
        short(&json, "a condition")?;
        let parts = parts
            .iter()
            .map(|(name, handle)| Ok((name.as_str(), self.table.get(handle)?)))
            .collect::<Result<Vec<_>, HostError>>()?;
        let conditioning = self.table.get(&this)?.0.condition(&json, &parts)?;
        self.push_object(Object::from_conditioning(conditioning))
    }

    fn list_names(&mut self, kind: String) -> wasmtime::Result<Vec<String>> {
        self.run.saw(Read::Other);
        Ok(self.run.models.names(&kind))
    }

    fn encode(
        &mut self,
        this: Handle,
        image: Resource<Tensor>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let latent = self.table.get(&this)?.0.encode(self.table.get(&image)?)?;
        self.push_tensor(latent)
    }

    fn decode(
        &mut self,
        this: Handle,
        latent: Resource<Tensor>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let image = self.table.get(&this)?.0.decode(self.table.get(&latent)?)?;
        self.push_tensor(image)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
