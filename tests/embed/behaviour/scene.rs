//! One small graph, and pictures.

use std::path::Path;

use serde_json::{Value, json};

/// Two lanes merged; the target's picture, saved.
pub fn graph() -> Value {
    json!({
        "layout": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "attributes": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-attributes"}},
        "box": {"class_type": "BoundingBox", "inputs": {"left": 0.1, "top": 0.2}},
        "where": {"class_type": "TinyLayout",
                  "inputs": {"model": ["layout", 0], "boxes": ["box", 0]}},
        "what": {"class_type": "TinyAttributes", "inputs": {"model": ["attributes", 0]}},
        "first": {"class_type": "Lane",
                  "inputs": {"model": ["attributes", 0], "positive": ["what", 0]}},
        "lanes": {"class_type": "Lane", "inputs": {
            "model": ["layout", 0], "positive": ["where", 0], "lanes": ["first", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["layout", 0]}},
        "merge": {"class_type": "AggregateStep", "inputs": {"weight": 0.8}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0],
            "latent": ["start", 0], "policy": ["merge", 0], "seed": 7, "steps": 3}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "save": {"class_type": "SaveImage",
                 "inputs": {"images": ["decode", 0], "filename_prefix": "picture"}},
    })
}

/// [`graph`] with one input changed.
pub fn with(node: &str, input: &str, value: Value) -> Value {
    let mut graph = graph();
    graph[node]["inputs"][input] = value;
    graph
}

/// A picture from a file, saved as it is.
pub fn copy() -> Value {
    json!({
        "load": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
        "save": {"class_type": "SaveImage",
                 "inputs": {"images": ["load", 0], "filename_prefix": "copy"}},
    })
}

/// Size and bytes of an RGB picture.
pub fn pixels(png: &[u8]) -> ([u32; 2], Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    bytes.truncate(info.buffer_size());
    ([info.width, info.height], bytes)
}

/// Writes an RGB picture.
pub fn write(path: &Path, [width, height]: [u32; 2], pixels: &[u8]) {
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// Pixels of which no two are alike.
pub fn pattern([width, height]: [u32; 2]) -> Vec<u8> {
    (0..width * height * 3).map(|at| (at * 37 % 251) as u8).collect()
}
