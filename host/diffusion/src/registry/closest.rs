//! The name that somebody probably meant.

/// The one of `names` with the fewest edits to `name`; none where there are no names.
pub(super) fn closest<'n>(name: &str, names: &'n [String]) -> Option<&'n String> {
    names.iter().min_by_key(|known| distance(name, known))
}

/// Edits between two names (Levenshtein), case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().take(256).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(256).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
