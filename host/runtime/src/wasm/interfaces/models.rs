//! Interface `models`: networks by handle, and the one call that runs all lanes of a step.

use std::sync::Arc;

use amdm_diffusion::{Denoiser, Entry, NoiseLevel, Question, Tensor};
use wasmtime::component::Resource;

use super::codecs::lower_latent;
use super::enums::lower_kind;
use super::objects::into_trap;
use super::{Codec as CodecHandle, HostError, StoreData, TextEncoder as TextEncoderHandle};
use crate::core::{Access, entries, within_lanes};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::models::{self, ModelInfo, Prediction, Request};

/// A network that the host holds.
pub struct Model(pub Arc<dyn Denoiser>);

type Handle = Resource<Model>;

/// A request whose handles are resolved.
struct Resolved {
    model: Arc<dyn Denoiser>,
    latent: Tensor,
    level: NoiseLevel,
    positive: Vec<Entry>,
    negative: Option<Vec<Entry>>,
}

impl StoreData {
    fn resolve(&self, request: &Request) -> Result<Resolved, HostError> {
        let negative = match &request.negative {
            Some(handle) => Some(entries(self.table.get(handle)?)?),
            None => None,
        };
        let level = &request.level;
        Ok(Resolved {
            model: self.table.get(&request.model)?.0.clone(),
            latent: self.table.get(&request.latent)?.clone(),
            level: Access::level(level.timestep, level.signal, level.noise)?,
            positive: entries(self.table.get(&request.positive)?)?,
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
        let _work = self.work()?;
        within_lanes(requests.len())?;
        let resolved =
            requests.iter().map(|request| self.resolve(request)).collect::<Result<Vec<_>, _>>()?;
        let asked = requests.iter().zip(&resolved).map(|(request, resolved)| Question {
            model: &resolved.model,
            latent: &resolved.latent,
            level: resolved.level,
            positive: &resolved.positive,
            negative: resolved.negative.as_deref(),
            guidance: request.guidance,
            step: request.step,
            steps: request.steps,
        });
        let asked = asked.collect::<Vec<_>>();
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
            family: info.family.clone(),
            prediction: lower_kind(info.prediction),
            latent_shape: info.latent_shape.clone(),
            latent: lower_latent(&info.latent),
            alphas_cumprod: info.alphas_cumprod.clone(),
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

    fn codec(&mut self, this: Handle) -> Result<Resource<CodecHandle>, HostError> {
        let _work = self.work()?;
        let codec = Arc::clone(&self.table.get(&this)?.0).codec()?;
        self.push(CodecHandle(codec))
    }

    fn text_encoder(&mut self, this: Handle) -> Result<Resource<TextEncoderHandle>, HostError> {
        let _work = self.work()?;
        let encoder = Arc::clone(&self.table.get(&this)?.0).text_encoder()?;
        self.push(TextEncoderHandle(encoder))
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
