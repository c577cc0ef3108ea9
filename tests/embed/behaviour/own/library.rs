//! The node and the operator against the header: functions with C's calling convention, and only
//! the tables that they are handed.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use amdm_capi::*;

use super::{Applied, REFUSAL, REFUSED, THREE_LANES, WARNING, nudge, turn};
use crate::library::{api, ok, text};

/// The status that a code of the runtime's has.
pub fn status(code: &str) -> AmdmStatus {
    match code {
        "invalid_input" => AMDM_STATUS_INVALID_INPUT,
        "not_found" => AMDM_STATUS_NOT_FOUND,
        "unsupported" => AMDM_STATUS_UNSUPPORTED,
        "limit_exceeded" => AMDM_STATUS_LIMIT_EXCEEDED,
        "input_output" => AMDM_STATUS_INPUT_OUTPUT,
        "cancelled" => AMDM_STATUS_CANCELLED,
        "denied" => AMDM_STATUS_DENIED,
        "internal" => AMDM_STATUS_INTERNAL,
        "timeout" => AMDM_STATUS_TIME_UP,
        "pack_mismatch" => AMDM_STATUS_PACK_MISMATCH,
        code => panic!("{code}"),
    }
}

/// A vtable without functions.
pub fn node() -> AmdmNodeVtable {
    let vtable = unsafe { std::mem::zeroed::<AmdmNodeVtable>() };
    AmdmNodeVtable { struct_size: size_of::<AmdmNodeVtable>(), ..vtable }
}

/// Times that a vtable's data was ended.
pub static ENDED: AtomicUsize = AtomicUsize::new(0);

pub unsafe extern "C" fn ended(_: *mut c_void) {
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// Lets go of the operator's list.
unsafe extern "C" fn ended_with_list(data: *mut c_void) {
    drop(unsafe { Arc::from_raw(data.cast::<Mutex<Vec<(u32, u32)>>>()) });
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// Puts all three into a host.
pub fn register(host: *mut AmdmHost) -> Applied {
    let applied = Applied::default();
    let json = text(&turn().to_string());
    let vtable = AmdmNodeVtable {
        descriptor_json: json.as_ptr(),
        execute: Some(execute),
        destroy: Some(ended),
        ..node()
    };
    ok(unsafe { (api().host_register_node)(host, &vtable) });
    let json = text(&nudge().to_string());
    let vtable = AmdmNodeVtable {
        descriptor_json: json.as_ptr(),
        make_operator: Some(make),
        operator_window: Some(window),
        operator_wants_parts: Some(wants_parts),
        operator_check: Some(check),
        operator_apply: Some(apply),
        operator_destroy: Some(destroy),
        user_data: Arc::into_raw(applied.clone()).cast_mut().cast(),
        destroy: Some(ended_with_list),
        ..node()
    };
    ok(unsafe { (api().host_register_node)(host, &vtable) });
    super::model::register(host);
    applied
}

unsafe extern "C" fn execute(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> AmdmStatus {
    unsafe {
        let (call, tensor) = (&*(*api).call, &*(*api).tensor);
        let mut value = std::mem::zeroed::<AmdmValue>();
        attempt!((call.input)(ctx, c"amount".as_ptr(), &mut value));
        assert_eq!(value.kind, AMDM_VALUE_FLOAT);
        let amount = value.r#as.number;
        attempt!((call.progress)(ctx, 1, 2));
        if amount == REFUSED {
            let (message, code) = (text(REFUSAL), AMDM_STATUS_INVALID_INPUT);
            attempt!((call.fail)(ctx, code, message.as_ptr(), c"amount".as_ptr()));
            return AMDM_STATUS_INVALID_INPUT;
        }
        attempt!((call.log)(ctx, AMDM_LOG_WARN, text(WARNING).as_ptr()));
        attempt!((call.set_ui)(ctx, c"{\"turned\": true}".as_ptr()));
        attempt!((call.input)(ctx, c"image".as_ptr(), &mut value));
        assert_eq!(value.kind, AMDM_VALUE_TENSOR);
        let (image, mut turned) = (value.r#as.tensor, std::ptr::null_mut());
        attempt!((tensor.affine)(ctx, image, 1.0 - 2.0 * amount, amount, &mut turned));
        let given = AmdmValue {
            kind: AMDM_VALUE_TENSOR,
            reserved: 0,
            r#as: AmdmValueAs { tensor: turned },
        };
        attempt!((call.set_output)(ctx, c"image".as_ptr(), given));
        // It is used up.
        assert_eq!((crate::library::api().tensor_release)(turned), AMDM_STATUS_INVALID_HANDLE);
        let half = AmdmValueAs { number: amount / 2.0 };
        let half = AmdmValue { kind: AMDM_VALUE_FLOAT, reserved: 0, r#as: half };
        attempt!((call.set_output)(ctx, c"half".as_ptr(), half));
        (call.progress)(ctx, 2, 2)
    }
}

unsafe extern "C" fn make(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    out: *mut *mut c_void,
) -> AmdmStatus {
    unsafe {
        let mut value = std::mem::zeroed::<AmdmValue>();
        attempt!(((*(*api).call).input)(ctx, c"by".as_ptr(), &mut value));
        *out = Box::into_raw(Box::new(value.r#as.number)).cast();
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn window(
    _: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    steps: u32,
    before: *const AmdmWindow,
    count: usize,
    out: *mut AmdmWindow,
) -> AmdmStatus {
    unsafe {
        let before = if count == 0 { &[][..] } else { std::slice::from_raw_parts(before, count) };
        let start = before.iter().map(|window| window.start).max().unwrap_or(0);
        *out = AmdmWindow { start: start + 1, end: steps };
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn wants_parts(
    _: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    out: *mut u32,
) -> AmdmStatus {
    unsafe { *out = 1 };
    AMDM_STATUS_OK
}

unsafe extern "C" fn check(
    _: *mut c_void,
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> AmdmStatus {
    let mut lanes = 0;
    unsafe {
        attempt!(((*(*api).step).lanes)(ctx, &mut lanes));
        if lanes > 2 {
            let (message, none) = (text(THREE_LANES), std::ptr::null());
            ((*(*api).call).fail)(ctx, AMDM_STATUS_INVALID_INPUT, message.as_ptr(), none);
            return AMDM_STATUS_INVALID_INPUT;
        }
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn apply(
    list: *mut c_void,
    data: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    phase: u32,
) -> AmdmStatus {
    unsafe {
        let (by, step, tensor) = (*data.cast::<f64>(), &*(*api).step, &*(*api).tensor);
        let (mut lanes, mut index) = (0, 0);
        attempt!((step.index)(ctx, &mut index));
        (*list.cast::<Mutex<Vec<(u32, u32)>>>()).lock().unwrap().push((phase, index));
        attempt!((step.lanes)(ctx, &mut lanes));
        for lane in 0..lanes {
            let mut made = std::ptr::null_mut();
            match phase {
                AMDM_PHASE_PREPARE => {
                    let mut guidance = 0.0;
                    attempt!((step.guidance)(ctx, lane, &mut guidance));
                    attempt!((step.set_guidance)(ctx, lane, guidance + by));
                }
                AMDM_PHASE_PREDICTED => {
                    let mut has = 0;
                    attempt!((step.has_prediction)(ctx, lane, &mut has));
                    if has == 0 {
                        continue;
                    }
                    let (mut with, mut without) = (std::ptr::null_mut(), std::ptr::null_mut());
                    let (given, none) = (AMDM_PART_CONDITIONAL, AMDM_PART_UNCONDITIONAL);
                    attempt!((step.epsilon)(ctx, lane, given, &mut with));
                    attempt!((step.epsilon)(ctx, lane, none, &mut without));
                    let (terms, weights) = ([with.cast_const(), without], [1.0 + by, -by]);
                    let (terms, weights) = (terms.as_ptr(), weights.as_ptr());
                    attempt!((tensor.linear_combination)(ctx, terms, weights, 2, &mut made));
                    attempt!((step.set_epsilon)(ctx, lane, made));
                }
                _ => {
                    let mut latent = std::ptr::null_mut();
                    attempt!((step.latent)(ctx, lane, &mut latent));
                    attempt!((tensor.affine)(ctx, latent, 1.0 - by / 16.0, 0.0, &mut made));
                    attempt!((step.set_latent)(ctx, lane, made));
                }
            }
        }
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn destroy(_: *mut c_void, data: *mut c_void) {
    drop(unsafe { Box::from_raw(data.cast::<f64>()) });
}
