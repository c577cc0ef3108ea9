//! `extra_model_paths.yaml`: where an installation of the ComfyUI family keeps its models.
//!
//! Each section of the file is one place: `base_path`, relative to the file, and under it folders by
//! kind, one a line or as a list. Networks are read (`checkpoints`, `diffusion_models`, `unet`); other kinds are
//! for nodes that are not ours. Sections with `is_default` come first. Folders that are not there are
//! passed over, as such files name many.

use std::path::{Path, PathBuf};

use yaml_rust2::parser::{Event, EventReceiver, Parser};
use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

/// Kinds of folders that hold networks.
const KINDS: [&str; 3] = ["checkpoints", "diffusion_models", "unet"];
/// Bytes of such a file: they have some kilobytes.
const BYTES: u64 = 1 << 20;

/// The folders of networks that `file` names and that are there.
///
/// # Errors
/// What was found and what is expected, with the section at fault.
pub fn read(file: &Path) -> Result<Vec<PathBuf>, String> {
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > BYTES {
        return Err(format!("found {size} bytes, expected at most {BYTES}"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let folders = folders(&text, beside)?;
    Ok(folders.into_iter().filter(|folder| folder.is_dir()).collect())
}

fn folders(text: &str, beside: &Path) -> Result<Vec<PathBuf>, String> {
    // An alias may stand for a text that grows with every use.
    let mut aliases = Aliases(false);
    let parsed = Parser::new_from_str(text).load(&mut aliases, true);
    parsed.map_err(|error| error.to_string())?;
    if aliases.0 {
        return Err("found an alias, expected plain folders".into());
    }
    let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
    let Some(document) = documents.first() else { return Ok(Vec::new()) };
    let sections = document.as_hash().ok_or("expected sections with base_path and folders")?;
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for (name, section) in sections {
        let name = name.as_str().unwrap_or_default();
        let section = match section {
            Yaml::Hash(section) => section,
            Yaml::Null => continue,
            _ => return Err(format!("section {name}: expected base_path and folders")),
        };
        let default = get(section, "is_default").is_some_and(is_true);
        let into = if default { &mut first } else { &mut others };
        section_folders(name, section, beside, into)?;
    }
    first.append(&mut others);
    Ok(first)
}

fn section_folders(
    name: &str,
    section: &Hash,
    beside: &Path,
    into: &mut Vec<PathBuf>,
) -> Result<(), String> {
    let base = match get(section, "base_path") {
        None => beside.to_path_buf(),
        Some(Yaml::String(path)) => beside.join(expanded(path)),
        Some(_) => return Err(format!("section {name}: expected a path in base_path")),
    };
    for kind in KINDS {
        let wrong =
            || format!("section {name}: expected folders in {kind}, one a line or as a list");
        match get(section, kind) {
            None | Some(Yaml::Null) => {}
            Some(Yaml::String(lines)) => {
                let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
                into.extend(lines.map(|line| base.join(expanded(line))));
            }
            Some(Yaml::Array(items)) => {
                for item in items {
                    let item = item.as_str().ok_or_else(wrong)?;
                    into.push(base.join(expanded(item.trim())));
                }
            }
            Some(_) => return Err(wrong()),
        }
    }
    Ok(())
}

/// What the tools that write such files take for true: words as in YAML 1.1, numbers but 0.
fn is_true(value: &Yaml) -> bool {
    match value {
        Yaml::Boolean(value) => *value,
        Yaml::Integer(value) => *value != 0,
        Yaml::String(word) => {
            !["", "no", "off", "false"].contains(&word.to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

/// Notes whether a document has an alias.
struct Aliases(bool);

impl EventReceiver for Aliases {
    fn on_event(&mut self, event: Event) {
        self.0 |= matches!(event, Event::Alias(_));
    }
}

fn get<'y>(section: &'y Hash, key: &str) -> Option<&'y Yaml> {
    section.get(&Yaml::String(key.to_owned()))
}

/// The path with the user's home in place of `~`.
fn expanded(path: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    match (path.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::{Path, PathBuf};

    use super::folders;

    fn paths(text: &str) -> Result<Vec<PathBuf>, String> {
        folders(text, Path::new("/conf"))
    }

    #[test]
    fn sections_folders_and_defaults() {
        let text = "
# a comment
comfyui:
    base_path: path/to/comfyui/
    checkpoints: models/checkpoints/
    loras: models/loras/
    diffusion_models: |
        models/diffusion_models
        models/unet
empty:
a111:
    base_path: /sd
    is_default: true
    checkpoints: models/Stable-diffusion
listed:
    is_default: Yes
    unet: [R&D/*new*, more]
not:
    is_default: off
    unet: nets
";
        let expected = [
            "/sd/models/Stable-diffusion",
            "/conf/R&D/*new*",
            "/conf/more",
            "/conf/path/to/comfyui/models/checkpoints/",
            "/conf/path/to/comfyui/models/diffusion_models",
            "/conf/path/to/comfyui/models/unet",
            "/conf/nets",
        ];
        assert_eq!(paths(text).unwrap(), expected.map(PathBuf::from));
        assert!(paths("").unwrap().is_empty());
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (text, message) in [
            ("a: 3", "section a: expected base_path and folders"),
            ("a: {base_path: [1]}", "section a: expected a path in base_path"),
            ("a: {checkpoints: {b: c}}", "section a: expected folders in checkpoints"),
            ("a: {unet: [b, [c]]}", "section a: expected folders in unet"),
            ("- a", "expected sections"),
            ("a: &x [1]\nb: *x", "found an alias"),
            ("a: [", "while parsing"),
        ] {
            let error = paths(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
