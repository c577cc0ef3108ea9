//! Many runs of one host at a time give what they give one after the other.

use amdm_capi::AmdmHost;
use serde_json::json;

use super::Image;
use super::library::images;
use super::{own, scene};
use crate::library::{api, description, graph, ok, open, run};

/// Runs at a time.
pub const RUNS: u64 = 16;

/// The picture of a seed, with the built-in model or with ours around it.
fn picture(host: *mut AmdmHost, seed: u64) -> Vec<Image> {
    let model = if seed % 2 == 1 { own::WRAPPED } else { own::INNER };
    picture_of(host, seed, model)
}

/// The picture of a seed with a model.
pub fn picture_of(host: *mut AmdmHost, seed: u64, model: &str) -> Vec<Image> {
    let mut json = scene::with("sample", "seed", json!(seed));
    json["layout"]["inputs"]["model_name"] = json!(model);
    let made = graph(host, &json);
    let ran = run(made);
    ok(unsafe { (api().graph_destroy)(made) });
    // Half of the runs on threads of their own.
    if seed % 4 < 2 {
        ok(unsafe { (api().run_execute)(ran) });
    } else {
        ok(unsafe { (api().run_start)(ran) });
        ok(unsafe { (api().run_wait)(ran, -1) });
    }
    let images = images(ran, &["save".to_owned()]);
    ok(unsafe { (api().run_destroy)(ran) });
    images
}

/// A host that keeps no results.
pub fn without_results() -> *mut AmdmHost {
    let mut desc = description();
    desc.cache_bytes = 0;
    open(&desc)
}

/// What `picture` gives for all seeds at a time.
pub fn together(
    host: *mut AmdmHost,
    picture: impl Fn(*mut AmdmHost, u64) -> Vec<Image> + Copy + Send,
) -> Vec<Vec<Image>> {
    let place = host.expose_provenance();
    std::thread::scope(|scope| {
        let runs = (0..RUNS).map(|seed| {
            let work = move || picture(std::ptr::with_exposed_provenance_mut(place), seed);
            scope.spawn(work)
        });
        let runs = runs.collect::<Vec<_>>();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

#[test]
fn runs_at_a_time_give_what_they_give_alone() {
    let host = without_results();
    own::library::register(host);
    let serial = (0..RUNS).map(|seed| picture(host, seed)).collect::<Vec<_>>();
    let together = together(host, picture);
    assert!(serial == together);
    assert!(serial.windows(2).all(|pair| pair[0] != pair[1]), "seeds differ");
    ok(unsafe { (api().host_destroy)(host) });
}
