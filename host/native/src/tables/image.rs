//! Interface `images` of the contract.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use std::ffi::c_char;

use amdm_diffusion::image::{Filter, resize};

use super::{
    AMDM_FILTER_AREA, AMDM_FILTER_BICUBIC, AMDM_FILTER_BILINEAR, AMDM_FILTER_LANCZOS,
    AMDM_FILTER_NEAREST_EXACT,
};
use crate::context::{AmdmContext, tensor, within};
use crate::layout::{AmdmStr, put, text};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, of};

/// Pictures, by name inside the run's directories.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmImageApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// A picture of the run's inputs: [1, height, width, 3 or 4], in [0, 1].
    pub load: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Writes one picture an image, with the graph inside, and keeps them for `amdm_run_output_image`;
    /// `temporary` ones (1) are kept, not written. Gives the names written as a JSON list.
    pub save: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        temporary: u32,
        prefix: *const c_char,
        image: *const AmdmTensor,
        names_json: *mut AmdmStr,
    ) -> AmdmStatus,
    /// An image in another size; `filter` is `AMDM_FILTER_*`.
    pub resize: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        image: *const AmdmTensor,
        width: u32,
        height: u32,
        filter: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Lines of text on a plain ground: [1, height, width, 3], in letters of `size` pixels.
    pub text: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        text: *const c_char,
        width: u32,
        height: u32,
        size: f32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
}

pub(crate) static IMAGE: AmdmImageApi = AmdmImageApi {
    struct_size: size_of::<AmdmImageApi>(),
    load: image_load,
    save: image_save,
    resize: image_resize,
    text: image_text,
};

unsafe extern "C" fn image_load(
    ctx: *mut AmdmContext,
    name: *const c_char,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.call()?.load_image(text(name, "name")?)?)) }
}

unsafe extern "C" fn image_save(
    ctx: *mut AmdmContext,
    temporary: u32,
    prefix: *const c_char,
    image: *const AmdmTensor,
    names_json: *mut AmdmStr,
) -> AmdmStatus {
    within(ctx, |c| {
        let prefix = unsafe { text(prefix, "prefix")? };
        let names = c.call()?.save_image(temporary != 0, prefix, &*of(image)?)?;
        let json = serde_json::Value::from(names).to_string();
        unsafe { put(names_json, c.lend_text(json), "the names") }
    })
}

unsafe extern "C" fn image_resize(
    ctx: *mut AmdmContext,
    image: *const AmdmTensor,
    width: u32,
    height: u32,
    filter: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |_| {
            let filter = match filter {
                AMDM_FILTER_NEAREST_EXACT => Filter::NearestExact,
                AMDM_FILTER_BILINEAR => Filter::Bilinear,
                AMDM_FILTER_AREA => Filter::Area,
                AMDM_FILTER_BICUBIC => Filter::Bicubic,
                AMDM_FILTER_LANCZOS => Filter::Lanczos,
                _ => {
                    return Err(Fail::argument(format!(
                        "found filter {filter}, expected AMDM_FILTER_*"
                    )));
                }
            };
            Ok(resize(&*of(image)?, width, height, filter)?)
        })
    }
}

unsafe extern "C" fn image_text(
    ctx: *mut AmdmContext,
    text_: *const c_char,
    width: u32,
    height: u32,
    size: f32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |c| {
            let words = text(text_, "text")?;
            Ok(c.call()?.draw_text(words, (width, height), size)?)
        })
    }
}
