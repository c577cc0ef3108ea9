//! Sets of recorded graphs: what each node gave, and how near a result must come.

use std::collections::BTreeMap;
use std::path::PathBuf;

use amdm_diffusion::Tensor;
use safetensors::SafeTensors;
use serde_json::Value;

/// A folder of graphs and its index.
pub struct Set {
    folder: PathBuf,
    index: Value,
}

/// A graph, and its tensors by `node.slot/name`.
pub struct Recorded {
    pub nodes: serde_json::Map<String, Value>,
    pub tensors: BTreeMap<String, (Vec<u32>, Vec<f32>)>,
    index: Value,
}

/// How far a result is from the recording.
#[derive(Debug)]
#[allow(dead_code, reason = "shown in messages")]
pub struct Compared {
    pub key: String,
    pub difference: f64,
    pub tolerance: f64,
}

/// What a node gave: tensors by the names of recorded ones, and a latent's places in its batch.
#[derive(Default)]
pub struct Given {
    pub tensors: BTreeMap<&'static str, Tensor>,
    pub batch_index: Option<Value>,
}

impl Set {
    pub fn open() -> Self {
        let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/core_graphs");
        let folder = std::env::var_os("AMDM_COMFYUI_RUN").map_or_else(own, PathBuf::from);
        let index = std::fs::read(folder.join("index.json")).unwrap();
        Self { folder, index: serde_json::from_slice(&index).unwrap() }
    }

    /// Whether it is the one that comes with the tests.
    pub fn is_own(&self) -> bool {
        self.folder.starts_with(env!("CARGO_MANIFEST_DIR"))
    }

    pub fn graphs(&self) -> Vec<String> {
        self.index["graphs"].as_object().unwrap().keys().cloned().collect()
    }

    pub fn input(&self) -> PathBuf {
        self.folder.join("input")
    }

    pub fn graph(&self, name: &str) -> Recorded {
        let read = |file: &str| std::fs::read(self.folder.join(name).join(file)).unwrap();
        let bytes = read("expected.safetensors");
        let parsed = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = parsed.iter().map(|(key, view)| {
            let shape = view.shape().iter().map(|&extent| extent as u32).collect();
            let (values, []) = view.data().as_chunks::<4>() else { panic!("{key} is cut off") };
            let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            (key.to_owned(), (shape, values))
        });
        Recorded {
            nodes: serde_json::from_slice(&read("graph.json")).unwrap(),
            tensors: tensors.collect(),
            index: self.index["graphs"][name].clone(),
        }
    }
}

impl Recorded {
    /// All recorded tensors of an output, `key` being `node.slot`, beside what was given for it.
    pub fn compare(&self, key: &str, given: &Given) -> Vec<Compared> {
        if let Some(places) = self.index["records"][key].get("batch_index") {
            assert_eq!(given.batch_index.as_ref(), Some(places), "{key}");
        }
        let prefix = format!("{key}/");
        let recorded = self
            .tensors
            .iter()
            .filter_map(|(name, expected)| Some((name, name.strip_prefix(&prefix)?, expected)));
        let compare = |(name, field, (shape, expected)): (&String, &str, &(Vec<u32>, Vec<f32>))| {
            let found = self.part(key, field, given);
            let same = found.as_ref().is_some_and(|(found, _)| found == shape);
            let values = found.map(|(_, values)| values).unwrap_or_default();
            let pairs = values.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs()));
            Compared {
                key: name.clone(),
                difference: if same { pairs.fold(0.0, worse) } else { f64::NAN },
                tolerance: self.index["tensors"][name]["tol"].as_f64().unwrap(),
            }
        };
        recorded.map(compare).collect()
    }

    /// What a recorded tensor is of what was given.
    fn part(&self, key: &str, field: &str, given: &Given) -> Option<(Vec<u32>, Vec<f32>)> {
        let whole = |tensor: &Tensor| (tensor.extents().to_vec(), tensor.to_f32().unwrap());
        let image = || {
            let (shape, values) = whole(given.tensors.get("whole")?);
            let [batch, height, width, rest @ ..] = shape.as_slice() else { return None };
            let inner = rest.iter().product::<u32>() as usize;
            Some(([*batch, *height, *width], rest.to_vec(), inner, values))
        };
        match field {
            "grid" => {
                let grid = &self.index["records"][key]["grid"];
                let number = |at: usize| grid[at].as_u64().unwrap() as usize;
                let ([batch, height, width], rest, inner, values) = image()?;
                let places = |side: u32| (number(0)..side as usize).step_by(number(1));
                let mut out = Vec::new();
                for entry in 0..batch as usize {
                    for y in places(height) {
                        for x in places(width) {
                            let row = entry * height as usize + y;
                            let at = (row * width as usize + x) * inner;
                            out.extend_from_slice(&values[at..at + inner]);
                        }
                    }
                }
                let sides = [height, width].map(|side| places(side).count() as u32);
                Some(([vec![batch, sides[0], sides[1]], rest].concat(), out))
            }
            "row_mean" => {
                let ([batch, height, width], rest, inner, values) = image()?;
                let rows = values.chunks_exact(width as usize * inner);
                let mean = |row: &[f32], channel: usize| {
                    let values = row[channel..].iter().step_by(inner);
                    let sum: f64 = values.map(|&value| f64::from(value)).sum();
                    (sum / f64::from(width)) as f32
                };
                let out = rows.flat_map(|row| (0..inner).map(move |channel| mean(row, channel)));
                Some(([vec![batch, height], rest].concat(), out.collect()))
            }
            field => given.tensors.get(field).map(whole),
        }
    }
}

/// The larger one; not a number where one is none.
fn worse(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}
