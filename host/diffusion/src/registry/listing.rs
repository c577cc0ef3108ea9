//! Listing the files below a directory, for choices of names: bounded, and without what leads out.

use std::fs::{DirEntry, FileType};
use std::path::Path;

/// Directories below a directory, and entries of all of them, that a listing looks at.
const DEPTH: usize = 4;
const ENTRIES: usize = 10_000;

/// Regular files below `root` whose names `wanted` accepts, relative, with `/` between the parts.
pub fn files(root: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let Ok(root) = root.canonicalize() else { return Vec::new() };
    let mut names = Vec::new();
    let mut seen = 0;
    let mut open = vec![(root.clone(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > ENTRIES {
                return names;
            }
            let (path, Some(kind)) = (entry.path(), kind(&root, &entry)) else { continue };
            if kind.is_dir() {
                if depth < DEPTH {
                    open.push((path, depth + 1));
                }
            } else if kind.is_file()
                && let Some(name) = path.strip_prefix(&root).ok().and_then(Path::to_str)
                && wanted(name)
            {
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names
}

/// What an entry of a folder below `root` is. Only links are followed: all else is what the folder
/// says, which costs no look at the file. None for a link that leads out, which would be denied.
fn kind(root: &Path, entry: &DirEntry) -> Option<FileType> {
    let kind = entry.file_type().ok()?;
    if !kind.is_symlink() {
        return Some(kind);
    }
    let real = entry.path().canonicalize().ok().filter(|real| real.starts_with(root))?;
    Some(std::fs::metadata(real).ok()?.file_type())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    #[test]
    fn links_count_where_they_stay_inside() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (dir, out) = (root.path(), outside.path());
        create_dir(dir.join("sub")).unwrap();
        for file in [dir.join("a.x"), dir.join("b.y"), dir.join("sub/c.x"), out.join("d.x")] {
            write(file, "").unwrap();
        }
        symlink(out, dir.join("out")).unwrap();
        symlink(out.join("d.x"), dir.join("d.x")).unwrap();
        symlink(dir.join("nowhere.x"), dir.join("e.x")).unwrap();
        symlink(dir.join("a.x"), dir.join("f.x")).unwrap();
        symlink(dir.join("sub"), dir.join("again")).unwrap();
        let mut names = super::files(dir, |name| name.ends_with(".x"));
        names.sort();
        assert_eq!(names, ["a.x", "again/c.x", "f.x", "sub/c.x"]);
    }
}
