//! The `amdm` command: runs node graphs, checks them, lists nodes and packs.
//!
//! What was asked for goes to stdout (file names, tables, JSON), everything else to stderr. Exit
//! codes are listed in [`exit`].

mod args;
mod commands;
mod events;
mod exit;
mod interrupt;
mod limits;
mod logging;
mod model_paths;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = logging::start(&arguments.log, arguments.log_format) {
        output::problem(&format!("{error:#}"));
        return exit::USAGE.into();
    }
    let result = match &arguments.command {
        Command::Run(run) => commands::run::run(run),
        Command::Check(check) => commands::check::run(check),
        Command::Convert(convert) => commands::convert::run(convert),
        Command::Inputs(inputs) => commands::inputs::run(inputs),
        Command::Plan(plan) => commands::plan::run(plan),
        Command::Nodes(nodes) => commands::nodes::run(nodes),
        Command::Schema(schema) => commands::schema::run(schema),
        Command::Packs(packs) => commands::packs::run(packs),
        Command::Completions(completions) => commands::completions::run(completions),
    };
    match result {
        Ok(()) if output::is_lost() => exit::FAILED.into(),
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(message) = &stop.message {
                output::problem(message);
            }
            stop.code.into()
        }
    }
}
