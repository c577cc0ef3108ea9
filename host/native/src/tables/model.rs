//! Interface `models` of the contract.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use std::ffi::c_char;

use amdm_runtime::Object;

use super::{AmdmPrediction, AmdmRequest, STEPS, fill, tensors};
use crate::context::{AmdmContext, AmdmModel, AmdmObject, Model, tensor, within};
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, clear, list, put, text};
use crate::status::{AMDM_STATUS_INTERNAL, AMDM_STATUS_LIMIT_EXCEEDED, AmdmStatus, Fail};
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
    /// Facts about it as JSON: `name`, `prediction`, `latent_shape`, `latent_space`, `alphas_cumprod`,
    /// `final_alpha`, `clip`, `conditioning_schema`, as `AmdmModelVtable.info_json` has them.
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
    /// All predictions of one step, in order, into `count` places; the tensors are lent to the callback.
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
    /// Image [batch, height, width, channels] in [0, 1] to latent.
    pub encode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        image: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Latent to image [batch, height, width, channels] in [0, 1].
    pub decode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *const AmdmModel,
        latent: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Adds a reference, so that the model outlives the callback. A node that asks it in a later run says
    /// `depends_on_more` there: that run does not know what it read.
    pub retain: unsafe extern "C" fn(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus,
    /// Gives such a reference back.
    pub release: unsafe extern "C" fn(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus,
}

pub(crate) static MODEL: AmdmModelApi = AmdmModelApi {
    struct_size: size_of::<AmdmModelApi>(),
    load: model_load,
    from_object: model_from_object,
    to_object: model_to_object,
    info: model_info,
    timesteps: model_timesteps,
    predict: model_predict,
    condition: model_condition,
    encode: model_encode,
    decode: model_decode,
    retain: model_retain,
    release: model_release,
};

unsafe extern "C" fn model_load(
    ctx: *mut AmdmContext,
    name: *const c_char,
    options_json: *const c_char,
    out: *mut *mut AmdmModel,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the model")? };
        let name = unsafe { text(name, "name")? };
        let options =
            unsafe { crate::layout::optional(options_json, "options_json")? }.unwrap_or("");
        unsafe { put(out, c.lend_model(c.load_model(name, options)?)?, "the model") }
    })
}

unsafe extern "C" fn model_from_object(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    out: *mut *mut AmdmModel,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the model")? };
        let object = HANDLES.get::<Object>(object as usize)?;
        unsafe { put(out, c.lend_model(object.model()?.clone())?, "the model") }
    })
}

unsafe extern "C" fn model_to_object(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the object")? };
        let model = HANDLES.get::<Model>(model as usize)?;
        unsafe { put(out, c.lend_object(Object::from_model(model.0.clone()))?, "the object") }
    })
}

unsafe extern "C" fn model_info(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    out: *mut AmdmStr,
) -> AmdmStatus {
    within(ctx, |c| {
        let model = HANDLES.get::<Model>(model as usize)?;
        let info = crate::model::info_json(model.0.info());
        unsafe { put(out, c.lend_text(info), "the facts") }
    })
}

unsafe extern "C" fn model_timesteps(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    steps: u32,
    out: *mut f64,
) -> AmdmStatus {
    within(ctx, |c| {
        let model = c.asked(model)?;
        if steps > STEPS {
            let message = format!("found {steps} steps to plan, expected at most {STEPS}");
            return Err(Fail::new(AMDM_STATUS_LIMIT_EXCEEDED, message));
        }
        let (mut all, timesteps) = (0, model.0.timesteps(steps)?);
        if timesteps.len() != steps as usize {
            let (name, found) = (&model.0.info().name, timesteps.len());
            let message = format!("model {name} gave {found} timesteps, expected {steps}");
            return Err(Fail::new(AMDM_STATUS_INTERNAL, message));
        }
        unsafe { fill(&timesteps, out, steps as usize, &mut all) }
    })
}

unsafe extern "C" fn model_predict(
    ctx: *mut AmdmContext,
    requests: *const AmdmRequest,
    count: usize,
    parts: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    within(ctx, |c| unsafe {
        crate::model::predict(c, list(requests, count, "requests")?, parts != 0, out)
    })
}

unsafe extern "C" fn model_condition(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    json: *const c_char,
    names: *const *const c_char,
    tensors: *const *const AmdmTensor,
    count: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the object")? };
        let model = c.asked(model)?;
        let json = unsafe { text(json, "json")? };
        let names = unsafe { list(names, count, "names")? };
        let names = names.iter().map(|name| unsafe { text(*name, "a name") });
        let parts = unsafe { self::tensors(tensors, count)? };
        let named = names.collect::<Result<Vec<_>, Fail>>()?;
        let named = named.into_iter().zip(parts.iter().map(|part| &**part)).collect::<Vec<_>>();
        let made = Object::from_conditioning(model.0.condition(json, &named)?);
        unsafe { put(out, c.lend_object(made)?, "the object") }
    })
}

unsafe extern "C" fn model_encode(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    image: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.asked(model)?.0.encode(&*of(image)?)?)) }
}

unsafe extern "C" fn model_decode(
    ctx: *mut AmdmContext,
    model: *const AmdmModel,
    latent: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.asked(model)?.0.decode(&*of(latent)?)?)) }
}

unsafe extern "C" fn model_retain(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus {
    within(ctx, |_| HANDLES.retain::<Model>(model as usize))
}

unsafe extern "C" fn model_release(ctx: *mut AmdmContext, model: *mut AmdmModel) -> AmdmStatus {
    within(ctx, |_| HANDLES.release::<Model>(model as usize).map(drop))
}
