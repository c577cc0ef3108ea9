//! Values that graphs are given in memory: set again and again, of any layout, into any socket.

use std::ffi::c_void;

use amdm_capi::*;
use serde_json::{Value, json};

use crate::behaviour::library::{bits, images};
use crate::behaviour::scene;
use crate::library::{NOTHING, api, description, graph, ok, open, run, taken, text};
use crate::process::{alone, passed};

/// Set in the child process.
const CHILD: &str = "AMDM_GIVEN_CHILD";

/// A picture drawn, saved.
fn drawn() -> Value {
    json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 8, "height": 8}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["text", 0]}},
    })
}

fn image<T>(values: &[T], [width, height]: [u32; 2], channels: u32, element: u32) -> AmdmImage {
    assert_eq!(values.len() as u32, width * height * channels);
    let image = unsafe { std::mem::zeroed::<AmdmImage>() };
    AmdmImage {
        struct_size: size_of::<AmdmImage>(),
        width,
        height,
        channels,
        element_type: element,
        data: values.as_ptr().cast::<c_void>(),
        ..image
    }
}

fn set(graph: *mut AmdmGraph, (node, input): (&str, &str), image: &AmdmImage) -> AmdmStatus {
    let (node, input) = (text(node), text(input));
    unsafe { (api().graph_set_image)(graph, node.as_ptr(), input.as_ptr(), image) }
}

/// The saved picture as RGB.
fn saved(graph: *mut AmdmGraph) -> Vec<u8> {
    let (run, save) = (run(graph), text("save"));
    let mut image = unsafe { std::mem::zeroed::<AmdmImage>() };
    (image.struct_size, image.channels) = (size_of::<AmdmImage>(), 3);
    unsafe {
        ok((api().run_execute)(run));
        ok((api().run_output_image)(run, save.as_ptr(), std::ptr::null(), 0, &mut image));
        ok((api().run_destroy)(run));
        let bytes = (image.width * image.height * 3) as usize;
        let pixels = std::slice::from_raw_parts(image.data.cast::<u8>(), bytes).to_vec();
        image.release.unwrap()(image.release_ctx);
        pixels
    }
}

fn end(host: *mut AmdmHost, graphs: &[*mut AmdmGraph]) {
    for graph in graphs {
        ok(unsafe { (api().graph_destroy)(*graph) });
    }
    ok(unsafe { (api().host_destroy)(host) });
}

#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// A canvas that is set after every stroke: one picture stays, and one node.
#[cfg(target_os = "linux")]
#[test]
fn what_is_set_again_takes_the_place_of_what_was() {
    passed(&alone("given::canvas").env(CHILD, "1").output().unwrap());
}

/// Runs in a process of its own, which measures itself.
#[cfg(target_os = "linux")]
#[test]
fn canvas() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let host = open(&description());
    let made = graph(host, &drawn());
    let mut before = 0;
    for stroke in 0..120u32 {
        let canvas = vec![(stroke % 251) as u8; 512 * 512 * 3];
        let canvas = image(&canvas, [512, 512], 3, AMDM_ELEMENT_U8);
        ok(set(made, ("save", "images"), &canvas));
        if stroke == 20 {
            before = resident();
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 60 << 20, "{grown} bytes more after 100 pictures of 3 MiB");
    assert!(saved(made).iter().all(|byte| *byte == 119));
    let mut out = NOTHING;
    ok(unsafe { (api().graph_inputs)(made, &mut out) });
    assert_eq!(taken(out).matches("embed.memory").count(), 1);
    end(host, &[made]);
}

/// The same numbers are an image for one socket and a latent for another.
#[test]
fn one_value_serves_sockets_of_two_kinds() {
    let host = open(&description());
    let made = graph(host, &scene::graph());
    let shown = image(&[0f32; 4 * 4 * 3], [4, 4], 3, AMDM_ELEMENT_F32);
    ok(set(made, ("save", "images"), &shown));
    let (run, mut tensor) = (run(made), std::ptr::null_mut());
    let (save, sample, latent) = (text("save"), text("sample"), text("latent"));
    unsafe {
        ok((api().run_execute)(run));
        ok((api().run_output_tensor)(run, save.as_ptr(), std::ptr::null(), &mut tensor));
        ok((api().graph_set_tensor)(made, sample.as_ptr(), latent.as_ptr(), tensor));
        let mut out = NOTHING;
        let status = (api().graph_validate)(made, &mut out);
        assert_eq!(status, AMDM_STATUS_OK, "{}", taken(out));
        ok((api().string_free)(&mut out));
        ok((api().tensor_release)(tensor));
        ok((api().run_destroy)(run));
    }
    end(host, &[made]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let host = open(&description());
    let made = graph(host, &drawn());
    let before = saved(made);
    let wide = image(&[0.5f32; 16], [2, 2], 4, AMDM_ELEMENT_F32);
    assert_eq!(set(made, ("save", "filename_prefix"), &wide), AMDM_STATUS_INVALID_INPUT);
    assert_eq!(set(made, ("save", "imagery"), &wide), AMDM_STATUS_INVALID_GRAPH);
    assert_eq!(saved(made), before);
    end(host, &[made]);
}

/// The request around a graph stays what it was.
#[test]
fn targets_of_a_request_are_kept() {
    let host = open(&description());
    let mut prompt = drawn();
    prompt["other"] = json!({"class_type": "PreviewImage", "inputs": {"images": ["text", 0]}});
    let request = json!({"prompt": prompt, "partial_execution_targets": ["save"]});
    let made = graph(host, &request);
    ok(set(made, ("save", "images"), &image(&[7u8; 12], [2, 2], 3, AMDM_ELEMENT_U8)));
    let run = run(made);
    ok(unsafe { (api().run_execute)(run) });
    assert_eq!(images(run, &["save".to_owned()]).len(), 1);
    assert!(images(run, &["other".to_owned()]).is_empty());
    ok(unsafe { (api().run_destroy)(run) });
    end(host, &[made]);
}

#[test]
fn grey_alpha_and_halves_are_read() {
    let host = open(&description());
    let made = graph(host, &drawn());
    let place = ("save", "images");
    let gives = |image: AmdmImage| {
        ok(set(made, place, &image));
        saved(made)
    };
    let bytes = [0u8, 51, 102, 255];
    let grey = bytes.iter().flat_map(|&byte| [byte; 3]).collect::<Vec<_>>();
    assert_eq!(gives(image(&bytes, [2, 2], 1, AMDM_ELEMENT_U8)), grey);
    // 0, 1/2, 1/4, 1 as halves.
    let halves = [0x0000u16, 0x3800, 0x3400, 0x3C00];
    let floats = [0f32, 0.5, 0.25, 1.0];
    let from_halves = gives(image(&halves, [2, 2], 1, AMDM_ELEMENT_F16));
    assert_eq!(from_halves, gives(image(&floats, [2, 2], 1, AMDM_ELEMENT_F32)));
    assert_eq!(from_halves[..9], [0, 0, 0, 127, 127, 127, 63, 63, 63]);
    // With alpha, which multiplied colours are divided by.
    let pairs = [64u8, 128, 255, 255, 0, 0, 10, 255];
    let pairs = image(&pairs, [2, 2], 2, AMDM_ELEMENT_U8);
    let straight = gives(AmdmImage { alpha_mode: AMDM_ALPHA_PREMULTIPLIED, ..pairs });
    assert_eq!(straight[..2], [127, 127]);
    end(host, &[made]);
}

/// A picture with alpha, its mask as an image, and a mask given to a socket.
#[test]
fn masks_are_images_of_one_channel() {
    let host = open(&description());
    let made = graph(
        host,
        &json!({
            "load": {"class_type": "LoadImage", "inputs": {"image": "memory"}},
            "save": {"class_type": "SaveImage", "inputs": {"images": ["load", 0]}},
        }),
    );
    let rgba = [9u8, 9, 9, 255, 9, 9, 9, 0, 9, 9, 9, 55, 9, 9, 9, 155];
    ok(set(made, ("load", "image"), &image(&rgba, [2, 2], 4, AMDM_ELEMENT_U8)));
    let (load, mask) = (text("load"), text("mask"));
    let wanted = AmdmOutputName { node: load.as_ptr(), output: mask.as_ptr() };
    let mut desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
    desc.struct_size = size_of::<AmdmRunDesc>();
    (desc.wanted, desc.wanted_count) = (&wanted, 1);
    let (mut run, mut got) = (std::ptr::null_mut(), unsafe { std::mem::zeroed::<AmdmImage>() });
    got.struct_size = size_of::<AmdmImage>();
    got.row_stride = -1;
    let mut tensor = std::ptr::null_mut();
    unsafe {
        ok((api().run_create)(made, &desc, &mut run));
        ok((api().run_execute)(run));
        ok((api().run_output_image)(run, load.as_ptr(), mask.as_ptr(), 0, &mut got));
        assert_eq!((got.width, got.height, got.channels, got.row_stride), (2, 2, 1, -2));
        let top = std::slice::from_raw_parts(got.data.cast::<u8>(), 2);
        let below =
            std::slice::from_raw_parts(got.data.cast::<u8>().offset(got.row_stride as isize), 2);
        assert_eq!((top, below), (&[0, 255][..], &[200, 99][..]));
        got.release.unwrap()(got.release_ctx);
        ok((api().run_output_tensor)(run, load.as_ptr(), mask.as_ptr(), &mut tensor));
        assert_eq!(bits(tensor).0, [1, 2, 2]);
        ok((api().tensor_release)(tensor));
        ok((api().run_destroy)(run));
    }
    end(host, &[made]);
}
