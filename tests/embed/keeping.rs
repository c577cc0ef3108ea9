//! What is kept of an embedder's models and nodes, and what they are asked for: versions, parts,
//! pictures and masks that become latents and conditions, and results that depend on more.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::{AtomicU32, Ordering};

use amdm_capi::*;
use serde_json::{Value, json};

use crate::behaviour::library::images;
use crate::library::{api, description, graph, last_error, ok, open, run, text};

/// Halves latents, and counts in its data.
unsafe extern "C" fn predict(
    calls: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    parts: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    assert_eq!(parts, 0, "it promised none");
    unsafe { &*calls.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
    for at in 0..count {
        unsafe {
            let (latent, guided) = ((*requests.add(at)).latent, &mut (*out.add(at)).guided);
            ok(((*(*api).tensor).affine)(ctx, latent, 0.5, 0.0, guided));
        }
    }
    AMDM_STATUS_OK
}

/// The red of an image as a latent, in the shape that latents have.
unsafe extern "C" fn encode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    input: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let tensor = unsafe { &*(*api).tensor };
    let mut red = std::ptr::null_mut();
    unsafe {
        ok((tensor.narrow)(ctx, input, 3, 0, 1, &mut red));
        (tensor.reshape)(ctx, red, [1, 1, 4, 4].as_ptr(), 4, out)
    }
}

/// The other way round.
unsafe extern "C" fn decode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    input: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { ((*(*api).tensor).reshape)(ctx, input, [1, 4, 4, 1].as_ptr(), 4, out) }
}

/// Takes a mask, and nothing else.
unsafe extern "C" fn condition(
    sum: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    json: *const c_char,
    names: *const *const c_char,
    tensors: *const *mut AmdmTensor,
    count: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    unsafe {
        assert_eq!((count, CStr::from_ptr(json)), (1, c"{}"));
        assert_eq!(CStr::from_ptr(*names), c"mask");
        let mut values = [0f32; 4];
        ok(((*(*api).tensor).read_f32)(ctx, *tensors, values.as_mut_ptr(), 4));
        let sum = &*sum.cast::<AtomicU32>();
        sum.store(values.iter().sum::<f32>().to_bits(), Ordering::Relaxed);
        ((*(*api).object).create)(ctx, c"MASKED".as_ptr(), std::ptr::null(), 0, out)
    }
}

fn register(host: *mut AmdmHost, calls: &AtomicU32, more: Value, masked: bool) {
    let mut info = json!({"name": "test-kept", "prediction": "flow", "latent_shape": [1, 4, 4],
                          "latent_space": "test-kept"});
    info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let info = text(&info.to_string());
    let mut vtable = unsafe { std::mem::zeroed::<AmdmModelVtable>() };
    (vtable.struct_size, vtable.info_json) = (size_of::<AmdmModelVtable>(), info.as_ptr());
    vtable.user_data = std::ptr::from_ref(calls).cast_mut().cast();
    vtable.predict = Some(predict);
    vtable.encode = Some(encode);
    vtable.decode = Some(decode);
    if masked {
        vtable.condition = Some(condition);
    }
    ok(unsafe { (api().host_register_model)(host, &vtable) });
}

fn sampling() -> Value {
    json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "test-kept"}},
        "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0]}},
        "lane": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["what", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "sample": {"class_type": "Sampler",
                   "inputs": {"lanes": ["lane", 0], "latent": ["start", 0], "steps": 4}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["model", 0], "latent": ["sample", 0]}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    })
}

/// Ends with this status.
fn ends(host: *mut AmdmHost, json: &Value, expected: AmdmStatus) {
    let made = graph(host, json);
    let run = run(made);
    ok(unsafe { (api().graph_destroy)(made) });
    assert_eq!(unsafe { (api().run_execute)(run) }, expected, "{}", last_error());
    ok(unsafe { (api().run_destroy)(run) });
}

/// Results of a model are kept on disk for other hosts where its version and facts are the same.
#[test]
fn a_version_says_whose_results_are_whose() {
    let dir = tempfile::tempdir().unwrap();
    let kept = text(dir.path().to_str().unwrap());
    let asked = |facts: Value| {
        let mut desc = description();
        (desc.cache_dir, desc.cache_bytes) = (kept.as_ptr(), 0);
        let (host, calls) = (open(&desc), AtomicU32::new(0));
        register(host, &calls, facts, false);
        ends(host, &sampling(), AMDM_STATUS_OK);
        ok(unsafe { (api().host_destroy)(host) });
        calls.load(Ordering::Relaxed)
    };
    assert_eq!(asked(json!({"version": "1"})), 4);
    assert_eq!(asked(json!({"version": "1"})), 0, "kept");
    assert_eq!(asked(json!({"version": "2"})), 4, "another version");
    assert_eq!(asked(json!({"version": "1", "clip": 1.0})), 4, "other facts");
    assert_eq!(asked(json!({"version": "1"})), 0, "still kept");
    assert_eq!([asked(json!({})), asked(json!({}))], [4, 4], "without a version never");
}

/// What depends on a model that answers as it likes is asked for again, whatever its version.
#[test]
fn answers_that_may_differ_are_never_kept() {
    let dir = tempfile::tempdir().unwrap();
    let kept = text(dir.path().to_str().unwrap());
    let asked_twice = |facts: Value| {
        let mut desc = description();
        desc.cache_dir = kept.as_ptr();
        let (host, calls) = (open(&desc), AtomicU32::new(0));
        register(host, &calls, facts, false);
        let asked = [(); 2].map(|()| {
            ends(host, &sampling(), AMDM_STATUS_OK);
            calls.swap(0, Ordering::Relaxed)
        });
        ok(unsafe { (api().host_destroy)(host) });
        asked
    };
    let empty = || std::fs::read_dir(dir.path()).unwrap().count() == 0;
    assert_eq!(asked_twice(json!({"deterministic": false})), [4, 4]);
    assert_eq!(asked_twice(json!({"deterministic": false, "version": "1"})), [4, 4]);
    assert!(empty(), "nothing is left on disk either");
    assert_eq!(asked_twice(json!({"deterministic": true})), [4, 0]);
    assert_eq!(asked_twice(json!({"version": "1"})), [4, 0]);
    assert!(!empty());
    assert_eq!(asked_twice(json!({"deterministic": false, "version": "1"})), [4, 4]);
}

/// What wants conditional and unconditional predictions apart is refused before any network runs.
#[test]
fn a_model_without_parts_is_refused_in_time() {
    let (host, calls) = (open(&description()), AtomicU32::new(0));
    register(host, &calls, json!({}), false);
    let mut json = sampling();
    json["lanes"] = json!({"class_type": "Lane", "inputs": {
        "model": ["model", 0], "positive": ["what", 0], "lanes": ["lane", 0]}});
    json["merge"] = json!({"class_type": "AggregateStep", "inputs": {"method": "compose"}});
    json["sample"]["inputs"]["lanes"] = json!(["lanes", 0]);
    json["sample"]["inputs"]["policy"] = json!(["merge", 0]);
    ends(host, &json, AMDM_STATUS_UNSUPPORTED);
    assert!(last_error().contains("test-kept"), "{}", last_error());
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    json["merge"]["inputs"]["method"] = json!("slerp");
    ends(host, &json, AMDM_STATUS_OK);
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn a_model_encodes_and_decodes() {
    let (host, calls) = (open(&description()), AtomicU32::new(0));
    register(host, &calls, json!({}), false);
    let json = json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "test-kept"}},
        "load": {"class_type": "LoadImage", "inputs": {"image": "memory"}},
        "encode": {"class_type": "EncodeImage",
                   "inputs": {"model": ["model", 0], "image": ["load", 0]}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["model", 0], "latent": ["encode", 0]}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    });
    let made = graph(host, &json);
    let pixels = (0..48u8).map(|at| at * 5).collect::<Vec<_>>();
    let image = AmdmImage {
        struct_size: size_of::<AmdmImage>(),
        width: 4,
        height: 4,
        channels: 3,
        element_type: AMDM_ELEMENT_U8,
        data: pixels.as_ptr().cast(),
        ..unsafe { std::mem::zeroed() }
    };
    let (load, name, save) = (text("load"), text("image"), text("save"));
    let mut grey = AmdmImage { data: std::ptr::null(), channels: 1, ..image };
    unsafe {
        ok((api().graph_set_image)(made, load.as_ptr(), name.as_ptr(), &image));
        let run = run(made);
        ok((api().run_execute)(run));
        ok((api().run_output_image)(run, save.as_ptr(), std::ptr::null(), 0, &mut grey));
        let values = std::slice::from_raw_parts(grey.data.cast::<u8>(), 16);
        assert!(values.iter().eq(pixels.iter().step_by(3)), "{values:?}");
        grey.release.unwrap()(grey.release_ctx);
        ok((api().run_destroy)(run));
        ok((api().graph_destroy)(made));
        ok((api().host_destroy)(host));
    }
}

/// A mask that a graph is given goes to the model as it is.
#[test]
fn a_mask_conditions_a_model() {
    let (host, sum) = (open(&description()), AtomicU32::new(0));
    register(host, &sum, json!({}), true);
    let mut json = sampling();
    json["load"] = json!({"class_type": "LoadImage", "inputs": {"image": "nothing.png"}});
    json["what"]["inputs"]["mask"] = json!(["load", 1]);
    let made = graph(host, &json);
    let values = [0u8, 255, 51, 102];
    let mask = AmdmImage {
        struct_size: size_of::<AmdmImage>(),
        width: 2,
        height: 2,
        channels: 1,
        element_type: AMDM_ELEMENT_U8,
        data: values.as_ptr().cast(),
        ..unsafe { std::mem::zeroed() }
    };
    let (what, name) = (text("what"), text("mask"));
    unsafe {
        ok((api().graph_set_image)(made, what.as_ptr(), name.as_ptr(), &mask));
        // What nobody needs any more is named still, and is not there.
        let desc = AmdmRunDesc { struct_size: size_of::<AmdmRunDesc>(), ..std::mem::zeroed() };
        let mut run = std::ptr::null_mut();
        assert_eq!((api().run_create)(made, &desc, &mut run), AMDM_STATUS_INVALID_GRAPH);
        let (load, image) = (text("load"), text("image"));
        ok((api().graph_set_image)(made, load.as_ptr(), image.as_ptr(), &mask));
        ok((api().run_create)(made, &desc, &mut run));
        let ended = (api().run_execute)(run);
        let sum = f32::from_bits(sum.load(Ordering::Relaxed));
        assert!((sum - 408.0 / 255.0).abs() < 1e-6, "{sum}, {ended}");
        ok((api().run_destroy)(run));
        ok((api().graph_destroy)(made));
        ok((api().host_destroy)(host));
    }
}

/// Draws a text, and says that more than the graph decides what comes out.
unsafe extern "C" fn draws(
    calls: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> AmdmStatus {
    let calls = unsafe { &*calls.cast::<AtomicU32>() };
    let count = calls.fetch_add(1, Ordering::Relaxed);
    let (call, image) = unsafe { (&*(*api).call, &*(*api).image) };
    let mut drawn = std::ptr::null_mut();
    unsafe {
        ok((image.text)(ctx, text(&count.to_string()).as_ptr(), 16, 16, 12.0, &mut drawn));
        ok((call.depends_on_more)(ctx));
        let value =
            AmdmValue { kind: AMDM_VALUE_TENSOR, reserved: 0, r#as: AmdmValueAs { tensor: drawn } };
        (call.set_output)(ctx, c"image".as_ptr(), value)
    }
}

#[test]
fn what_depends_on_more_is_never_kept() {
    let (host, calls) = (open(&description()), AtomicU32::new(0));
    let descriptor = json!({
        "type": "test.more.Count", "pack": "test:more", "version": "1.0.0", "title": "Count",
        "category": "test", "description": "Draws how often it was called.", "inputs": [],
        "outputs": [{"name": "image", "type": "IMAGE"}],
    });
    let descriptor = text(&descriptor.to_string());
    let vtable = AmdmNodeVtable {
        struct_size: size_of::<AmdmNodeVtable>(),
        descriptor_json: descriptor.as_ptr(),
        user_data: std::ptr::from_ref(&calls).cast_mut().cast(),
        execute: Some(draws),
        ..unsafe { std::mem::zeroed() }
    };
    ok(unsafe { (api().host_register_node)(host, &vtable) });
    let json = json!({
        "count": {"class_type": "test.more.Count", "inputs": {}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["count", 0]}},
    });
    let made = graph(host, &json);
    let pictures = [(); 2].map(|()| {
        let run = run(made);
        ok(unsafe { (api().run_execute)(run) });
        let images = images(run, &["save".to_owned()]);
        ok(unsafe { (api().run_destroy)(run) });
        images
    });
    assert_ne!(pictures[0], pictures[1]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    ok(unsafe { (api().graph_destroy)(made) });
    ok(unsafe { (api().host_destroy)(host) });
}
