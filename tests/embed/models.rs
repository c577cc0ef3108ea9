//! Models of an embedder's: what their callbacks hear, and what becomes of their failures.

use std::ffi::{CStr, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use amdm_capi::*;
use serde_json::{Value, json};

use crate::library::{api, description, graph, last_error, ok, open, run, shown, taken, text};

/// Counts its calls in its data. Answers nothing until the run is being stopped; gives up after
/// half a minute.
unsafe extern "C" fn wait(
    calls: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *const AmdmRequest,
    _: usize,
    _: u32,
    _: *mut AmdmPrediction,
) -> AmdmStatus {
    let call = unsafe { &*(*api).call };
    let calls = calls.cast::<AtomicU32>();
    unsafe { calls.as_ref() }.unwrap().fetch_add(1, Ordering::Relaxed);
    let start = Instant::now();
    let mut cancelled = 0;
    while cancelled == 0 && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(1));
        let status = unsafe { (call.cancelled)(ctx, &mut cancelled) };
        assert_eq!(status, AMDM_STATUS_OK);
    }
    if cancelled == 1 { AMDM_STATUS_CANCELLED } else { AMDM_STATUS_INTERNAL }
}

/// Says why there are no timesteps.
unsafe extern "C" fn no_timesteps(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: u32,
    _: *mut f64,
) -> AmdmStatus {
    let fail = unsafe { (*(*api).call).fail };
    let (words, status) = (c"it is out of timesteps".as_ptr(), AMDM_STATUS_UNSUPPORTED);
    assert_eq!(unsafe { fail(ctx, status, words, std::ptr::null()) }, AMDM_STATUS_OK);
    status
}

/// Waits until `calls` are more than none.
fn begun(calls: &AtomicU32) {
    let start = Instant::now();
    while calls.load(Ordering::Relaxed) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "the model is not asked");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn register(
    host: *mut AmdmHost,
    (name, calls): (&str, &'static AtomicU32),
    change: impl FnOnce(&mut AmdmModelVtable),
) {
    let alphas = (1..=100).map(|step| 1.0 - f64::from(step) * 0.009).collect::<Vec<_>>();
    let info = json!({
        "name": name, "prediction": "epsilon", "latent_shape": [1, 4, 4], "latent_space": name,
        "alphas_cumprod": alphas,
    });
    let info = text(&info.to_string());
    let mut vtable = unsafe { std::mem::zeroed::<AmdmModelVtable>() };
    (vtable.struct_size, vtable.info_json) = (size_of::<AmdmModelVtable>(), info.as_ptr());
    vtable.user_data = std::ptr::from_ref(calls).cast_mut().cast();
    vtable.predict = Some(wait);
    change(&mut vtable);
    ok(unsafe { (api().host_register_model)(host, &vtable) });
}

/// A sampling of a model, whose latent is asked for.
fn sampling(host: *mut AmdmHost, model: &str) -> *mut AmdmRun {
    let made = graph(
        host,
        &json!({
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": model}},
            "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0]}},
            "lane": {"class_type": "Lane",
                     "inputs": {"model": ["model", 0], "positive": ["what", 0]}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "sample": {"class_type": "Sampler",
                       "inputs": {"lanes": ["lane", 0], "latent": ["start", 0], "steps": 4}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["sample", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
        }),
    );
    let run = run(made);
    ok(unsafe { (api().graph_destroy)(made) });
    run
}

fn error(run: *mut AmdmRun) -> Value {
    let mut out = crate::library::NOTHING;
    ok(unsafe { (api().run_error)(run, &mut out) });
    serde_json::from_str(&taken(out)).unwrap()
}

#[test]
fn a_network_at_work_hears_of_a_cancel() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-waits", &CALLS), |_| {});
    let run = sampling(host, "test-waits");
    ok(unsafe { (api().run_start)(run) });
    begun(&CALLS);
    let start = Instant::now();
    ok(unsafe { (api().run_cancel)(run, AMDM_CANCEL_NOW) });
    assert_eq!(unsafe { (api().run_wait)(run, -1) }, AMDM_STATUS_CANCELLED);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(error(run)["code"], "cancelled");
    ok(unsafe { (api().run_destroy)(run) });
    ok(unsafe { (api().host_destroy)(host) });
}

/// Decodes every latent to the same grey.
unsafe extern "C" fn grey(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let shape = [1u32, 2, 2, 3];
    let values = [0.5f32; 12];
    unsafe { ((*(*api).tensor).from_f32)(ctx, shape.as_ptr(), 4, values.as_ptr(), out) }
}

/// Calls of a model come one at a time: one run is in `predict`, another wants to decode.
#[test]
fn who_waits_for_a_model_can_be_stopped() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-busy", &CALLS), |vtable| vtable.decode = Some(grey));
    let busy = sampling(host, "test-busy");
    let decoding = graph(
        host,
        &json!({
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "test-busy"}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["start", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
        }),
    );
    let waits = run(decoding);
    ok(unsafe { (api().run_start)(busy) });
    begun(&CALLS);
    ok(unsafe { (api().run_start)(waits) });
    // Until it waits, or does not yet: it is stopped either way.
    assert_eq!(unsafe { (api().run_wait)(waits, 300) }, AMDM_STATUS_TIMEOUT);
    ok(unsafe { (api().run_cancel)(waits, AMDM_CANCEL_NOW) });
    assert_eq!(unsafe { (api().run_wait)(waits, 5000) }, AMDM_STATUS_CANCELLED);
    let mut state = 0;
    ok(unsafe { (api().run_poll)(busy, &mut state) });
    assert_eq!(state, AMDM_RUN_RUNNING, "the other run goes on");
    ok(unsafe { (api().run_cancel)(busy, AMDM_CANCEL_NOW) });
    assert_eq!(unsafe { (api().run_wait)(busy, -1) }, AMDM_STATUS_CANCELLED);
    let again = run(decoding);
    ok(unsafe { (api().run_execute)(again) });
    for run in [busy, waits, again] {
        ok(unsafe { (api().run_destroy)(run) });
    }
    ok(unsafe { (api().graph_destroy)(decoding) });
    ok(unsafe { (api().host_destroy)(host) });
}

/// Asks for names of models, and for an adapter on one that takes none.
unsafe extern "C" fn looks_around(
    data: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    input: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let (model, none) = (unsafe { &*(*api).model }, std::ptr::null());
    let (mut tiny, mut adapted) = (std::ptr::null_mut(), std::ptr::without_provenance_mut(7));
    let names = |kind: &CStr| {
        let mut names = AmdmStr { ptr: none, len: 0 };
        ok(unsafe { (model.list_names)(ctx, kind.as_ptr(), &mut names) });
        serde_json::from_str::<Value>(&shown(names)).unwrap()
    };
    let tinies = ["tiny-attributes", "tiny-layout", "tiny-style"];
    assert_eq!(names(c"models"), json!([&["test-curious"][..], &tinies].concat()));
    assert_eq!(names(c"wheels"), json!([]));
    ok(unsafe { (model.load)(ctx, c"tiny-layout".as_ptr(), none, &mut tiny) });
    let adapter = c"some.safetensors".as_ptr();
    let status = unsafe { (model.with_adapter)(ctx, tiny, adapter, none, &mut adapted) };
    assert_eq!((status, adapted.is_null()), (AMDM_STATUS_UNSUPPORTED, true));
    assert!(last_error().ends_with("takes no adapters, found `some.safetensors`"));
    unsafe { grey(data, ctx, api, input, out) }
}

#[test]
fn models_are_listed_and_say_whether_they_take_adapters() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-curious", &CALLS), |vtable| vtable.decode = Some(looks_around));
    let decoding = graph(
        host,
        &json!({
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "test-curious"}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["start", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
        }),
    );
    let run = run(decoding);
    ok(unsafe { (api().run_execute)(run) });
    ok(unsafe { (api().run_destroy)(run) });
    ok(unsafe { (api().graph_destroy)(decoding) });
    ok(unsafe { (api().host_destroy)(host) });
}

/// Asks itself, on a thread of its own.
unsafe extern "C" fn asks_itself(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    input: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let words = [ctx.expose_provenance(), api.expose_provenance(), input.expose_provenance()];
    let helper = std::thread::spawn(move || unsafe {
        let ctx = std::ptr::with_exposed_provenance_mut::<AmdmContext>(words[0]);
        let model = &*(*std::ptr::with_exposed_provenance::<AmdmNodeApi>(words[1])).model;
        let input = std::ptr::with_exposed_provenance::<AmdmTensor>(words[2]);
        let (mut itself, mut made) = (std::ptr::null_mut(), std::ptr::null_mut());
        ok((model.load)(ctx, c"test-itself".as_ptr(), std::ptr::null(), &mut itself));
        (model.decode)(ctx, itself, input, &mut made)
    });
    match helper.join().unwrap() {
        // As it must be: the rest is an ordinary answer.
        AMDM_STATUS_UNSUPPORTED => unsafe { grey(std::ptr::null_mut(), ctx, api, input, out) },
        status => status,
    }
}

/// Threads that a callback waits for are the run's as well: they are not left waiting for it.
#[test]
fn threads_of_a_callback_know_where_they_are() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-itself", &CALLS), |vtable| vtable.decode = Some(asks_itself));
    let decoding = graph(
        host,
        &json!({
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "test-itself"}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["start", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
        }),
    );
    let run = run(decoding);
    ok(unsafe { (api().run_execute)(run) });
    ok(unsafe { (api().run_destroy)(run) });
    ok(unsafe { (api().graph_destroy)(decoding) });
    ok(unsafe { (api().host_destroy)(host) });
}

/// Who waits for events of a run that never starts hears of its end.
#[test]
fn nobody_waits_for_a_run_that_was_destroyed() {
    for by_host in [false, true] {
        let host = open(&description());
        let made = graph(host, &crate::behaviour::scene::graph());
        let run = run(made);
        let place = run.expose_provenance();
        let watcher = std::thread::spawn(move || unsafe {
            let mut event = std::mem::zeroed::<AmdmEvent>();
            event.struct_size = size_of::<AmdmEvent>();
            (api().run_next_event)(std::ptr::with_exposed_provenance_mut(place), -1, &mut event)
        });
        std::thread::sleep(Duration::from_millis(30));
        if by_host {
            ok(unsafe { (api().host_destroy)(host) });
        } else {
            ok(unsafe { (api().run_destroy)(run) });
        }
        let heard = watcher.join().unwrap();
        assert!([AMDM_STATUS_EMPTY, AMDM_STATUS_INVALID_HANDLE].contains(&heard), "{heard}");
        if by_host {
            ok(unsafe { (api().run_destroy)(run) });
        } else {
            ok(unsafe { (api().host_destroy)(host) });
        }
        ok(unsafe { (api().graph_destroy)(made) });
    }
}

#[test]
fn facts_are_told_before_anything_runs() {
    let host = open(&description());
    let facts = |name: &str| {
        let mut out = crate::library::NOTHING;
        let status = unsafe { (api().host_model_info)(host, text(name).as_ptr(), &mut out) };
        (status, (!out.ptr.is_null()).then(|| taken(out)))
    };
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-facts", &CALLS), |_| {});
    let (status, own) = facts("test-facts");
    let own = serde_json::from_str::<Value>(&own.unwrap()).unwrap();
    assert_eq!(status, AMDM_STATUS_OK);
    assert_eq!((&own["latent_shape"], &own["prediction"]), (&json!([1, 4, 4]), &json!("epsilon")));
    let built_in = facts("tiny-attributes").1.unwrap();
    let built_in = serde_json::from_str::<Value>(&built_in).unwrap();
    let schema = &built_in["conditioning_schema"];
    assert!(schema["properties"]["objects"].is_object(), "{schema}");
    assert!(schema.to_string().contains(r#""red""#), "{schema}");
    assert_eq!(facts("tiny-sculpture"), (AMDM_STATUS_NOT_FOUND, None));
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn timesteps_that_fail_end_the_sampling() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-no-timesteps", &CALLS), |vtable| vtable.timesteps = Some(no_timesteps));
    let run = sampling(host, "test-no-timesteps");
    assert_eq!(unsafe { (api().run_execute)(run) }, AMDM_STATUS_UNSUPPORTED);
    let words = unsafe { CStr::from_ptr((api().last_error)()) }.to_str().unwrap();
    assert!(words.contains("it is out of timesteps"), "{words}");
    let said = error(run);
    assert_eq!((&said["code"], &said["node"]["id"]), (&json!("unsupported"), &json!("sample")));
    ok(unsafe { (api().run_destroy)(run) });
    ok(unsafe { (api().host_destroy)(host) });
}

/// Levels that the model `test-inner` was asked at: bits of timestep, signal and noise.
static LEVELS: Mutex<Vec<[f64; 3]>> = Mutex::new(Vec::new());

/// Notes the level of each request, and predicts the latent.
unsafe extern "C" fn notes(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    _: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    let (model, tensor) = unsafe { (&*(*api).model, &*(*api).tensor) };
    for index in 0..count {
        let mut level = AmdmNoiseLevel { timestep: 0.0, signal: 0.0, noise: 0.0 };
        ok(unsafe { (model.request_level)(ctx, index, &mut level) });
        LEVELS.lock().unwrap().push([level.timestep, level.signal, level.noise]);
        let latent = unsafe { (*requests.add(index)).latent };
        ok(unsafe { (tensor.affine)(ctx, latent, 1.0, 0.0, &mut (*out.add(index)).guided) });
    }
    let mut level = AmdmNoiseLevel { timestep: 0.0, signal: 0.0, noise: 0.0 };
    let status = unsafe { (model.request_level)(ctx, count, &mut level) };
    assert_eq!(status, AMDM_STATUS_INVALID_ARGUMENT);
    assert!(last_error().ends_with("found request 1, expected one of 1"), "{}", last_error());
    AMDM_STATUS_OK
}

/// Asks `test-inner` at the level of its own request, at another one, and at none that there is.
unsafe extern "C" fn asks_inner(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    _: usize,
    _: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    let (model, none) = (unsafe { &*(*api).model }, std::ptr::null());
    let (mut inner, mut what) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (names, tensors) = (std::ptr::null(), std::ptr::null());
    ok(unsafe { (model.load)(ctx, c"test-inner".as_ptr(), none, &mut inner) });
    ok(unsafe { (model.condition)(ctx, inner, c"{}".as_ptr(), names, tensors, 0, &mut what) });
    let own = unsafe { *requests };
    let asked = AmdmRequest { model: inner, positive: what, ..own };
    let ask =
        |signal, noise, out| unsafe { (model.predict_at)(ctx, &asked, 1, signal, noise, 0, out) };
    let mut level = AmdmNoiseLevel { timestep: 0.0, signal: 0.0, noise: 0.0 };
    ok(unsafe { (model.request_level)(ctx, 0, &mut level) });
    assert_eq!(level.timestep, own.timestep);
    let mut other = unsafe { std::mem::zeroed::<AmdmPrediction>() };
    ok(ask(level.signal, level.noise, &mut other));
    ok(unsafe { (model.predict)(ctx, &asked, 1, 0, &mut other) });
    for (signal, noise) in [(f64::NAN, 1.0), (1.0, -1.0), (0.0, 0.0), (1.0, f64::INFINITY)] {
        assert_eq!(ask(signal, noise, &mut other), AMDM_STATUS_INVALID_INPUT);
        assert!(last_error().contains("expected numbers from 0, not both 0"), "{}", last_error());
    }
    ok(ask(0.25, 2.0, out));
    AMDM_STATUS_OK
}

#[test]
fn models_are_told_the_level_of_each_request() {
    let host = open(&description());
    static CALLS: AtomicU32 = AtomicU32::new(0);
    register(host, ("test-inner", &CALLS), |vtable| vtable.predict = Some(notes));
    register(host, ("test-outer", &CALLS), |vtable| {
        vtable.predict = Some(asks_inner);
        vtable.decode = Some(grey);
    });
    let run = sampling(host, "test-outer");
    ok(unsafe { (api().run_execute)(run) });
    ok(unsafe { (api().run_destroy)(run) });
    let levels = std::mem::take(&mut *LEVELS.lock().unwrap());
    assert_eq!(levels.len(), 4 * 3);
    for asked in levels.chunks(3) {
        // The schedule's levels are those of the table, whoever looks them up.
        assert_eq!(asked[0], asked[1]);
        assert_eq!(asked[2], [asked[0][0], 0.25, 2.0]);
        let [_, signal, noise] = asked[0];
        assert!((signal * signal + noise * noise - 1.0).abs() < 1e-12);
    }
    ok(unsafe { (api().host_destroy)(host) });
}
