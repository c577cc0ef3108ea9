//! What `cargo xtask install` is asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

/// How the command is called.
pub const USAGE: &str = "\
usage: cargo xtask install --prefix DIR [--release | --profile NAME] [--artifacts DIR]
  --prefix DIR      where include/, lib/ and their files go
  --release         build with the profile `release`
  --profile NAME    build with that profile; without either, `dev`
  --artifacts DIR   take the libraries that lie in DIR, and build nothing";

/// An installation that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it goes.
    pub prefix: PathBuf,
    /// The cargo profile to build with.
    pub profile: String,
    /// Where libraries lie that were built before; none: they are built.
    pub artifacts: Option<PathBuf>,
}

impl Request {
    /// Reads the words after `install`.
    ///
    /// # Errors
    /// For words that it does not know, and without a prefix.
    pub fn parse(words: &[&str]) -> Result<Self> {
        let (mut prefix, mut profile, mut artifacts) = (None, None, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word}: expected a value"));
            match *word {
                "--prefix" => prefix = Some(PathBuf::from(*value()?)),
                "--artifacts" => artifacts = Some(PathBuf::from(*value()?)),
                "--release" | "--profile" => {
                    let name = if *word == "--release" { "release" } else { *value()? };
                    ensure!(profile.is_none(), "found a second profile {name}\n{USAGE}");
                    profile = Some(name.to_owned());
                }
                _ => bail!("found {word}\n{USAGE}"),
            }
        }
        let prefix = prefix.with_context(|| format!("found no --prefix\n{USAGE}"))?;
        super::check_prefix(&prefix)?;
        ensure!(
            artifacts.is_none() || profile.is_none(),
            "found a profile and --artifacts: what is built already has one\n{USAGE}"
        );
        Ok(Self { prefix, profile: profile.unwrap_or_else(|| "dev".into()), artifacts })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn it_reads_what_it_documents_and_refuses_the_rest() {
        let request = Request::parse(&["--prefix", "a", "--release"]).ok();
        let request = request.map(|request| (request.prefix, request.profile));
        assert_eq!(request, Some(("a".into(), "release".into())));
        for wrong in [
            &["--release"][..],
            &["--prefix"],
            &["--prefix", "a", "--static"],
            &["--prefix", "a", "--release", "--profile", "dev"],
            &["--prefix", "a", "--release", "--artifacts", "b"],
        ] {
            assert!(Request::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
