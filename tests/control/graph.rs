//! Graphs as a user would write them, run by the host, and the pictures that they save.

use std::path::Path;
use std::sync::Arc;

use amdm::graph::Document;
use amdm_runtime::{Cancel, Host, HostOptions, Outcome, ResultCache, RunOptions};
use serde_json::{Map, Value, json};

use crate::render::Image;
use crate::scene::{COLOURS, Object, SIDE};

/// A host whose networks run on the calling thread, so that graphs can run side by side.
pub fn host() -> Host {
    // No two scenes are alike, so nothing is kept.
    let results = ResultCache::off();
    let options =
        HostOptions { device: "cpu".into(), threads: 1, results, ..HostOptions::default() };
    Host::open(&options).unwrap()
}

/// A graph in the API form, node by node.
#[derive(Clone, Default)]
pub struct Graph(Map<String, Value>);

impl Graph {
    /// Lanes for the one object: `lane_0` is told where it is, `lane_1` what it is.
    pub fn lanes(object: &Object, guidance: [f64; 2]) -> Self {
        let side = SIDE as f64;
        let [left, top, right, bottom] = object.bounds().map(|edge| edge / side);
        let (width, height) = (right - left, bottom - top);
        let attributes = json!({
            "model": ["attributes", 0],
            "colour": COLOURS[object.colour].0,
            "shape": object.shape.name(),
        });
        let lane = |model: &str, told: &str, guidance: f64| {
            let positive = json!([told, 0]);
            json!({"model": [model, 0], "positive": positive, "guidance": guidance})
        };
        let mut graph = Self::default();
        graph.add("layout", "ModelLoader", json!({"model_name": "tiny-layout"}));
        graph.add("attributes", "ModelLoader", json!({"model_name": "tiny-attributes"}));
        let edges = json!({"left": left, "top": top, "width": width, "height": height});
        graph.add("box", "BoundingBox", edges);
        graph.add("where", "TinyLayout", json!({"model": ["layout", 0], "boxes": ["box", 0]}));
        graph.add("what", "TinyAttributes", attributes);
        graph.add("lane_0", "Lane", lane("layout", "where", guidance[0]));
        let mut second = lane("attributes", "what", guidance[1]);
        second["lanes"] = json!(["lane_0", 0]);
        graph.add("lane_1", "Lane", second);
        graph.add("start", "EmptyLatent", json!({"model": ["layout", 0]}));
        graph
    }

    pub fn add(&mut self, id: &str, class: &str, inputs: Value) {
        self.0.insert(id.into(), json!({"class_type": class, "inputs": inputs}));
    }

    /// A chain of operators, first to last; gives the last one's id.
    pub fn chain(&mut self, operators: &[(&str, Value)]) -> Option<String> {
        let mut last: Option<String> = None;
        for (index, (class, inputs)) in operators.iter().enumerate() {
            let mut inputs = inputs.clone();
            if let Some(before) = &last {
                inputs["policy"] = json!([before, 0]);
            }
            let id = format!("operator_{index}");
            self.add(&id, class, inputs);
            last = Some(id);
        }
        last
    }

    /// A sampler of both lanes under `id`.
    pub fn sampler(&mut self, id: &str, policy: Option<&str>, target: u32, seed: u64, steps: u32) {
        let mut inputs = json!({
            "lanes": ["lane_1", 0],
            "latent": ["start", 0],
            "target": target,
            "seed": seed,
            "steps": steps,
        });
        if let Some(policy) = policy {
            inputs["policy"] = json!([policy, 0]);
        }
        self.add(id, "Sampler", inputs);
    }

    /// Saves the images of latents, side by side in one file.
    pub fn save(&mut self, latents: &[(&str, u32)]) {
        let mut images = json!({"gap": 0});
        for (index, (id, output)) in latents.iter().enumerate() {
            let decode = format!("decode_{index}");
            let latent = json!({"model": ["layout", 0], "latent": [id, output]});
            self.add(&decode, "DecodeLatent", latent);
            images[format!("image_{}", index + 1)] = json!([decode, 0]);
        }
        self.add("grid", "ImageGrid", images);
        let saved = json!({"images": ["grid", 0], "filename_prefix": "scene"});
        self.add("save", "SaveImage", saved);
    }

    /// Runs the graph with its pictures in `dir`, and takes them from there.
    pub fn run(&self, host: &Host, dir: &Path) -> (Outcome, Vec<Image>) {
        let text = serde_json::to_vec(&self.0).unwrap();
        let document = Document::parse(&text).unwrap();
        let checked = host.check(&document, None).unwrap_or_else(|errors| panic!("{errors:?}"));
        let options =
            RunOptions { output_dir: dir.into(), metadata: false, ..RunOptions::default() };
        let outcome =
            host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {})).unwrap();
        let [file] = &outcome.files[..] else { panic!("files: {:?}", outcome.files) };
        let path = dir.join(&file.name);
        let images = read(&path);
        std::fs::remove_file(path).unwrap();
        (outcome, images)
    }
}

/// The images that lie side by side in a picture.
fn read(path: &Path) -> Vec<Image> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    assert_eq!(info.height as usize, SIDE);
    let width = info.width as usize;
    assert_eq!(width % SIDE, 0);
    let pixel = |at: usize| [0, 1, 2].map(|channel| f64::from(bytes[at * 3 + channel]) / 255.0);
    let image = |index: usize| {
        let row = move |y: usize| (0..SIDE).map(move |x| y * width + index * SIDE + x);
        (0..SIDE).flat_map(row).map(pixel).collect()
    };
    (0..width / SIDE).map(image).collect()
}
