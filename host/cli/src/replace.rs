//! Files that are replaced as a whole or not at all.

use std::io::Write;
use std::path::Path;

/// How names of unfinished files begin and end.
const PART: (&str, &str) = (".amdm-", ".part");

/// Puts `text` and a line break in place of what `path` holds, through a file beside it.
///
/// # Errors
/// The system's; what was there is there still.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART.0).suffix(PART.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file; the process's own mask applies.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Removes the unfinished files in a folder that is this process's alone: those of one that was
/// killed.
pub fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let unfinished =
            name.to_str().is_some_and(|name| name.starts_with(PART.0) && name.ends_with(PART.1));
        if unfinished {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
