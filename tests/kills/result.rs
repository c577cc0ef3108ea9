//! `--result` and `--cache` as programs see them.

use serde_json::Value;

use crate::command::{Scene, graph};

fn read(scene: &Scene) -> Value {
    serde_json::from_slice(&std::fs::read(scene.path("result.json")).unwrap()).unwrap()
}

#[test]
fn the_result_tells_all_about_the_run() {
    let scene = Scene::new(&graph(3));
    let arguments = ["--cache", "cache", "--result", "result.json", "--progress", "bar"];
    let first = scene.run(&arguments);
    assert!(first.success, "{}", first.stderr);
    assert!(!first.stderr.contains("from the cache"), "{}", first.stderr);
    let told = read(&scene);
    assert_eq!((&told["format"], &told["status"]), (&1.into(), &"finished".into()));
    assert_eq!((&told["seeds"][0]["value"], &told["device"]), (&3.into(), &"cpu".into()));
    assert!(told["passes"].as_u64().unwrap() > 0);
    assert_eq!(told["outputs"][0]["path"], "out/amdm_00001_.png");
    assert_eq!(told["outputs"][0]["node"], "save");
    let again = scene.run(&arguments);
    assert!(
        again.stderr.contains("2 nodes (1 from the cache), 0 network passes"),
        "{}",
        again.stderr
    );
    let kept = read(&scene);
    assert_eq!(kept["nodes"][0]["cached"], "disk");
    assert_eq!(kept["outputs"][0]["sha256"], told["outputs"][0]["sha256"]);
    assert_eq!(kept["outputs"][0]["path"], "out/amdm_00003_.png");
}

#[test]
fn on_stdout_it_stands_alone() {
    let scene = Scene::new(&graph(3));
    let ended = scene.run(&["--result", "-"]);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["status"], "finished");
    let ended = scene.run(&["--result", "-", "--progress", "json"]);
    let last: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["status"], "finished");
}

#[test]
fn it_is_written_when_the_run_fails_too() {
    let arguments = ["--result", "result.json"];
    let mut bad = graph(3);
    bad["sample"]["inputs"]["target"] = 5.into();
    let scene = Scene::new(&bad);
    assert_eq!(scene.run(&arguments).code, Some(1));
    let told = read(&scene);
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&"failed".into(), &"invalid_input".into())
    );
    assert_eq!(told["error"]["node"]["id"], "sample");
    bad["sample"]["inputs"]["steps"] = 0.into();
    let scene = Scene::new(&bad);
    assert_eq!(scene.run(&arguments).code, Some(3));
    let told = read(&scene);
    assert_eq!(
        (&told["status"], &told["errors"][0]["input"]),
        (&"invalid".into(), &"steps".into())
    );
    let scene = Scene::new(&graph(3));
    assert_eq!(scene.run(&["--result", "result.json", "--packs", "no/such/folder"]).code, Some(2));
    assert_eq!(read(&scene)["error"]["input"], "packs");
    // What could not be written is said before anything runs.
    for (path, reason) in
        [("no/such/folder.json", "no/such is no directory"), (".", "it is a directory")]
    {
        let scene = Scene::new(&graph(3));
        let ended = scene.run(&["--result", path]);
        assert_eq!(ended.code, Some(2));
        assert_eq!(ended.stderr, format!("error: --result {path}: {reason}\n"));
        assert!(!scene.path("out").exists());
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let scene = Scene::new(&graph(3));
    std::fs::write(scene.path("file"), "x").unwrap();
    let ended = scene.run(&["--cache", "file"]);
    assert!(ended.success);
    let warnings = ended.stderr.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!(warnings.count(), 1, "{}", ended.stderr);
    let scene = Scene::new(&graph(3));
    assert!(scene.run(&["--cache", "none"]).success);
    assert!(!scene.path("none").exists());
}
