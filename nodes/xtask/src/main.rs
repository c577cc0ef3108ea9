//! `cargo xtask nodes`: rebuilds `nodes/prebuilt` and the node table of `nodes/README.md`.
//! `--check` rebuilds and compares, `--sources` compares hashes without building.
//!
//! `cargo xtask install --prefix DIR`: the C library with all that programs need to build against
//! it.
//!
//! `cargo xtask wheel --out DIR`: the Python package with that library inside.
//!
//! Exit codes: 0, 1 for what failed, 2 for a command line that cannot be meant.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line talks through them

use std::process::ExitCode;

use anyhow::Result;
use xtask::install::{self, Request};
use xtask::wheel;

const USAGE: &str = "\
usage: cargo xtask nodes [--check | --sources]
  rebuilds the embedded pack of nodes
  --check           rebuilds it and compares
  --sources         compares hashes, without building";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let usage = match words.first() {
        Some(&"nodes") => USAGE.to_owned(),
        Some(&"install") => install::request::USAGE.to_owned(),
        Some(&"wheel") => wheel::USAGE.to_owned(),
        _ => [USAGE, install::request::USAGE, wheel::USAGE].join("\n\n"),
    };
    let asks = words.iter().any(|word| ["--help", "-h"].contains(word));
    if asks || words.first() == Some(&"help") {
        println!("{usage}");
        return ExitCode::SUCCESS;
    }
    let done = match words.as_slice() {
        ["nodes"] => nodes(),
        ["nodes", "--check"] => check(),
        ["nodes", "--sources"] => sources(),
        ["install", words @ ..] => match Request::parse(words) {
            Ok(request) => installed(&request),
            Err(misuse) => return misused(&misuse.0, &usage),
        },
        ["wheel", words @ ..] => match wheel::parse(words) {
            Ok(request) => packed(&request),
            Err(misuse) => return misused(&misuse.0, &usage),
        },
        [] => return misused("found no command", &usage),
        ["nodes", "--check" | "--sources", word, ..] | ["nodes", word, ..] | [word, ..] => {
            return misused(&format!("found {word}"), &usage);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn misused(what: &str, usage: &str) -> ExitCode {
    eprintln!("error: {what}\n{usage}");
    ExitCode::from(2)
}

fn nodes() -> Result<()> {
    let manifest = xtask::build(&xtask::root())?;
    println!("nodes/prebuilt/{}: {} bytes", xtask::manifest::WASM, manifest.bytes);
    Ok(())
}

fn check() -> Result<()> {
    xtask::check(&xtask::root())?;
    println!("nodes/prebuilt is what the sources give");
    Ok(())
}

fn sources() -> Result<()> {
    xtask::check_sources(&xtask::root())?;
    println!("nodes/prebuilt was built from these sources");
    Ok(())
}

fn packed(request: &Request) -> Result<()> {
    println!("{}", wheel::run(&xtask::root(), request)?.display());
    Ok(())
}

fn installed(request: &Request) -> Result<()> {
    for file in install::run(&xtask::root(), request)? {
        println!("{}", file.display());
    }
    Ok(())
}
