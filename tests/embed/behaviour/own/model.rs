//! The model against the header: it passes everything on to a built-in one.

use std::ffi::{CStr, c_char, c_void};

use amdm_capi::*;
use serde_json::{Value, json};

use super::library::ended;
use super::{INNER, WRAPPED};
use crate::library::{api, ok, text};

/// The facts about a built-in model under another name, as `info_json` has them.
pub fn facts(inner: &str, name: &str) -> Value {
    let device = amdm_diffusion::Device::cpu(1).unwrap();
    let info = amdm_diffusion::Models::new(&device).load(inner, "").unwrap().info().clone();
    json!({
        "name": name, "prediction": "epsilon", "latent_shape": info.latent_shape,
        "latent_space": info.latent.space, "alphas_cumprod": info.alphas_cumprod,
        "final_alpha": info.final_alpha, "clip": info.clip, "parts": true,
        "conditioning_schema": serde_json::from_str::<Value>(&info.conditioning_schema).unwrap(),
    })
}

/// A vtable without functions.
pub fn none() -> AmdmModelVtable {
    let vtable = unsafe { std::mem::zeroed::<AmdmModelVtable>() };
    AmdmModelVtable { struct_size: size_of::<AmdmModelVtable>(), ..vtable }
}

/// Puts it into a host.
pub fn register(host: *mut AmdmHost) {
    let json = text(&facts(INNER, WRAPPED).to_string());
    let vtable = AmdmModelVtable {
        info_json: json.as_ptr(),
        condition: Some(condition),
        predict: Some(predict),
        encode: Some(encode),
        decode: Some(decode),
        destroy: Some(ended),
        ..none()
    };
    ok(unsafe { (api().host_register_model)(host, &vtable) });
}

/// The wrapped model.
unsafe fn inner(
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    out: &mut *mut AmdmModel,
) -> AmdmStatus {
    unsafe { ((*(*api).model).load)(ctx, text(INNER).as_ptr(), std::ptr::null(), out) }
}

unsafe extern "C" fn condition(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    json: *const c_char,
    names: *const *const c_char,
    tensors: *const *mut AmdmTensor,
    count: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    unsafe {
        assert!(CStr::from_ptr(json).to_str().is_ok());
        let mut model = std::ptr::null_mut();
        attempt!(inner(ctx, api, &mut model));
        let condition = (*(*api).model).condition;
        condition(ctx, model, json, names, tensors.cast(), count, out)
    }
}

unsafe extern "C" fn predict(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    parts: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    unsafe {
        let mut model = std::ptr::null_mut();
        attempt!(inner(ctx, api, &mut model));
        let requests = std::slice::from_raw_parts(requests, count);
        let asked = requests.iter().map(|request| AmdmRequest { model, ..*request });
        let asked = asked.collect::<Vec<_>>();
        ((*(*api).model).predict)(ctx, asked.as_ptr(), count, parts, out)
    }
}

unsafe extern "C" fn encode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    image: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        let mut model = std::ptr::null_mut();
        attempt!(inner(ctx, api, &mut model));
        ((*(*api).model).encode)(ctx, model, image, out)
    }
}

unsafe extern "C" fn decode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    latent: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        let mut model = std::ptr::null_mut();
        attempt!(inner(ctx, api, &mut model));
        ((*(*api).model).decode)(ctx, model, latent, out)
    }
}
