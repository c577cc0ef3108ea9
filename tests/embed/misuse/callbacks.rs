//! A node, an operator and a model of the worst kind: they call what they must not, give what
//! nobody asked for, and fail as they please.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

use amdm_capi::*;
use serde_json::{Value, json};

use super::dice::Dice;
use super::{calls, tables};

/// Operators made, and ended.
pub static MADE: AtomicUsize = AtomicUsize::new(0);
pub static UNMADE: AtomicUsize = AtomicUsize::new(0);
/// Callbacks that came, by kind: nodes, operators, models.
pub static CAME: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

static SEED: AtomicU64 = AtomicU64::new(1);

/// Chance for one callback.
fn dice() -> Dice {
    Dice(SEED.fetch_add(0x9E37_79B9, Relaxed))
}

/// The class and the model under which graphs know them.
pub fn node_json() -> Value {
    json!({
        "type": "test.misuse.Node", "pack": "test:misuse", "version": "1.0.0", "title": "Node",
        "category": "test", "description": "Misbehaves.", "deterministic": false,
        "inputs": [{"name": "image", "type": "IMAGE"},
                   {"name": "text", "type": "STRING", "default": "a"}],
        "outputs": [{"name": "image", "type": "IMAGE"}],
    })
}

pub fn operator_json() -> Value {
    json!({
        "type": "test.misuse.Operator", "pack": "test:misuse", "version": "1.0.0",
        "title": "Operator", "category": "test", "description": "Misbehaves.",
        "inputs": [{"name": "policy", "type": "STEP_POLICY", "optional": true,
                    "socket_only": true}],
        "outputs": [{"name": "policy", "type": "STEP_POLICY"}],
        "step_operator": {"phases": ["prepare", "predicted", "stepped"]},
    })
}

pub fn model_json() -> Value {
    json!({
        "name": "test-misuse", "prediction": "epsilon", "latent_shape": [3, 4, 4],
        "latent_space": "test", "alphas_cumprod": [0.9, 0.5, 0.2, 0.1], "parts": true,
    })
}

/// A status, mostly success.
fn ending(dice: &mut Dice) -> AmdmStatus {
    if dice.chance(85) { AMDM_STATUS_OK } else { dice.of(&[-1, -10, -18, -999, 1, 7, i32::MIN]) }
}

/// Calls tables and functions with what comes to hand.
unsafe fn meddle(dice: &mut Dice, ctx: *mut AmdmContext, api: *const AmdmNodeApi) {
    for _ in 0..dice.below(6) {
        unsafe {
            match dice.below(3) {
                0 => calls::inside(dice),
                _ => tables::one(dice, ctx, &*api),
            }
        }
    }
}

unsafe extern "C" fn execute(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> i32 {
    CAME[0].fetch_add(1, Relaxed);
    let dice = &mut dice();
    unsafe {
        meddle(dice, ctx, api);
        let (call, mut value) = (&*(*api).call, std::mem::zeroed::<AmdmValue>());
        calls::judged((call.input)(ctx, c"image".as_ptr(), &mut value));
        if dice.chance(90) {
            calls::judged((call.set_output)(ctx, c"image".as_ptr(), value));
        }
        meddle(dice, ctx, api);
    }
    ending(dice)
}

unsafe extern "C" fn make(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    out: *mut *mut c_void,
) -> i32 {
    let dice = &mut dice();
    unsafe {
        meddle(dice, ctx, api);
        *out = std::ptr::without_provenance_mut(7);
    }
    let status = ending(dice);
    MADE.fetch_add(usize::from(status == AMDM_STATUS_OK), Relaxed);
    status
}

unsafe extern "C" fn window(
    _: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    steps: u32,
    _: *const AmdmWindow,
    _: usize,
    out: *mut AmdmWindow,
) -> i32 {
    let dice = &mut dice();
    let (start, end) = match dice.below(6) {
        0 => (u32::MAX, 0),
        1 => (0, u32::MAX),
        _ => (0, steps),
    };
    unsafe { *out = AmdmWindow { start, end } };
    ending(dice)
}

unsafe extern "C" fn check(
    _: *mut c_void,
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> i32 {
    let dice = &mut dice();
    unsafe { meddle(dice, ctx, api) };
    ending(dice)
}

unsafe extern "C" fn apply(
    _: *mut c_void,
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: u32,
) -> i32 {
    CAME[1].fetch_add(1, Relaxed);
    let dice = &mut dice();
    unsafe { meddle(dice, ctx, api) };
    ending(dice)
}

unsafe extern "C" fn unmake(_: *mut c_void, data: *mut c_void) {
    if data.addr() == 7 {
        UNMADE.fetch_add(1, Relaxed);
    }
    unsafe { calls::inside(&mut dice()) };
}

unsafe extern "C" fn predict(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    parts: u32,
    out: *mut AmdmPrediction,
) -> i32 {
    CAME[2].fetch_add(1, Relaxed);
    let dice = &mut dice();
    unsafe {
        meddle(dice, ctx, api);
        for index in 0..count {
            let (request, out) = (&*requests.add(index), &mut *out.add(index));
            let (tensor, model) = (&*(*api).tensor, &*(*api).model);
            let mut place = |out: &mut *mut AmdmTensor| match dice.below(12) {
                0 => {}
                1 => *out = calls::some().cast(),
                2 => *out = request.latent,
                3 => {
                    let (shape, values) = ([1, 2], [f32::NAN; 2]);
                    let (shape, values) = (shape.as_ptr(), values.as_ptr());
                    calls::judged((tensor.from_f32)(ctx, shape, 2, values, out));
                }
                _ => drop(calls::judged((tensor.affine)(ctx, request.latent, 0.5, 0.0, out))),
            };
            place(&mut out.guided);
            if parts != 0 {
                place(&mut out.conditional);
                place(&mut out.unconditional);
            }
            if dice.chance(5) {
                // It asks itself.
                let (mut own, name) = (std::ptr::null_mut(), c"test-misuse".as_ptr());
                calls::judged((model.load)(ctx, name, std::ptr::null(), &mut own));
                let asked = AmdmRequest { model: own, ..*request };
                let mut given = std::mem::zeroed::<AmdmPrediction>();
                calls::judged((model.predict)(ctx, &asked, 1, 0, &mut given));
            }
        }
    }
    ending(dice)
}

unsafe extern "C" fn timesteps(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    steps: u32,
    out: *mut f64,
) -> i32 {
    let dice = &mut dice();
    unsafe { meddle(dice, ctx, api) };
    for index in 0..steps as usize {
        let value = if dice.chance(3) { f64::NAN } else { 3.0 - index as f64 };
        unsafe { *out.add(index) = value };
    }
    ending(dice)
}

unsafe extern "C" fn condition(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *const c_char,
    _: *const *const c_char,
    _: *const *mut AmdmTensor,
    _: usize,
    out: *mut *mut AmdmObject,
) -> i32 {
    let dice = &mut dice();
    unsafe {
        meddle(dice, ctx, api);
        let (create, kind, none) = ((*(*api).object).create, c"MINE".as_ptr(), std::ptr::null());
        if dice.chance(90) {
            calls::judged(create(ctx, kind, none, 0, out));
        }
    }
    ending(dice)
}

unsafe extern "C" fn decode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> i32 {
    let dice = &mut dice();
    let shape = dice.of(&[[1, 4, 4, 3], [1, 4, 4, 3], [1, 4, 3, 4], [1, 4, 6, 2], [4, 4, 1, 3]]);
    let values = [0.5f32; 48];
    unsafe {
        meddle(dice, ctx, api);
        let from = (*(*api).tensor).from_f32;
        calls::judged(from(ctx, shape.as_ptr(), 4, values.as_ptr(), out));
    }
    ending(dice)
}

/// Counts the end of a vtable's data, which is its counter.
pub unsafe extern "C" fn end(counter: *mut c_void) {
    unsafe { &*counter.cast::<AtomicU32>() }.fetch_add(1, Relaxed);
    unsafe { calls::inside(&mut dice()) };
}

/// A node's vtable, or an operator's; with holes.
pub fn node(dice: &mut Dice, operator: bool, json: *const c_char) -> AmdmNodeVtable {
    let hole = dice.chance(15);
    AmdmNodeVtable {
        struct_size: dice.size(size_of::<AmdmNodeVtable>()),
        descriptor_json: json,
        user_data: std::ptr::null_mut(),
        execute: (!operator).then_some(execute as _),
        make_operator: (operator && !hole).then_some(make as _),
        operator_window: (operator && !dice.chance(5)).then_some(window as _),
        operator_wants_parts: None,
        operator_check: dice.chance(50).then_some(check as _),
        operator_apply: operator.then_some(apply as _),
        operator_destroy: Some(unmake),
        destroy: Some(end),
    }
}

/// A model's vtable, with holes.
pub fn model(dice: &mut Dice, json: *const c_char) -> AmdmModelVtable {
    AmdmModelVtable {
        struct_size: dice.size(size_of::<AmdmModelVtable>()),
        info_json: json,
        user_data: std::ptr::null_mut(),
        timesteps: dice.chance(50).then_some(timesteps as _),
        predict: (!dice.chance(5)).then_some(predict as _),
        condition: dice.chance(50).then_some(condition as _),
        decode: dice.chance(80).then_some(decode as _),
        encode: dice.chance(50).then_some(decode as _),
        destroy: Some(end),
    }
}
