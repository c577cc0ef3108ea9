//! The subcommand `run`: a line for each graph, below it what is wrong or not compared, and the
//! counts in the last line.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use comfyui_run::recording::{Graph, Outcome, Recordings};
use comfyui_run::run::{Amdm, Judged, ModelFiles, find, named, run as run_graph};

use super::{Run, write_file};

pub(crate) fn run(options: Run) -> Result<ExitCode> {
    let mut recordings = Recordings::default();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/comfyui-run");
    let sets = if options.set.is_empty() { vec![fixtures] } else { options.set };
    for set in &sets {
        recordings.add(set)?;
    }
    let is_wanted = |name: &str| {
        options.graphs.is_empty() || options.graphs.iter().any(|text| name.contains(text))
    };
    recordings.graphs.retain(|graph| is_wanted(&graph.name));
    recordings.absent.retain(|(name, _)| is_wanted(name));
    if options.list {
        recordings.graphs.iter().for_each(list);
        return Ok(ExitCode::SUCCESS);
    }
    let path = options.amdm.map_or_else(find, Ok)?;
    println!("amdm: {}", path.display());
    let amdm = Amdm { path, arguments: options.arguments };
    let models = options.models.unwrap_or_else(|| env::temp_dir().join("comfyui-run"));
    write_models(&models, &recordings.graphs)?;
    let mut total = Total::default();
    for (name, reason) in &recordings.absent {
        println!("skip  {name}: {reason}");
        total.skipped += 1;
    }
    for graph in &recordings.graphs {
        let temporary = tempfile::tempdir()?;
        let folder = match &options.keep {
            Some(folder) => folder.join(&graph.name),
            None => temporary.path().to_owned(),
        };
        let judged = run_graph(graph, &amdm, &models, &folder);
        let judged = judged.with_context(|| graph.name.clone())?;
        total.add(graph, &judged);
        print(graph, &judged);
    }
    println!("{}", total.line());
    Ok(if total.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(graph: &Graph) {
    let recorded = match &graph.outcome {
        Outcome::Failure(_) => "must fail".to_owned(),
        Outcome::Outputs(recorded) => format!("{} tensors", recorded.tensors.len()),
    };
    let files = named(&graph.nodes);
    let files = files.iter().map(|(seed, part)| part.file(*seed)).collect::<Vec<_>>().join(", ");
    println!("{}: {recorded}; {files}", graph.name);
}

/// Writes the files that the graphs name and the folder lacks.
fn write_models(folder: &Path, graphs: &[Graph]) -> Result<()> {
    let files: BTreeSet<_> = graphs.iter().flat_map(|graph| named(&graph.nodes)).collect();
    let files = ModelFiles::missing(folder, &files)?;
    if !files.missing.is_empty() {
        let (count, bytes) = (files.missing.len(), files.bytes);
        println!("{}: {count} model files are missing, {bytes} bytes", folder.display());
        files.fit(folder)?;
    }
    for (seed, part, path, keys) in &files.missing {
        write_file(path, *seed, *part, keys)?;
    }
    Ok(())
}

fn print(graph: &Graph, judged: &Judged) {
    println!("{judged}  {}", graph.name);
    if let Some(ended) = &judged.ended {
        println!("      {ended}");
    }
    for fault in &judged.comparison.faults {
        println!("      {fault}");
    }
    for (reason, names) in &judged.comparison.left_out {
        println!("      not compared, {reason}: {}", names.join(", "));
    }
}

#[derive(Default)]
struct Total {
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
    compared: usize,
    left_out: usize,
    seconds: f64,
    worst: f64,
}

impl Total {
    fn add(&mut self, graph: &Graph, judged: &Judged) {
        if judged.passed {
            self.passed += 1;
        } else {
            self.failed.push(graph.name.clone());
        }
        let comparison = &judged.comparison;
        self.compared += comparison.count;
        self.left_out += comparison.left_out.values().map(Vec::len).sum::<usize>();
        self.seconds += judged.took.as_secs_f64();
        if let Some((worst, _)) = comparison.worst {
            self.worst = self.worst.max(worst);
        }
    }

    fn all_passed(&self) -> bool {
        self.failed.is_empty() && self.passed > 0
    }

    fn line(&self) -> String {
        let Self { passed, failed, skipped, compared, left_out, seconds, worst } = self;
        format!(
            "{} graphs: {passed} passed, {} failed, {skipped} skipped; {compared} things compared, \
             worst {worst:.4} of its tolerance, {left_out} not compared; {seconds:.0} s",
            passed + failed.len() + skipped,
            failed.len(),
        )
    }
}
