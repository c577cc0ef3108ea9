//! Ctrl-C and SIGTERM in the middle of a long run.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::command::{Scene, ended};
use crate::graphs::good;
use crate::stage::leftovers;

fn stopped_by(signal: &str) {
    let mut graph = good();
    graph["sample"]["inputs"]["steps"] = 1000.into();
    graph["start"]["inputs"]["batch_size"] = 64.into();
    let scene = Scene::new(&graph);
    let mut child = scene.command(&["--progress", "json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"progress\"") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the run ended by itself");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let start = Instant::now();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let ended = ended(child);
    let took = start.elapsed();
    eprintln!("ended {took:?} after {signal}");
    assert!(took < Duration::from_secs(1), "ended {took:?} after {signal}");
    assert_eq!(ended.code, Some(130), "{ended:?}");
    // It may meet the sampler, or the operator that works for it.
    let nodes = ["sample (Sampler)", "merge (AggregateStep)"];
    let said = nodes.map(|node| format!("error: node {node}: the run was stopped [cancelled]\n"));
    assert!(said.contains(&ended.stderr), "{ended:?}");
    assert!(rest.trim_end().lines().last().unwrap().contains("\"event\":\"failed\""), "{rest}");
    assert_eq!(leftovers(&scene.out()), [""; 0]);
}

#[test]
fn interrupt() {
    stopped_by("-INT");
}

#[test]
fn terminate() {
    stopped_by("-TERM");
}
