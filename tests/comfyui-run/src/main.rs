//! `comfyui-run models --out DIR`: writes the model files that the recorded runs used.
#![allow(clippy::print_stdout)] // a command line talks through it

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use comfyui_run::models::{self, Part, Proof};

/// Makes recorded runs of ComfyUI again.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write Stable Diffusion 1.5 files with made-up weights, in the folders of ComfyUI's models
    Models(Files),
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

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Models(files) => write(&files),
    }
}

fn write(files: &Files) -> Result<()> {
    for &part in &files.parts {
        let path = files.out.join(part.file(files.seed));
        let keys = models::keys(part)?;
        if !files.anew && models::is_whole(&path, &keys) {
            println!("{} is there", path.display());
            continue;
        }
        let proof = match models::write(&path, files.seed, part, &keys)? {
            Proof::Recorded => "its hash is the recorded one",
            Proof::None => "no hash is recorded for this seed",
        };
        println!("{} is written, {proof}", path.display());
    }
    Ok(())
}
