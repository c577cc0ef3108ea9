//! Calls of the tables that callbacks are handed, with arguments that are wrong as often as not.

use std::ffi::{c_char, c_void};

use amdm_capi::*;

use super::calls::{handle, judged, seen};
use super::dice::Dice;

/// One call of a table inside a callback.
pub unsafe fn one(dice: &mut Dice, ctx: *mut AmdmContext, api: &AmdmNodeApi) {
    let ctx = if dice.chance(90) { ctx } else { handle(dice).cast() };
    match dice.below(4) {
        0 => unsafe { call_table(dice, ctx, api) },
        1 => unsafe { step_table(dice, ctx, api) },
        2 => unsafe { tensor_table(dice, ctx, api) },
        _ => unsafe { object_table(dice, ctx, api) },
    }
}

const NAMES: [&[u8]; 5] = [b"image\0", b"text\0", b"samples\0", b"tiny-layout\0", b"image_\0"];

unsafe fn call_table(dice: &mut Dice, ctx: *mut AmdmContext, api: &AmdmNodeApi) {
    let (call, name) = (unsafe { &*api.call }, dice.text(&NAMES));
    let mut value = unsafe { std::mem::zeroed::<AmdmValue>() };
    let (mut list, mut count) = (std::ptr::null(), 0);
    unsafe {
        judged(match dice.below(14) {
            0 => (call.input)(ctx, name, &mut value),
            1 => (call.inputs)(ctx, name, &mut list, &mut count),
            2 => (call.inputs)(ctx, name, std::ptr::null_mut(), &mut count),
            3 => {
                value.kind = dice.below(10) as u32;
                match value.kind {
                    AMDM_VALUE_TENSOR | AMDM_VALUE_OBJECT => {
                        value.r#as.tensor = handle(dice).cast()
                    }
                    AMDM_VALUE_TEXT | AMDM_VALUE_JSON => {
                        let len = dice.of(&[0, usize::MAX, 1 << 40]);
                        value.r#as.text = AmdmStr { ptr: c"x".as_ptr(), len };
                    }
                    _ => value.r#as.integer = dice.next() as i64,
                }
                (call.set_output)(ctx, name, value)
            }
            4 => (call.output_wanted)(ctx, name, &mut 0),
            5 => (call.set_ui)(ctx, name),
            6 => (call.progress)(ctx, dice.next() as u32, dice.next() as u32),
            7 => (call.preview)(ctx, handle(dice).cast(), handle(dice).cast()),
            8 => (call.log)(ctx, dice.below(8) as u32, name),
            9 => (call.fail)(ctx, dice.next() as i32, name, dice.text(&NAMES)),
            10 => (call.checkpoint)(ctx, &mut list, &mut count),
            11 => (call.checkpoint_due)(ctx, dice.of(&[&mut 0, std::ptr::null_mut()])),
            12 => {
                let tensors = [handle(dice).cast::<AmdmTensor>().cast_const(); 2];
                let (numbers, many) = ([1.0, f64::NAN], dice.of(&[0, 1, 2]));
                (call.keep_checkpoint)(ctx, numbers.as_ptr(), many, tensors.as_ptr(), many)
            }
            _ => (call.cancelled)(ctx, std::ptr::null_mut()),
        });
    }
}

unsafe fn step_table(dice: &mut Dice, ctx: *mut AmdmContext, api: &AmdmNodeApi) {
    let (step, lane) = (unsafe { &*api.step }, dice.of(&[0, 0, 1, 9, u32::MAX]));
    let (mut out, one) = (std::ptr::null_mut(), handle(dice).cast::<AmdmTensor>());
    let number = dice.of(&[0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, 1e308]);
    let part = dice.below(5) as u32;
    unsafe {
        judged(match dice.below(20) {
            0 => (step.index)(ctx, std::ptr::null_mut()),
            1 => (step.set_target)(ctx, lane),
            2 => (step.weight)(ctx, lane, &mut 0.0),
            3 => (step.set_weight)(ctx, lane, number),
            4 => (step.set_guidance)(ctx, lane, number),
            5 => (step.set_refine)(ctx, lane, number),
            6 => (step.set_active)(ctx, lane, part),
            7 => (step.input)(ctx, lane, &mut out),
            8 => (step.set_input)(ctx, lane, one),
            9 => (step.epsilon)(ctx, lane, part, &mut out),
            10 => (step.denoised)(ctx, lane, part, &mut out),
            11 => (step.set_epsilon)(ctx, lane, one),
            12 => (step.set_denoised)(ctx, lane, one),
            13 => (step.mean)(ctx, lane, &mut out),
            14 => (step.latent)(ctx, lane, &mut out),
            15 => (step.set_latent)(ctx, lane, one),
            16 => (step.slot)(ctx, dice.text(&NAMES), &mut out),
            17 => (step.set_slot)(ctx, dice.text(&NAMES), one),
            18 => (step.trace)(ctx, dice.text(&NAMES), lane as i32, number),
            _ => (step.alphas_cumprod)(ctx, std::ptr::null_mut(), 5, &mut 0),
        });
        seen(out.addr());
    }
}

unsafe fn tensor_table(dice: &mut Dice, ctx: *mut AmdmContext, api: &AmdmNodeApi) {
    let (tensor, mut out) = (unsafe { &*api.tensor }, std::ptr::null_mut());
    let (a, b) = (handle(dice).cast::<AmdmTensor>(), handle(dice).cast::<AmdmTensor>());
    let shape = dice.of(&[[1, 2, 2, 3], [0; 4], [u32::MAX; 4], [1, 65536, 65536, 1], [2, 2, 1, 1]]);
    let rank = dice.of(&[4, 4, 0, 8, 9, usize::MAX]);
    let (shape, values) = ([shape, [1; 4]].concat(), [0.5f32; 16]);
    let terms = [a.cast_const(), b];
    let count = dice.of(&[2, 2, 0, 1 << 30, usize::MAX]);
    unsafe {
        judged(match dice.below(12) {
            0 if shape[0] != 1 || shape[1] == 2 => {
                (tensor.from_f32)(ctx, shape.as_ptr(), rank, values.as_ptr(), &mut out)
            }
            1 => (tensor.info)(ctx, a, std::ptr::null_mut()),
            2 => (tensor.share)(ctx, a, &mut out),
            3 => {
                (tensor.linear_combination)(ctx, terms.as_ptr(), [1.0; 2].as_ptr(), count, &mut out)
            }
            4 => (tensor.sample_combination)(ctx, terms.as_ptr(), terms.as_ptr(), count, &mut out),
            5 => (tensor.add)(ctx, a, b, &mut out),
            6 => (tensor.div)(ctx, a, a, &mut out),
            7 => (tensor.sample_dot)(ctx, a, b, &mut out),
            8 => (tensor.reshape)(ctx, a, shape.as_ptr(), rank, &mut out),
            9 => (tensor.narrow)(ctx, a, dice.below(9) as u32, u32::MAX, 2, &mut out),
            10 => (tensor.concat)(ctx, terms.as_ptr(), count, dice.below(9) as u32, &mut out),
            _ => (tensor.read_f32)(ctx, a, std::ptr::null_mut(), dice.below(2)),
        });
        seen(out.addr());
    }
}

unsafe fn object_table(dice: &mut Dice, ctx: *mut AmdmContext, api: &AmdmNodeApi) {
    let (object, model, image) = unsafe { (&*api.object, &*api.model, &*api.image) };
    let (one, name) = (handle(dice), dice.text(&NAMES));
    let (mut out, mut text) = (std::ptr::null_mut::<c_void>(), unsafe { std::mem::zeroed() });
    let place = &raw mut out;
    let count = dice.of(&[0, 0, 1 << 30, usize::MAX]);
    unsafe {
        let mut field = std::mem::zeroed::<AmdmNamedValue>();
        field.value.kind = dice.below(10) as u32;
        judged(match dice.below(19) {
            0 => (object.create)(ctx, name, &field, dice.of(&[0, 1, count]), place.cast()),
            1 => (object.kind)(ctx, one.cast(), &mut text),
            2 => (object.field)(ctx, one.cast(), name, &mut field.value),
            3 => (object.item)(ctx, one.cast(), count, place.cast()),
            4 => (object.append)(ctx, one.cast(), handle(dice).cast(), place.cast()),
            5 => (object.release)(ctx, one.cast()),
            6 => (model.load)(ctx, name, dice.text(&[b"{}\0"]), place.cast()),
            7 => (model.from_object)(ctx, one.cast(), place.cast()),
            8 => (model.info)(ctx, one.cast(), &mut text),
            9 => (model.timesteps)(ctx, one.cast(), u32::MAX, &mut 0.0),
            10 => {
                let requests: *const AmdmRequest = std::ptr::null();
                (model.predict)(ctx, requests, count, 1, std::ptr::null_mut())
            }
            11 => {
                let none: *const *const c_char = std::ptr::null();
                let (names, tensors) = (none, std::ptr::null());
                (model.condition)(ctx, one.cast(), name, names, tensors, count, place.cast())
            }
            12 => (model.decode)(ctx, one.cast(), handle(dice).cast(), place.cast()),
            13 => (image.load)(ctx, name, place.cast()),
            14 => (model.with_adapter)(ctx, one.cast(), name, name, place.cast()),
            15 => (model.list_names)(ctx, name, &mut text),
            17 => (object.user_data)(ctx, one.cast(), dice.of(&[place, std::ptr::null_mut()])),
            16 => (image.save)(ctx, dice.below(2) as u32, name, one.cast(), &mut text),
            _ => {
                let (width, filter) = (dice.of(&[1, 0, u32::MAX]), dice.below(7) as u32);
                (image.resize)(ctx, one.cast(), width, 1, filter, place.cast())
            }
        });
        seen(out.addr());
    }
}
