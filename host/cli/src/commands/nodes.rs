//! `amdm nodes`: the nodes that graphs can use, as a list, in detail, or as JSON.

use amdm::catalogue::{Catalogue, Descriptor, Input, object_info_entry};
use serde_json::Map;

use super::source;
use crate::args::NodesArguments;
use crate::exit::{FAILED, Stop, USAGE};
use crate::output;

/// Lists nodes, or describes one.
pub fn run(arguments: &NodesArguments) -> Result<(), Stop> {
    let catalogue = catalogue(arguments)?;
    let nodes = match &arguments.class {
        None => catalogue.nodes().map(|node| &**node).collect::<Vec<_>>(),
        Some(class) => vec![&**catalogue.find(class).ok_or_else(|| unknown(&catalogue, class))?],
    };
    if arguments.object_info {
        let entries =
            nodes.iter().map(|node| (node.r#type.clone(), object_info_entry(node, &catalogue)));
        output::json(&entries.collect::<Map<_, _>>())?;
    } else if arguments.json {
        output::json(&nodes)?;
    } else if arguments.class.is_some() {
        nodes.iter().for_each(|node| detail(node));
    } else {
        list(&nodes);
    }
    Ok(())
}

fn catalogue(arguments: &NodesArguments) -> Result<Catalogue, Stop> {
    let Some(dir) = &arguments.from_wit else {
        let host = source::idle_host(&arguments.sources)?;
        return Ok(host.catalogue_for(None::<std::path::PathBuf>));
    };
    let nodes = amdm_describe::describe(dir)
        .map_err(|error| Stop::new(FAILED, format!("{}: {error}", dir.display())))?;
    Catalogue::from_descriptors(nodes).map_err(|error| Stop::new(FAILED, error.to_string()))
}

fn unknown(catalogue: &Catalogue, class: &str) -> Stop {
    let hint =
        catalogue.closest(class).map_or_else(String::new, |name| format!("; did you mean {name}?"));
    Stop::new(USAGE, format!("there is no node {class:?}{hint}"))
}

fn list(nodes: &[&Descriptor]) {
    let width = nodes.iter().map(|node| node.r#type.len()).max().unwrap_or(0);
    let mut categories = nodes.iter().map(|node| node.category.as_str()).collect::<Vec<_>>();
    categories.sort_unstable();
    categories.dedup();
    for category in categories {
        output::line(category);
        for node in nodes.iter().filter(|node| node.category == category) {
            let first = node.description.lines().next().unwrap_or_default();
            output::line(format_args!("  {:width$}  {first}", node.r#type));
        }
    }
}

fn detail(node: &Descriptor) {
    output::line(format_args!("{} ({}@{})", node.r#type, node.pack, node.version));
    output::line(&node.description);
    output::line("Inputs:");
    for input in &node.inputs {
        output::line(format_args!("  {}: {}", input.name, kind(input)));
        input.tooltip.lines().for_each(|line| output::line(format_args!("      {line}")));
    }
    output::line("Outputs:");
    for (slot, out) in node.outputs.iter().enumerate() {
        output::line(format_args!("  {slot} {}: {}", out.name, out.r#type));
        out.tooltip.lines().for_each(|line| output::line(format_args!("      {line}")));
    }
}

/// Type, range, choices and default in a line.
fn kind(input: &Input) -> String {
    let mut text = input.r#type.clone();
    if input.group {
        text = format!("any number of {text}: {0}_1, {0}_2, ...", input.name);
    }
    if !input.choices.is_empty() {
        let names = input.choices.iter().map(|choice| choice.name.as_str()).collect::<Vec<_>>();
        text = format!("{text} ({})", names.join(", "));
    }
    if let Some(list) = &input.choices_from {
        text = format!("{text} (one of the {list})");
    }
    if let (Some(min), Some(max)) = (&input.min, &input.max) {
        text = format!("{text}, {min} to {max}");
    }
    if let Some(default) = &input.default {
        text = format!("{text}, default {default}");
    }
    if input.optional {
        text.push_str(", optional");
    }
    text
}
