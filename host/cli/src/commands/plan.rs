//! `amdm plan`: what running a graph would do.

use amdm::graph::{Memory, Passes, PlannedState, Targets, set, validate_targets};

use super::source::{self, Loaded, Problem};
use crate::args::PlanArguments;
use crate::exit::Stop;
use crate::output;

/// Plans the graph.
pub fn run(arguments: &PlanArguments) -> Result<(), Stop> {
    let bytes = source::read(&arguments.graph.graph)?;
    let host = source::planning_host(&arguments.sources, source::results(&arguments.results))?;
    let checked = source::graph(&arguments.graph, &bytes, &host).and_then(|graph| {
        let Loaded { mut document, warnings, inputs } = graph;
        source::warn(&warnings);
        let catalogue = host.catalogue_for(inputs.clone());
        set::fill_file_names(&mut document, &catalogue);
        let targets = Targets::read(&document).map_err(|error| vec![error]);
        let checked = targets
            .and_then(|targets| validate_targets(&document, &catalogue, &targets))
            .map_err(|errors| source::explained(errors, &catalogue, &arguments.graph));
        Ok((checked.map_err(Problem::Graph)?, inputs))
    });
    let (checked, inputs) =
        checked.map_err(|problem| problem.tell(&arguments.graph.graph, "nothing would run"))?;
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
