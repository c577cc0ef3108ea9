//! Guests that never end are stopped: by their own bound, by the run's, and by hand.

use std::time::{Duration, Instant};

use amdm_runtime::{Cancel, Failure, Host, HostOptions, Limits, RunOptions};

use crate::pack::Source;
use crate::stage::{Stage, alone, assert_failure, directory, fails, good, options, run, sampling};

/// From the call of `stop` to the end of the run.
const PROMPT: Duration = Duration::from_millis(200);

fn guest_time(milliseconds: u64) -> Limits {
    Limits { guest_time: Duration::from_millis(milliseconds), ..Limits::default() }
}

fn timeout(milliseconds: u64) -> RunOptions {
    RunOptions { timeout: Some(Duration::from_millis(milliseconds)), ..RunOptions::default() }
}

/// Stops the run after it has looped for a while, and gives the time that it took to end.
fn stopped(stage: &Stage, graph: &serde_json::Value) -> (Failure, Duration) {
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let stop = cancel.clone();
        let stopper = scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            stop.stop();
            Instant::now()
        });
        let failure = fails(&stage.host, graph, RunOptions::default(), &cancel);
        let end = Instant::now();
        (failure, end - stopper.join().unwrap())
    })
}

#[test]
fn by_the_guests_bound() {
    let failure = Stage::new(&Source::node("loop"), guest_time(100)).fails(&alone());
    assert_failure(&failure, "timeout", "pack acme:hostile computed for more than 0.1 s");
}

#[test]
fn calling_the_host_does_not_help() {
    let stage = Stage::new(&Source::node("host-loop"), guest_time(100));
    let failure = stage.fails(&alone());
    assert_failure(&failure, "timeout", "pack acme:hostile computed for more than 0.1 s");
    // It gets an error from the host then, and crashes over it: the stop is what is reported.
    let stage = Stage::new(&Source::node("host-loop"), Limits::default());
    let failure = stage.fails_with(&alone(), timeout(300), &Cancel::new());
    assert_failure(&failure, "timeout", "the run took longer than its limit of 0.3 s");
}

#[test]
fn the_hosts_work_is_not_the_guests_time() {
    let stage = Stage::new(&Source::operator("good"), guest_time(500));
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
    let outcome = run(&stage.host, &sampling(400, 8), &options, &Cancel::new()).unwrap();
    assert!(outcome.seconds > 1.0, "too short a run to show anything: {}", outcome.seconds);
}

#[test]
fn by_the_runs_bound() {
    let stage = Stage::new(&Source::node("loop"), Limits::default());
    let start = Instant::now();
    let failure = stage.fails_with(&alone(), timeout(300), &Cancel::new());
    assert_failure(&failure, "timeout", "the run took longer than its limit of 0.3 s");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn by_hand() {
    for (source, graph) in [
        (Source::node("loop"), alone()),
        (Source::operator("loop"), sampling(4, 1)),
        (Source::operator("good"), sampling(1000, 64)),
    ] {
        let stage = Stage::new(&source, Limits::default());
        // Compiled before, so that the run loops when it is stopped.
        good(&stage.host);
        let (failure, took) = stopped(&stage, &graph);
        assert_eq!(failure.code.as_str(), "cancelled", "{failure}");
        assert!(failure.message.contains("the run was stopped"), "{failure}");
        eprintln!("ended {took:?} after it was stopped");
        assert!(took < PROMPT, "ended {took:?} after it was stopped");
        good(&stage.host);
    }
}

#[test]
fn before_it_begins() {
    let stage = Stage::new(&Source::node("loop"), Limits::default());
    let cancel = Cancel::new();
    cancel.stop();
    let failure = stage.fails_with(&alone(), RunOptions::default(), &cancel);
    assert_failure(&failure, "cancelled", "the run was stopped");
}

#[test]
fn while_it_describes_itself() {
    let source = Source::node("describe-loop");
    let failure = Stage::new(&source, guest_time(100)).fails(&alone());
    assert_failure(&failure, "timeout", "computed for more than 0.1 s without an end");
    let stage = Stage::new(&source, Limits::default());
    let failure = stage.fails_with(&alone(), timeout(300), &Cancel::new());
    assert_failure(&failure, "timeout", "the run took longer than its limit of 0.3 s");
    let (failure, took) = stopped(&stage, &alone());
    assert_failure(&failure, "cancelled", "the run was stopped");
    assert!(took < PROMPT, "ended {took:?} after it was stopped");
}

#[test]
fn while_it_is_asked_at_the_start() {
    let dir = directory(&Source::node("describe-loop").undescribed().component());
    let pack_dirs = vec![dir.path().into()];
    let hostile = HostOptions { pack_dirs, limits: guest_time(100), ..options() };
    let failure = Host::open(&hostile).map(|_| ()).unwrap_err();
    assert_eq!(failure.code.as_str(), "timeout", "{failure}");
    assert!(failure.message.contains("hostile.wasm"), "{failure}");
}

/// Time is each guest's own: eight runs at once do not make a second pass in an eighth.
#[test]
fn time_does_not_pass_faster_for_many() {
    let stage = Stage::new(&Source::node("loop"), guest_time(500));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let start = Instant::now();
                fails(&stage.host, &alone(), RunOptions::default(), &Cancel::new());
                assert!(start.elapsed() > Duration::from_millis(400), "{:?}", start.elapsed());
            });
        }
    });
}
