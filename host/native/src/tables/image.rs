//! Interface `images` of the contract.

use std::ffi::c_char;

use amdm_diffusion::pixels::{Filter, resize};

use super::{
    AMDM_FILTER_AREA, AMDM_FILTER_BICUBIC, AMDM_FILTER_BILINEAR, AMDM_FILTER_LANCZOS,
    AMDM_FILTER_NEAREST_EXACT, nothing,
};
use crate::context::AmdmContext;
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
    /// Writes one picture an image, with the graph inside, and keeps them for
    /// `amdm_run_output_image`; `temporary` ones (1) are kept, not written. Gives the names written
    /// as a JSON list.
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
    /// A mask [batch, height, width] grown `pixels` times (shrunk where negative) by a square of 3,
    /// or by a cross where `tapered` (1).
    pub grow: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        mask: *const AmdmTensor,
        pixels: i32,
        tapered: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Edges after Canny: [batch, height, width, 3], 0 or 1; strong above `high`, going on above
    /// `low`.
    pub edges: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        image: *const AmdmTensor,
        low: f64,
        high: f64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Writes a file `.latent` with the values of a latent and the graph. Gives its name;
    /// `AMDM_STATUS_EMPTY` where the run writes no pictures.
    pub save_latent: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        prefix: *const c_char,
        latent: *const AmdmTensor,
        name: *mut AmdmStr,
    ) -> AmdmStatus,
}

pub(crate) static IMAGE: AmdmImageApi = AmdmImageApi {
    struct_size: size_of::<AmdmImageApi>(),
    load: tensor!(|c, name: *const c_char| c.call()?.load_image(text(name, "name")?)),
    save: function!(|c,
                     temporary: u32,
                     prefix: *const c_char,
                     image: *const AmdmTensor,
                     out: *mut AmdmStr| {
        let prefix = text(prefix, "prefix")?;
        let names = c.call()?.save_image(temporary != 0, prefix, &*of(image)?)?;
        put(out, c.lend_text(serde_json::Value::from(names).to_string()), "the names")
    }),
    resize: tensor!(|c, image: *const AmdmTensor, width: u32, height: u32, filter: u32| {
        let filter = filter_of(filter)?;
        resize(&*of(image)?, width, height, filter)
    }),
    text: tensor!(|c, words: *const c_char, width: u32, height: u32, size: f32| {
        let words = text(words, "text")?;
        c.call()?.draw_text(words, (width, height), size)
    }),
    grow: tensor!(|c, mask: *const AmdmTensor, pixels: i32, tapered: u32| {
        c.call()?.grow(&*of(mask)?, pixels, tapered != 0)
    }),
    edges: tensor!(|c, image: *const AmdmTensor, low: f64, high: f64| {
        c.call()?.edges(&*of(image)?, low, high)
    }),
    save_latent: function!(|c,
                            prefix: *const c_char,
                            latent: *const AmdmTensor,
                            out: *mut AmdmStr| {
        put(out, AmdmStr { ptr: std::ptr::null(), len: 0 }, "the name")?;
        let name = c.call()?.save_latent(text(prefix, "prefix")?, &*of(latent)?)?;
        let name = name.ok_or_else(|| nothing("file", "of the latent"))?;
        put(out, c.lend_text(name), "the name")
    }),
};

fn filter_of(filter: u32) -> Result<Filter, Fail> {
    match filter {
        AMDM_FILTER_NEAREST_EXACT => Ok(Filter::NearestExact),
        AMDM_FILTER_BILINEAR => Ok(Filter::Bilinear),
        AMDM_FILTER_AREA => Ok(Filter::Area),
        AMDM_FILTER_BICUBIC => Ok(Filter::Bicubic),
        AMDM_FILTER_LANCZOS => Ok(Filter::Lanczos),
        _ => Err(Fail::argument(format!("found filter {filter}, expected AMDM_FILTER_*"))),
    }
}
