//! Many runs of one host at a time give what they give one after the other, on one set of weights; hosts
//! that come and go leave no memory behind.
#![cfg(target_os = "linux")]

use std::process::Command;

use amdm_capi::AmdmHost;
use serde_json::json;

use super::Image;
use super::library::images;
use super::{own, scene};
use crate::library::{api, description, graph, ok, open, run};

/// Set in the child: what it is to measure.
const CHILD: &str = "AMDM_PARALLEL_CHILD";
/// Runs at a time.
const RUNS: u64 = 16;
/// Hosts that come and go by default.
const HOSTS: u64 = 60;

/// Bytes of a line of the kernel's about this process, such as its resident memory.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

/// The picture of a seed, with the built-in model or with ours around it.
fn picture(host: *mut AmdmHost, seed: u64) -> Vec<Image> {
    let mut json = scene::with("sample", "seed", json!(seed));
    if seed % 2 == 1 {
        json["layout"]["inputs"]["model_name"] = json!(own::WRAPPED);
    }
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

fn without_results() -> *mut AmdmHost {
    let mut desc = description();
    desc.cache_bytes = 0;
    open(&desc)
}

#[test]
fn runs_at_a_time_give_what_they_give_alone() {
    let host = without_results();
    own::library::register(host);
    let serial = (0..RUNS).map(|seed| picture(host, seed)).collect::<Vec<_>>();
    let place = host.expose_provenance();
    let together = std::thread::scope(|scope| {
        let runs = (0..RUNS).map(|seed| {
            let work = move || picture(std::ptr::with_exposed_provenance_mut(place), seed);
            scope.spawn(work)
        });
        let runs = runs.collect::<Vec<_>>();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(serial == together);
    assert!(serial.windows(2).all(|pair| pair[0] != pair[1]), "seeds differ");
    ok(unsafe { (api().host_destroy)(host) });
}

/// Weights are in memory once, however many runs there are: sixteen more runs of the built-in models
/// and of one around it take less than the weights once more for each.
fn weights() {
    let device = amdm_diffusion::Device::cpu(1).unwrap();
    let models = amdm_diffusion::Models::new(&device);
    let (one, two) = (models.load(own::INNER, "").unwrap(), models.load(own::INNER, "").unwrap());
    assert!(std::sync::Arc::ptr_eq(&one, &two), "loaded once");
    let host = without_results();
    own::library::register(host);
    let place = host.expose_provenance();
    let together = |runs: u64| {
        std::thread::scope(|scope| {
            for seed in 0..runs {
                scope.spawn(move || picture(std::ptr::with_exposed_provenance_mut(place), seed));
            }
        });
        memory("VmHWM")
    };
    picture(host, 0);
    let one = memory("VmHWM");
    let all = together(RUNS);
    eprintln!("peak after one run {} MiB, after {RUNS} at a time {} MiB", one >> 20, all >> 20);
    // Measured: about 3 MiB a run, of guests' memory and latents.
    assert!(all - one < RUNS * (8 << 20), "{one} to {all} bytes");
    ok(unsafe { (api().host_destroy)(host) });
}

/// A host with nodes and a model of ours and a run, again and again.
fn hosts() {
    let hosts = std::env::var("AMDM_HOSTS").map_or(HOSTS, |text| text.parse().unwrap());
    let ended = || own::library::ENDED.load(std::sync::atomic::Ordering::Relaxed) as u64;
    let mut before = 0;
    for index in 0..hosts {
        let host = without_results();
        own::library::register(host);
        if index % 10 == 0 {
            picture(host, index);
        }
        ok(unsafe { (api().host_destroy)(host) });
        assert_eq!(ended(), 3 * (index + 1), "vtables are ended with their host");
        if index + 1 == hosts / 10 {
            before = memory("VmRSS");
        }
    }
    let after = memory("VmRSS");
    let (tenth, mib) = (hosts / 10, |bytes: u64| bytes as f64 / f64::from(1 << 20));
    eprintln!("after {tenth} hosts {:.1} MiB, after {hosts} {:.1} MiB", mib(before), mib(after));
    assert!(after < before + (16 << 20), "{before} to {after} bytes");
}

/// Runs in a process of its own, which measures itself.
#[test]
fn child() {
    match std::env::var(CHILD).as_deref() {
        Ok("weights") => weights(),
        Ok("hosts") => hosts(),
        _ => {}
    }
}

fn measured(what: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "behaviour::parallel::child", "--nocapture"]);
    let output = child.env(CHILD, what).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    eprintln!("{}", said.trim());
}

#[test]
fn weights_are_loaded_once() {
    measured("weights");
}

#[test]
fn hosts_that_come_and_go_leave_nothing() {
    measured("hosts");
}
