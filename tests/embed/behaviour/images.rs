//! Pictures and tensors that come in memory do what files do.
#![allow(clippy::cast_possible_wrap)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

use amdm_capi::*;
use serde_json::{Value, json};

use super::library::{Loaded, Managed, Mode, bits, images};
use super::scene::{copy, pattern, pixels, with, write};
use super::{Face, Image, Job, agreed, faces};
use crate::library::{api, last_error, ok, run, text};

const SIZE: [u32; 2] = [13, 7];

static RELEASED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn released(_: *mut c_void) {
    RELEASED.fetch_add(1, Ordering::Relaxed);
}

fn image(data: *const u8, channels: u32, element_type: u32) -> AmdmImage {
    AmdmImage {
        struct_size: size_of::<AmdmImage>(),
        width: SIZE[0],
        height: SIZE[1],
        channels,
        element_type,
        row_stride: 0,
        channel_order: AMDM_ORDER_RGBA,
        alpha_mode: AMDM_ALPHA_STRAIGHT,
        data: data.cast(),
        release: Some(released),
        release_ctx: std::ptr::null_mut(),
    }
}

/// The images that a graph gives once an input is set to an image.
fn given(
    face: &Loaded,
    graph: &Value,
    (node, input): (&str, &str),
    image: &AmdmImage,
) -> Vec<Image> {
    let made = crate::library::graph(face.host, graph);
    let (node, input) = (text(node), text(input));
    let before = RELEASED.load(Ordering::Relaxed);
    ok(unsafe { (api().graph_set_image)(made, node.as_ptr(), input.as_ptr(), image) });
    assert_eq!(RELEASED.load(Ordering::Relaxed), before + 1, "released once");
    let ran = run(made);
    ok(unsafe { (api().graph_destroy)(made) });
    ok(unsafe { (api().run_execute)(ran) });
    let images = images(ran, &["save".to_owned()]);
    ok(unsafe { (api().run_destroy)(ran) });
    images
}

/// One test, as it counts releases.
#[test]
fn a_picture_in_memory_is_the_file() {
    let inputs = tempfile::tempdir().unwrap();
    let rgb = pattern(SIZE);
    write(&inputs.path().join("in.png"), SIZE, &rgb);
    let from_file = agreed(&faces(inputs.path()), &Job::new(&copy())).images.unwrap();
    assert_eq!(from_file, [("save".to_owned(), SIZE, rgb.clone())]);
    let empty = tempfile::tempdir().unwrap();
    let face = Loaded::open(empty.path(), Mode::Executed);
    let place = ("load", "image");
    let plain = image(rgb.as_ptr(), 3, AMDM_ELEMENT_U8);
    assert_eq!(given(&face, &copy(), place, &plain), from_file);
    // In place of a link.
    let mut linked = copy();
    linked["load"] = json!({"class_type": "TextImage", "inputs": {"text": "no"}});
    assert_eq!(given(&face, &linked, ("save", "images"), &plain), from_file);
    // Last row first, blue first, rows with gaps.
    let stride = SIZE[0] as usize * 3 + 5;
    let mut rows = vec![0u8; stride * SIZE[1] as usize];
    for (y, row) in rgb.chunks(SIZE[0] as usize * 3).enumerate() {
        let out = &mut rows[(SIZE[1] as usize - 1 - y) * stride..];
        for (out, pixel) in out.chunks_mut(3).zip(row.chunks(3)) {
            out.copy_from_slice(&[pixel[2], pixel[1], pixel[0]]);
        }
    }
    let top = rows.as_ptr().wrapping_add(stride * (SIZE[1] as usize - 1));
    let upside_down = AmdmImage {
        row_stride: -(stride as i64),
        channel_order: AMDM_ORDER_BGRA,
        ..image(top, 3, AMDM_ELEMENT_U8)
    };
    assert_eq!(given(&face, &copy(), place, &upside_down), from_file);
    let floats = rgb.iter().map(|&byte| f32::from(byte) / 255.0).collect::<Vec<_>>();
    let floats = image(floats.as_ptr().cast(), 3, AMDM_ELEMENT_F32);
    assert_eq!(given(&face, &copy(), place, &floats), from_file);
    // Opaque alpha, straight or multiplied, leaves colours alone.
    let rgba = rgb.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect::<Vec<_>>();
    let rgba = image(rgba.as_ptr(), 4, AMDM_ELEMENT_U8);
    for alpha_mode in [AMDM_ALPHA_STRAIGHT, AMDM_ALPHA_PREMULTIPLIED] {
        assert_eq!(given(&face, &copy(), place, &AmdmImage { alpha_mode, ..rgba }), from_file);
    }
    refusals(&face, &plain);
    layouts(&face, &rgb);
}

/// What is refused is released all the same.
fn refusals(face: &Loaded, plain: &AmdmImage) {
    let graph = crate::library::graph(face.host, &copy());
    let set = |node: &str, input: &str, image: &AmdmImage| {
        let (node, input, before) = (text(node), text(input), RELEASED.load(Ordering::Relaxed));
        let set = api().graph_set_image;
        let status = unsafe { set(graph, node.as_ptr(), input.as_ptr(), image) };
        assert_eq!(RELEASED.load(Ordering::Relaxed), before + 1, "released once");
        status
    };
    assert_eq!(set("nobody", "image", plain), AMDM_STATUS_INVALID_GRAPH);
    let prefix = set("save", "filename_prefix", plain);
    assert_eq!(prefix, AMDM_STATUS_INVALID_INPUT, "{}", last_error());
    for wrong in [
        AmdmImage { width: 0, ..*plain },
        AmdmImage { height: 20_000, ..*plain },
        AmdmImage { channels: 5, ..*plain },
        AmdmImage { element_type: 9, ..*plain },
        AmdmImage { row_stride: 3, ..*plain },
        AmdmImage { row_stride: i64::MIN, ..*plain },
        AmdmImage { channel_order: 2, ..*plain },
        AmdmImage { data: std::ptr::null(), ..*plain },
    ] {
        assert_eq!(set("load", "image", &wrong), AMDM_STATUS_INVALID_ARGUMENT, "{}", last_error());
    }
    let floats = vec![1.5f32; 13 * 7 * 3];
    let floats = image(floats.as_ptr().cast(), 3, AMDM_ELEMENT_F32);
    assert_eq!(set("load", "image", &floats), AMDM_STATUS_INVALID_INPUT);
    ok(unsafe { (api().graph_destroy)(graph) });
}

/// An image in the layouts that a caller may want.
fn layouts(face: &Loaded, rgb: &[u8]) {
    let made = crate::library::graph(face.host, &copy());
    let plain = image(rgb.as_ptr(), 3, AMDM_ELEMENT_U8);
    let (load, input) = (text("load"), text("image"));
    ok(unsafe { (api().graph_set_image)(made, load.as_ptr(), input.as_ptr(), &plain) });
    let (ran, save) = (run(made), text("save"));
    ok(unsafe { (api().run_execute)(ran) });
    let get = |wanted: AmdmImage| {
        let mut image = AmdmImage { width: 0, height: 0, release: None, ..wanted };
        let none = std::ptr::null();
        let status = unsafe { (api().run_output_image)(ran, save.as_ptr(), none, 0, &mut image) };
        (status, image)
    };
    let (width, height) = (SIZE[0] as usize, SIZE[1] as usize);
    let none = std::ptr::null();
    let (status, bgra) = get(AmdmImage {
        row_stride: -64,
        channel_order: AMDM_ORDER_BGRA,
        ..image(none, 4, AMDM_ELEMENT_U8)
    });
    ok(status);
    for y in 0..height {
        let row = bgra.data.cast::<u8>().wrapping_offset(-64 * y as isize);
        let row = unsafe { std::slice::from_raw_parts(row, width * 4) };
        for (x, pixel) in row.chunks(4).enumerate() {
            let from = &rgb[(y * width + x) * 3..][..3];
            assert_eq!(pixel, [from[2], from[1], from[0], 255]);
        }
    }
    unsafe { bgra.release.unwrap()(bgra.release_ctx) };
    let (status, floats) = get(image(none, 0, AMDM_ELEMENT_F32));
    ok(status);
    let values = unsafe { std::slice::from_raw_parts(floats.data.cast::<f32>(), rgb.len()) };
    assert!(values.iter().zip(rgb).all(|(value, byte)| *value == f32::from(*byte) / 255.0));
    unsafe { floats.release.unwrap()(floats.release_ctx) };
    // A stride that only an attacker wants is refused, and takes no memory.
    for row_stride in [1 << 40, -(1 << 36), 1 << 31, i64::MIN, i64::MAX, 5] {
        let (status, image) = get(AmdmImage { row_stride, ..image(none, 3, AMDM_ELEMENT_U8) });
        assert_ne!(status, AMDM_STATUS_OK, "{row_stride}");
        assert!(image.release.is_none());
    }
    unsafe {
        ok((api().run_destroy)(ran));
        ok((api().graph_destroy)(made));
    }
}

/// Averages of two bytes, all of them: what lies between two more is cut down alike in memory and in
/// files.
#[test]
fn pixels_in_memory_are_those_of_the_file() {
    let inputs = tempfile::tempdir().unwrap();
    let pairs = (0..=255u8).flat_map(|y| (0..=255).flat_map(move |x| [[x; 3], [y; 3]]));
    write(&inputs.path().join("in.png"), [512, 256], &pairs.flatten().collect::<Vec<_>>());
    let mut halved = copy();
    let scale =
        json!({"image": ["load", 0], "upscale_method": "area", "width": 256, "height": 256});
    halved["scale"] = json!({"class_type": "ImageScale", "inputs": scale});
    halved["save"]["inputs"]["images"] = json!(["scale", 0]);
    let ran = agreed(&faces(inputs.path()), &Job::new(&halved));
    let (size, pixels) = pixels(ran.files.values().next().unwrap());
    assert_eq!(size, [256, 256]);
    assert_eq!(pixels[3], 0, "of 0 and 1");
    assert!(ran.images.unwrap() == [("save".to_owned(), size, pixels)]);
}

unsafe extern "C" fn deleted(managed: *mut Managed) {
    unsafe { *(*managed).context.cast::<u32>() += 1 };
}

/// A latent that comes by DLPack, with strides, is the one that the graph would have made.
#[test]
fn a_tensor_in_memory_takes_the_place_of_a_link() {
    let inputs = tempfile::tempdir().unwrap();
    let face = Loaded::open(inputs.path(), Mode::Executed);
    let wanted = [("start", "latent"), ("sample", "latent")];
    let all = with("sample", "denoise", json!(0.5));
    let made = face.run(&Job { wanted: &wanted, ..Job::new(&all) });
    let (expected, tensors) = (made.images.unwrap(), made.tensors.unwrap());
    let (shape, values) = &tensors[0];
    // The last two axes change places in memory.
    let (height, width) = (shape[2] as usize, shape[3] as usize);
    let plane = height * width;
    let swapped = (0..values.len()).map(|at| {
        let (outer, inner) = (at / plane, at % plane);
        f32::from_bits(values[outer * plane + inner % height * width + inner / height])
    });
    let mut swapped = swapped.collect::<Vec<_>>();
    let mut extents = shape.iter().map(|&extent| i64::from(extent)).collect::<Vec<_>>();
    let mut strides = [(shape[1] as usize * plane) as i64, plane as i64, 1, height as i64];
    let mut deletions = 0u32;
    let mut managed = Managed {
        version: [1, 0],
        context: (&raw mut deletions).cast(),
        deleter: Some(deleted),
        flags: 0,
        data: swapped.as_mut_ptr().cast(),
        device: [1, 0],
        rank: 4,
        code_bits: [2, 32],
        lanes: 1,
        shape: extents.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        offset: 0,
    };
    let (import, mut tensor) = (api().tensor_from_dlpack, std::ptr::null_mut());
    managed.version = [2, 0];
    let there = (&raw mut managed).cast();
    let status = unsafe { import(face.host, there, 0, &mut tensor) };
    assert_eq!((status, deletions), (AMDM_STATUS_UNSUPPORTED, 0));
    unsafe { (*there.cast::<Managed>()).version = [1, 0] };
    ok(unsafe { import(face.host, there, 0, &mut tensor) });
    // SAFETY: written through the pointer in `managed`.
    assert_eq!(unsafe { std::ptr::read_volatile(&raw const deletions) }, 1);
    assert!(bits(tensor) == tensors[0]);
    let graph = crate::library::graph(face.host, &all);
    let (node, input) = (text("sample"), text("latent"));
    unsafe {
        ok((api().graph_set_tensor)(graph, node.as_ptr(), input.as_ptr(), tensor));
        let wrong =
            (api().graph_set_tensor)(graph, text("save").as_ptr(), c"images".as_ptr(), tensor);
        assert_eq!(wrong, AMDM_STATUS_INVALID_INPUT);
        ok((api().tensor_release)(tensor));
        assert_eq!((api().tensor_release)(tensor), AMDM_STATUS_INVALID_HANDLE);
        let ran = run(graph);
        ok((api().graph_destroy)(graph));
        ok((api().run_execute)(ran));
        assert!(images(ran, &["save".to_owned()]) == expected);
        ok((api().run_destroy)(ran));
    }
}
