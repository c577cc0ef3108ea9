//! Latents of other ranks than pictures have: sound and films are sampled and merged as pictures are.

use std::ffi::{c_char, c_void};

use amdm_capi::*;
use serde_json::{Value, json};

use crate::behaviour::library::bits;
use crate::library::{NOTHING, api, description, graph, last_error, ok, open, taken, text};

/// Values of the two latents of a batch.
const BATCH: usize = 2 * 2 * 3 * 4 * 5;

/// Two networks that do not agree: a line, and a square.
unsafe extern "C" fn predict(
    square: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    _: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    let tensor = unsafe { &*(*api).tensor };
    for at in 0..count {
        unsafe {
            let (mut latent, guided) = ((*requests.add(at)).latent, &mut (*out.add(at)).guided);
            if !square.is_null() {
                ok((tensor.mul)(ctx, latent, latent, &mut latent));
            }
            ok((tensor.affine)(ctx, latent, 0.3, 0.1, guided));
        }
    }
    AMDM_STATUS_OK
}

/// The first values of each latent as a grey picture of 2 x 2.
unsafe extern "C" fn decode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    latent: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let (tensor, mut values) = (unsafe { &*(*api).tensor }, [0f32; BATCH]);
    unsafe {
        ok((tensor.read_f32)(ctx, latent, values.as_mut_ptr(), BATCH));
        let pictures = [&values[..4], &values[BATCH / 2..][..4]].concat();
        (tensor.from_f32)(ctx, [2, 2, 2, 1].as_ptr(), 4, pictures.as_ptr(), out)
    }
}

/// Gives latents without time.
unsafe extern "C" fn still(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let (tensor, values) = (unsafe { &*(*api).tensor }, [0f32; 40]);
    unsafe { (tensor.from_f32)(ctx, [1, 2, 4, 5].as_ptr(), 4, values.as_ptr(), out) }
}

fn register(host: *mut AmdmHost, name: &str, square: usize, shape: &[u32]) -> AmdmStatus {
    let info = text(
        &json!({"name": name, "prediction": "flow", "latent_shape": shape,
                "latent_space": "test-ranks"})
        .to_string(),
    );
    let vtable = AmdmModelVtable {
        struct_size: size_of::<AmdmModelVtable>(),
        info_json: info.as_ptr(),
        user_data: std::ptr::without_provenance_mut(square),
        predict: Some(predict),
        decode: Some(decode),
        encode: Some(still),
        ..unsafe { std::mem::zeroed() }
    };
    unsafe { (api().host_register_model)(host, &vtable) }
}

/// Two lanes merged by slerp, from a start that is set, halfway.
fn merging() -> Value {
    json!({
        "a": {"class_type": "ModelLoader", "inputs": {"model_name": "line"}},
        "b": {"class_type": "ModelLoader", "inputs": {"model_name": "square"}},
        "c": {"class_type": "ConditionJson", "inputs": {"model": ["a", 0]}},
        "d": {"class_type": "ConditionJson", "inputs": {"model": ["b", 0]}},
        "first": {"class_type": "Lane", "inputs": {"model": ["a", 0], "positive": ["c", 0]}},
        "lanes": {"class_type": "Lane", "inputs": {"model": ["b", 0], "positive": ["d", 0],
                  "lanes": ["first", 0]}},
        "empty": {"class_type": "EmptyLatent", "inputs": {"model": ["a", 0], "batch_size": 2}},
        "merge": {"class_type": "AggregateStep", "inputs": {"method": "slerp", "weight": 0.6}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0], "latent": ["empty", 0],
                   "policy": ["merge", 0], "seed": 5, "steps": 6, "denoise": 0.7}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["b", 0], "latent": ["sample", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    })
}

fn tensor(host: *mut AmdmHost, shape: &[u32]) -> *mut AmdmTensor {
    use crate::behaviour::library::Managed;
    let mut extents = shape.iter().map(|extent| i64::from(*extent)).collect::<Vec<_>>();
    let count = extents.iter().product::<i64>();
    let values = (0..count).map(|at| (at as f32 * 0.7).sin()).collect::<Vec<f32>>();
    let mut managed = Managed {
        version: [1, 0],
        context: std::ptr::null_mut(),
        deleter: None,
        flags: 0,
        data: values.as_ptr().cast_mut().cast(),
        device: [1, 0],
        rank: shape.len() as i32,
        code_bits: [2, 32],
        lanes: 1,
        shape: extents.as_mut_ptr(),
        strides: std::ptr::null_mut(),
        offset: 0,
    };
    let mut out = std::ptr::null_mut();
    ok(unsafe { (api().tensor_from_dlpack)(host, (&raw mut managed).cast(), 0, &mut out) });
    out
}

/// Sets a latent.
fn set(host: *mut AmdmHost, made: *mut AmdmGraph, node: &str, shape: &[u32]) -> AmdmStatus {
    let (given, node) = (tensor(host, shape), text(node));
    let status =
        unsafe { (api().graph_set_tensor)(made, node.as_ptr(), c"latent".as_ptr(), given) };
    ok(unsafe { (api().tensor_release)(given) });
    status
}

/// What comes of a run: latents of the target, of all lanes, and pictures.
fn ran(made: *mut AmdmGraph, preview_ms: u32) -> Vec<(Vec<u32>, Vec<u32>)> {
    let outputs = [("sample", c"latent"), ("sample", c"all_lanes"), ("decode", c"image")];
    let names = outputs.map(|(node, _)| text(node));
    let wanted = outputs.iter().zip(&names);
    let wanted = wanted
        .map(|((_, output), node)| AmdmOutputName { node: node.as_ptr(), output: output.as_ptr() });
    let wanted = wanted.collect::<Vec<_>>();
    let desc = AmdmRunDesc {
        struct_size: size_of::<AmdmRunDesc>(),
        wanted: wanted.as_ptr(),
        wanted_count: wanted.len(),
        preview_ms,
        ..unsafe { std::mem::zeroed() }
    };
    let mut run = std::ptr::null_mut();
    unsafe {
        ok((api().run_create)(made, &desc, &mut run));
        ok((api().run_execute)(run));
    }
    let fetch = |(node, output): (*const c_char, *const c_char)| unsafe {
        let mut tensor = std::ptr::null_mut();
        ok((api().run_output_tensor)(run, node, output, &mut tensor));
        let bits = bits(tensor);
        ok((api().tensor_release)(tensor));
        bits
    };
    let all = wanted.iter().map(|name| fetch((name.node, name.output))).collect();
    ok(unsafe { (api().run_destroy)(run) });
    all
}

#[test]
fn films_are_merged_as_pictures_are() {
    let film = [2, 3, 4, 5];
    let of = |shape: &[u32]| {
        let host = open(&description());
        for (square, name) in ["line", "square"].into_iter().enumerate() {
            ok(register(host, name, square, shape));
        }
        let made = graph(host, &merging());
        ok(set(host, made, "sample", &[&[2], shape].concat()));
        let (latents, alone) = (ran(made, 1), ran(made, 0));
        assert_eq!(latents, alone, "whether somebody looks or not");
        ok(unsafe { (api().graph_destroy)(made) });
        // From nothing, too, which has the model's shape.
        let mut json = merging();
        json["sample"]["inputs"]["denoise"] = json!(1.0);
        let made = graph(host, &json);
        let all = [latents, ran(made, 0)];
        ok(unsafe { (api().graph_destroy)(made) });
        ok(unsafe { (api().host_destroy)(host) });
        all
    };
    let films = of(&film);
    for shape in [&[2, 12, 5][..], &[6, 20], &[1, 1, 120]] {
        for (film, other) in films.iter().flatten().zip(of(shape).iter().flatten()) {
            assert_eq!(film.1, other.1, "{shape:?}");
        }
    }
    for run in &films {
        assert_eq!(run[0].0, [2, 2, 3, 4, 5]);
        assert_eq!(run[1].0, [4, 2, 3, 4, 5]);
        assert_eq!(run[2].0, [2, 2, 2, 1]);
        assert!(run[0].1.iter().all(|bits| f32::from_bits(*bits).is_finite()));
        assert_ne!(run[0].1[..BATCH / 2], run[0].1[BATCH / 2..], "each has its own noise");
    }
    assert_ne!(films[0], films[1]);
}

#[test]
fn what_is_no_latent_is_refused_by_its_shape() {
    let host = open(&description());
    for shape in [&[][..], &[4], &[1, 2, 3, 4, 5], &[2, 0]] {
        assert_eq!(register(host, "none", 0, shape), AMDM_STATUS_INVALID_ARGUMENT, "{shape:?}");
        assert!(last_error().contains("info_json.latent_shape"), "{}", last_error());
    }
    for (square, name) in ["line", "square"].into_iter().enumerate() {
        ok(register(host, name, square, &[2, 3, 4, 5]));
    }
    let mut json = merging();
    let made = graph(host, &json);
    for shape in [&[][..], &[4], &[2, 4], &[1, 1, 1, 1, 1, 1]] {
        assert_eq!(set(host, made, "sample", shape), AMDM_STATUS_INVALID_INPUT, "{shape:?}");
        assert!(last_error().contains("2 to 4 extents"), "{}", last_error());
    }
    ok(unsafe { (api().graph_destroy)(made) });
    // A model whose encoder forgets the time; a built-in one that knows pictures alone.
    json["draw"] = json!({"class_type": "TextImage", "inputs": {"text": "a"}});
    json["empty"] = json!({"class_type": "EncodeImage",
                           "inputs": {"model": ["a", 0], "image": ["draw", 0]}});
    ends(graph(host, &json), "it gave [1, 2, 4, 5], expected the batch and 4 extents");
    json = merging();
    json["a"]["inputs"]["model_name"] = json!("tiny-layout");
    json["decode"]["inputs"] = json!({"model": ["a", 0], "latent": ["sample", 0]});
    let made = graph(host, &json);
    ok(set(host, made, "decode", &[1, 3, 2, 4, 4]));
    ends(made, "found a latent of shape [1, 3, 2, 4, 4], expected 4 extents for model tiny-layout");
    ok(unsafe { (api().host_destroy)(host) });
}

/// A graph whose run ends with these words.
fn ends(made: *mut AmdmGraph, words: &str) {
    let (run, mut out) = (crate::library::run(made), NOTHING);
    unsafe {
        assert_ne!((api().run_execute)(run), AMDM_STATUS_OK);
        ok((api().run_error)(run, &mut out));
        ok((api().run_destroy)(run));
        ok((api().graph_destroy)(made));
    }
    let said = taken(out);
    assert!(said.contains(words), "{said}");
}
