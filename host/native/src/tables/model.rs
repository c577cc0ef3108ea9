//! Interface `models` of the contract.

use std::ffi::c_char;
use std::sync::Arc;

use amdm::error::Error;
use amdm_diffusion::{NoiseLevel, Question, Tensor};
use amdm_runtime::{Access, Object, entries};

use super::{AmdmNoiseLevel, AmdmPrediction, AmdmRequest, codec, fill, level, object, tensors};
use crate::context::{AmdmContext, AmdmModel, AmdmObject, Context, Model};
use crate::facts::info_json;
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, list, optional, put, text};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, of};

/// Networks: built in, in the model directories, or registered.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmModelApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// A network by name. `options_json` may be NULL.
    pub load: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        options_json: *const c_char,
        out: *mut *mut AmdmModel,
    ) -> AmdmStatus,
    /// The network of a value of wire `MODEL`.
    pub from_object: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        out: *mut *mut AmdmModel,
    ) -> AmdmStatus,
    /// The value of wire `MODEL` with this network.
    pub to_object: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// Facts about it as JSON: `name`, `family`, `prediction`, `latent_shape`, `latent_space`,
    /// `latent_pixels`, `latent_scale`, `latent_shift`, `alphas_cumprod`, `final_alpha`, `clip`,
    /// `conditioning_schema`, as `AmdmModelVtable.info_json` has them.
    pub info: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        out: *mut AmdmStr,
    ) -> AmdmStatus,
    /// The timesteps that it recommends, first to last: `steps` of them.
    pub timesteps: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        steps: u32,
        out: *mut f64,
    ) -> AmdmStatus,
    /// All predictions of one step, in order, into `count` places; the tensors are lent to the
    /// callback.
    pub predict: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        requests: *const AmdmRequest,
        count: usize,
        parts: u32,
        out: *mut AmdmPrediction,
    ) -> AmdmStatus,
    /// A value of wire `CONDITIONING` from JSON that fits the model's schema, and named tensors.
    pub condition: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        json: *const c_char,
        names: *const *const c_char,
        tensors: *const *const AmdmTensor,
        count: usize,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// Image [batch, height, width, channels] in [0, 1] to latent, through the model's codec.
    pub encode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        image: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Latent to image [batch, height, width, channels] in [0, 1], through the model's codec.
    pub decode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        latent: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Adds a reference, so that the model outlives the callback. A node that asks it in a later
    /// run says `depends_on_more` there: that run does not know what it read.
    pub retain: unsafe extern "C" fn(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus,
    /// Gives such a reference back.
    pub release: unsafe extern "C" fn(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus,
    /// The same network with a small set of weights attached; the others stay shared.
    /// `options_json` may be NULL. `AMDM_STATUS_UNSUPPORTED` of a model that takes none.
    pub with_adapter: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        name: *const c_char,
        options_json: *const c_char,
        out: *mut *mut AmdmModel,
    ) -> AmdmStatus,
    /// Names that there are of a kind, such as `models`, as a JSON list that lives as long as the
    /// callback. A result that depends on it is not kept, as names come and go.
    pub list_names: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        kind: *const c_char,
        names_json: *mut AmdmStr,
    ) -> AmdmStatus,
    /// The same as `predict`, where the latents are `signal * x0 + noise * epsilon`; timesteps are those
    /// of the requests. (`predict` takes the level that each model's own table has at the timestep.)
    /// Both are finite, from 0, and not both 0.
    pub predict_at: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        requests: *const AmdmRequest,
        count: usize,
        signal: f64,
        noise: f64,
        parts: u32,
        out: *mut AmdmPrediction,
    ) -> AmdmStatus,
    /// Inside a model's `predict`: where the latent of request `index`, from 0, is on the forward
    /// process. Its sigma is `noise / signal`.
    pub request_level: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        index: usize,
        out: *mut AmdmNoiseLevel,
    ) -> AmdmStatus,
    /// A value of wire `VAE`: what turns its latents into images and back.
    /// `AMDM_STATUS_NOT_FOUND` where its file holds none.
    pub codec: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// A value of wire `CLIP`: what turns prompts into its conditions. `AMDM_STATUS_NOT_FOUND` where
    /// its file holds none.
    pub text_encoder: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
}

type In = *const AmdmModel;

pub(crate) static MODEL: AmdmModelApi = AmdmModelApi {
    struct_size: size_of::<AmdmModelApi>(),
    load: gives!(AmdmModel, "the model", |c, name: *const c_char, options: *const c_char| {
        let name = text(name, "name")?;
        let options = optional(options, "options_json")?.unwrap_or("");
        c.lend_model(c.load_model(name, options)?)
    }),
    from_object: gives!(AmdmModel, "the model", |c, object: *const AmdmObject| {
        c.lend_model(object::of(object)?.model()?.clone())
    }),
    to_object: object!(|c, model: In| {
        HANDLES.get::<Model>(model as usize).map(|model| Object::from_model(model.0.clone()))
    }),
    info: function!(|c, model: In, out: *mut AmdmStr| {
        let model = HANDLES.get::<Model>(model as usize)?;
        put(out, c.lend_text(info_json(model.0.info())), "the facts")
    }),
    timesteps: function!(|c, model: In, steps: u32, out: *mut f64| {
        let model = c.asked(model)?;
        let timesteps = match c.access() {
            Some(access) => access.timesteps(&*model.0, steps)?,
            None => amdm_diffusion::timesteps(&*model.0, steps)?,
        };
        fill(&timesteps, out, steps as usize, &mut 0)
    }),
    predict: function!(|c,
                        requests: *const AmdmRequest,
                        count: usize,
                        parts: u32,
                        out: *mut AmdmPrediction| {
        let level = |model: &Model, timestep| Ok(model.0.info().level(timestep));
        predict(c, list(requests, count, "requests")?, level, parts != 0, out)
    }),
    condition: object!(|c,
                        model: In,
                        json: *const c_char,
                        names: *const *const c_char,
                        values: *const *const AmdmTensor,
                        count: usize| {
        let model = c.asked(model)?;
        let json = text(json, "json")?;
        let names = list(names, count, "names")?.iter().map(|name| text(*name, "a name"));
        let parts = tensors(values, count)?;
        let named = names.collect::<Result<Vec<_>, Fail>>()?;
        let named = named.into_iter().zip(parts.iter().map(|part| &**part)).collect::<Vec<_>>();
        let condition = match c.access() {
            Some(access) => access.condition(&*model.0, json, &named),
            None => model.0.condition(json, &named),
        };
        condition.map(Object::from_conditioning)
    }),
    encode: tensor!(|c, model: In, image: *const AmdmTensor| {
        let (model, image) = (c.asked(model)?, of(image)?);
        codec::encode(c, &*Arc::clone(&model.0).codec()?, &image, None)
    }),
    decode: tensor!(|c, model: In, latent: *const AmdmTensor| {
        let (model, latent) = (c.asked(model)?, of(latent)?);
        codec::decode(c, &*Arc::clone(&model.0).codec()?, &latent, None)
    }),
    retain: retain!(Model, AmdmModel),
    release: release!(Model, AmdmModel),
    with_adapter: gives!(
        AmdmModel,
        "the model",
        |c, model: In, name: *const c_char, options: *const c_char| {
            let (model, name) = (c.asked(model)?, text(name, "name")?);
            let options = optional(options, "options_json")?.unwrap_or("");
            let adapted = match c.access() {
                Some(access) => access.with_adapter(&*model.0, name, options)?,
                None => {
                    c.depends_on_more();
                    c.models()?.with_adapter(&*model.0, name, options)?
                }
            };
            c.lend_model(adapted)
        }
    ),
    list_names: function!(|c, kind: *const c_char, out: *mut AmdmStr| {
        let kind = text(kind, "kind")?;
        let names = match c.access() {
            Some(access) => access.list_names(kind),
            None => {
                c.depends_on_more();
                c.models()?.names(kind)
            }
        };
        let names = serde_json::Value::from(names);
        put(out, c.lend_text(names.to_string()), "the names")
    }),
    predict_at: function!(|c,
                           requests: *const AmdmRequest,
                           count: usize,
                           signal: f64,
                           noise: f64,
                           parts: u32,
                           out: *mut AmdmPrediction| {
        let level = |_: &Model, timestep| Access::level(timestep, signal, noise);
        predict(c, list(requests, count, "requests")?, level, parts != 0, out)
    }),
    request_level: function!(|c, index: usize, out: *mut AmdmNoiseLevel| {
        put(out, level(c.level(index)?), "the level")
    }),
    codec: object!(|c, model: In| {
        let model = c.asked(model)?;
        Arc::clone(&model.0).codec().map(Object::from_codec)
    }),
    text_encoder: object!(|c, model: In| {
        let model = c.asked(model)?;
        Arc::clone(&model.0).text_encoder().map(Object::from_text_encoder)
    }),
};

/// Predictions that a callback asks for.
///
/// # Safety
/// `out` has room for as many predictions as there are requests.
unsafe fn predict(
    context: &Context,
    requests: &[AmdmRequest],
    level: impl Fn(&Model, f64) -> Result<NoiseLevel, Error>,
    parts: bool,
    out: *mut AmdmPrediction,
) -> Result<(), Fail> {
    let resolve = |request: &AmdmRequest| {
        if request.struct_size != size_of::<AmdmRequest>() {
            let (found, expected) = (request.struct_size, size_of::<AmdmRequest>());
            let message = format!("found AmdmRequest.struct_size {found}, expected {expected}");
            return Err(Fail::argument(message));
        }
        let negative = Some(request.negative).filter(|negative| !negative.is_null());
        let negative = negative.map(|negative| object::of(negative)).transpose()?;
        let (model, latent) = (context.asked(request.model)?, of(request.latent)?);
        let positive = object::of(request.positive)?;
        let level = level(&model, request.timestep)?;
        let positive = entries(&positive)?;
        let negative = negative.map(|negative| entries(&negative)).transpose()?;
        Ok((model, latent, level, positive, negative))
    };
    let resolved = requests.iter().map(resolve).collect::<Result<Vec<_>, Fail>>()?;
    let asked = requests.iter().zip(&resolved).map(|(request, resolved)| {
        let (model, latent, level, positive, negative) = resolved;
        Question {
            model: &model.0,
            latent,
            level: *level,
            positive,
            negative: negative.as_deref(),
            guidance: request.guidance,
            step: request.step,
            steps: request.steps,
        }
    });
    let asked = asked.collect::<Vec<_>>();
    let predictions = match context.access() {
        Some(access) => access.predict(&asked, parts)?,
        None => amdm_diffusion::ask(&asked, parts, &|| context.cancelled())?,
    };
    for (index, prediction) in predictions.into_iter().enumerate() {
        let lend = |part: Option<Tensor>| {
            part.map_or(Ok(std::ptr::null_mut()), |part| context.lend_tensor(part))
        };
        let given = AmdmPrediction {
            guided: context.lend_tensor(prediction.guided)?,
            conditional: lend(prediction.conditional)?,
            unconditional: lend(prediction.unconditional)?,
        };
        // SAFETY: the caller says that there is room.
        unsafe { put(out.wrapping_add(index), given, "a prediction")? };
    }
    Ok(())
}
