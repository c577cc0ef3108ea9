//! Sizes and versions of structs, and calls that come too early, too late or twice.
#![allow(const_item_mutation)] // A new empty text for each call.

use amdm_capi::*;

use super::refusals::{Each, Found, all_are, event, image, quick, run_desc, tensor_info};
use crate::library::{NOTHING, api, description, graph, ok, open, run, taken};

/// A struct of a later version.
#[repr(C)]
struct Later<T> {
    known: T,
    unknown: [u8; 24],
}

fn later<T>(known: T) -> Later<T> {
    Later { known, unknown: [0xAB; 24] }
}

/// What each function says about a struct of a size.
fn sized(each: &Each, change: &dyn Fn(&mut usize)) -> Vec<Found> {
    let (api, name, none) = (api(), c"show".as_ptr(), std::ptr::null());
    let (mut host, mut graph, mut info) =
        (later(description()), later(run_desc()), later(tensor_info()));
    let (mut picture, mut told, mut fetched) = (later(image()), later(event()), later(image()));
    for size in [
        &mut host.known.struct_size,
        &mut graph.known.struct_size,
        &mut info.known.struct_size,
        &mut picture.known.struct_size,
        &mut told.known.struct_size,
        &mut fetched.known.struct_size,
    ] {
        change(size);
    }
    let (mut made, mut ran) = (std::ptr::null_mut(), std::ptr::null_mut());
    let found = unsafe {
        let found = vec![
            ("host_create", (api.host_create)(&host.known, &mut made)),
            ("run_create", (api.run_create)(each.graph, &graph.known, &mut ran)),
            ("tensor_info", (api.tensor_info)(each.tensor, &mut info.known)),
            (
                "set_image",
                (api.graph_set_image)(each.graph, name, c"images".as_ptr(), &picture.known),
            ),
            ("next_event", (api.run_next_event)(each.run, 0, &mut told.known)),
            ("output_image", (api.run_output_image)(each.run, name, none, 0, &mut fetched.known)),
        ];
        ok((api.host_destroy)(made));
        ok((api.run_destroy)(ran));
        found
    };
    // What the caller has beyond what the library knows stays as it was.
    assert_eq!([info.unknown, told.unknown, fetched.unknown], [[0xAB; 24]; 3]);
    if let Some(release) = fetched.known.release {
        unsafe { release(fetched.known.release_ctx) };
    }
    found
}

#[test]
fn structs_of_other_sizes_are_refused_or_read_as_far_as_they_are_known() {
    let each = Each::new();
    let refused = AMDM_STATUS_INVALID_ARGUMENT;
    for size in [0, 1, 7, 9, (1 << 16) + 8, usize::MAX] {
        all_are(refused, &sized(&each, &|place| *place = size));
    }
    // Cut within the fields of the first version; a run's description may end anywhere.
    let cut = sized(&each, &|place| *place = 8);
    let cut = cut.into_iter().filter(|(call, _)| *call != "run_create");
    all_are(refused, &cut.collect::<Vec<_>>());
    all_are(AMDM_STATUS_OK, &sized(&each, &|place| *place += 24));
    each.destroy();
}

#[test]
fn vtables_of_other_sizes_are_refused_or_read_as_far_as_they_are_known() {
    let host = open(&description());
    let (graph, name) = (graph(host, &quick()), c"show".as_ptr());
    let mut node = later(unsafe { std::mem::zeroed::<AmdmNodeVtable>() });
    let mut model = later(unsafe { std::mem::zeroed::<AmdmModelVtable>() });
    for size in [0, 1, 9, 8, usize::MAX] {
        (node.known.struct_size, model.known.struct_size) = (size, size);
        let found = unsafe {
            [
                ("node", (api().host_register_node)(host, &node.known)),
                ("model", (api().host_register_model)(host, &model.known)),
                ("set_model", (api().graph_set_model)(graph, name, name, &model.known)),
            ]
        };
        all_are(AMDM_STATUS_INVALID_ARGUMENT, &found);
    }
    unsafe extern "C" fn nothing(
        _: *mut std::ffi::c_void,
        _: *mut AmdmContext,
        _: *const AmdmNodeApi,
    ) -> AmdmStatus {
        AMDM_STATUS_OK
    }
    let json = cr#"{"type": "test.later.A", "pack": "test:later", "version": "1.0.0", "title": "A",
                    "category": "a", "description": "A.", "inputs": [], "outputs": []}"#;
    node.known.descriptor_json = json.as_ptr();
    node.known.execute = Some(nothing);
    node.known.struct_size = size_of::<Later<AmdmNodeVtable>>();
    ok(unsafe { (api().host_register_node)(host, &node.known) });
    ok(unsafe { (api().graph_destroy)(graph) });
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn another_major_version_is_an_abi_mismatch() {
    let mut host = std::ptr::null_mut();
    for abi_version in [0, 2 << 16, 2 << 16 | 7, u32::MAX] {
        let desc = AmdmHostDesc { abi_version, ..description() };
        let status = unsafe { (api().host_create)(&desc, &mut host) };
        assert_eq!((status, host), (AMDM_STATUS_ABI_MISMATCH, std::ptr::null_mut()));
    }
    // A later minor one has what this one has.
    let desc = AmdmHostDesc { abi_version: AMDM_ABI_VERSION + 9, ..description() };
    ok(unsafe { (api().host_create)(&desc, &mut host) });
    ok(unsafe { (api().host_destroy)(host) });
    assert_eq!((api().abi_version)(), AMDM_ABI_VERSION);
}

/// What may not be asked before the end.
fn outputs(run: *mut AmdmRun) -> [Found; 4] {
    let (api, name, none) = (api(), c"show".as_ptr(), std::ptr::null());
    let (mut tensor, mut image) = (std::ptr::null_mut(), image());
    unsafe {
        [
            ("error", (api.run_error)(run, &mut NOTHING)),
            ("output_json", (api.run_output_json)(run, &mut NOTHING)),
            ("output_image", (api.run_output_image)(run, name, none, 0, &mut image)),
            ("output_tensor", (api.run_output_tensor)(run, name, none, &mut tensor)),
        ]
    }
}

#[test]
fn calls_out_of_order_are_a_wrong_state() {
    let host = open(&description());
    let graph = graph(host, &quick());
    let (run, api, wrong) = (run(graph), api(), AMDM_STATUS_WRONG_STATE);
    let (mut state, mut heard) = (9, event());
    unsafe {
        all_are(wrong, &outputs(run));
        all_are(wrong, &[("wait", (api.run_wait)(run, -1)), ("wait", (api.run_wait)(run, 0))]);
        all_are(AMDM_STATUS_EMPTY, &[("event", (api.run_next_event)(run, 0, &mut heard))]);
        ok((api.run_poll)(run, &mut state));
        assert_eq!(state, AMDM_RUN_CREATED);
        ok((api.run_start)(run));
        let again = [("start", (api.run_start)(run)), ("execute", (api.run_execute)(run))];
        all_are(wrong, &again);
        // Its end can be waited for as often as one likes, and hurts nobody.
        ok((api.run_wait)(run, -1));
        ok((api.run_wait)(run, 0));
        ok((api.run_cancel)(run, AMDM_CANCEL_NOW));
        ok((api.run_wait)(run, -1));
        ok((api.run_poll)(run, &mut state));
        assert_eq!(state, AMDM_RUN_SUCCEEDED);
        let again = [("start", (api.run_start)(run)), ("execute", (api.run_execute)(run))];
        all_are(wrong, &again);
        // Nothing is there: no error, no such image, no event behind the last.
        let (mut image, none) = (image(), std::ptr::null());
        let fetch = api.run_output_image;
        while (api.run_next_event)(run, -1, &mut heard) == AMDM_STATUS_OK {}
        assert_eq!(heard.kind, AMDM_EVENT_FINISHED);
        let found = [
            ("error", (api.run_error)(run, &mut NOTHING)),
            ("image", fetch(run, c"show".as_ptr(), none, 1, &mut image)),
            ("image", fetch(run, c"nobody".as_ptr(), none, 0, &mut image)),
            ("image", fetch(run, c"text".as_ptr(), c"image".as_ptr(), 0, &mut image)),
            ("event", (api.run_next_event)(run, 0, &mut heard)),
            ("event", (api.run_next_event)(run, -1, &mut heard)),
        ];
        all_are(AMDM_STATUS_EMPTY, &found);
        let mut out = NOTHING;
        ok((api.run_output_json)(run, &mut out));
        assert!(taken(out).contains("finished"));
        for status in [(api.run_destroy)(run), (api.graph_destroy)(graph), (api.host_destroy)(host)]
        {
            ok(status);
        }
    }
}
