//! A long sampling that is killed: the same command goes on from its last checkpoint.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::cache::sound;
use crate::command::{Scene, ended, graph};

#[test]
fn a_killed_sampling_goes_on_where_it_was() {
    let mut long = graph(3);
    long["sample"]["inputs"]["steps"] = json!(60);
    let plain = Scene::new(&long);
    assert!(plain.run(&[]).success);
    for step in [7, 25, 40] {
        let scene = Scene::new(&long);
        let keep = ["--cache", "cache", "--checkpoint-every", "0"];
        let mut child = scene.start(&[&keep[..], &["--progress", "json"]].concat());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let reached = |event: &Value| event["event"] == "progress" && event["step"] == step;
        assert!({ events }.any(|event| reached(&event)));
        child.kill().unwrap();
        assert!(!ended(child).success);
        assert_eq!(scene.pictures(), []);
        sound(&scene.path("cache"));
        assert!(scene.run(&[&keep[..], &["--result", "result.json"]].concat()).success);
        let result = std::fs::read(scene.path("result.json")).unwrap();
        let result: Value = serde_json::from_slice(&result).unwrap();
        let nodes = result["nodes"].as_array().unwrap();
        let resumed = nodes.iter().filter(|node| node["resumed"] == true).collect::<Vec<_>>();
        assert_eq!(resumed.len(), 1, "{result:#}");
        assert_eq!(resumed[0]["class"], "Sampler");
        // Two lanes a step up to 39, then one; the kill may come before the step's own checkpoint.
        let left = |from: i64| (39 - from).max(0) * 2 + 21.min(60 - from);
        assert!(result["passes"].as_i64().unwrap() <= left(step - 1), "{result:#}");
        assert_eq!(scene.pictures(), plain.pictures());
    }
}
