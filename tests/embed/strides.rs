//! Tensors of other libraries: every type of values, and every way that they may lie in memory.

use std::ffi::c_void;

use amdm_capi::*;

use crate::behaviour::library::{Managed, bits};
use crate::library::{api, description, last_error, ok, open};

/// Values that the layouts below reach into.
const VALUES: usize = 256;

/// Shape, strides in values (none: packed, row-major), and the first value's place.
type Layout = (Vec<i64>, Vec<i64>, u64);

fn layouts() -> Vec<Layout> {
    let layout = |shape: &[i64], strides: &[i64], first| (shape.to_vec(), strides.to_vec(), first);
    let packed = |shape: &[i64]| layout(shape, &[], 0);
    vec![
        packed(&[2, 3, 4, 5]),
        layout(&[], &[], 7),
        layout(&[VALUES as i64], &[1], 0),
        layout(&[2, 3, 4, 5], &[60, 20, 5, 1], 0),
        // Turned: rows for columns, the channels last for first, all axes.
        layout(&[12, 16], &[1, 12], 0),
        layout(&[2, 3, 4, 5], &[60, 1, 15, 3], 9),
        layout(&[5, 4, 3, 2], &[1, 5, 20, 60], 1),
        // Cut: columns, every second row, every third value, the middle of all axes.
        layout(&[10, 7], &[16, 1], 3),
        layout(&[6, 16], &[32, 1], 0),
        layout(&[4, 5], &[45, 3], 2),
        layout(&[2, 2, 3, 2], &[90, 30, 6, 1], 37),
        // From the end: values, rows, both.
        layout(&[20], &[-1], 19),
        layout(&[4, 5], &[-5, 1], 15),
        layout(&[4, 5], &[-10, -2], 40),
        // One value for many.
        layout(&[3, 4], &[0, 1], 5),
        layout(&[3, 4], &[1, 0], 5),
        layout(&[3, 4, 2], &[0, 0, 0], 5),
        layout(&[2, 3, 4], &[12, 0, 1], 0),
        // Axes of one entry, whatever their stride; halves of an axis.
        layout(&[1, 6, 1], &[999, 1, -77], 0),
        layout(&[4, 1, 5], &[5, 1 << 60, 1], 0),
        layout(&[1, 1], &[0, 0], 3),
        layout(&[3, 2, 5], &[10, 5, 1], 0),
        layout(&[3, 2, 5], &[20, 10, 2], 1),
        layout(&[2, 1, 1, 1, 1, 1, 1, 3], &[3, 3, 3, 3, 3, 3, 3, 1], 4),
    ]
}

/// The places of a layout's values, row-major.
fn places((shape, strides, first): &Layout) -> Vec<usize> {
    let mut places = vec![*first as i64];
    let packed = |axis: usize| shape[axis + 1..].iter().product::<i64>();
    for (axis, extent) in shape.iter().enumerate() {
        let stride = strides.get(axis).copied().unwrap_or_else(|| packed(axis));
        let along = |place: i64| (0..*extent).map(move |at| place + at * stride);
        places = places.into_iter().flat_map(along).collect();
    }
    places.into_iter().map(|place| place as usize).collect()
}

/// Imports values of a type (code, bits, lanes) that begin at an address.
unsafe fn import(
    host: *mut AmdmHost,
    (code, bits, lanes): (u8, u8, u16),
    data: *const u8,
    (shape, strides, first): &Layout,
) -> (AmdmStatus, *mut AmdmTensor) {
    let (mut shape, mut strides) = (shape.clone(), strides.clone());
    let mut managed = Managed {
        version: [1, 0],
        context: std::ptr::null_mut(),
        deleter: None,
        flags: 0,
        data: data.cast_mut().cast::<c_void>(),
        device: [1, 0],
        rank: shape.len() as i32,
        code_bits: [code, bits],
        lanes,
        shape: shape.as_mut_ptr(),
        strides: if strides.is_empty() { std::ptr::null_mut() } else { strides.as_mut_ptr() },
        offset: first * u64::from(bits / 8),
    };
    let mut out = std::ptr::null_mut();
    let there = (&raw mut managed).cast();
    (unsafe { (api().tensor_from_dlpack)(host, there, 0, &mut out) }, out)
}

/// All layouts of a type, against what indices say: where such values lie by themselves, and one
/// byte further.
fn all<T: Copy>(host: *mut AmdmHost, code: u8, values: &[T], read: fn(T) -> f32) {
    let kind = (code, 8 * size_of::<T>() as u8, 1);
    let bytes = size_of_val(values);
    let mut moved = vec![0u8; bytes + 1];
    let first = values.as_ptr().cast::<u8>();
    unsafe { std::ptr::copy_nonoverlapping(first, moved.as_mut_ptr().add(1), bytes) };
    for layout in layouts() {
        let expected = places(&layout).into_iter().map(|place| read(values[place]).to_bits());
        let expected = expected.collect::<Vec<_>>();
        for data in [first, moved[1..].as_ptr()] {
            let (status, tensor) = unsafe { import(host, kind, data, &layout) };
            assert_eq!(status, AMDM_STATUS_OK, "{kind:?} {layout:?}: {}", last_error());
            let (shape, found) = bits(tensor);
            assert!(shape.iter().map(|extent| i64::from(*extent)).eq(layout.0.iter().copied()));
            assert_eq!(found, expected, "{kind:?} {layout:?}");
            ok(unsafe { (api().tensor_release)(tensor) });
        }
    }
}

/// The bits of a small whole number as a float of 16 bits.
fn half(number: u8) -> u16 {
    let bits = f32::from(number).to_bits();
    if number == 0 { 0 } else { (((bits >> 23) - 112) << 10 | bits >> 13 & 0x3FF) as u16 }
}

#[test]
fn all_types_and_layouts_are_read() {
    let host = open(&description());
    let numbers = (0..VALUES).map(|at| at as u8).collect::<Vec<_>>();
    let each = |make: fn(u8) -> u16| numbers.iter().map(|at| make(*at)).collect::<Vec<_>>();
    let floats = numbers.iter().map(|at| f32::from(*at) / 3.0 - 7.0).collect::<Vec<_>>();
    let doubles = floats.iter().map(|value| f64::from(*value) / 7.0).collect::<Vec<_>>();
    let longs = numbers.iter().map(|at| i64::from(*at) * 0x1_2345_6789 - (1 << 36));
    all(host, 2, &floats, |value| value);
    all(host, 2, &doubles, |value| value as f32);
    all(host, 2, &each(half), |bits| (0..=255).find(|at| half(*at) == bits).unwrap().into());
    all(host, 4, &each(|at| (f32::from(at).to_bits() >> 16) as u16), |bits| {
        f32::from_bits(u32::from(bits) << 16)
    });
    all(host, 1, &numbers, f32::from);
    all(host, 6, &numbers, f32::from);
    all(host, 0, &longs.collect::<Vec<_>>(), |value| value as f32);
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn what_is_no_tensor_is_refused() {
    let host = open(&description());
    let values = [0f32; 4];
    let refused = |kind, shape: &[i64], strides: &[i64], data: *const u8| unsafe {
        let layout = (shape.to_vec(), strides.to_vec(), 0);
        let (status, tensor) = import(host, kind, data, &layout);
        assert!(tensor.is_null());
        status
    };
    let (floats, there) = ((2, 32, 1), values.as_ptr().cast());
    let argument = AMDM_STATUS_INVALID_ARGUMENT;
    // Sizes are counted before memory is asked for, also where the strides make one value many.
    assert_eq!(refused(floats, &[1 << 31, 1 << 31], &[0, 0], there), argument);
    assert_eq!(refused(floats, &[-1, 0], &[1, 1], there), argument);
    assert_eq!(refused(floats, &[1; 9], &[1; 9], there), argument);
    assert_eq!(refused(floats, &[4], &[1], std::ptr::null()), argument);
    // None at all.
    for (shape, strides) in [([0, 1], [1, 1]), ([4, 0], [4, 1]), ([0, 1 << 31], [1 << 60; 2])] {
        let found = refused(floats, &shape, &strides, there);
        assert_eq!(found, AMDM_STATUS_INVALID_INPUT, "{shape:?}");
        assert!(last_error().contains("expected extents above 0"), "{}", last_error());
    }
    for kind in [(5, 64, 1), (2, 32, 2), (2, 8, 1), (0, 32, 1), (1, 16, 1)] {
        for extent in [4, 0] {
            assert_eq!(refused(kind, &[extent], &[1], there), AMDM_STATUS_UNSUPPORTED, "{kind:?}");
        }
    }
    ok(unsafe { (api().host_destroy)(host) });
}
