//! Interface `models`: networks by handle, and the one call that runs all lanes of a step.

use std::sync::Arc;

use amdm::error::Error;
use amdm_diffusion::{Conditioning, Denoiser, NoiseLevel, Tensor};
use wasmtime::component::Resource;

use super::enums::lower_kind;
use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::core::{Access, within_lanes};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::models::{self, ModelInfo, Prediction, Request};

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

impl models::Host for StoreData {
    fn predict(
        &mut self,
        requests: Vec<Request>,
        parts: bool,
    ) -> Result<Vec<Prediction>, HostError> {
        self.predict_with(&requests, parts, |info, timestep| Ok(info.level(timestep)))
    }

    fn predict_at(
        &mut self,
        requests: Vec<Request>,
        signal: f64,
        noise: f64,
        parts: bool,
    ) -> Result<Vec<Prediction>, HostError> {
        self.predict_with(&requests, parts, |_, timestep| Access::level(timestep, signal, noise))
    }
}

impl StoreData {
    /// Answers requests whose levels are `level` of the model's facts and the timestep.
    fn predict_with(
        &mut self,
        requests: &[Request],
        parts: bool,
        level: impl Fn(&amdm_diffusion::ModelInfo, f64) -> Result<NoiseLevel, Error>,
    ) -> Result<Vec<Prediction>, HostError> {
        let _work = self.work()?;
        within_lanes(requests.len())?;
        let resolved =
            requests.iter().map(|request| self.resolve(request)).collect::<Result<Vec<_>, _>>()?;
        let asked = requests.iter().zip(&resolved).map(|(request, resolved)| {
            Ok(amdm_diffusion::Request {
                model: &resolved.model,
                latent: &resolved.latent,
                level: level(resolved.model.info(), request.timestep)?,
                positive: &resolved.positive,
                negative: resolved.negative.as_ref(),
                guidance: request.guidance,
                step: request.step,
                steps: request.steps,
            })
        });
        let asked = asked.collect::<Result<Vec<_>, Error>>()?;
        let predictions = self.access.predict(&asked, parts)?;
        predictions.into_iter().map(|prediction| self.push_prediction(prediction)).collect()
    }
}

impl models::HostModel for StoreData {
    fn load(&mut self, name: String, options_json: String) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let model = self.access.load_model(&name, &options_json)?;
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
            prediction: lower_kind(info.prediction),
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
        Ok(self.access.timesteps(&*self.table.get(&this)?.0, steps)?)
    }

    fn with_adapter(
        &mut self,
        this: Handle,
        name: String,
        options_json: String,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let model = &self.table.get(&this)?.0;
        let adapted = self.access.with_adapter(&**model, &name, &options_json)?;
        self.push(Model(adapted))
    }

    fn condition(
        &mut self,
        this: Handle,
        json: String,
        parts: Vec<(String, Resource<Tensor>)>,
    ) -> Result<Resource<Object>, HostError> {
        let _work = self.work()?;
        let parts = parts
            .iter()
            .map(|(name, handle)| Ok((name.as_str(), self.table.get(handle)?)))
            .collect::<Result<Vec<_>, HostError>>()?;
        let model = &self.table.get(&this)?.0;
        let conditioning = self.access.condition(&**model, &json, &parts)?;
        self.push_object(Object::from_conditioning(conditioning))
    }

    fn list_names(&mut self, kind: String) -> wasmtime::Result<Vec<String>> {
        Ok(self.access.list_names(&kind))
    }

    fn encode(
        &mut self,
        this: Handle,
        image: Resource<Tensor>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let model = &self.table.get(&this)?.0;
        let latent = self.access.encode(&**model, self.table.get(&image)?)?;
        self.push_tensor(latent)
    }

    fn decode(
        &mut self,
        this: Handle,
        latent: Resource<Tensor>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let model = &self.table.get(&this)?.0;
        let image = self.access.decode(&**model, self.table.get(&latent)?)?;
        self.push_tensor(image)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
