//! Listing the files below a directory, for choices of names: bounded, and without what leads out.

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
            let path = entry.path();
            // What a link leads to outside would be denied.
            let Some(real) = path.canonicalize().ok().filter(|real| real.starts_with(&root)) else {
                continue;
            };
            if real.is_dir() {
                if depth < DEPTH {
                    open.push((path, depth + 1));
                }
            } else if real.is_file()
                && let Some(name) = path.strip_prefix(&root).ok().and_then(Path::to_str)
                && wanted(name)
            {
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names
}
