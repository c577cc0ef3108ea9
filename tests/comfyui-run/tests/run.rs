//! Made-up recordings and a stand-in for `amdm` that writes what a test gives it: equal values
//! pass; changed values, missing files and other shapes are named.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use comfyui_run::models;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// A set with one graph, the files that the stand-in gives as outputs, and the stand-in.
struct World {
    folder: tempfile::TempDir,
}

/// Tensors of a file: name, shape, numbers.
type Tensors<'a> = &'a [(&'a str, &'a [usize], Vec<f32>)];

fn write(path: &Path, tensors: Tensors<'_>, texts: &[(&str, &str)]) {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(.., numbers)| numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    let texts: HashMap<_, _> =
        texts.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    safetensors::serialize_to_file(views, Some(texts), path).unwrap();
}

/// `count` numbers from 0 to 1.
fn numbers(count: usize) -> Vec<f32> {
    let mut numbers = vec![0.; count];
    models::values(7, 0, 0.5, 0.1, &mut numbers);
    numbers.iter().map(|number| number.clamp(0., 1.)).collect()
}

fn projected(context: &[f32]) -> Vec<f32> {
    let mut matrix = vec![0.; 768 * 16];
    let std = (1. / 768f64.sqrt()) as f32;
    models::values(models::start("1:projection:768x16"), 0, 0., std, &mut matrix);
    let words = context.chunks(768).flat_map(|word| {
        let matrix = &matrix;
        (0..16).map(move |column| {
            let terms = word.iter().enumerate();
            terms.map(|(row, number)| number * matrix[row * 16 + column]).sum::<f32>()
        })
    });
    words.collect()
}

/// A picture of 4 rows, 4 columns, 3 channels.
const PICTURE: [usize; 4] = [1, 4, 4, 3];

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["set/one", "set/none", "outputs"] {
            fs::create_dir_all(world.path(folder)).unwrap();
        }
        let picture = numbers(48);
        let at = |y: usize, x: usize| &picture[(y * 4 + x) * 3..][..3];
        let means = (0..4).flat_map(|y| {
            (0..3).map(move |channel| (0..4).map(|x| at(y, x)[channel]).sum::<f32>() / 4.)
        });
        let context = numbers(2 * 768);
        let expected: Tensors<'_> = &[
            ("ks:1.0/samples", &[1, 4, 2, 2], numbers(16)),
            ("ks:1.0/noise_mask", &[1, 1, 2, 2], numbers(4)),
            ("dec.0/grid", &[1, 1, 1, 3], at(1, 1).to_vec()),
            ("dec.0/row_mean", &[1, 4, 3], means.collect()),
            ("pos.0/0/cond_projected", &[1, 2, 16], projected(&context)),
            ("pos.0/0/pooled", &[1, 768], numbers(768)),
            ("steps/0/x", &[1], vec![0.]),
            ("quant.0/grid", &[1, 1, 1, 3], vec![0.; 3]),
        ];
        write(&world.path("set/one/expected.safetensors"), expected, &[]);
        write_picture(&world.path("set/one/dec_0.png"), &picture);
        let tolerances: serde_json::Map<String, Value> =
            expected.iter().map(|(name, ..)| (name.to_string(), json!({"tol": 1e-4}))).collect();
        let records = json!({
            "ks:1.0": {"kind": "LATENT", "batch_index": [3]},
            "dec.0": {"kind": "IMAGE", "grid": [1, 3]},
            "pos.0": {"kind": "CONDITIONING", "entries": [{}]},
            "steps": [{"i": 0}],
        });
        world.json(
            "set/index.json",
            &json!({
                "graphs": {
                    "one": {"records": records, "tensors": tolerances},
                    "none": {"records": {}, "tensors": {}},
                },
            }),
        );
        world.json(
            "set/one/graph.json",
            &json!({
                "quant": {"class_type": "ImageQuantize", "inputs": {"image": ["dec", 0]}},
                "dec": {"class_type": "VAEDecode", "inputs": {"samples": ["ks:1", 0]}},
            }),
        );
        let (latent, mask) = (numbers(16), numbers(4));
        let latent: Tensors<'_> =
            &[("samples", &[1, 4, 2, 2], latent), ("noise-mask", &[1, 2, 2], mask)];
        world.output("ks%3A1.0", latent, &[("batch-index", "[3]")]);
        world.output("dec.0", &[("value", &PICTURE, picture.clone())], &[]);
        world.condition(context, &["0/strength"]);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn json(&self, name: &str, value: &Value) {
        fs::write(self.path(name), value.to_string()).unwrap();
    }

    fn output(&self, name: &str, tensors: Tensors<'_>, texts: &[(&str, &str)]) {
        write(&self.path(&format!("outputs/{name}.safetensors")), tensors, texts);
    }

    fn condition(&self, context: Vec<f32>, fields: &[&str]) {
        let tensors: Tensors<'_> =
            &[("0/embedding", &[1, 2, 768], context), ("0/pooled", &[1, 768], numbers(768))];
        let fields: Vec<_> = fields.iter().map(|field| (*field, "1")).collect();
        self.output("pos.0", tensors, &fields);
    }

    /// The exit code and the lines of the program; the stand-in ends with `code`.
    fn run(&self, code: i32) -> (i32, Vec<String>) {
        let script = format!(
            "#!/bin/sh\ngrep -q ImageQuantize \"$2\" && exit 9\nwhile [ \"$1\" != --dump ]; do shift; done\n\
             cp '{}'/* \"$2\"\necho 'error: some words' >&2\nexit {code}\n",
            self.path("outputs").display()
        );
        let amdm = self.path("amdm");
        fs::write(&amdm, script).unwrap();
        fs::set_permissions(&amdm, fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_comfyui-run"))
            .arg("--set")
            .arg(self.path("set"))
            .arg("--amdm")
            .arg(amdm)
            .arg("--models")
            .arg(self.path("models"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text.lines().map(str::to_owned).collect())
    }

    /// Runs, which must fail with a line that holds the text.
    fn fails(&self, text: &str) {
        let (code, lines) = self.run(0);
        let faults: Vec<_> = lines.iter().filter(|line| line.starts_with("      ")).collect();
        assert!(code == 1 && faults.iter().any(|line| line.contains(text)), "{code} {lines:#?}");
        assert!(lines.last().unwrap().contains("0 passed, 1 failed, 1 skipped"), "{lines:#?}");
    }
}

fn write_picture(path: &Path, picture: &[f32]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 4, 4);
    encoder.set_color(png::ColorType::Rgb);
    let bytes: Vec<u8> = picture.iter().map(|number| (255. * number) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
}

#[test]
fn equal_outputs_pass_and_what_is_not_compared_is_named() {
    let (code, lines) = World::new().run(0);
    let text = lines.join("\n");
    assert_eq!(code, 0, "{text}");
    for expected in [
        "skip  set/none: no graph.json",
        "pass ",
        "  9 compared, worst ",
        "not compared, states within a sampler are no outputs: steps/0/x",
        "not compared, ImageQuantize makes Pillow's palette: quant.0/grid",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("2 graphs: 1 passed, 0 failed, 1 skipped; 9 things compared"),
        "{last}"
    );
}

#[test]
fn a_changed_number_fails() {
    let world = World::new();
    let mut picture = numbers(48);
    // Beside the grid, and by less than a byte.
    picture[0] += 0.003;
    world.output("dec.0", &[("value", &PICTURE, picture)], &[]);
    world.fails("dec.0/row_mean: 7.");
    let mut picture = numbers(48);
    picture[15] -= 0.05;
    picture[18] += 0.05;
    world.output("dec.0", &[("value", &PICTURE, picture)], &[]);
    world.fails("dec.0/grid: ");
    world.fails("dec_0.png: ");
}

#[test]
fn a_changed_context_fails() {
    let world = World::new();
    let mut context = numbers(2 * 768);
    context[1000] += 0.1;
    world.condition(context, &[]);
    world.fails("pos.0/0/cond_projected: ");
    world.condition(numbers(2 * 768), &["1/strength"]);
    world.fails("pos.0 entries: 2, expected 1");
}

#[test]
fn missing_files_tensors_and_places_are_named() {
    let world = World::new();
    world.output("ks%3A1.0", &[("samples", &[1, 4, 2, 2], numbers(16))], &[]);
    world.fails("ks:1.0/noise_mask: no tensor noise-mask in the file; there: samples");
    world.fails("ks:1.0 batch_index: no metadata batch-index");
    world.output("ks%3A1.0", &[("samples", &[1, 4, 4], numbers(16))], &[("batch-index", "[2]")]);
    world.fails("ks:1.0/samples: shape [1, 4, 4], expected [1, 4, 2, 2]");
    world.fails("ks:1.0 batch_index: [2], expected [3]");
    fs::remove_file(world.path("outputs/ks%3A1.0.safetensors")).unwrap();
    world.fails("missing file");
    world.fails("ks%3A1.0.safetensors");
}

#[test]
fn a_run_that_ends_with_an_error_fails_although_all_is_equal() {
    let (code, lines) = World::new().run(3);
    let text = lines.join("\n");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("amdm: exit status: 3: error: some words"), "{text}");
}

#[test]
fn a_graph_that_must_fail_passes_only_with_an_error() {
    let world = World::new();
    world.json("set/index.json", &json!({"graphs": {}, "graphs_that_fail": {"one": "no room"}}));
    let (code, lines) = world.run(1);
    assert_eq!(code, 0, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("must fail as ComfyUI does (no room)")));
    for other in [0, 3] {
        assert_eq!(world.run(other).0, 1, "{other}");
    }
}

#[test]
fn nothing_that_passes_is_a_failure() {
    let world = World::new();
    world.json("set/index.json", &json!({"graphs": {}}));
    let (code, lines) = world.run(0);
    assert_eq!(code, 1);
    assert!(lines.contains(&"skip  set/one: no entry in index.json".to_owned()), "{lines:#?}");
}
