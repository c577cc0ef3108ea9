//! `cargo xtask nodes`: rebuilds `nodes/prebuilt` and the node table of `nodes/README.md`.
//! `--check` rebuilds and compares, `--sources` compares hashes without building.
//!
//! `cargo xtask install --prefix DIR`: the C library with all that programs need to build against it.
#![allow(clippy::print_stdout)] // a command line talks through it

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask nodes [--check | --sources]\n       cargo xtask install \
                     --prefix DIR [--release | --profile NAME] [--artifacts DIR]";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = xtask::root();
    match arguments.as_slice() {
        ["nodes"] => {
            let manifest = xtask::build(&root)?;
            println!("nodes/prebuilt/{}: {} bytes", xtask::manifest::WASM, manifest.bytes);
        }
        ["nodes", "--check"] => {
            xtask::check(&root)?;
            println!("nodes/prebuilt is what the sources give");
        }
        ["nodes", "--sources"] => {
            xtask::check_sources(&root)?;
            println!("nodes/prebuilt was built from these sources");
        }
        ["install", words @ ..] => {
            let request = xtask::install::Request::parse(words)?;
            for file in xtask::install::run(&root, &request)? {
                println!("{}", file.display());
            }
        }
        _ => bail!(USAGE),
    }
    Ok(())
}
