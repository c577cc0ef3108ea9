//! `amdm check`: says what is wrong with a graph; nothing runs.

use amdm::graph::GraphError;
use serde_json::json;

use super::source::{self, Problem};
use crate::args::CheckArguments;
use crate::exit::{INVALID, Stop};
use crate::output;

/// Checks the graph.
pub fn run(arguments: &CheckArguments) -> Result<(), Stop> {
    let host = source::idle_host(&arguments.sources)?;
    let result = source::graph(&arguments.graph, &host).and_then(|graph| {
        let inputs = source::input_dir(&arguments.graph);
        let mut checked = host.check(&graph.document, inputs).map_err(Problem::Graph)?;
        checked.warnings.splice(0..0, graph.warnings);
        Ok(checked)
    });
    match result {
        Ok(checked) => {
            valid(arguments, checked.order.len(), &checked.warnings);
            Ok(())
        }
        Err(Problem::Graph(errors)) if arguments.json => {
            output::line(json!({ "valid": false, "errors": errors }));
            Err(Stop::silent(INVALID))
        }
        Err(Problem::Graph(errors)) => Err(source::report(&arguments.graph.graph, &errors)),
        Err(Problem::Stop(stop)) => Err(stop),
    }
}

fn valid(arguments: &CheckArguments, nodes: usize, warnings: &[GraphError]) {
    if arguments.json {
        output::line(json!({ "valid": true, "errors": [], "warnings": warnings }));
        return;
    }
    for warning in warnings {
        output::note(format_args!("warning: {warning}"));
    }
    output::line(format_args!(
        "{}: valid, {nodes} nodes would run",
        arguments.graph.graph.display()
    ));
}
