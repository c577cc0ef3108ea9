//! Interface `codecs` of the contract.

use std::ffi::c_char;

use amdm::error::Error;
use amdm_diffusion::{Codec, Tensor, Tiling};
use amdm_runtime::Object;
use serde_json::json;

use super::object;
use crate::context::{AmdmContext, AmdmObject, Context};
use crate::layout::{AmdmStr, put, text};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, of};

/// Images to latents and back: values of wire `VAE`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmCodecApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// Facts about it as JSON: `name`, `latent_space`, `latent_pixels`, `latent_scale` and
    /// `latent_shift`, as `AmdmModelVtable.info_json` has them.
    pub info: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        codec: *const AmdmObject,
        out: *mut AmdmStr,
    ) -> AmdmStatus,
    /// Image [batch, height, width, channels] in [0, 1] to latent. With a `tile` above 0 parts of
    /// so many pixels, which share `overlap`, one after the other.
    pub encode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        codec: *const AmdmObject,
        image: *const AmdmTensor,
        tile: u32,
        overlap: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Latent to image [batch, height, width, channels] in [0, 1]. `tile` and `overlap` as for
    /// `encode`, in pixels of the image.
    pub decode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        codec: *const AmdmObject,
        latent: *const AmdmTensor,
        tile: u32,
        overlap: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// A value of wire `VAE` from a file of its own, by its name below a model directory's folder
    /// `vae`.
    pub load: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
}

type In = *const AmdmObject;

pub(crate) static CODEC: AmdmCodecApi = AmdmCodecApi {
    struct_size: size_of::<AmdmCodecApi>(),
    info: function!(|c, codec: In, out: *mut AmdmStr| {
        let object = object::of(codec)?;
        let codec = object.codec()?;
        let latent = codec.latent();
        let facts = json!({
            "name": codec.name(),
            "latent_space": latent.space,
            "latent_pixels": latent.pixels,
            "latent_scale": latent.scale,
            "latent_shift": latent.shift,
        });
        put(out, c.lend_text(facts.to_string()), "the facts")
    }),
    encode: tensor!(|c, codec: In, image: *const AmdmTensor, tile: u32, overlap: u32| {
        let (codec, image) = (object::of(codec)?, of(image)?);
        encode(c, &**codec.codec()?, &image, tiles(tile, overlap))
    }),
    decode: tensor!(|c, codec: In, latent: *const AmdmTensor, tile: u32, overlap: u32| {
        let (codec, latent) = (object::of(codec)?, of(latent)?);
        decode(c, &**codec.codec()?, &latent, tiles(tile, overlap))
    }),
    load: object!(|c, name: *const c_char| {
        let name = text(name, "name")?;
        let codec = match c.access() {
            Some(access) => access.load_codec(name)?,
            None => {
                c.depends_on_more();
                c.models()?.codec(name)?
            }
        };
        Ok::<_, Fail>(Object::from_codec(codec))
    }),
};

fn tiles(size: u32, overlap: u32) -> Option<Tiling> {
    (size > 0).then_some(Tiling { size, overlap })
}

/// What a callback asks of a codec.
pub(super) fn encode(
    context: &Context,
    codec: &dyn Codec,
    image: &Tensor,
    tiles: Option<Tiling>,
) -> Result<Tensor, Error> {
    match context.access() {
        Some(access) => access.encode(codec, image, tiles),
        None => codec.encode(image, tiles, &|| context.cancelled()),
    }
}

/// The same the other way.
pub(super) fn decode(
    context: &Context,
    codec: &dyn Codec,
    latent: &Tensor,
    tiles: Option<Tiling>,
) -> Result<Tensor, Error> {
    match context.access() {
        Some(access) => access.decode(codec, latent, tiles),
        None => codec.decode(latent, tiles, &|| context.cancelled()),
    }
}
