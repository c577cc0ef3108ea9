//! `amdm completions`.

use clap::CommandFactory;

use crate::args::{Arguments, CompletionsArguments};
use crate::exit::Stop;

/// Prints the script.
pub fn run(arguments: &CompletionsArguments) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "amdm", &mut script);
    crate::output::line(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
