//! Interface `runtime` of the contract: a node's call.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use std::ffi::c_char;

use amdm_runtime::Level;

use super::{log_level, nothing};
use crate::context::{AmdmContext, AmdmModel, AmdmNamedValue, AmdmValue, Model, within};
use crate::handle::HANDLES;
use crate::layout::{put, text};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, of};

/// What a node sees of the run that it is part of.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmCallApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// The value of an input, validated and with its default filled in. `AMDM_STATUS_EMPTY` and a value of
    /// kind `AMDM_VALUE_NONE` where an optional input has none. Texts and handles live as long as the callback.
    pub input: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut AmdmValue,
    ) -> AmdmStatus,
    /// The members of an open-ended group (`image_1`, `image_2`, ...), in order. The list lives as long as the
    /// callback.
    pub inputs: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        prefix: *const c_char,
        out: *mut *const AmdmNamedValue,
        count: *mut usize,
    ) -> AmdmStatus,
    /// Sets an output. The value is given away: its handle is used up, whether or not this succeeds.
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
    /// Writes a line to the log; `level` is one of `AMDM_LOG_*`. A node's warnings also go into the run's
    /// result; a model's lines belong to no node and are in the log alone.
    pub log: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        level: u32,
        message: *const c_char,
    ) -> AmdmStatus,
    /// Says that the result depends on something that the graph does not name, so that it is not kept.
    pub depends_on_more: unsafe extern "C" fn(ctx: *mut AmdmContext) -> AmdmStatus,
    /// Says why the callback is about to fail: the run's error has this status, message and input (which may
    /// be NULL). The callback then returns `status`, or any other failure. Statuses from
    /// `AMDM_STATUS_INVALID_INPUT` to `AMDM_STATUS_INTERNAL` stay what they are, `INVALID_ARGUMENT` becomes
    /// `INVALID_INPUT`, `EMPTY` becomes `NOT_FOUND`, and every other one `INTERNAL`.
    pub fail: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        status: AmdmStatus,
        message: *const c_char,
        input: *const c_char,
    ) -> AmdmStatus,
}

pub(crate) static CALL: AmdmCallApi = AmdmCallApi {
    struct_size: size_of::<AmdmCallApi>(),
    input: call_input,
    inputs: call_inputs,
    set_output: call_set_output,
    output_wanted: call_output_wanted,
    set_ui: call_set_ui,
    progress: call_progress,
    preview: call_preview,
    cancelled: call_cancelled,
    log: call_log,
    depends_on_more: call_depends_on_more,
    fail: call_fail,
};

unsafe extern "C" fn call_input(
    ctx: *mut AmdmContext,
    name: *const c_char,
    out: *mut AmdmValue,
) -> AmdmStatus {
    within(ctx, |c| {
        let name = unsafe { text(name, "name")? };
        unsafe { put(out, AmdmValue::NONE, "the value")? };
        let Some(value) = c.call()?.input(name) else { return Err(nothing("input", name)) };
        unsafe { put(out, c.lend(value)?, "the value") }
    })
}

unsafe extern "C" fn call_inputs(
    ctx: *mut AmdmContext,
    prefix: *const c_char,
    out: *mut *const AmdmNamedValue,
    count: *mut usize,
) -> AmdmStatus {
    within(ctx, |c| {
        let prefix = unsafe { text(prefix, "prefix")? };
        let (list, length) = c.lend_list(c.call()?.inputs(prefix))?;
        unsafe { put(out, list, "the list")? };
        unsafe { put(count, length, "the count") }
    })
}

unsafe extern "C" fn call_set_output(
    ctx: *mut AmdmContext,
    name: *const c_char,
    value: AmdmValue,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = unsafe { c.take(value)? };
        let name = unsafe { text(name, "name")? };
        Ok(c.call()?.set_output(name, value)?)
    })
}

unsafe extern "C" fn call_output_wanted(
    ctx: *mut AmdmContext,
    name: *const c_char,
    out: *mut u32,
) -> AmdmStatus {
    within(ctx, |c| {
        let wanted = c.call()?.output_wanted(unsafe { text(name, "name")? });
        unsafe { put(out, wanted.into(), "the answer") }
    })
}

unsafe extern "C" fn call_set_ui(ctx: *mut AmdmContext, json: *const c_char) -> AmdmStatus {
    within(ctx, |c| Ok(c.call()?.set_ui(unsafe { text(json, "json")? })?))
}

unsafe extern "C" fn call_progress(ctx: *mut AmdmContext, step: u32, total: u32) -> AmdmStatus {
    within(ctx, |c| {
        c.call()?.progress(step, total);
        Ok(())
    })
}

unsafe extern "C" fn call_preview(
    ctx: *mut AmdmContext,
    model: *mut AmdmModel,
    latent: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let model = HANDLES.get::<Model>(model as usize)?;
        c.call()?.preview(&model.0, &*of(latent)?);
        Ok(())
    })
}

unsafe extern "C" fn call_cancelled(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.cancelled().into(), "the answer") })
}

unsafe extern "C" fn call_log(
    ctx: *mut AmdmContext,
    level: u32,
    message: *const c_char,
) -> AmdmStatus {
    within(ctx, |c| {
        let message = unsafe { text(message, "message")? };
        let level = log_level(level)?;
        if c.has_call() {
            c.call()?.log(level, message);
        } else {
            // A model's line belongs to no node.
            match level {
                Level::Trace => tracing::trace!("{message}"),
                Level::Debug => tracing::debug!("{message}"),
                Level::Info => tracing::info!("{message}"),
                Level::Warn => tracing::warn!("{message}"),
                Level::Error => tracing::error!("{message}"),
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn call_depends_on_more(ctx: *mut AmdmContext) -> AmdmStatus {
    within(ctx, |c| {
        c.call()?.depends_on_more();
        Ok(())
    })
}

unsafe extern "C" fn call_fail(
    ctx: *mut AmdmContext,
    status: AmdmStatus,
    message: *const c_char,
    input: *const c_char,
) -> AmdmStatus {
    within(ctx, |c| {
        let message = unsafe { text(message, "message")? };
        let input = unsafe { crate::layout::optional(input, "input")? };
        let status = if status < 0 { status } else { crate::status::AMDM_STATUS_INTERNAL };
        c.fail(Fail { status, message: message.into(), input: input.map(str::to_owned) });
        Ok(())
    })
}
