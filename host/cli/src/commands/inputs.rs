//! `amdm inputs`: what can be set in a graph.

use amdm::graph::set::{Settable, settable};

use super::faults::Problem;
use super::{files, source};
use crate::args::InputsArguments;
use crate::exit::Stop;
use crate::output;

/// Choices that a line lists; more are counted.
const SHOWN: usize = 8;

/// Lists the inputs.
pub fn run(arguments: &InputsArguments) -> Result<(), Stop> {
    let bytes = files::read(&arguments.graph.graph)?;
    let host = source::idle_host(&arguments.sources)?;
    let all = source::graph(&arguments.graph, &bytes, &host).and_then(|graph| {
        settable(&graph.draft.document, graph.graphs.catalogue()).map_err(Problem::Graph)
    });
    let all = all.map_err(|problem| problem.tell(&arguments.graph.graph, "nothing is listed"))?;
    if arguments.json {
        return output::json(&all);
    }
    let mut node = None;
    for one in &all {
        if node.replace(&one.node) != Some(&one.node) {
            let title = one.title.as_ref().map_or_else(String::new, |title| format!(" {title:?}"));
            output::line(format_args!("{}{title} ({})", one.node, one.class));
        }
        output::line(format_args!("  {}", line(one)));
    }
    Ok(())
}

/// An input in a line: how to set it, type, range or choices, present value.
fn line(one: &Settable) -> String {
    let mut text = format!("{}: {}", one.setting, one.r#type);
    if let (Some(min), Some(max)) = (&one.min, &one.max) {
        text.push_str(&format!(" {min} to {max}"));
    }
    if !one.choices.is_empty() {
        let shown = one.choices.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = one.choices.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!(" ({shown}{more})"));
    }
    match (&one.link, &one.value) {
        (Some((node, slot)), _) => text.push_str(&format!(", linked to [{node:?},{slot}]")),
        (None, Some(value)) => text.push_str(&format!(" = {value}")),
        (None, None) => {}
    }
    if let Some(parameter) = &one.parameter {
        text.push_str(&format!(", parameter {parameter}"));
    }
    text
}
