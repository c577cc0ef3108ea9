//! Random calls that are wrong in every way a caller's can be: each returns a code, nothing
//! crashes, what is to be ended is ended once, and afterwards a run goes as it did before. Which
//! code it is the tables of `refusals`, `states` and `inside` say.
//!
//! `AMDM_MISUSE` says how many sequences, `AMDM_MISUSE_SEED` which.

mod callbacks;
mod calls;
mod dice;
mod inside;
mod moves;
pub mod refusals;
mod states;
mod tables;
mod world;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use amdm_capi::AmdmHost;

use self::dice::Dice;
use self::world::World;
use crate::behaviour::library::images;
use crate::behaviour::{Image, scene};
use crate::library::{api, description, graph, ok, open, run};

/// Set in the child: the file that says how far it is.
const CHILD: &str = "AMDM_MISUSE_CHILD";
/// Sequences by default, for a few seconds.
const SEQUENCES: usize = 1500;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn misuse_is_told_by_codes() {
    let sequences = setting("AMDM_MISUSE", SEQUENCES as u64);
    let seed = setting("AMDM_MISUSE_SEED", 20_260_101);
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("sequence");
    let mut child = crate::process::alone("misuse::child");
    child.env(CHILD, &place);
    child.env("AMDM_MISUSE", sequences.to_string()).env("AMDM_MISUSE_SEED", seed.to_string());
    let output = std::fs::File::create(dir.path().join("output")).unwrap();
    let told = std::fs::File::create(dir.path().join("told")).unwrap();
    child.stdout(told).stderr(output);
    let mut child = child.spawn().unwrap();
    let limit = Duration::from_secs(120) + Duration::from_millis(50) * sequences as u32;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.to_string(),
            None if begun.elapsed() > limit => {
                child.kill().unwrap();
                break "it hangs".into();
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let said = std::fs::read_to_string(dir.path().join("output")).unwrap_or_default();
    let at = std::fs::read_to_string(&place).unwrap_or_default();
    let success = status == "exit status: 0" || status == "exit code: 0";
    assert!(success, "seed {seed}, sequence {at} of {sequences}: {status}\n{said}");
    let told = std::fs::read_to_string(dir.path().join("told")).unwrap();
    assert!(told.contains("1 passed"), "{told}");
    let last = said.lines().last().unwrap_or_default();
    eprintln!("{sequences} sequences, seed {seed}: {last}");
}

fn picture(host: *mut AmdmHost) -> Vec<Image> {
    unsafe {
        let graph = graph(host, &scene::graph());
        let ran = run(graph);
        ok((api().graph_destroy)(graph));
        ok((api().run_execute)(ran));
        let images = images(ran, &["save".to_owned()]);
        ok((api().run_destroy)(ran));
        images
    }
}

fn normal() -> Vec<Image> {
    let host = open(&description());
    let images = picture(host);
    ok(unsafe { (api().host_destroy)(host) });
    images
}

/// Runs in a process of its own: see above.
#[test]
fn child() {
    let Some(place) = std::env::var_os(CHILD) else { return };
    let (sequences, seed) = (setting("AMDM_MISUSE", 1), setting("AMDM_MISUSE_SEED", 1));
    let before = normal();
    assert_eq!(before.len(), 1);
    static OVER: AtomicBool = AtomicBool::new(false);
    let meddler = std::thread::Builder::new().name("meddler".into());
    let meddler = meddler.spawn(move || {
        let mut dice = Dice(seed ^ 0xFFFF);
        while !OVER.load(Relaxed) {
            unsafe { calls::inside(&mut dice) };
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let mut world = World::new(seed);
    for sequence in 0..sequences {
        if sequence % 16 == 0 {
            std::fs::write(&place, sequence.to_string()).unwrap();
        }
        world.sequence();
        let wrong = calls::WRONG.lock().unwrap();
        assert!(wrong.is_empty(), "sequence {sequence}: {wrong:#?}");
    }
    OVER.store(true, Relaxed);
    meddler.unwrap().join().unwrap();
    world.end();
    let wrong = calls::WRONG.lock().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    drop(wrong);
    assert_eq!(callbacks::MADE.load(Relaxed), callbacks::UNMADE.load(Relaxed), "operators");
    assert!(normal() == before, "a run afterwards");
    let came = callbacks::CAME.each_ref().map(|came| came.load(Relaxed));
    eprintln!(
        "{} calls, callbacks of nodes, operators, models: {came:?}",
        calls::CALLS.load(Relaxed)
    );
}
