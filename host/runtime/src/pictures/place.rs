//! Names that stay inside a directory.

use std::path::{Component, Path, PathBuf};

use amdm::error::{Code, Error};

/// Bytes of a file's name: most file systems take 255, of which numbers and endings take some.
const PART_BYTES: usize = 200;

/// The relative path that `name` means, with `/` between its parts.
///
/// # Errors
/// `denied` for an absolute name or one with `..` or `\\` in it, `invalid_input` for an empty one
/// or one with a part that no file system takes.
pub fn relative(name: &str) -> Result<PathBuf, Error> {
    let empty = || Error::invalid(format!("found the name {name:?}, expected the name of a file"));
    if name.trim().is_empty() {
        return Err(empty());
    }
    let path = Path::new(name);
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.contains(['\0', '\\']) || !path.components().all(|c| plain(&c)) {
        return Err(Error::new(
            Code::Denied,
            format!("found the name {name:?}, expected one inside the run's own directory"),
        ));
    }
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let relative = parts.collect::<PathBuf>();
    if relative.as_os_str().is_empty() {
        return Err(empty());
    }
    if let Some(long) = relative.iter().find(|part| part.len() > PART_BYTES) {
        let message =
            format!("found a name of {} bytes, at most {PART_BYTES} are taken", long.len());
        return Err(Error::invalid(message));
    }
    Ok(relative)
}

/// Characters that some file systems keep for themselves.
const RESERVED: &str = "<>:\"|?*";
/// Names of devices, whatever follows the first dot; `COM` and `LPT` also with a digit from 1.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

/// Fails for the name of a file or folder that some system does not take: what is written here can
/// be copied there, and a graph means the same on all.
///
/// # Errors
/// `invalid_input`.
pub fn portable(part: &str) -> Result<(), Error> {
    let refuse = |what: String| {
        let expected = "expected a name that all systems take";
        Err(Error::invalid(format!("found {what} in the name {part:?}, {expected}")))
    };
    if let Some(bad) = part.chars().find(|c| RESERVED.contains(*c) || c.is_control()) {
        return refuse(format!("{bad:?}"));
    }
    if part.ends_with(['.', ' ']) {
        return refuse("a dot or space at the end".into());
    }
    let base = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |kind: &str| {
        let rest = base.strip_prefix(kind);
        rest.is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
    };
    if DEVICES.contains(&base.as_str()) || numbered("COM") || numbered("LPT") {
        return refuse(format!("the device {base}"));
    }
    Ok(())
}

/// Fails where `path` leads out of `root` through a link.
///
/// # Errors
/// `denied`, or `input_output` where the path cannot be resolved.
pub fn inside(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let resolve = |path: &Path| {
        path.canonicalize().map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => Code::NotFound,
                _ => Code::InputOutput,
            };
            Error::new(code, format!("cannot open {}: {error}", path.display()))
        })
    };
    let (root, path) = (resolve(root)?, resolve(path)?);
    if path.starts_with(&root) {
        return Ok(path);
    }
    Err(Error::new(Code::Denied, format!("{} lies outside {}", path.display(), root.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::portable;

    #[test]
    fn names_that_some_system_does_not_take() {
        for (name, found) in [
            ("a:b", "':'"),
            ("what?", "'?'"),
            ("a\tb", "'\\t'"),
            ("a.", "a dot or space at the end"),
            ("a ", "a dot or space at the end"),
            ("con", "the device CON"),
            ("Nul.tar.gz", "the device NUL"),
            ("com1", "the device COM1"),
        ] {
            let message = portable(name).unwrap_err().message;
            assert!(message.starts_with(&format!("found {found} in the name")), "{message}");
        }
        for name in ["a", ".a", "a.b c", "console", "com", "com0", "com10", "b-é_1,(2)", "%width%"]
        {
            portable(name).unwrap();
        }
    }
}
