//! `cargo xtask wheel`: the Python package with the C library inside, for pip.
//!
//! The package in `examples/embed-python` builds its wheel itself, with Python's standard library
//! alone; here the library is built for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::install::{Request, artifacts, layout::Layout};

/// How the command is called.
pub const USAGE: &str = "\
usage: cargo xtask wheel --out DIR [--release | --profile NAME] [--artifacts DIR]
  builds a wheel for any Python 3 on this platform, with the C library inside
  --out DIR         where the wheel goes
  --profile NAME    build the library with that cargo profile; without it, `release`
  --release         the same as `--profile release`
  --artifacts DIR   take the library that lies in DIR, and build none
  PYTHON in the environment names the Python that packs it; without it, python3";

/// Has Python's `backend.py` write the wheel, and print its name.
const PACK: &str = "import backend, sys; print(backend.build_wheel(sys.argv[1]))";

/// Reads the words after `wheel`.
///
/// # Errors
/// For words that it does not know, and without a folder.
pub fn parse(words: &[&str]) -> Result<Request, crate::install::Misuse> {
    Request::parse_into("--out", words)
}

/// Builds the wheel and gives its path.
///
/// # Errors
/// Where the library does not build, or Python fails or is not there.
pub fn run(root: &Path, request: &Request) -> Result<PathBuf> {
    let built = match &request.artifacts {
        Some(dir) => artifacts::lying_in(dir)?,
        None => artifacts::build(root, &request.profile)?,
    };
    let library = std::path::absolute(Layout::of(&built)?.shared.from)?;
    let out = std::path::absolute(&request.prefix)?;
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let named = std::env::var_os("PYTHON").filter(|name| !name.is_empty());
    let python = named.unwrap_or_else(|| "python3".into());
    let packed = Command::new(&python)
        .args(["-c", PACK])
        .arg(&out)
        .env("AMDM_LIBRARY", library)
        .current_dir(root.join("examples/embed-python"))
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    ensure!(packed.status.success(), "{} could not pack the wheel", python.display());
    let name = String::from_utf8_lossy(&packed.stdout);
    Ok(out.join(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn it_reads_what_it_documents() {
        let request = parse(&["--out", "wheels", "--profile", "dev"]);
        let request = request.map(|request| (request.prefix, request.profile));
        assert_eq!(request, Ok(("wheels".into(), "dev".into())));
        for (words, told) in
            [(&["--release"][..], "found no --out"), (&["--prefix", "a"], "found --prefix")]
        {
            assert_eq!(parse(words).map_err(|misuse| misuse.0), Err(told.into()));
        }
    }
}
