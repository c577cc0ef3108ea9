//! A sweep is continued only with what it was made with: pictures, models, packs, program, options.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::{amdm, text};

/// A directory with a picture, weights, and a sweep over both.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        let graph = json!({
            "load": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "w.safetensors", "family": "tiny-layout"}},
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model", 0], "latent": ["start", 0]}},
            "grid": {"class_type": "ImageGrid",
                     "inputs": {"image_1": ["load", 0], "image_2": ["decode", 0], "columns": 1}},
            "save": {"class_type": "SaveImage", "inputs": {"images": ["grid", 0]}},
        });
        std::fs::write(scene.path("graph.json"), graph.to_string()).unwrap();
        scene.picture(10);
        std::fs::create_dir(scene.path("models")).unwrap();
        scene.weights(0);
        scene
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().into()
    }

    fn picture(&self, shade: u8) {
        let file = std::fs::File::create(self.path("a.png")).unwrap();
        let mut encoder = png::Encoder::new(file, 32, 32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(&[shade; 3072]).unwrap();
    }

    /// Weights whose last byte but one is changed by so much.
    fn weights(&self, change: u8) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../diffusion/weights/layout.f16.safetensors");
        let mut bytes = std::fs::read(file).unwrap();
        let at = bytes.len() - 2;
        bytes[at] ^= change;
        std::fs::write(self.path("models/w.safetensors"), bytes).unwrap();
    }

    fn sweep(&self, more: &[&str]) -> Output {
        let (graph, models, out) = (self.path("graph.json"), self.path("models"), self.path("out"));
        let run = ["run", &graph, "--models", &models, "--out", &out, "--device", "cpu"];
        amdm(&[&run[..], &["--sweep", "grid.gap=0,2"], more].concat(), b"")
    }

    /// Asserts that the sweep is not continued, and that this is why.
    #[track_caller]
    fn refuses(&self, more: &[&str], reason: &str) {
        let before = std::fs::read(self.path("out/sweep.json")).unwrap();
        let output = self.sweep(&[&["--resume"], more].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains(reason) && said.contains("[sweep_changed]"), "{said}");
        assert_eq!(std::fs::read(self.path("out/sweep.json")).unwrap(), before);
    }

    #[track_caller]
    fn continues(&self, more: &[&str]) {
        let output = self.sweep(&[&["--resume"], more].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout), "", "a finished sweep ran again");
    }
}

#[test]
fn what_changed_is_named() {
    let scene = Scene::new();
    let output = scene.sweep(&[]);
    assert!(output.status.success(), "{output:?}");
    scene.continues(&[]);
    scene.picture(20);
    scene.refuses(&[], "expected another --out: picture a.png has changed [");
    scene.picture(10);
    scene.weights(1);
    scene.refuses(&[], "expected another --out: model w.safetensors has changed [");
    scene.weights(0);
    scene.refuses(
        &["--no-metadata"],
        "graph in the pictures was in the pictures and is left out [sweep_changed]",
    );
    scene.refuses(&["--partial"], "outputs was all and is the valid ones");
    scene.continues(&[]);
    // As if another version of the program, with other packs, had begun it.
    let path = scene.path("out/sweep.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    manifest["made_with"]["amdm"] = "0.0.1".into();
    manifest["made_with"]["pack amdm:node"] = "0.1.0 another".into();
    manifest["made_with"]["pack other:pack"] = "1.0.0".into();
    std::fs::write(&path, manifest.to_string()).unwrap();
    let program = format!("amdm was 0.0.1 and is {}", env!("CARGO_PKG_VERSION"));
    scene.refuses(&[], &program);
    scene.refuses(&[], "pack amdm:node has changed, pack other:pack is gone [sweep_changed]");
}

#[test]
fn pictures_named_by_links_count_as_well() {
    let scene = Scene::new();
    let mut graph: Value =
        serde_json::from_slice(&std::fs::read(scene.path("graph.json")).unwrap()).unwrap();
    graph["name"] = json!({"class_type": "PrimitiveString", "inputs": {"value": "a.png"}});
    graph["load"]["inputs"]["image"] = json!(["name", 0]);
    std::fs::write(scene.path("graph.json"), graph.to_string()).unwrap();
    assert!(scene.sweep(&[]).status.success());
    scene.picture(20);
    scene.refuses(&[], "picture a.png has changed");
}
