//! How a run is followed and bounded: previews, log, targets, time, memory; and what a host and a
//! graph say of themselves.

use std::ffi::c_void;

use amdm_capi::*;
use serde_json::{Value, json};

use crate::behaviour::library::images;
use crate::behaviour::{own, scene};
use crate::library::{NOTHING, api, description, graph, ok, open, shown, taken, text};

fn desc() -> AmdmRunDesc {
    let desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
    AmdmRunDesc { struct_size: size_of::<AmdmRunDesc>(), ..desc }
}

/// A run of a graph, executed, and the status that it ended with.
fn ended(host: *mut AmdmHost, json: &Value, desc: &AmdmRunDesc) -> (*mut AmdmRun, AmdmStatus) {
    let (graph, mut run) = (graph(host, json), std::ptr::null_mut());
    unsafe {
        ok((api().run_create)(graph, desc, &mut run));
        ok((api().graph_destroy)(graph));
        (run, (api().run_execute)(run))
    }
}

/// What each event of a run makes of it.
fn events<T>(run: *mut AmdmRun, mut each: impl FnMut(&AmdmEvent) -> Option<T>) -> Vec<T> {
    let mut event = unsafe { std::mem::zeroed::<AmdmEvent>() };
    event.struct_size = size_of::<AmdmEvent>();
    let mut all = Vec::new();
    while unsafe { (api().run_next_event)(run, 0, &mut event) } == AMDM_STATUS_OK {
        all.extend(each(&event));
    }
    all
}

fn json_of(call: impl FnOnce(*mut AmdmString) -> AmdmStatus) -> Value {
    let mut out = NOTHING;
    ok(call(&mut out));
    serde_json::from_str(&taken(out)).unwrap()
}

fn end(host: *mut AmdmHost, run: *mut AmdmRun) {
    ok(unsafe { (api().run_destroy)(run) });
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn previews_are_lent_and_the_newest_stay() {
    let host = open(&description());
    let graph = scene::with("sample", "steps", json!(20));
    let (run, status) = ended(host, &graph, &AmdmRunDesc { preview_ms: 1, ..desc() });
    ok(status);
    let mut last = 0;
    let previews = events(run, |event| {
        if event.kind == AMDM_EVENT_PROGRESS {
            last = event.step;
        }
        assert_eq!(event.image.is_null(), event.kind != AMDM_EVENT_PREVIEW);
        let image = unsafe { event.image.as_ref() }?;
        assert!(image.release.is_none(), "nothing to release");
        let (width, rows) = (image.width as usize, image.height as usize);
        assert_eq!((width, rows, image.channels, image.row_stride), (32, 32, 3, 96));
        let pixels =
            unsafe { std::slice::from_raw_parts(image.data.cast::<u8>(), width * rows * 3) };
        assert_eq!(shown(event.node), "sample");
        Some(pixels.to_vec())
    });
    assert_eq!(last, 20, "progress is all there");
    assert!((2..=8).contains(&previews.len()), "{}", previews.len());
    assert!(previews.windows(2).all(|pair| pair[0] != pair[1]));
    end(host, run);
}

#[test]
fn lines_of_the_log_are_events() {
    let mut quiet = description();
    quiet.log_level = AMDM_LOG_WARN;
    for (desc, expected) in [(description(), 0), (quiet, 1)] {
        let host = open(&desc);
        own::library::register(host);
        let graph = json!({
            "text": {"class_type": "TextImage", "inputs": {"text": "a"}},
            "turn": {"class_type": own::turn()["type"], "inputs": {"image": ["text", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["turn", 0]}},
        });
        let (run, status) = ended(host, &graph, &self::desc());
        ok(status);
        let lines = events(run, |event| {
            (event.kind == AMDM_EVENT_LOG).then(|| (event.step, shown(event.text)))
        });
        let warned = lines
            .iter()
            .filter(|(level, line)| *level == AMDM_LOG_WARN && line.contains(own::WARNING));
        assert_eq!(warned.count(), expected, "{lines:?}");
        end(host, run);
    }
}

#[test]
fn only_targets_run() {
    let host = open(&description());
    let mut json = scene::graph();
    json["other"] = json!({"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}});
    let other = text("other");
    let targets = [other.as_ptr()];
    let only = AmdmRunDesc { targets: targets.as_ptr(), target_count: 1, ..desc() };
    let (run, status) = ended(host, &json, &only);
    ok(status);
    assert_eq!(images(run, &["other".to_owned()]).len(), 1);
    assert!(images(run, &["save".to_owned()]).is_empty());
    ok(unsafe { (api().run_destroy)(run) });
    let nobody = text("nobody");
    let targets = [nobody.as_ptr()];
    let only = AmdmRunDesc { targets: targets.as_ptr(), target_count: 1, ..desc() };
    let (made, mut run) = (graph(host, &json), std::ptr::null_mut());
    let status = unsafe { (api().run_create)(made, &only, &mut run) };
    assert_eq!((status, run.is_null()), (AMDM_STATUS_INVALID_ARGUMENT, true));
    assert!(crate::library::last_error().contains("found nobody"));
    ok(unsafe { (api().graph_destroy)(made) });
    end(host, run);
}

#[test]
fn time_and_memory_are_bounded() {
    let host = open(&description());
    let long = scene::with("sample", "steps", json!(1000));
    let (run, status) = ended(host, &long, &AmdmRunDesc { timeout_ms: 50, ..desc() });
    assert_eq!(status, AMDM_STATUS_TIME_UP);
    let why = json_of(|out| unsafe { (api().run_error)(run, out) });
    assert_eq!(why["code"], "timeout");
    end(host, run);
    let mut small = description();
    small.memory_budget = 1 << 12;
    let host = open(&small);
    let (run, status) = ended(host, &scene::graph(), &desc());
    assert_eq!(status, AMDM_STATUS_LIMIT_EXCEEDED);
    let info = json_of(|out| unsafe { (api().host_info)(host, out) });
    assert_eq!(info["memory_budget"], 1 << 12);
    end(host, run);
}

#[test]
fn a_graph_says_what_can_be_set() {
    let host = open(&description());
    let made = graph(host, &scene::graph());
    let all = json_of(|out| unsafe { (api().graph_inputs)(made, out) });
    let find = |node: &str, input: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["node"] == node && one["input"] == input).cloned()
    };
    let steps = find("sample", "steps").unwrap();
    let facts = ["type", "value", "min", "max", "setting"].map(|key| steps[key].clone());
    assert_eq!(
        facts,
        [json!("INT"), json!(3), json!(1), json!(1000), json!("sample.steps")],
        "{steps}"
    );
    let shape = find("what", "shape").unwrap();
    assert!(shape["choices"].as_array().unwrap().contains(&json!("circle")), "{shape}");
    assert!(find("save", "images").is_none(), "a socket takes no JSON value");
    // A value that is set is the one that is told.
    let (node, input) = (text("sample"), text("steps"));
    ok(unsafe { (api().graph_set_json)(made, node.as_ptr(), input.as_ptr(), c"9".as_ptr(), 1) });
    let all = json_of(|out| unsafe { (api().graph_inputs)(made, out) });
    let mut all = all.as_array().unwrap().iter();
    let steps = all.find(|one| one["setting"] == "sample.steps").unwrap();
    assert_eq!(steps["value"], 9);
    ok(unsafe { (api().graph_destroy)(made) });
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn a_destroyed_host_runs_nothing() {
    let host = open(&description());
    let made = graph(host, &scene::graph());
    let (mut early, mut late) = (std::ptr::null_mut(), std::ptr::null_mut());
    unsafe extern "C" fn never(_: *mut c_void) {
        panic!("nothing is called any more");
    }
    let told = AmdmRunDesc { wakeup: Some(never), ..desc() };
    unsafe {
        ok((api().run_create)(made, &told, &mut early));
        ok((api().host_destroy)(host));
        assert_eq!((api().run_start)(early), AMDM_STATUS_WRONG_STATE);
        assert_eq!((api().run_execute)(early), AMDM_STATUS_WRONG_STATE);
        assert_eq!((api().run_create)(made, &told, &mut late), AMDM_STATUS_WRONG_STATE);
        assert!(late.is_null());
        ok((api().run_destroy)(early));
        ok((api().graph_destroy)(made));
    }
}
