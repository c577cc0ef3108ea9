//! Wrong uses one by one, and the status that each must have: handles, pointers, versions.
//! `sizes` and `states` have more.
#![allow(const_item_mutation)] // A new empty text for each call.

use std::ffi::{CStr, c_char, c_void};

use amdm_capi::*;
use serde_json::json;

use crate::library::{NOTHING, api, description, graph, last_error, ok, open, run};

/// A text image, shown: a graph that ends at once.
pub fn quick() -> serde_json::Value {
    json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 8, "height": 8}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["text", 0]}},
    })
}

/// One of each kind.
pub struct Each {
    pub host: *mut AmdmHost,
    pub graph: *mut AmdmGraph,
    pub run: *mut AmdmRun,
    pub tensor: *mut AmdmTensor,
}

impl Each {
    /// The run has ended, and the tensor is what it showed.
    pub fn new() -> Self {
        let host = open(&description());
        let graph = graph(host, &quick());
        let run = run(graph);
        let mut tensor = std::ptr::null_mut();
        unsafe {
            ok((api().run_execute)(run));
            let node = c"show".as_ptr();
            ok((api().run_output_tensor)(run, node, std::ptr::null(), &mut tensor));
        }
        Self { host, graph, run, tensor }
    }

    fn words(&self) -> [*mut c_void; 4] {
        [self.host.cast(), self.graph.cast(), self.run.cast(), self.tensor.cast()]
    }

    pub fn destroy(self) {
        for end in ENDS.iter().zip(self.words()) {
            assert_eq!(end.0(end.1), AMDM_STATUS_OK);
        }
    }
}

type Call = fn(*mut c_void) -> AmdmStatus;

/// What ends a host, a graph, a run, a tensor.
const ENDS: [Call; 4] = unsafe {
    [
        |it| (api().host_destroy)(it.cast()),
        |it| (api().graph_destroy)(it.cast()),
        |it| (api().run_destroy)(it.cast()),
        |it| (api().tensor_release)(it.cast()),
    ]
};

unsafe extern "C" fn nothing(_: *mut c_void, _: *mut AmdmContext, _: *const AmdmNodeApi) -> i32 {
    AMDM_STATUS_OK
}

/// A node that could be registered.
fn vtable() -> AmdmNodeVtable {
    const NODE: &CStr = cr#"{"type": "test.refused.A", "pack": "test:refused", "version": "1.0.0",
        "title": "A", "category": "a", "description": "A.", "inputs": [], "outputs": []}"#;
    let vtable = unsafe { std::mem::zeroed::<AmdmNodeVtable>() };
    AmdmNodeVtable {
        struct_size: size_of::<AmdmNodeVtable>(),
        descriptor_json: NODE.as_ptr(),
        execute: Some(nothing),
        ..vtable
    }
}

unsafe extern "C" fn answers(
    _: *mut c_void,
    _: *mut AmdmContext,
    _: *const AmdmNodeApi,
    _: *const AmdmRequest,
    _: usize,
    _: u32,
    _: *mut AmdmPrediction,
) -> AmdmStatus {
    AMDM_STATUS_OK
}

/// A model that could be set.
fn model() -> AmdmModelVtable {
    const INFO: &CStr = cr#"{"name": "a", "prediction": "flow", "latent_shape": [1, 2, 2],
        "latent_space": "a"}"#;
    AmdmModelVtable {
        struct_size: size_of::<AmdmModelVtable>(),
        info_json: INFO.as_ptr(),
        predict: Some(answers),
        ..unsafe { std::mem::zeroed() }
    }
}

/// Functions that take a handle, by its kind, with everything else in order.
const TAKING: [&[(&str, Call)]; 4] = unsafe {
    [
        &[
            ("load_pack", |it| (api().host_load_pack)(it.cast(), NAME, 0, std::ptr::null())),
            ("register_node", |it| (api().host_register_node)(it.cast(), &vtable())),
            ("node_schemas", |it| (api().host_node_schemas)(it.cast(), &mut NOTHING)),
            ("info", |it| (api().host_info)(it.cast(), &mut NOTHING)),
            ("graph_from_json", |it| {
                let mut out = std::ptr::null_mut();
                (api().graph_from_json)(it.cast(), c"{}".as_ptr(), 2, &mut out)
            }),
        ],
        &[
            ("validate", |it| (api().graph_validate)(it.cast(), &mut NOTHING)),
            ("inputs", |it| (api().graph_inputs)(it.cast(), &mut NOTHING)),
            ("set_json", |it| (api().graph_set_json)(it.cast(), NAME, NAME, c"1".as_ptr(), 1)),
            ("set_image", |it| {
                let image = image();
                (api().graph_set_image)(it.cast(), NAME, NAME, &image)
            }),
            ("set_model", |it| (api().graph_set_model)(it.cast(), NAME, NAME, &model())),
            ("set_object", |it| {
                (api().graph_set_object)(it.cast(), NAME, NAME, std::ptr::null_mut(), None)
            }),
            ("run_create", |it| {
                let (desc, mut out) = (run_desc(), std::ptr::null_mut());
                (api().run_create)(it.cast(), &desc, &mut out)
            }),
        ],
        &[
            ("start", |it| (api().run_start)(it.cast())),
            ("execute", |it| (api().run_execute)(it.cast())),
            ("poll", |it| (api().run_poll)(it.cast(), &mut 0)),
            ("wait", |it| (api().run_wait)(it.cast(), -1)),
            ("cancel", |it| (api().run_cancel)(it.cast(), AMDM_CANCEL_NOW)),
            ("next_event", |it| (api().run_next_event)(it.cast(), 0, &mut event())),
            ("error", |it| (api().run_error)(it.cast(), &mut NOTHING)),
            ("output_json", |it| (api().run_output_json)(it.cast(), &mut NOTHING)),
            ("output_image", |it| {
                (api().run_output_image)(it.cast(), NAME, std::ptr::null(), 0, &mut image())
            }),
            ("output_tensor", |it| {
                let mut out = std::ptr::null_mut();
                (api().run_output_tensor)(it.cast(), NAME, std::ptr::null(), &mut out)
            }),
        ],
        &[
            ("info", |it| (api().tensor_info)(it.cast(), &mut tensor_info())),
            ("to_dlpack", |it| {
                let mut out = std::ptr::null_mut();
                (api().tensor_to_dlpack)(it.cast(), 0, &mut out)
            }),
            ("retain", |it| (api().tensor_retain)(it.cast())),
        ],
    ]
};

const NAME: *const c_char = c"show".as_ptr();

/// Four grey pixels.
pub fn image() -> AmdmImage {
    let image = unsafe { std::mem::zeroed::<AmdmImage>() };
    AmdmImage {
        struct_size: size_of::<AmdmImage>(),
        width: 2,
        height: 2,
        channels: 1,
        element_type: AMDM_ELEMENT_U8,
        data: [0u8; 4].as_ptr().cast(),
        ..image
    }
}

pub fn run_desc() -> AmdmRunDesc {
    let desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
    AmdmRunDesc { struct_size: size_of::<AmdmRunDesc>(), ..desc }
}

pub fn event() -> AmdmEvent {
    let event = unsafe { std::mem::zeroed::<AmdmEvent>() };
    AmdmEvent { struct_size: size_of::<AmdmEvent>(), ..event }
}

pub fn tensor_info() -> AmdmTensorInfo {
    let info = unsafe { std::mem::zeroed::<AmdmTensorInfo>() };
    AmdmTensorInfo { struct_size: size_of::<AmdmTensorInfo>(), ..info }
}

/// A function, and what it returned.
pub type Found = (&'static str, AmdmStatus);

/// All are `expected`.
#[track_caller]
pub fn all_are(expected: AmdmStatus, found: &[Found]) {
    for (call, status) in found {
        assert_eq!(*status, expected, "{call}; the last error: {}", last_error());
    }
}

#[test]
fn a_handle_that_is_none_is_an_invalid_handle() {
    let stale = Each::new();
    let gone = stale.words();
    stale.destroy();
    let each = Each::new();
    let words = each.words();
    let wrong = AMDM_STATUS_INVALID_HANDLE;
    for (kind, calls) in TAKING.iter().enumerate() {
        let end = ("its end", ENDS[kind]);
        let others = words.iter().enumerate().filter(|(other, _)| *other != kind);
        let others = others.map(|(_, word)| *word).chain(gone);
        let made_up = [1usize, 15, usize::MAX, words[kind].addr() ^ 1 << 40];
        for bad in others.chain(made_up.map(std::ptr::without_provenance_mut)) {
            for (name, call) in calls.iter().chain([&end]) {
                assert_eq!(call(bad), wrong, "{name} of kind {kind} with {bad:?}");
            }
        }
        for (name, call) in *calls {
            assert_eq!(call(std::ptr::null_mut()), wrong, "{name} of kind {kind} with NULL");
        }
        assert_eq!(ENDS[kind](std::ptr::null_mut()), AMDM_STATUS_OK, "NULL may be ended");
    }
    // A tensor that is none, for a graph that is one.
    for bad in [std::ptr::null_mut(), gone[3], words[0]] {
        let set = api().graph_set_tensor;
        let status = unsafe { set(each.graph, NAME, c"images".as_ptr(), bad.cast()) };
        assert_eq!(status, wrong);
    }
    // Once, and not again; the tensor had two references.
    ok(unsafe { (api().tensor_retain)(each.tensor) });
    ok(unsafe { (api().tensor_release)(each.tensor) });
    each.destroy();
    for (kind, word) in words.into_iter().enumerate() {
        assert_eq!(ENDS[kind](word), wrong, "destroyed twice");
    }
}

#[test]
fn a_pointer_that_must_not_be_null_is_an_invalid_argument() {
    let each = Each::new();
    let (api, Each { host, graph, run, tensor }) = (api(), &each);
    let (host, graph, run, tensor) = (*host, *graph, *run, *tensor);
    fn none<T>() -> *mut T {
        std::ptr::null_mut()
    }
    let (desc, run_desc, image) = (description(), run_desc(), image());
    let (set, fetch) = (api.graph_set_json, api.run_output_image);
    let mut fetched = image;
    let one = c"1".as_ptr();
    let (mut no_host, mut no_graph, mut no_run) = (none(), none(), none());
    let (mut no_tensor, nowhere) = (none(), none::<*mut AmdmRun>());
    let no_name = AmdmNodeVtable { descriptor_json: none(), ..vtable() };
    let no_execute = AmdmNodeVtable { execute: None, ..vtable() };
    let no_info = AmdmModelVtable { info_json: none(), ..model() };
    let no_predict = AmdmModelVtable { predict: None, ..model() };
    let no_data = AmdmImage { data: none(), ..image };
    let no_list = AmdmRunDesc { wanted_count: 1, ..run_desc };
    let no_targets = AmdmRunDesc { target_count: 1, ..run_desc };
    let no_dirs = AmdmHostDesc { model_dir_count: 1, ..desc };
    let found = unsafe {
        [
            ("desc_init", (api.host_desc_init)(none(), 104)),
            ("host_create", (api.host_create)(none(), &mut no_host)),
            ("host_create, out", (api.host_create)(&desc, none())),
            ("host_create, dirs", (api.host_create)(&no_dirs, &mut no_host)),
            ("load_pack", (api.host_load_pack)(host, none(), 0, none())),
            ("load_pack, flags", (api.host_load_pack)(host, NAME, 2, none())),
            ("register_node", (api.host_register_node)(host, none())),
            ("register_node, json", (api.host_register_node)(host, &no_name)),
            ("register_node, execute", (api.host_register_node)(host, &no_execute)),
            ("register_model", (api.host_register_model)(host, none())),
            ("node_schemas", (api.host_node_schemas)(host, none())),
            ("info", (api.host_info)(host, none())),
            ("from_json", (api.graph_from_json)(host, none(), 5, &mut no_graph)),
            ("from_json, out", (api.graph_from_json)(host, one, 1, none())),
            ("from_json, length", (api.graph_from_json)(host, one, usize::MAX, &mut no_graph)),
            ("inputs", (api.graph_inputs)(graph, none())),
            ("set_json, node", set(graph, none(), NAME, one, 1)),
            ("set_json, input", set(graph, NAME, none(), one, 1)),
            ("set_json, json", set(graph, NAME, NAME, none(), 1)),
            ("set_json, length", set(graph, NAME, NAME, one, usize::MAX)),
            ("set_json, no JSON", set(graph, NAME, NAME, c"{".as_ptr(), 1)),
            ("set_json, no UTF-8", set(graph, c"\xFF".as_ptr(), NAME, one, 1)),
            ("set_image", (api.graph_set_image)(graph, NAME, NAME, none())),
            ("set_image, node", (api.graph_set_image)(graph, none(), NAME, &image)),
            ("set_image, data", (api.graph_set_image)(graph, NAME, NAME, &no_data)),
            ("set_tensor", (api.graph_set_tensor)(graph, none(), NAME, tensor)),
            ("set_model", (api.graph_set_model)(graph, NAME, NAME, none())),
            ("set_model, node", (api.graph_set_model)(graph, none(), NAME, &model())),
            ("set_model, input", (api.graph_set_model)(graph, NAME, none(), &model())),
            ("set_model, json", (api.graph_set_model)(graph, NAME, NAME, &no_info)),
            ("set_model, predict", (api.graph_set_model)(graph, NAME, NAME, &no_predict)),
            ("set_object, node", (api.graph_set_object)(graph, none(), NAME, none(), None)),
            ("set_object, input", (api.graph_set_object)(graph, NAME, none(), none(), None)),
            ("run_create", (api.run_create)(graph, none(), &mut no_run)),
            ("run_create, out", (api.run_create)(graph, &run_desc, nowhere)),
            ("run_create, wanted", (api.run_create)(graph, &no_list, &mut no_run)),
            ("run_create, targets", (api.run_create)(graph, &no_targets, &mut no_run)),
            ("poll", (api.run_poll)(run, none())),
            ("cancel", (api.run_cancel)(run, 2)),
            ("next_event", (api.run_next_event)(run, 0, none())),
            ("run_error", (api.run_error)(run, none())),
            ("output_json", (api.run_output_json)(run, none())),
            ("output_image", fetch(run, NAME, none(), 0, none())),
            ("output_image, node", fetch(run, none(), none(), 0, &mut fetched)),
            ("output_tensor", (api.run_output_tensor)(run, NAME, none(), none())),
            ("output_tensor, node", (api.run_output_tensor)(run, none(), none(), &mut no_tensor)),
            ("from_dlpack", (api.tensor_from_dlpack)(host, none(), 0, &mut no_tensor)),
            ("to_dlpack", (api.tensor_to_dlpack)(tensor, 0, none())),
            ("tensor_info", (api.tensor_info)(tensor, none())),
        ]
    };
    all_are(AMDM_STATUS_INVALID_ARGUMENT, &found);
    assert!(no_host.is_null() && no_graph.is_null() && no_run.is_null() && no_tensor.is_null());
    // These may be NULL.
    ok(unsafe { (api.graph_validate)(graph, none()) });
    ok(unsafe { (api.string_free)(none()) });
    each.destroy();
}
