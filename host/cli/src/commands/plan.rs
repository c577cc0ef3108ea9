//! `amdm plan`: what running a graph would do.

use amdm::graph::{Memory, Passes, PlannedState};
use amdm_runtime::Asked;

use super::faults::{self, Problem};
use super::files;
use super::source::{self, Loaded};
use crate::args::PlanArguments;
use crate::exit::Stop;
use crate::output;

/// Plans the graph.
pub fn run(arguments: &PlanArguments) -> Result<(), Stop> {
    let bytes = files::read(&arguments.graph.graph)?;
    let host = source::planning_host(&arguments.sources, source::results(&arguments.results))?;
    let prepared = source::graph(&arguments.graph, &bytes, &host).and_then(|loaded| {
        let Loaded { draft, inputs, graphs } = loaded;
        faults::warn(&draft.warnings);
        let prepared = graphs.prepare(draft.document, &Asked::default()).map_err(|errors| {
            let catalogue = graphs.catalogue();
            Problem::Graph(faults::explained(errors, catalogue, &arguments.graph))
        })?;
        Ok((prepared.checked, inputs))
    });
    let (checked, inputs) =
        prepared.map_err(|problem| problem.tell(&arguments.graph.graph, "nothing would run"))?;
    let planned = host.plan(&checked, &inputs)?;
    if arguments.json {
        return output::json(&planned);
    }
    for (at, node) in planned.nodes.iter().enumerate() {
        let title = node.title.as_ref().map_or_else(String::new, |title| format!(" {title:?}"));
        let mut text = format!("{:>4}  {}{title} ({})", at + 1, node.node, node.class);
        if let Some(sampling) = &node.sampling {
            let steps = sampling.steps.map_or_else(|| "?".into(), |steps| steps.to_string());
            let passes = count(sampling.passes);
            let lanes = match sampling.lanes {
                1 => "1 lane".to_owned(),
                lanes => format!("{lanes} lanes"),
            };
            text.push_str(&format!(": {lanes}, {steps} steps, {passes}"));
        }
        if let Some(prefix) = &node.writes {
            text.push_str(&format!(": writes {prefix}_NNNNN_.png"));
        }
        match node.state {
            PlannedState::Runs => {}
            PlannedState::InMemory | PlannedState::OnDisk => text.push_str(": from the cache"),
            PlannedState::NotAsked => text.push_str(": not asked for"),
        }
        output::line(text);
    }
    let run = planned.nodes.iter().filter(|node| node.state == PlannedState::Runs);
    let (nodes, passes) = (run.count(), count(planned.passes));
    let what = if nodes == 1 { "node" } else { "nodes" };
    output::line(format_args!(
        "{nodes} {what} would run, {passes}, {} of tensors",
        size(planned.memory)
    ));
    Ok(())
}

fn count(passes: Passes) -> String {
    match passes {
        Passes::Exactly(count) => format!("{count} network passes"),
        Passes::AtMost(count) => format!("at most {count} network passes"),
        Passes::Unknown => "network passes depend on links".into(),
    }
}

/// Bytes as people read them.
fn size(memory: Memory) -> String {
    let mebibytes = memory.bytes as f64 / f64::from(1 << 20);
    format!("{} {mebibytes:.1} MiB", if memory.at_least { "at least" } else { "about" })
}
