//! Files that are being written: under a name that tells them from all others, so that what a
//! killed process left is known by it, and so that a file is replaced as a whole or not at all.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// How their names begin and end.
const PART: (&str, &str) = (".amdm-", ".part");
/// One that has not been written to for so long is nobody's: writing takes seconds.
pub(crate) const ABANDONED: Duration = Duration::from_secs(3600);

/// A new one in `folder`, which becomes a file by being renamed and goes when it is dropped.
///
/// # Errors
/// The system's.
pub(crate) fn create(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART.0).suffix(PART.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file; the process's own mask applies.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Whether a file of that name is one.
pub(crate) fn is_named(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PART.0) && name.ends_with(PART.1))
}

/// Whether nobody writes to it any more, to judge by when somebody last did.
pub(crate) fn is_abandoned(written: SystemTime) -> bool {
    written.elapsed().is_ok_and(|age| age > ABANDONED)
}

/// Puts `text` and a line break in place of what `path` holds, through a file beside it.
///
/// # Errors
/// The system's; what was there is there still.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = create(folder.unwrap_or(Path::new(".")))?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Removes the unfinished files in a folder that is this process's alone: those of one that was
/// killed.
pub fn remove_all(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_named(&entry.file_name()) {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
