//! What `cargo xtask install` is asked for.

use std::path::PathBuf;

/// How the command is called.
pub const USAGE: &str = "\
usage: cargo xtask install --prefix DIR [--release | --profile NAME] [--artifacts DIR]
  --prefix DIR      where include/, lib/ and their files go
  --profile NAME    build with that cargo profile, such as `dev`; without it, `release`
  --release         the same as `--profile release`
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

/// A command line that cannot be meant: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(pub String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Request {
    /// Reads the words after `install`.
    ///
    /// # Errors
    /// For words that it does not know, and without a prefix.
    pub fn parse(words: &[&str]) -> Result<Self, Misuse> {
        Self::parse_into("--prefix", words)
    }

    /// The same for a command in which `folder` names the place.
    pub(crate) fn parse_into(folder: &str, words: &[&str]) -> Result<Self, Misuse> {
        let (mut prefix, mut profile, mut artifacts) = (None, None, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (place, value) = match *word {
                word if word == folder => (&mut prefix, words.next()),
                "--artifacts" => (&mut artifacts, words.next()),
                "--profile" => (&mut profile, words.next()),
                "--release" => (&mut profile, Some(&"release")),
                _ => return Err(Misuse(format!("found {word}"))),
            };
            let value = value.filter(|value| !value.is_empty() && !value.starts_with("--"));
            let value = value.ok_or_else(|| Misuse(format!("found no value of {word}")))?;
            if let Some(before) = place.replace(*value) {
                return Err(Misuse(format!("found {word} {value} after {before}")));
            }
        }
        let prefix = PathBuf::from(prefix.ok_or_else(|| Misuse(format!("found no {folder}")))?);
        if prefix.is_file() {
            let (prefix, what) = (prefix.display(), folder.trim_start_matches('-'));
            return Err(Misuse(format!("found the file {prefix} as {what}, expected a folder")));
        }
        if artifacts.is_some() && profile.is_some() {
            let message = "found a profile and --artifacts: what is built already has one";
            return Err(Misuse(message.into()));
        }
        let profile = profile.unwrap_or("release").to_owned();
        Ok(Self { prefix, profile, artifacts: artifacts.map(PathBuf::from) })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn it_reads_what_it_documents() {
        let profile = |more: &[&str]| {
            let request = Request::parse(&[&["--prefix", "a"], more].concat()).ok();
            request.map(|request| (request.prefix, request.profile))
        };
        assert_eq!(profile(&[]), Some(("a".into(), "release".into())));
        assert_eq!(profile(&["--release"]), Some(("a".into(), "release".into())));
        assert_eq!(profile(&["--profile", "dev"]), Some(("a".into(), "dev".into())));
        let request = Request::parse(&["--artifacts", "b", "--prefix", "a"]);
        assert_eq!(request.map(|request| request.artifacts), Ok(Some("b".into())));
    }

    #[test]
    fn it_refuses_the_rest() {
        for (wrong, told) in [
            (&["--release"][..], "found no --prefix"),
            (&["--prefix"], "found no value of --prefix"),
            (&["--prefix", ""], "found no value of --prefix"),
            (&["--prefix", "--release"], "found no value of --prefix"),
            (&["--prefix", "a", "--static"], "found --static"),
            (&["--prefix", "a", "--prefix", "b"], "found --prefix b after a"),
            (
                &["--prefix", "a", "--release", "--profile", "dev"],
                "found --profile dev after release",
            ),
            (
                &["--prefix", "a", "--release", "--artifacts", "b"],
                "found a profile and --artifacts: what is built already has one",
            ),
        ] {
            let misuse = Request::parse(wrong).map_err(|misuse| misuse.0);
            assert_eq!(misuse, Err(told.into()), "{wrong:?}");
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(Request::parse(&["--prefix", file]).is_err());
    }
}
