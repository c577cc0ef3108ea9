//! What embedding costs: the calls around a run, and a registered model in place of a built-in one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::undocumented_unsafe_blocks,
    missing_docs
)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

use amdm_capi::*;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;

fn ok(status: AmdmStatus) {
    if status != AMDM_STATUS_OK {
        let text = unsafe { CStr::from_ptr(amdm_last_error()) };
        panic!("{status}: {}", text.to_string_lossy());
    }
}

fn host() -> *mut AmdmHost {
    unsafe {
        let mut desc = std::mem::zeroed::<AmdmHostDesc>();
        ok(amdm_host_desc_init(&mut desc, size_of::<AmdmHostDesc>()));
        desc.threads = 1;
        desc.device = c"cpu".as_ptr();
        desc.cache_bytes = 0;
        let mut host = null_mut();
        ok(amdm_host_create(&desc, &mut host));
        host
    }
}

fn graph(host: *mut AmdmHost, model: &str, steps: u32) -> *mut AmdmGraph {
    let graph = json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": model}},
        "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0],
            "json": "{\"boxes\":[[0.1,0.1,0.5,0.5]]}"}},
        "lane": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["what", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lane", 0],
            "latent": ["start", 0], "steps": steps, "spacing": "trailing"}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["model", 0], "latent": ["sample", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    });
    let text = graph.to_string();
    let mut out = null_mut();
    ok(unsafe { amdm_graph_from_json(host, text.as_ptr().cast(), text.len(), &mut out) });
    out
}

fn run(graph: *mut AmdmGraph) -> *mut AmdmRun {
    unsafe {
        let mut desc = std::mem::zeroed::<AmdmRunDesc>();
        desc.struct_size = size_of::<AmdmRunDesc>();
        let mut run = null_mut();
        ok(amdm_run_create(graph, &desc, &mut run));
        run
    }
}

fn executed(graph: *mut AmdmGraph) -> *mut AmdmRun {
    let run = run(graph);
    ok(unsafe { amdm_run_execute(run) });
    run
}

fn fetch(run: *mut AmdmRun) {
    unsafe {
        let mut image = std::mem::zeroed::<AmdmImage>();
        image.struct_size = size_of::<AmdmImage>();
        ok(amdm_run_output_image(run, c"show".as_ptr(), null(), 0, &mut image));
        image.release.unwrap()(image.release_ctx);
    }
}

/// A model that hands everything to the built-in `tiny-layout`.
mod wrapper {
    use super::*;

    unsafe fn inner(ctx: *mut AmdmContext, api: *const AmdmNodeApi) -> *mut AmdmModel {
        unsafe {
            let mut model = null_mut();
            ok(((*(*api).model).load)(ctx, c"tiny-layout".as_ptr(), null(), &mut model));
            model
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
            let model = inner(ctx, api);
            let requests = std::slice::from_raw_parts(requests, count);
            let requests = requests.iter().map(|request| AmdmRequest { model, ..*request });
            let requests = requests.collect::<Vec<_>>();
            ((*(*api).model).predict)(ctx, requests.as_ptr(), count, parts, out)
        }
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
            let model = inner(ctx, api);
            ((*(*api).model).condition)(ctx, model, json, names, tensors.cast(), count, out)
        }
    }

    unsafe extern "C" fn decode(
        _: *mut c_void,
        ctx: *mut AmdmContext,
        api: *const AmdmNodeApi,
        latent: *mut AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus {
        unsafe { ((*(*api).model).decode)(ctx, inner(ctx, api), latent, out) }
    }

    pub fn register(host: *mut AmdmHost) {
        let info = json!({
            "name": "wrapped", "prediction": "epsilon", "latent_shape": [3, 32, 32],
            "latent_space": "tiny", "alphas_cumprod": alphas(), "clip": 1.0, "parts": true,
        });
        let info = CString::new(info.to_string()).unwrap();
        let vtable = AmdmModelVtable {
            struct_size: size_of::<AmdmModelVtable>(),
            info_json: info.as_ptr(),
            user_data: null_mut(),
            timesteps: None,
            predict: Some(predict),
            condition: Some(condition),
            decode: Some(decode),
            encode: None,
            destroy: None,
        };
        ok(unsafe { amdm_host_register_model(host, &vtable) });
    }

    /// A cosine schedule; the price of a call does not depend on it.
    fn alphas() -> Vec<f64> {
        let at = |t: u32| (f64::from(t) / 1000.0 * 1.55).cos().powi(2).max(1e-4);
        (1..=1000).map(at).collect()
    }
}

/// What DLPack says of a tensor of a million floats, laid out as its header has it.
#[repr(C)]
struct Million {
    version: [u32; 2],
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut c_void)>,
    flags: u64,
    data: *mut c_void,
    device: [i32; 2],
    rank: i32,
    code_bits: [u8; 2],
    lanes: u16,
    shape: *const [i64; 2],
    strides: *const [i64; 2],
    offset: u64,
}

/// Imports 1,000 rows of 1,000 floats, packed or as columns of columns.
fn tensors(criterion: &mut Criterion) {
    let host = host();
    let (values, shape) = (vec![1f32; 1_000_000], [1000i64; 2]);
    let mut group = criterion.benchmark_group("from_dlpack, a million floats");
    for (name, strides) in [("packed", [1000i64, 1]), ("transposed", [1, 1000])] {
        let mut million = Million {
            version: [1, 0],
            context: null_mut(),
            deleter: None,
            flags: 0,
            data: values.as_ptr().cast_mut().cast(),
            device: [1, 0],
            rank: 2,
            code_bits: [2, 32],
            lanes: 1,
            shape: &shape,
            strides: &strides,
            offset: 0,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| unsafe {
                let mut tensor = null_mut();
                ok(amdm_tensor_from_dlpack(host, (&raw mut million).cast(), 0, &mut tensor));
                ok(amdm_tensor_release(tensor));
            });
        });
    }
    group.finish();
    ok(unsafe { amdm_host_destroy(host) });
}

fn calls(criterion: &mut Criterion) {
    let host = host();
    wrapper::register(host);
    let mut group = criterion.benchmark_group("calls");
    let built_in = graph(host, "tiny-layout", 20);
    group.bench_function("run_create and destroy", |bencher| {
        bencher.iter(|| ok(unsafe { amdm_run_destroy(run(built_in)) }));
    });
    let ended = executed(built_in);
    group.bench_function("poll", |bencher| {
        bencher.iter(|| {
            let mut state = 0;
            ok(unsafe { amdm_run_poll(ended, &mut state) });
        });
    });
    group.bench_function("fetch an image of 32 x 32", |bencher| bencher.iter(|| fetch(ended)));
    group.bench_function("set_json", |bencher| {
        bencher.iter(|| {
            let (node, input) = (c"sample".as_ptr(), c"seed".as_ptr());
            ok(unsafe { amdm_graph_set_json(built_in, node, input, c"7".as_ptr(), 1) });
        });
    });
    group.bench_function("host_create and destroy", |bencher| {
        bencher.iter(|| ok(unsafe { amdm_host_destroy(self::host()) }));
    });
    group.finish();
    let mut group = criterion.benchmark_group("twenty steps of one lane");
    group.sample_size(20);
    let wrapped = graph(host, "wrapped", 20);
    for (name, graph) in [("built in", built_in), ("registered", wrapped)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| ok(unsafe { amdm_run_destroy(executed(graph)) }));
        });
    }
    group.finish();
    unsafe {
        ok(amdm_run_destroy(ended));
        ok(amdm_graph_destroy(built_in));
        ok(amdm_graph_destroy(wrapped));
        ok(amdm_host_destroy(host));
    }
}

criterion_group!(benches, calls, tensors);
criterion_main!(benches);
