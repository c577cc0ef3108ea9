//! `extra_model_paths.yaml`: where an installation of the ComfyUI family keeps its models.
//!
//! Each section of the file is one place: `base_path`, relative to the file, and under it folders
//! by kind, one a line or as a list. Networks are read (`checkpoints`, `diffusion_models`, `unet`);
//! other kinds are for nodes that are not ours. Sections with `is_default` come first. Folders that
//! are not there are passed over, as such files name many.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

/// Kinds of folders that hold networks.
const KINDS: [&str; 3] = ["checkpoints", "diffusion_models", "unet"];
/// Bytes of such a file: they have some kilobytes.
const BYTES: u64 = 1 << 20;
/// Levels in such a file: sections, kinds, and lists of folders; what is not read may have some
/// more.
const LEVELS: usize = 16;

/// The folders of networks that `file` names and that are there.
///
/// # Errors
/// What was found and what is expected, with the section at fault.
pub fn read(file: &Path) -> Result<Vec<PathBuf>, String> {
    let mut bytes = Vec::new();
    let opened = File::open(file).and_then(|file| file.take(BYTES + 1).read_to_end(&mut bytes));
    opened.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES {
        return Err(format!("found more than {BYTES} bytes, expected at most so many"));
    }
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let folders = folders(&text, beside)?;
    Ok(folders.into_iter().filter(|folder| folder.is_dir()).collect())
}

fn folders(text: &str, beside: &Path) -> Result<Vec<PathBuf>, String> {
    plain(text)?;
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

/// Fails for what would take more than its size to load: a stack frame a level, or an alias, which
/// may stand for a text that grows with every use.
fn plain(text: &str) -> Result<(), String> {
    let mut parser = Parser::new_from_str(text);
    let mut level = 0_usize;
    loop {
        match parser.next_token().map_err(|error| error.to_string())?.0 {
            Event::Alias(_) => return Err("found an alias, expected plain folders".into()),
            Event::SequenceStart(..) | Event::MappingStart(..) if level == LEVELS => {
                return Err(format!("found more than {LEVELS} levels, expected plain folders"));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => level += 1,
            Event::SequenceEnd | Event::MappingEnd => level = level.saturating_sub(1),
            Event::StreamEnd => return Ok(()),
            _ => {}
        }
    }
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
            ("- a\n--- *x", "unknown anchor"),
            (&"- ".repeat(200_000), "found more than 16 levels"),
            (&"? ".repeat(200_000), "found more than 16 levels"),
            (&format!("a: {}", "[".repeat(17)), "found more than 16 levels"),
            (&format!("a: {}", "[".repeat(200_000)), "recursion limit exceeded"),
        ] {
            let error = paths(text).unwrap_err();
            let text = text.get(..40).unwrap_or(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
