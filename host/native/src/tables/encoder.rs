//! Interface `encoders` of the contract.

use std::ffi::c_char;
use std::sync::Arc;

use amdm_runtime::Object;
use serde_json::json;

use super::object;
use crate::context::{AmdmContext, AmdmObject};
use crate::layout::{AmdmStr, put, text};
use crate::status::AmdmStatus;

/// Prompts to what networks attend to: values of wire `CLIP`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmTextEncoderApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// Facts about it as JSON: `name`, `family`, `width` of a token's row, and `layers`.
    pub info: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        encoder: *const AmdmObject,
        out: *mut AmdmStr,
    ) -> AmdmStatus,
    /// The same encoder that stops at a layer: -1 the last, -2 the one before it, and so on; one
    /// that is not there stands for the last.
    pub with_last_layer: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        encoder: *const AmdmObject,
        layer: i32,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// A value of wire `CONDITIONING` with one entry from a prompt with weights and
    /// `embedding:name`.
    pub encode: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        encoder: *const AmdmObject,
        prompt: *const c_char,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
}

type In = *const AmdmObject;

pub(crate) static ENCODER: AmdmTextEncoderApi = AmdmTextEncoderApi {
    struct_size: size_of::<AmdmTextEncoderApi>(),
    info: function!(|c, encoder: In, out: *mut AmdmStr| {
        let object = object::of(encoder)?;
        let info = object.text_encoder()?.info();
        let facts = json!({
            "name": info.name,
            "family": info.family,
            "width": info.width,
            "layers": info.layers,
        });
        put(out, c.lend_text(facts.to_string()), "the facts")
    }),
    with_last_layer: object!(|c, encoder: In, layer: i32| {
        let object = object::of(encoder)?;
        let encoder = Arc::clone(object.text_encoder()?).with_last_layer(layer);
        encoder.map(Object::from_text_encoder)
    }),
    encode: object!(|c, encoder: In, prompt: *const c_char| {
        let object = object::of(encoder)?;
        let (encoder, prompt) = (object.text_encoder()?, text(prompt, "prompt")?);
        match c.access() {
            Some(access) => access.encode_text(&**encoder, prompt),
            None => {
                let encoding = encoder.encode(prompt, &|| c.cancelled());
                encoding.and_then(|encoding| Object::from_embedding(encoding.embedding))
            }
        }
    }),
};
