//! The node table in `nodes/README.md`, between two markers.

use std::path::Path;

use anyhow::{Context, Result, ensure};

const BEGIN: &str = "<!-- nodes: written by `cargo xtask nodes` -->\n";
const END: &str = "<!-- end of nodes -->";

/// Puts the table into the README.
///
/// # Errors
/// Where the README or its markers are missing.
pub fn write(root: &Path, table: &str) -> Result<()> {
    let path = root.join("nodes/README.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let new = with(&text, table)?;
    std::fs::write(&path, new).with_context(|| path.display().to_string())
}

/// Whether the README holds the table.
///
/// # Errors
/// Where it does not.
pub fn check(root: &Path, table: &str) -> Result<()> {
    let path = root.join("nodes/README.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    ensure!(with(&text, table)? == text, "the table in {} is old", path.display());
    Ok(())
}

fn with(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("found no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("found no {END}"))?;
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, with};

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = format!("a\n{BEGIN}old\n{END}\nb\n");
        let new = with(&text, "new\n").ok();
        assert_eq!(new, Some(format!("a\n{BEGIN}new\n{END}\nb\n")));
        assert!(with("no markers", "new\n").is_err());
    }
}
