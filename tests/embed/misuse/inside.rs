//! Inside callbacks: what is not allowed there is `WRONG_THREAD`, with handles that are alive; what
//! is allowed works. Callbacks of nodes, of operators, of models, `wakeup` and the ends of vtables.
#![allow(const_item_mutation)] // A new empty text for each call.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::Mutex;

use amdm_capi::*;
use serde_json::{Value, json};

use super::refusals::{Each, event, image, run_desc, tensor_info};
use crate::behaviour::library::Managed;
use crate::library::{NOTHING, api, description, graph, ok, open, text};

/// One of each kind that lives elsewhere, and what callbacks found with them.
struct Scene {
    each: Each,
    found: Mutex<BTreeMap<&'static str, Vec<(&'static str, AmdmStatus)>>>,
}

impl Scene {
    /// Calls everything inside a callback.
    unsafe fn visit(scene: *mut c_void, callback: &'static str) {
        let scene = unsafe { &*scene.cast::<Self>() };
        let found = unsafe { [forbidden(&scene.each), allowed(&scene.each)] }.concat();
        scene.found.lock().unwrap().insert(callback, found);
    }
}

unsafe fn forbidden(each: &Each) -> Vec<(&'static str, AmdmStatus)> {
    let (api, name, none) = (api(), c"show".as_ptr(), std::ptr::null());
    let (mut desc, run_desc) = (description_inside(), run_desc());
    let (mut host, mut graph, mut run) =
        (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    let (mut tensor, mut picture) = (std::ptr::null_mut(), image());
    let (node, model) = unsafe { std::mem::zeroed::<(AmdmNodeVtable, AmdmModelVtable)>() };
    let node = AmdmNodeVtable { struct_size: size_of::<AmdmNodeVtable>(), ..node };
    let model = AmdmModelVtable { struct_size: size_of::<AmdmModelVtable>(), ..model };
    unsafe {
        vec![
            ("desc_init", (api.host_desc_init)(&mut desc, size_of::<AmdmHostDesc>())),
            ("host_create", (api.host_create)(&desc, &mut host)),
            ("host_destroy", (api.host_destroy)(each.host)),
            ("load_pack", (api.host_load_pack)(each.host, name, 0, none)),
            ("register_node", (api.host_register_node)(each.host, &node)),
            ("register_model", (api.host_register_model)(each.host, &model)),
            ("node_schemas", (api.host_node_schemas)(each.host, &mut NOTHING)),
            ("info", (api.host_info)(each.host, &mut NOTHING)),
            ("from_json", (api.graph_from_json)(each.host, name, 1, &mut graph)),
            ("validate", (api.graph_validate)(each.graph, &mut NOTHING)),
            ("inputs", (api.graph_inputs)(each.graph, &mut NOTHING)),
            ("set_json", (api.graph_set_json)(each.graph, name, name, name, 1)),
            ("set_image", (api.graph_set_image)(each.graph, name, name, &image())),
            ("set_tensor", (api.graph_set_tensor)(each.graph, name, name, each.tensor)),
            ("set_model", (api.graph_set_model)(each.graph, name, name, &model)),
            (
                "set_object",
                (api.graph_set_object)(each.graph, name, name, std::ptr::null_mut(), None),
            ),
            ("graph_destroy", (api.graph_destroy)(each.graph)),
            ("run_create", (api.run_create)(each.graph, &run_desc, &mut run)),
            ("start", (api.run_start)(each.run)),
            ("execute", (api.run_execute)(each.run)),
            ("wait", (api.run_wait)(each.run, 0)),
            ("error", (api.run_error)(each.run, &mut NOTHING)),
            ("output_image", (api.run_output_image)(each.run, name, none, 0, &mut picture)),
            ("output_tensor", (api.run_output_tensor)(each.run, name, none, &mut tensor)),
            ("output_json", (api.run_output_json)(each.run, &mut NOTHING)),
            ("run_destroy", (api.run_destroy)(each.run)),
        ]
    }
}

/// Without a call of the library.
fn description_inside() -> AmdmHostDesc {
    let desc = unsafe { std::mem::zeroed::<AmdmHostDesc>() };
    AmdmHostDesc {
        struct_size: size_of::<AmdmHostDesc>(),
        abi_version: AMDM_ABI_VERSION,
        threads: 1,
        ..desc
    }
}

/// How many of the calls are not allowed; the rest is.
const FORBIDDEN: usize = 26;

unsafe fn allowed(each: &Each) -> Vec<(&'static str, AmdmStatus)> {
    let (api, mut state, mut told) = (api(), 9, event());
    let (mut managed, mut tensor) = (std::ptr::null_mut(), std::ptr::null_mut());
    unsafe {
        assert_eq!((api.abi_version)(), AMDM_ABI_VERSION);
        assert!(!(api.version_string)().is_null() && !(api.last_error)().is_null());
        let mut all = vec![
            ("cancel", (api.run_cancel)(each.run, AMDM_CANCEL_NOW)),
            ("poll", (api.run_poll)(each.run, &mut state)),
            ("string_free", (api.string_free)(&mut NOTHING)),
            ("tensor_info", (api.tensor_info)(each.tensor, &mut tensor_info())),
            ("retain", (api.tensor_retain)(each.tensor)),
            ("release", (api.tensor_release)(each.tensor)),
            ("to_dlpack", (api.tensor_to_dlpack)(each.tensor, 0, &mut managed)),
            ("from_dlpack", (api.tensor_from_dlpack)(each.host, managed, 0, &mut tensor)),
            ("release", (api.tensor_release)(tensor)),
        ];
        assert_eq!(state, AMDM_RUN_SUCCEEDED);
        // Its events have been taken, and nothing more comes.
        let status = (api.run_next_event)(each.run, -1, &mut told);
        all.push(("next_event", if status == AMDM_STATUS_EMPTY { AMDM_STATUS_OK } else { status }));
        if tensor.is_null() && !managed.is_null() {
            let managed = managed.cast::<Managed>();
            (*managed).deleter.unwrap()(managed);
        }
        all
    }
}

unsafe extern "C" fn execute(
    scene: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "execute");
        let (call, mut value) = (&*(*api).call, std::mem::zeroed::<AmdmValue>());
        (call.input)(ctx, c"image".as_ptr(), &mut value);
        (call.set_output)(ctx, c"image".as_ptr(), value)
    }
}

unsafe extern "C" fn make(
    scene: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    out: *mut *mut c_void,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "make_operator");
        *out = scene;
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn window(
    scene: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    steps: u32,
    _: *const AmdmWindow,
    _: usize,
    out: *mut AmdmWindow,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "operator_window");
        *out = AmdmWindow { start: 0, end: steps };
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn wants_parts(
    scene: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    _: *mut u32,
) -> AmdmStatus {
    unsafe { Scene::visit(scene, "operator_wants_parts") };
    AMDM_STATUS_OK
}

unsafe extern "C" fn check(
    scene: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
) -> AmdmStatus {
    unsafe { Scene::visit(scene, "operator_check") };
    AMDM_STATUS_OK
}

unsafe extern "C" fn apply(
    scene: *mut c_void,
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    _: u32,
) -> AmdmStatus {
    unsafe { Scene::visit(scene, "operator_apply") };
    AMDM_STATUS_OK
}

unsafe extern "C" fn unmake(scene: *mut c_void, _: *mut c_void) {
    unsafe { Scene::visit(scene, "operator_destroy") };
}

unsafe extern "C" fn predict(
    scene: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    _: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "predict");
        for at in 0..count {
            let latent = (*requests.add(at)).latent;
            let guided = &mut (*out.add(at)).guided;
            ok(((*(*api).tensor).affine)(ctx, latent, 0.5, 0.0, guided));
        }
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn timesteps(
    scene: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    steps: u32,
    out: *mut f64,
) -> AmdmStatus {
    unsafe { Scene::visit(scene, "timesteps") };
    for step in 0..steps as usize {
        unsafe { *out.add(step) = 3.0 - step as f64 };
    }
    AMDM_STATUS_OK
}

unsafe extern "C" fn condition(
    scene: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *const c_char,
    _: *const *const c_char,
    _: *const *mut AmdmTensor,
    _: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "condition");
        ((*(*api).object).create)(ctx, c"MINE".as_ptr(), std::ptr::null(), 0, out)
    }
}

unsafe extern "C" fn decode(
    scene: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    _: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        Scene::visit(scene, "decode");
        ((*(*api).tensor).from_f32)(ctx, [1, 2, 2, 3].as_ptr(), 4, [0.5; 12].as_ptr(), out)
    }
}

unsafe extern "C" fn end(scene: *mut c_void) {
    unsafe { Scene::visit(scene, "destroy") };
}

unsafe extern "C" fn wakeup(scene: *mut c_void) {
    unsafe { Scene::visit(scene, "wakeup") };
}

fn descriptor(name: &str, wire: &str, more: Value) -> Value {
    let mut json = json!({
        "type": format!("test.inside.{name}"), "pack": "test:inside", "version": "1.0.0",
        "title": name, "category": "test", "description": "Calls everything.",
        "inputs": [{"name": "image", "type": wire, "optional": true}],
        "outputs": [{"name": "image", "type": wire}],
    });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json
}

fn register(host: *mut AmdmHost, scene: *mut c_void) {
    let node = unsafe { std::mem::zeroed::<AmdmNodeVtable>() };
    let node =
        AmdmNodeVtable { struct_size: size_of::<AmdmNodeVtable>(), user_data: scene, ..node };
    let json = text(&descriptor("Node", "IMAGE", json!({})).to_string());
    let plain = AmdmNodeVtable { descriptor_json: json.as_ptr(), execute: Some(execute), ..node };
    ok(unsafe { (api().host_register_node)(host, &plain) });
    let phases = json!({"step_operator": {"phases": ["prepare"]},
                        "inputs": [], "outputs": [{"name": "policy", "type": "STEP_POLICY"}]});
    let json = text(&descriptor("Operator", "STEP_POLICY", phases).to_string());
    let operator = AmdmNodeVtable {
        descriptor_json: json.as_ptr(),
        make_operator: Some(make),
        operator_window: Some(window),
        operator_wants_parts: Some(wants_parts),
        operator_check: Some(check),
        operator_apply: Some(apply),
        operator_destroy: Some(unmake),
        destroy: Some(end),
        ..node
    };
    ok(unsafe { (api().host_register_node)(host, &operator) });
    let json = text(
        &json!({"name": "test-inside", "prediction": "epsilon", "latent_shape": [3, 2, 2],
                "latent_space": "test", "alphas_cumprod": [0.9, 0.5, 0.2, 0.1]})
        .to_string(),
    );
    let model = unsafe { std::mem::zeroed::<AmdmModelVtable>() };
    let model = AmdmModelVtable {
        struct_size: size_of::<AmdmModelVtable>(),
        info_json: json.as_ptr(),
        user_data: scene,
        timesteps: Some(timesteps),
        predict: Some(predict),
        condition: Some(condition),
        decode: Some(decode),
        ..model
    };
    ok(unsafe { (api().host_register_model)(host, &model) });
}

#[test]
fn callbacks_may_call_what_the_header_says_and_nothing_else() {
    let json = json!({
        "m": {"class_type": "ModelLoader", "inputs": {"model_name": "test-inside"}},
        "c": {"class_type": "ConditionJson", "inputs": {"model": ["m", 0]}},
        "l": {"class_type": "Lane", "inputs": {"model": ["m", 0], "positive": ["c", 0]}},
        "e": {"class_type": "EmptyLatent", "inputs": {"model": ["m", 0]}},
        "o": {"class_type": "test.inside.Operator", "inputs": {}},
        "s": {"class_type": "Sampler", "inputs": {"lanes": ["l", 0], "latent": ["e", 0],
              "policy": ["o", 0], "steps": 2}},
        "d": {"class_type": "DecodeLatent", "inputs": {"model": ["m", 0], "latent": ["s", 0]}},
        "n": {"class_type": "test.inside.Node", "inputs": {"image": ["d", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["n", 0]}},
    });
    for started in [false, true] {
        let mut scene = Box::new(Scene { each: Each::new(), found: Mutex::default() });
        while unsafe { (api().run_next_event)(scene.each.run, 0, &mut event()) } == AMDM_STATUS_OK {
        }
        let place = (&raw mut *scene).cast::<c_void>();
        let host = open(&description());
        register(host, place);
        let (made, mut desc) = (graph(host, &json), run_desc());
        desc.wakeup = Some(wakeup);
        desc.user_data = place;
        let mut run = std::ptr::null_mut();
        unsafe {
            ok((api().run_create)(made, &desc, &mut run));
            ok((api().graph_destroy)(made));
            let status = match started {
                true => {
                    ok((api().run_start)(run));
                    (api().run_wait)(run, -1)
                }
                false => (api().run_execute)(run),
            };
            ok(status);
            ok((api().run_destroy)(run));
            ok((api().host_destroy)(host));
        }
        let Scene { each, found } = *scene;
        let found = found.into_inner().unwrap();
        assert_eq!(found.len(), 13, "{:?}", found.keys());
        for (callback, calls) in found {
            for (at, (call, status)) in calls.into_iter().enumerate() {
                let expected =
                    if at < FORBIDDEN { AMDM_STATUS_WRONG_THREAD } else { AMDM_STATUS_OK };
                assert_eq!(status, expected, "{call} inside {callback}");
            }
        }
        each.destroy();
    }
}
