//! What the command line promises to programs: progress lines, settings, exit codes, JSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Ended, Scene, amdm, end};
use crate::graphs::{good, with};

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `started`; for each node `node_started`, what happens in it, `node_finished`; `finished`.
#[test]
fn progress_lines_come_in_order() {
    let ended = Scene::new(&good()).run(&["--progress", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = lines(&ended);
    let (first, rest) = lines.split_first().unwrap();
    let (last, rest) = rest.split_last().unwrap();
    assert_eq!((&first["event"], &last["event"]), (&"started".into(), &"finished".into()));
    let nodes = first["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 13);
    let mut inside: Option<&Value> = None;
    let mut done = Vec::new();
    let mut steps = Vec::new();
    for line in rest {
        let node = &line["node"];
        match line["event"].as_str().unwrap() {
            "node_started" => assert_eq!(inside.replace(node), None, "{line}"),
            "node_finished" => {
                assert_eq!(inside.take(), Some(node), "{line}");
                done.push(node.clone());
            }
            event => {
                assert_eq!(inside, Some(node), "{line}");
                assert!(["progress", "ui", "saved"].contains(&event), "{line}");
                steps.extend(line["step"].as_u64());
            }
        }
    }
    assert_eq!((&done, inside), (nodes, None));
    assert_eq!(steps, [1, 2, 3, 4]);
    assert_eq!(last["files"][0]["name"], "amdm_00001_.png");
}

#[test]
fn progress_lines_of_a_failure() {
    let ended = Scene::new(&with("sample", "target", 3.into())).run(&["--progress", "json"]);
    assert_eq!(ended.code, Some(1));
    let lines = lines(&ended);
    let last = lines.last().unwrap();
    assert_eq!(last["event"], "failed");
    assert_eq!(last["error"]["code"], "invalid_input");
    assert_eq!(last["error"]["node"]["id"], "sample");
    assert_eq!(last["error"]["input"], "target");
    let ended = Scene::new(&with("sample", "steps", 0.into())).run(&["--progress", "json"]);
    assert_eq!(ended.code, Some(3));
    let line: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&line["event"], &line["errors"][0]["node"]), (&"invalid".into(), &"sample".into()));
}

#[test]
fn settings() {
    let scene = Scene::new(&good());
    let ended = scene.run(&["--set", "sample.steps=2", "--set", "save.filename_prefix=set"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, format!("{}\n", scene.out().join("set_00001_.png").display()));
    for (setting, code, message) in [
        ("sample.stepz=2", 2, "did you mean steps?"),
        ("nobody.steps=2", 2, "nobody"),
        ("nothing", 2, "nothing"),
        ("sample.steps=0", 3, "expected a whole number from 1 to 1000"),
    ] {
        let ended = scene.run(&["--set", setting]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
}

#[test]
fn a_timeout() {
    let mut graph = with("sample", "steps", 1000.into());
    graph["start"]["inputs"]["batch_size"] = 64.into();
    let ended = Scene::new(&graph).run(&["--timeout", "0.5"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("the run took longer than its limit of 0.5 s"), "{ended:?}");
    for seconds in ["0", "-1", "nan", "soon", "1e300"] {
        let ended = Scene::new(&graph).run(&[&format!("--timeout={seconds}")]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}

#[test]
fn devices_and_threads() {
    let scene = Scene::new(&good());
    let graph = scene.graph();
    for arguments in [
        ["--device", "gpu"],
        ["--device", "cuda:x"],
        ["--device", "cuda:999"],
        ["--threads", "100000"],
        ["--packs", "/nowhere/at/all"],
        ["--models", "/nowhere/at/all"],
        ["--limit", "guest-memory"],
        ["--limit", "guest-memory=-1"],
        ["--limit", "luck=1"],
        ["--limit", "guest-handles=0.5"],
        ["--limit", "guest-time=10M"],
        ["--timeout", "-1"],
    ] {
        let ended = end(amdm(&["run", &graph]).args(arguments));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(arguments[0]), "{ended:?}");
    }
}

#[test]
fn bounds_can_be_changed() {
    let scene = Scene::new(&good());
    let ended = scene.run(&["--limit", "guest-memory=64K"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("at most 65536 are given"), "{ended:?}");
    let ended = scene.run(&["--limit", "guest-memory=64M", "--limit", "guest-time=2.5"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn what_was_written_before_a_failure_is_named() {
    let mut graph = good();
    graph["late"] = json!({"class_type": "LoadImage", "inputs": {"image": "torn.png"}});
    graph["last"] = json!({"class_type": "SaveImage", "inputs": {"images": ["late", 0]}});
    let scene = Scene::new(&graph);
    std::fs::write(Path::new(&scene.graph()).with_file_name("torn.png"), "torn").unwrap();
    let ended = scene.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("node late (LoadImage)"), "{ended:?}");
    assert_eq!(ended.stdout, format!("{}\n", scene.out().join("amdm_00001_.png").display()));
}

#[test]
fn a_name_that_cannot_be_is_told_before_anything_is_written() {
    let mut graph = good();
    for (name, reason) in [
        ("../late", "expected one inside the run's own directory [denied]"),
        ("", "expected the name of a file [invalid_input]"),
    ] {
        graph["late"] = json!({"class_type": "SaveImage",
            "inputs": {"images": ["decode", 0], "filename_prefix": name}});
        let scene = Scene::new(&graph);
        let ended = scene.run(&[]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains("node late (SaveImage), input filename_prefix"), "{ended:?}");
        assert!(ended.stderr.contains(reason), "{ended:?}");
        assert!(!scene.out().exists());
    }
}

#[test]
fn an_output_that_is_a_file() {
    let scene = Scene::new(&good());
    std::fs::write(scene.out(), "taken").unwrap();
    let ended = scene.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("found a file, expected a directory"), "{ended:?}");
    assert_eq!(std::fs::read(scene.out()).unwrap(), b"taken");
}

#[test]
fn a_weight_file_is_used_from_a_graph() {
    let weights = crate::pack::root().join("host/diffusion/weights/layout.f16.safetensors");
    let models = tempfile::tempdir().unwrap();
    std::fs::create_dir(models.path().join("mine")).unwrap();
    std::fs::copy(weights, models.path().join("mine/where.safetensors")).unwrap();
    let mut graph = good();
    graph["layout"]["inputs"]["model_name"] = "mine/where.safetensors".into();
    let dir = models.path().to_str().unwrap();
    let ended = Scene::new(&graph).run(&["--models", dir]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("input family: model file"), "{ended:?}");
    graph["layout"]["inputs"]["family"] = "tiny-layout".into();
    let own = Scene::new(&graph);
    let ended = own.run(&["--models", dir, "--no-metadata"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let paths = models.path().join("extra_model_paths.yaml");
    std::fs::write(&paths, "here:\n  checkpoints: mine\n").unwrap();
    graph["layout"]["inputs"]["model_name"] = "where.safetensors".into();
    let ended = Scene::new(&graph).run(&["--model-paths", paths.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let built_in = Scene::new(&good());
    assert_eq!(built_in.run(&["--no-metadata"]).code, Some(0));
    let picture = |scene: &Scene| std::fs::read(scene.out().join("amdm_00001_.png")).unwrap();
    assert_eq!(picture(&own), picture(&built_in));
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = end(&mut amdm(&["completions", shell]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("amdm"));
    }
    assert_eq!(end(&mut amdm(&["completions", "dos"])).code, Some(2));
}

#[test]
fn nodes() {
    let ended = end(&mut amdm(&["nodes", "--json"]));
    let nodes: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    assert!(ended.code == Some(0) && nodes.len() > 90, "{:?}, {}", ended.code, nodes.len());
    let ended = end(&mut amdm(&["nodes"]));
    assert!(nodes.iter().all(|node| ended.stdout.contains(node["type"].as_str().unwrap())));
    let ended = end(&mut amdm(&["nodes", "Sampler"]));
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.starts_with("Sampler (amdm:node@0.1.0)\n"), "{ended:?}");
    assert!(ended.stdout.contains("steps: INT, 1 to 1000, default 20"), "{ended:?}");
    let ended = end(&mut amdm(&["nodes", "--object-info"]));
    let info = amdm::graph::comfy::ObjectInfo::parse(ended.stdout.as_bytes()).unwrap();
    assert_eq!(info.len(), nodes.len());
    let names = |node: &Value| node["type"].as_str().unwrap().to_owned();
    let order: Vec<String> = serde_json::from_str::<serde_json::Map<_, _>>(&ended.stdout)
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(order, nodes.iter().map(names).collect::<Vec<_>>());
    let entry = &serde_json::from_str::<Value>(&ended.stdout).unwrap()["Sampler"];
    let declared = entry["input"]["required"].as_object().unwrap().keys().map(String::as_str);
    assert!(
        declared.eq(entry["input_order"]["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap()))
    );
    let ended = end(&mut amdm(&["nodes", "Samplr"]));
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("did you mean Sampler?"), "{ended:?}");
}
