//! Compares what the nodes of a graph gave with what is recorded: tensors, bytes of pictures,
//! places of batches, lengths of lists of conditions. What is not compared is named.

mod dump;
mod key;
mod numbers;
mod output;
mod picture;
mod reduce;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use self::dump::Dump;
use self::key::{Form, Key};
use self::numbers::Worst;
use self::output::Output;
use crate::recording::{Graph, Recorded};

pub use dump::file_name;

/// What the comparison of one graph found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Tensors, pictures and lists that were compared, or should have been.
    pub count: usize,
    /// The worst difference as a share of its tolerance, and where.
    pub worst: Option<(f64, String)>,
    /// What differs, is missing or has another shape.
    pub faults: Vec<String>,
    /// Reasons for which things are not compared, each with their names.
    pub left_out: BTreeMap<&'static str, Vec<String>>,
    /// Bytes of pictures that differ although the numbers they are made of do not.
    pub bytes: usize,
}

impl Comparison {
    fn leave_out(&mut self, reason: &'static str, name: &str) {
        self.left_out.entry(reason).or_default().push(name.to_owned());
    }

    /// Takes the difference of one thing.
    fn take(&mut self, name: &str, worst: Result<Worst>) {
        self.count += 1;
        let worst = match worst {
            Ok(worst) => worst,
            Err(error) => return self.faults.push(format!("{name}: {error:#}")),
        };
        if !worst.is_within() {
            self.faults.push(format!("{name}: {worst}"));
        }
        let before = self.worst.as_ref().map(|(share, _)| share);
        if before.is_none_or(|share| share.total_cmp(&worst.share).is_lt()) {
            self.worst = Some((worst.share, name.to_owned()));
        }
    }
}

/// Compares the files that `amdm run --dump` left in `dumps` with what is recorded of the graph.
/// Outputs of the nodes `not_run` are left out. `seed` is that of the model files.
pub fn compare(
    graph: &Graph,
    recorded: &Recorded,
    dumps: &Path,
    seed: u64,
    not_run: &BTreeSet<String>,
) -> Result<Comparison> {
    let expected = Dump::read(&graph.folder.join("expected.safetensors"))?;
    let mut comparison = Comparison::default();
    for key in recorded.tensors.keys() {
        if !expected.tensors().contains_key(key) {
            comparison.leave_out("not in expected.safetensors", key);
        }
    }
    let mut outputs: BTreeMap<&str, Vec<(&str, Form<'_>)>> = BTreeMap::new();
    for key in expected.tensors().keys() {
        match Key::parse(key) {
            Some(Key::Step) => comparison.leave_out("states within a sampler are no outputs", key),
            Some(Key::Output(name, form)) => outputs.entry(name).or_default().push((key, form)),
            None => comparison.faults.push(format!("{key}: a key of an unknown form")),
        }
    }
    for (name, keys) in outputs {
        let node = name.rsplit_once('.').map_or(name, |(node, _)| node);
        if not_run.contains(node) {
            keys.iter().for_each(|(key, _)| comparison.leave_out("not run", key));
            continue;
        }
        let dump = match Dump::read(&dumps.join(file_name(name))) {
            Ok(dump) => dump,
            Err(error) => {
                comparison.count += keys.len();
                comparison.faults.push(format!("{name}: {error:#}"));
                continue;
            }
        };
        let record = recorded.output(name);
        let record = record.with_context(|| format!("index.json has no record of {name}"))?;
        let output = Output { name, record, recorded, expected: &expected, dump, seed };
        output.tensors(&keys, &mut comparison);
        output.lists(&mut comparison);
        output.pictures(&graph.folder, &mut comparison)?;
    }
    Ok(comparison)
}
