//! The embedder's own models: a vtable as a network of the host's.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::math::Solver;
use amdm::math::schedule::Spacing;
use amdm_diffusion::{
    Cancel, Codec, Conditioning, Denoiser, LatentInfo, ModelInfo, Models, NoiseLevel, Prediction,
    Request, Tensor, Tiling,
};
use amdm_runtime::{Object, Turn, Value};
use serde_json::Value as Json;

use crate::context::{AmdmContext, AmdmObject, Context};
use crate::facts::{Facts, facts};
use crate::host::{AmdmHost, registering};
use crate::layout::{Versioned, read, text};
use crate::lent;
use crate::own::{Own, User};
use crate::status::{AmdmStatus, Fail, guard};
use crate::tables::{AmdmNodeApi, AmdmPrediction, AmdmRequest, NODE_API};
use crate::tensor::AmdmTensor;

/// A model of the embedder's: facts as JSON, and functions that the host calls.
///
/// `info_json` is an object with
///   `name`, by which graphs load it;
///   `prediction`: `epsilon`, `velocity`, `sample` or `flow`;
///   `latent_shape`: one latent without the batch, 2 to 4 extents, such as [channels, height,
///   width], [channels, time] of sound or [channels, time, height, width] of films;
///   `latent_space`: models are aggregated only where it is equal;
///   `alphas_cumprod`: numbers in (0, 1], falling, one for each training step; none for `flow`;
/// and where they differ from the values in brackets:
///   `family` (""): models of one family take the same text encoders;
///   `latent_pixels` (1): pixels of an image's side for each value of a latent's side;
///   `latent_scale` (1) and `latent_shift` (0): requests see `(latent - shift) * scale` of what
///   wires carry, `decode` takes and `encode` gives; a number, or one for each channel;
///   `final_alpha` (1), in (0, 1]: what comes after the last step;
///   `clip` (null), above 0: predicted samples are held within [-clip, clip];
///   `conditioning_schema` ({}): JSON Schema of what `condition` takes;
///   `version` (null): with the facts above it says all that answers depend on, so that results may
///   be kept on disk and for other processes; a change of weights or code needs another one.
///   Without one results are kept in memory alone. What is computed with other models that a
///   callback asks is not kept at all, unless they are built in;
///   `deterministic` (true): false says that equal questions may get different answers, as from a
///   network that is changed while the host has it; what depends on its answers is never kept,
///   neither in memory nor on disk;
///   `parts` (false): whether it gives conditional and unconditional predictions apart;
///   `concurrent` (false): whether several runs may call it at once, else calls come one at a time.
///   Two models that ask each other must both be concurrent.
///
/// A model stays until its host is destroyed and the last graph and run of it are. Functions may be
/// NULL where it says so. Calls come on the thread that executes the run: the caller of
/// `amdm_run_execute`, or the worker of `amdm_run_start`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmModelVtable {
    /// `sizeof(AmdmModelVtable)`.
    pub struct_size: usize,
    /// Facts, copied at once.
    pub info_json: *const c_char,
    /// Handed to every function.
    pub user_data: *mut c_void,
    /// Writes the `steps` timesteps that the model recommends, first to last; its failure ends the
    /// sampling. NULL: trailing spacing over its `alphas_cumprod`, for `flow` evenly from 1.
    pub timesteps: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            steps: u32,
            out: *mut f64,
        ) -> AmdmStatus,
    >,
    /// Answers all requests of a step to this model, in order. The requests' tensors and objects
    /// are lent. `out` holds `count` predictions that are zeroed; the tensors left there are given
    /// to the host, also on failure. With `parts` 1 all three are wanted, else `guided` alone.
    pub predict: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            requests: *const AmdmRequest,
            count: usize,
            parts: u32,
            out: *mut AmdmPrediction,
        ) -> AmdmStatus,
    >,
    /// Makes a condition from JSON and named tensors, which are lent; the object left in `out` is
    /// given to the host and comes back as `positive` and `negative`. Objects of
    /// `amdm_graph_set_object` come there as well. NULL: an object of kind
    /// `CONDITION` with the field `json` and the tensors.
    pub condition: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            json: *const c_char,
            names: *const *const c_char,
            tensors: *const *mut AmdmTensor,
            count: usize,
            out: *mut *mut AmdmObject,
        ) -> AmdmStatus,
    >,
    /// Latent to image [batch, height, width, 3] in [0, 1], whatever the latent's rank; the tensor
    /// left in `out` is given to the host. NULL: DecodeLatent refuses, and there are no previews.
    pub decode: AmdmModelCodec,
    /// Image to latent, the batch before the extents of `latent_shape`. NULL: EncodeImage refuses.
    pub encode: AmdmModelCodec,
    /// Called once, when the host needs the model no more, also where its registration failed; on
    /// any thread. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

/// A tensor to a tensor: `decode` and `encode` of a model.
pub type AmdmModelCodec = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        ctx: *mut AmdmContext,
        api: *const AmdmNodeApi,
        input: *mut AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
>;

// SAFETY: `repr(C)`, the size first, pointers that may be NULL.
unsafe impl Versioned for AmdmModelVtable {}

/// A model of the embedder's.
pub(crate) struct OwnModel {
    own: Arc<Own<AmdmModelVtable>>,
    info: ModelInfo,
    parts: bool,
    deterministic: bool,
}

/// What a registered model made of a condition.
struct OwnCondition(Object);

/// Adds a model of the caller's own, which graphs load by its name in `ModelLoader`.
///
/// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
/// model, or at once where this fails.
///
/// Failures: `INVALID_ARGUMENT` for an `info_json` that does not fit, `INVALID_INPUT` for a name
/// that is taken.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_register_model(
    host: *mut AmdmHost,
    vtable: *const AmdmModelVtable,
) -> AmdmStatus {
    guard(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let (vtable, user) = unsafe { taken(vtable)? };
        let host = registering(host)?;
        let models = host.runtime().models();
        // SAFETY: as above.
        let (model, version) = unsafe { network(vtable, user, models)? };
        let name = model.info.name.clone();
        models.register(&name, Arc::new(model), version)?;
        Ok(())
    })
}

/// Reads a vtable. From here on its data is ended, whatever happens.
///
/// # Safety
/// `vtable` is NULL or points to a vtable.
pub(crate) unsafe fn taken(
    vtable: *const AmdmModelVtable,
) -> Result<(AmdmModelVtable, User), Fail> {
    // SAFETY: the caller says so.
    let vtable = unsafe { read(vtable, "vtable")? };
    Ok((vtable, User { data: vtable.user_data, destroy: vtable.destroy }))
}

/// A vtable as a network of a host with `models`, and the version that it says it has.
///
/// # Safety
/// The vtable's texts and functions are as its documentation says.
pub(crate) unsafe fn network(
    vtable: AmdmModelVtable,
    user: User,
    models: &Arc<Models>,
) -> Result<(OwnModel, Option<String>), Fail> {
    // SAFETY: the caller says so.
    let facts = facts(unsafe { text(vtable.info_json, "info_json")? })?;
    if vtable.predict.is_none() {
        return Err(Fail::argument("found NULL for predict"));
    }
    let Facts { info, version, parts, concurrent, deterministic } = facts;
    let turn = (!concurrent).then(Turn::default);
    let own = Arc::new(Own { vtable, user, models: Arc::downgrade(models), turn });
    Ok((OwnModel { own, info, parts, deterministic }, version))
}

impl OwnModel {
    fn named(&self, error: Error) -> Error {
        let message = format!("model {}: {}", self.info.name, error.message);
        Error { message, ..error }
    }

    /// Calls a function of the vtable, which `cancel` may stop.
    fn ask<T, F>(&self, cancel: Option<Cancel<'_>>, call: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(*mut c_void, &Context, *mut AmdmContext) -> (AmdmStatus, T) + Send + 'static,
    {
        let context = Context::new(&self.own.models, None, None);
        let _cancelled = cancel.map(|cancel| context.cancelled_by(cancel));
        let asked = self.own.ask(&context, |own, context, ctx| call(own.user.data, context, ctx));
        asked.map_err(|error| self.named(error))
    }

    /// Calls `codec` of the vtable.
    fn convert(
        &self,
        codec: AmdmModelCodec,
        what: &str,
        input: &Tensor,
        tiles: Option<Tiling>,
        cancel: Cancel<'_>,
    ) -> Result<Tensor, Error> {
        if tiles.is_some() {
            let message = format!("model {} cannot {what} by tiles", self.info.name);
            return Err(Error::new(Code::Unsupported, message));
        }
        let Some(codec) = codec else {
            let message = format!("model {} cannot {what}", self.info.name);
            return Err(Error::new(Code::Unsupported, message));
        };
        let (input, batch) = (input.clone(), input.extents().first().copied());
        let given = self.ask(Some(cancel), move |data, context, ctx| {
            let input = match context.lend_tensor(input) {
                Ok(input) => input,
                Err(fail) => return (fail.status, Err(fail)),
            };
            let mut given = std::ptr::null_mut();
            // SAFETY: as the vtable's documentation says.
            let status = unsafe { codec(data, ctx, &raw const NODE_API, input, &mut given) };
            (status, context.take_tensor(given))
        })?;
        let given = given.map_err(|fail| self.named(fail.into_error()))?;
        let rank = self.info.latent_shape.len();
        match (what, given.extents()) {
            (DECODE, [found, _, _, 1 | 3 | 4]) if Some(*found) == batch => Ok(given),
            (ENCODE, [found, one @ ..]) if Some(*found) == batch && one.len() == rank => Ok(given),
            (what, found) => {
                let expected = match (what, rank) {
                    (DECODE, _) => "[batch, height, width, 1, 3 or 4]".to_owned(),
                    (_, 3) => "[batch, channels, height, width]".to_owned(),
                    (_, rank) => format!("the batch and {rank} extents"),
                };
                let message = format!("asked to {what}, it gave {found:?}, expected {expected}");
                Err(self.named(Error::new(Code::Internal, message)))
            }
        }
    }
}

/// What codecs do.
const ENCODE: &str = "encode images";
const DECODE: &str = "decode latents";

impl Denoiser for OwnModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> amdm_diffusion::Result<Vec<f64>> {
        if let Some(timesteps) = self.own.vtable.timesteps {
            return self.ask(None, move |data, _, ctx| {
                let mut all = vec![0.0; steps as usize];
                let (api, out) = (&raw const NODE_API, all.as_mut_ptr());
                // SAFETY: as the vtable's documentation says.
                (unsafe { timesteps(data, ctx, api, steps, out) }, all)
            });
        }
        let evenly =
            |steps: u32| Ok((0..steps).map(|i| 1.0 - f64::from(i) / f64::from(steps)).collect());
        match self.info.alphas_cumprod.len() as u32 {
            0 => evenly(steps),
            training => Spacing::Trailing.timesteps(Solver::Ddim, steps, training, evenly),
        }
    }

    fn condition(
        &self,
        json: &str,
        parts: &[(&str, &Tensor)],
    ) -> amdm_diffusion::Result<Conditioning> {
        let bytes = parts.iter().map(|(_, tensor)| tensor.bytes()).sum();
        let object = OwnCondition(self.object(json, parts)?);
        Ok(Conditioning::new(self.info.name.clone(), json, object, bytes))
    }

    fn codec(self: Arc<Self>) -> amdm_diffusion::Result<Arc<dyn Codec>> {
        Ok(self)
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        cancel: Cancel<'_>,
    ) -> amdm_diffusion::Result<Vec<Prediction>> {
        if cancel() {
            return Err(Error::new(Code::Cancelled, "the run is being stopped"));
        }
        let Some(predict) = self.own.vtable.predict else {
            return Err(Error::new(Code::Internal, "the model has no predict"));
        };
        let asked = requests.iter().map(|request| Asked::of(request, &self.info.name));
        let asked = asked.collect::<Result<Vec<_>, Error>>()?;
        let count = asked.len();
        let answers = self.ask(Some(cancel), move |data, context, ctx| {
            let requests = asked.iter().map(|asked| asked.lend(context));
            let requests = match requests.collect::<Result<Vec<_>, Fail>>() {
                Ok(requests) => requests,
                Err(fail) => return (fail.status, Vec::new()),
            };
            let none = std::ptr::null_mut();
            let none = AmdmPrediction { guided: none, conditional: none, unconditional: none };
            let mut out = vec![none; count];
            context.give_levels(asked.iter().map(|asked| asked.level).collect());
            let (first, parts, all) = (requests.as_ptr(), u32::from(parts), out.as_mut_ptr());
            let api = &raw const NODE_API;
            // SAFETY: as the vtable's documentation says.
            let status = unsafe { predict(data, ctx, api, first, count, parts, all) };
            let take = |handle: *mut AmdmTensor| match handle.is_null() {
                true => Ok(None),
                false => context.take_tensor(handle).map(Some),
            };
            let given = out
                .iter()
                .map(|given| [given.guided, given.conditional, given.unconditional].map(take));
            (status, given.collect::<Vec<_>>())
        })?;
        let taken = answers.into_iter().zip(requests);
        let taken = taken.map(|(given, request)| self.taken(given, request, parts));
        taken.collect::<Result<Vec<_>, Error>>().map_err(|error| self.named(error))
    }

    fn stays_on_thread(&self) -> bool {
        true
    }

    fn gives_parts(&self) -> bool {
        self.parts
    }

    fn is_deterministic(&self) -> bool {
        self.deterministic
    }
}

impl Codec for OwnModel {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.info.latent
    }

    fn encode(
        &self,
        image: &Tensor,
        tiles: Option<Tiling>,
        cancel: Cancel<'_>,
    ) -> amdm_diffusion::Result<Tensor> {
        self.convert(self.own.vtable.encode, ENCODE, image, tiles, cancel)
    }

    fn decode(
        &self,
        latent: &Tensor,
        tiles: Option<Tiling>,
        cancel: Cancel<'_>,
    ) -> amdm_diffusion::Result<Tensor> {
        self.convert(self.own.vtable.decode, DECODE, latent, tiles, cancel)
    }
}

impl OwnModel {
    /// What a condition is made of: what the vtable's `condition` gives, or JSON and tensors.
    fn object(&self, json: &str, parts: &[(&str, &Tensor)]) -> Result<Object, Error> {
        let Some(condition) = self.own.vtable.condition else {
            serde_json::from_str::<Json>(json).map_err(|error| {
                Error::invalid(format!("found {json:?}, expected JSON: {error}")).at("json")
            })?;
            let mut fields = vec![("json".to_owned(), Value::Json(json.into()))];
            let tensors = parts.iter();
            fields.extend(
                tensors.map(|(name, tensor)| ((*name).into(), Value::Tensor((*tensor).clone()))),
            );
            return Object::fields("CONDITION", fields);
        };
        let invalid = |_| Error::invalid("found a 0 inside a text");
        let json = CString::new(json).map_err(invalid)?;
        let names = parts.iter().map(|(name, _)| CString::new(*name).map_err(invalid));
        let names = names.collect::<Result<Vec<_>, Error>>()?;
        let tensors = parts.iter().map(|(_, tensor)| (*tensor).clone()).collect::<Vec<_>>();
        let given = self.ask(None, move |data, context, ctx| {
            let lent = tensors.into_iter().map(|tensor| context.lend_tensor(tensor));
            let handles = match lent.collect::<Result<Vec<_>, Fail>>() {
                Ok(handles) => handles,
                Err(fail) => return (fail.status, Err(fail)),
            };
            let names = names.iter().map(|name| name.as_ptr()).collect::<Vec<_>>();
            let mut given = std::ptr::null_mut();
            let (api, count) = (&raw const NODE_API, names.len());
            let (json, names, handles) = (json.as_ptr(), names.as_ptr(), handles.as_ptr());
            // SAFETY: as the vtable's documentation says.
            let status =
                unsafe { condition(data, ctx, api, json, names, handles, count, &mut given) };
            (status, context.take_object(given))
        })?;
        given.map_err(|fail| self.named(fail.into_error()))
    }

    /// The answer to one request, checked.
    fn taken(
        &self,
        [guided, conditional, unconditional]: [Result<Option<Tensor>, Fail>; 3],
        request: &Request<'_>,
        parts: bool,
    ) -> Result<Prediction, Error> {
        let expected = request.latent.extents();
        let fitting = |given: Result<Option<Tensor>, Fail>, name: &str| {
            let Some(tensor) = given.map_err(Fail::into_error)? else { return Ok(None) };
            if tensor.extents() != expected {
                let found = tensor.extents();
                return Err(Error::new(
                    Code::Internal,
                    format!("it gave {name} of shape {found:?}, expected {expected:?}"),
                ));
            }
            Ok(Some(tensor))
        };
        let missing =
            |name: &str| Error::new(Code::Internal, format!("it gave no {name} prediction"));
        let guided = fitting(guided, "a guided prediction")?.ok_or_else(|| missing("guided"))?;
        let conditional = fitting(conditional, "a conditional prediction")?;
        let unconditional = fitting(unconditional, "an unconditional prediction")?;
        if parts && (conditional.is_none() || unconditional.is_none()) {
            return Err(missing("conditional or no unconditional"));
        }
        Ok(Prediction {
            guided,
            conditional: conditional.filter(|_| parts),
            unconditional: unconditional.filter(|_| parts),
        })
    }
}

/// A request that owns what it names.
struct Asked {
    latent: Tensor,
    positive: Object,
    negative: Option<Object>,
    level: NoiseLevel,
    guidance: f64,
    step: u32,
    steps: u32,
}

impl Asked {
    fn of(request: &Request<'_>, name: &str) -> Result<Self, Error> {
        let object = |conditioning: &Conditioning| {
            lent::condition(conditioning).map_or_else(
                || conditioning.data::<OwnCondition>(name).map(|condition| condition.0.clone()),
                Ok,
            )
        };
        Ok(Self {
            latent: request.latent.clone(),
            positive: object(request.positive)?,
            negative: request.negative.map(object).transpose()?,
            level: request.level,
            guidance: request.guidance,
            step: request.step,
            steps: request.steps,
        })
    }

    /// The request as the callback sees it.
    fn lend(&self, context: &Context) -> Result<AmdmRequest, Fail> {
        let negative = match &self.negative {
            Some(negative) => context.lend_object(negative.clone())?,
            None => std::ptr::null_mut(),
        };
        Ok(AmdmRequest {
            struct_size: size_of::<AmdmRequest>(),
            model: std::ptr::null_mut(),
            latent: context.lend_tensor(self.latent.clone())?,
            timestep: self.level.timestep,
            positive: context.lend_object(self.positive.clone())?,
            negative,
            guidance: self.guidance,
            step: self.step,
            steps: self.steps,
        })
    }
}
