//! `--set` and `--params`: values from the command line, from files, and pictures by path.

use std::path::Path;

use amdm::catalogue::Catalogue;
use amdm::graph::set::{self, Finder, Target};
use amdm::graph::{Document, GraphError};
use amdm_runtime::Inputs;
use serde_json::Value;

use super::files;
use crate::args::GraphArguments;
use crate::exit::{Stop, USAGE};

/// Bytes of a file that `@file` reads: a long prompt has some thousand.
const TEXT_BYTES: usize = 1 << 20;

/// Applies all of them to `document`; pictures outside the input directory are added to `inputs`.
/// Says whether there was anything to apply.
pub fn apply(
    arguments: &GraphArguments,
    document: &mut Document,
    catalogue: &Catalogue,
    inputs: &mut Inputs,
) -> Result<bool, Stop> {
    if arguments.params.is_none() && arguments.set.is_empty() {
        return Ok(false);
    }
    let finder = Finder::new(document, catalogue);
    if let Some(file) = &arguments.params {
        params(file, document, &finder, inputs)?;
    }
    for setting in &arguments.set {
        set(setting, document, &finder, inputs)
            .map_err(|error| Stop::new(USAGE, format!("--set {setting}: {error}")))?;
    }
    Ok(true)
}

fn set(
    setting: &str,
    document: &mut Document,
    finder: &Finder<'_>,
    inputs: &mut Inputs,
) -> Result<(), String> {
    let text = |error: GraphError| error.to_string();
    let (target, value) = finder.find(document, setting).map_err(text)?;
    let value = match value.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => rest.to_owned(),
        Some(file) => read(Path::new(file))?,
        None => picture(&target, value, inputs),
    };
    target.set_text(document, &value).map_err(text)
}

fn params(
    file: &Path,
    document: &mut Document,
    finder: &Finder<'_>,
    inputs: &mut Inputs,
) -> Result<(), Stop> {
    let fail = |error: String| Stop::new(USAGE, format!("--params {}: {error}", file.display()));
    let bytes = files::bytes(file).map_err(|error| fail(error.to_string()))?;
    let values = set::values(&bytes).map_err(|error| fail(error.to_string()))?;
    for (name, value) in values {
        let setting = format!("{name}=");
        let (target, _) =
            finder.find(document, &setting).map_err(|error| fail(format!("{name}: {error}")))?;
        let value = match value {
            Value::String(text) => Value::String(picture(&target, &text, inputs)),
            value => value,
        };
        target.set_value(document, &value);
    }
    Ok(())
}

/// The value as graphs name it: a picture outside the input directory by its file's name.
fn picture(target: &Target, value: &str, inputs: &mut Inputs) -> String {
    let pictures =
        target.input().is_some_and(|input| input.choices_from.as_deref() == Some("images"));
    let path = Path::new(value);
    if !pictures || inputs.names().iter().any(|name| name == value) || !path.is_file() {
        return value.to_owned();
    }
    let name =
        path.file_name().map_or_else(|| value.to_owned(), |name| name.to_string_lossy().into());
    *inputs = inputs.clone().with_file(name.clone(), path);
    name
}

/// The text of a file, without the line break at its end.
fn read(file: &Path) -> Result<String, String> {
    let fail = |error: &dyn std::fmt::Display| format!("cannot read {}: {error}", file.display());
    let bytes = files::bytes(file).map_err(|error| fail(&error))?;
    if bytes.len() > TEXT_BYTES {
        return Err(fail(&format!("it has more than {TEXT_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| fail(&error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
