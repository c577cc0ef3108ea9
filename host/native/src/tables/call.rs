//! Interface `runtime` of the contract: a node's call.

use std::ffi::c_char;

use amdm_diffusion::Tensor;
use amdm_runtime::{Level, Value};

use super::{nothing, tensors};
use crate::context::{AmdmContext, AmdmModel, AmdmNamedValue, AmdmValue, Model};
use crate::handle::HANDLES;
use crate::layout::{list, optional, put, text};
use crate::log::LEVELS;
use crate::status::{AMDM_STATUS_INTERNAL, AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, of};

/// What a node sees of the run that it is part of.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmCallApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// The value of an input, validated and with its default filled in. `AMDM_STATUS_EMPTY` and a
    /// value of kind `AMDM_VALUE_NONE` where an optional input has none. Texts and handles live as
    /// long as the callback.
    pub input: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut AmdmValue,
    ) -> AmdmStatus,
    /// The members of an open-ended group (`image_1`, `image_2`, ...), in order. The list lives as
    /// long as the callback.
    pub inputs: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        prefix: *const c_char,
        out: *mut *const AmdmNamedValue,
        count: *mut usize,
    ) -> AmdmStatus,
    /// Sets an output. The value is given away: its handle is used up, whether or not this
    /// succeeds.
    pub set_output: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        value: AmdmValue,
    ) -> AmdmStatus,
    /// Writes 1 where anything in the graph uses this output, else 0.
    pub output_wanted: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut u32,
    ) -> AmdmStatus,
    /// Has editors show something on the node: JSON.
    pub set_ui: unsafe extern "C" fn(ctx: *mut AmdmContext, json: *const c_char) -> AmdmStatus,
    /// Reports that `step` of `total` are done.
    pub progress: unsafe extern "C" fn(ctx: *mut AmdmContext, step: u32, total: u32) -> AmdmStatus,
    /// Shows an unfinished latent, where previews were asked for.
    pub preview: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        model: *mut AmdmModel,
        latent: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Writes 1 once the run is being stopped, else 0. Long work asks now and then.
    pub cancelled: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// Writes a line to the log; `level` is one of `AMDM_LOG_*`. A node's warnings also go into the
    /// run's result; a model's lines belong to no node and are in the log alone.
    pub log: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        level: u32,
        message: *const c_char,
    ) -> AmdmStatus,
    /// Says that the result depends on something that the graph does not name, so that it is not
    /// kept.
    pub depends_on_more: unsafe extern "C" fn(ctx: *mut AmdmContext) -> AmdmStatus,
    /// Says why the callback is about to fail: the run's error has this status, message and input
    /// (which may be NULL). The callback then returns `status`, or any other failure. Statuses from
    /// `AMDM_STATUS_INVALID_INPUT` to `AMDM_STATUS_INTERNAL` stay what they are, `INVALID_ARGUMENT`
    /// becomes `INVALID_INPUT`, `EMPTY` becomes `NOT_FOUND`, and every other one `INTERNAL`.
    pub fail: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        status: AmdmStatus,
        message: *const c_char,
        input: *const c_char,
    ) -> AmdmStatus,
    /// Unfinished work that an earlier run of the same node left: numbers, then tensors, in the
    /// order in which they were kept, without names. A node that asks for it goes on from there.
    /// `AMDM_STATUS_EMPTY` where there is none. The list lives as long as the callback.
    pub checkpoint: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        out: *mut *const AmdmNamedValue,
        count: *mut usize,
    ) -> AmdmStatus,
    /// Whether it is time to keep unfinished work: 1 or 0. Always 0 where none is kept.
    pub checkpoint_due: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// Keeps unfinished work in place of what was kept before, where such work is kept: on disk,
    /// until the node is done.
    pub keep_checkpoint: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        numbers: *const f64,
        number_count: usize,
        tensors: *const *const AmdmTensor,
        tensor_count: usize,
    ) -> AmdmStatus,
}

pub(crate) static CALL: AmdmCallApi = AmdmCallApi {
    struct_size: size_of::<AmdmCallApi>(),
    input: function!(|c, name: *const c_char, out: *mut AmdmValue| {
        let name = text(name, "name")?;
        put(out, AmdmValue::NONE, "the value")?;
        let value = c.call()?.input(name).ok_or_else(|| nothing("input", name))?;
        put(out, c.lend(value)?, "the value")
    }),
    inputs: function!(|c,
                       prefix: *const c_char,
                       out: *mut *const AmdmNamedValue,
                       count: *mut usize| {
        let (list, length) = c.lend_list(c.call()?.inputs(text(prefix, "prefix")?))?;
        put(out, list, "the list")?;
        put(count, length, "the count")
    }),
    set_output: function!(|c, name: *const c_char, value: AmdmValue| {
        let value = c.take(value)?;
        Ok(c.call()?.set_output(text(name, "name")?, value)?)
    }),
    output_wanted: function!(|c, name: *const c_char, out: *mut u32| {
        put(out, c.call()?.output_wanted(text(name, "name")?).into(), "the answer")
    }),
    set_ui: function!(|c, json: *const c_char| Ok(c.call()?.set_ui(text(json, "json")?)?)),
    progress: function!(|c, step: u32, total: u32| {
        c.call()?.progress(step, total);
        Ok(())
    }),
    preview: function!(|c, model: *mut AmdmModel, latent: *mut AmdmTensor| {
        let model = HANDLES.get::<Model>(model as usize)?;
        c.call()?.preview(&model.0, &*of(latent)?);
        Ok(())
    }),
    cancelled: function!(|c, out: *mut u32| put(out, c.cancelled().into(), "the answer")),
    log: function!(|c, level: u32, message: *const c_char| {
        let message = text(message, "message")?;
        let level = log_level(level)?;
        if let Ok(call) = c.call() {
            call.log(level, message);
            return Ok(());
        }
        // A model's line belongs to no node.
        match level {
            Level::Trace => tracing::trace!("{message}"),
            Level::Debug => tracing::debug!("{message}"),
            Level::Info => tracing::info!("{message}"),
            Level::Warn => tracing::warn!("{message}"),
            Level::Error => tracing::error!("{message}"),
        }
        Ok(())
    }),
    depends_on_more: function!(|c| {
        c.call()?.depends_on_more();
        Ok(())
    }),
    fail: function!(|c, status: AmdmStatus, message: *const c_char, input: *const c_char| {
        let message = text(message, "message")?.to_owned();
        let input = optional(input, "input")?.map(str::to_owned);
        let status = if status < 0 { status } else { AMDM_STATUS_INTERNAL };
        c.fail(Fail { status, message, input });
        Ok(())
    }),
    checkpoint: function!(|c, out: *mut *const AmdmNamedValue, count: *mut usize| {
        let found = c.call()?.checkpoint();
        let (numbers, kept) = found.ok_or_else(|| nothing("unfinished", "work"))?;
        let numbers = numbers.into_iter().map(Value::Float);
        let values = numbers.chain(kept.into_iter().map(Value::Tensor));
        let (list, length) = c.lend_list(values.map(|value| (String::new(), value)).collect())?;
        put(out, list, "the list")?;
        put(count, length, "the count")
    }),
    checkpoint_due: function!(|c, out: *mut u32| {
        put(out, c.call()?.checkpoint_due().into(), "the answer")
    }),
    keep_checkpoint: function!(|c,
                                numbers: *const f64,
                                number_count: usize,
                                kept: *const *const AmdmTensor,
                                tensor_count: usize| {
        let numbers = list(numbers, number_count, "numbers")?;
        let kept = tensors(kept, tensor_count)?;
        let kept = kept.iter().map(|tensor| Tensor::clone(tensor)).collect();
        Ok(c.call()?.keep_checkpoint(numbers, kept)?)
    }),
};

fn log_level(level: u32) -> Result<Level, Fail> {
    let known = LEVELS.iter().find(|(_, number)| *number == level).map(|(level, _)| *level);
    known.ok_or_else(|| Fail::argument(format!("found log level {level}, expected AMDM_LOG_*")))
}
