//! `comfyui-run`: writes the model files that recorded runs of ComfyUI used, runs the recorded
//! graphs with `amdm` and compares. `comfyui-run models --out DIR` writes the files alone.
#![allow(clippy::print_stdout)] // a command line talks through it

mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use comfyui_run::models::{self, Keys, Part, Proof};

/// Makes recorded runs of ComfyUI again. Without a subcommand: `run`.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Write Stable Diffusion 1.5 files with made-up weights, in the folders of ComfyUI's models
    Models(Files),
    /// Run the recorded graphs with `amdm` and compare all that is recorded; model files that they
    /// name and that are missing are written first. The exit code is 0 if all pass
    Run(Run),
}

#[derive(clap::Args)]
struct Files {
    /// Folder for checkpoints, vae, controlnet, gligen, loras and embeddings
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number that all weights follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Files to write
    #[arg(long, value_delimiter = ',', default_values_t = Part::ALL)]
    parts: Vec<Part>,
    /// Write files anew that are there in full size
    #[arg(long)]
    anew: bool,
}

#[derive(clap::Args)]
struct Run {
    /// Run the graphs whose names hold one of these texts [default: all]
    graphs: Vec<String>,
    /// Folder of model files; several gigabytes [default: comfyui-run in the folder of temporary
    /// files]
    #[arg(long, value_name = "DIR", env = "AMDM_COMFYUI_MODELS")]
    models: Option<PathBuf>,
    /// Folder of recorded graphs, or of several such folders; may be given several times
    /// [default: those of this repository]
    #[arg(long, value_name = "DIR", env = "AMDM_COMFYUI_RUN")]
    set: Vec<PathBuf>,
    /// The command `amdm` [default: the one on PATH, else one built beside this executable]
    #[arg(long, value_name = "FILE", env = "AMDM")]
    amdm: Option<PathBuf>,
    /// Keep what each graph wrote in a folder of its name below this one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// List the graphs and run none
    #[arg(long)]
    list: bool,
    /// Further arguments of `amdm run`, as `--threads 2`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Models(files)) => write(&files),
        Some(Command::Run(run)) => table::run(run),
        None => table::run(arguments.run),
    }
}

fn write(files: &Files) -> Result<ExitCode> {
    for &part in &files.parts {
        let path = files.out.join(part.file(files.seed));
        let keys = models::keys(part)?;
        if !files.anew && models::is_whole(&path, &keys) {
            println!("{} is there", path.display());
            continue;
        }
        write_file(&path, files.seed, part, &keys)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_file(path: &std::path::Path, seed: u64, part: Part, keys: &Keys) -> Result<()> {
    let proof = match models::write(path, seed, part, keys)? {
        Proof::Recorded => "its hash is the recorded one",
        Proof::None => "no hash is recorded for this seed",
    };
    println!("{} is written, {proof}", path.display());
    Ok(())
}
