//! Weights are in memory once, however many runs use them; hosts that come and go leave nothing
//! behind.
//!
//! Each is measured in a process of its own. `AMDM_HOSTS` says how many hosts.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::SystemTime;

use amdm_capi::AmdmHost;
use serde_json::{Value, json};

use super::Image;
use super::own;
use super::parallel::{RUNS, picture_of, together, without_results};
use crate::library::{api, description, ok, open, text};
use crate::process::{alone, passed};

/// Set in the child: what it is to measure.
const CHILD: &str = "AMDM_MEMORY_CHILD";
/// Hosts that come and go by default.
const HOSTS: u64 = 1000;
const MIB: u64 = 1 << 20;
/// Bytes of the weight file: the loader takes 16 MiB, the family's own weights have 1.
const FILE: u64 = 15 * MIB;
/// Its name below the model directory.
const NAME: &str = "large.safetensors";

/// A number of a line of the kernel's about this process.
fn told(file: &str, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap();
    let line = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB").trim().parse().unwrap()
}

/// Bytes of a line such as its resident memory.
fn memory(line: &str) -> u64 {
    told("status", line) << 10
}

/// The weights of `tiny-layout` and a tensor that nobody uses, of [`FILE`] bytes in all.
fn write(path: &Path) {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../diffusion/weights");
    let bytes = std::fs::read(weights.join("layout.f16.safetensors")).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, values) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    let (start, more) = (values.len() as u64, FILE - bytes.len() as u64);
    let more = more / 2 * 2;
    header["padding"] = json!({"dtype": "F16", "shape": [more / 2],
                               "data_offsets": [start, start + more]});
    header["__metadata__"] = json!({"amdm.family": own::INNER});
    let header = header.to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(values);
    file.resize(file.len() + more as usize, 0);
    std::fs::write(path, file).unwrap();
}

fn with_models(dir: &Path) -> *mut AmdmHost {
    let dir = text(dir.to_str().unwrap());
    let (mut desc, dirs) = (description(), [dir.as_ptr()]);
    (desc.cache_bytes, desc.model_dirs, desc.model_dir_count) = (0, dirs.as_ptr(), 1);
    open(&desc)
}

/// Sixteen runs of one weight file read it once, and go on with what was read when it is spoilt
/// since.
fn weights() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(NAME);
    write(&file);
    let picture = |host, seed| picture_of(host, seed, NAME);
    let host = with_models(dir.path());
    // What each reading of the file adds, in all runs together and the first time.
    let before = told("io", "rchar");
    let first = together(host, picture);
    let read = told("io", "rchar") - before;
    assert!((FILE..2 * FILE).contains(&read), "{read} bytes for {RUNS} runs at a time");
    // Other weights, of the same size and age: whoever reads them makes other pictures.
    let age = std::fs::metadata(&file).unwrap().modified().unwrap();
    spoil(&file, age);
    let (before, peak) = (told("io", "rchar"), memory("VmHWM"));
    assert!(together(host, picture) == first);
    let again = told("io", "rchar") - before;
    assert!(again < FILE, "{again} bytes for {RUNS} more runs");
    let grown = memory("VmHWM") - peak;
    let mib = |bytes: u64| bytes as f64 / MIB as f64;
    eprintln!("read {:.1} MiB, then {:.1}; peak grew {:.1} MiB", mib(read), mib(again), mib(grown));
    // Guests' memory and latents come again, up to 17 MiB; weights of 2 MiB for each run would add 32.
    assert!(grown < 2 * RUNS * MIB, "{grown} bytes");
    ok(unsafe { (api().host_destroy)(host) });
    // As another host does.
    let host = with_models(dir.path());
    assert!(picture(host, 0) != first[0]);
    ok(unsafe { (api().host_destroy)(host) });
}

/// Halves every weight, and leaves the file the age that it had.
fn spoil(file: &Path, age: SystemTime) {
    let mut bytes = std::fs::read(file).unwrap();
    let header = u64::from_le_bytes(*bytes.first_chunk::<8>().unwrap()) as usize;
    for high in bytes[8 + header..].iter_mut().skip(1).step_by(2) {
        // Of the five bits of a half float's exponent, one less.
        *high = high.saturating_sub(if *high & 0x7C > 4 { 4 } else { 0 });
    }
    std::fs::write(file, bytes).unwrap();
    std::fs::File::options().write(true).open(file).unwrap().set_modified(age).unwrap();
}

/// Parts in which the memory of hosts is looked at.
const PARTS: u64 = 10;

/// A host with nodes and a model of ours, again and again; of twenty one runs a graph.
fn hosts() {
    let hosts = std::env::var("AMDM_HOSTS").map_or(HOSTS, |text| text.parse().unwrap());
    let ended = || own::library::ENDED.load(std::sync::atomic::Ordering::Relaxed) as u64;
    let mut first: Vec<Image> = Vec::new();
    let (part, mut sizes) = (hosts / PARTS, Vec::new());
    for index in 0..hosts {
        let host = without_results();
        own::library::register(host);
        if index % 20 == 0 {
            let images = picture_of(host, 7, own::WRAPPED);
            assert!(first.is_empty() || images == first);
            first = images;
        }
        ok(unsafe { (api().host_destroy)(host) });
        assert_eq!(ended(), 3 * (index + 1), "vtables are ended with their host");
        if (index + 1) % part == 0 {
            sizes.push(memory("VmRSS"));
        }
    }
    let mut grown = sizes.windows(2).map(|two| two[1].saturating_sub(two[0])).collect::<Vec<_>>();
    let mib = |bytes: &u64| format!("{:.1}", *bytes as f64 / MIB as f64);
    eprintln!(
        "MiB after every {part} hosts: {}",
        sizes.iter().map(mib).collect::<Vec<_>>().join(" ")
    );
    // The allocator takes some pages now and then, all the more beside other work; what leaks grows
    // in every part. A KiB a host would be seen.
    grown.sort_unstable();
    let median = grown[grown.len() / 2];
    assert!(median < part << 10, "{median} bytes in {part} hosts");
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
    let mut child = alone("behaviour::memory::child");
    // Of the allocator's arenas, one a thread at worst, any may grow at any time; of one it is
    // seen.
    child.env("MALLOC_ARENA_MAX", "1").env(CHILD, what);
    let output = child.output().unwrap();
    eprintln!("{}", passed(&output));
}

#[test]
fn weights_are_loaded_once() {
    measured("weights");
}

#[test]
fn hosts_that_come_and_go_leave_nothing() {
    measured("hosts");
}
