//! The name that somebody probably meant: smallest edit distance, within a bound.
//!
//! Distance is that of Damerau in its restricted form (insert, delete, replace, swap of
//! neighbours), after lower-casing. Names longer than [`NAME_CHARS`] are not compared, and one
//! search looks at no more than [`CANDIDATES`], so a hostile graph cannot buy much work.

/// Longest name compared, in characters.
pub const NAME_CHARS: usize = 64;
/// Most candidates looked at in one search.
pub const CANDIDATES: usize = 2000;

/// The candidate nearest to `name`, if it is near enough to be a slip: at most a third of the
/// longer name's characters differ. Of equally near ones the first.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(name)?;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(CANDIDATES) {
        let Some(found) = letters(candidate) else { continue };
        let bound = wanted.len().max(found.len()) / 3;
        if wanted.len().abs_diff(found.len()) > bound {
            continue;
        }
        let distance = distance(&wanted, &found);
        if distance <= bound && distance < found.len() && best.is_none_or(|(b, _)| distance < b) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn letters(name: &str) -> Option<Vec<char>> {
    if name.len() > NAME_CHARS * 4 {
        return None;
    }
    let letters: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    (letters.len() <= NAME_CHARS).then_some(letters)
}

/// Restricted Damerau distance, three rows at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn finds_slips_and_nothing_else() {
        let names = ["steps", "seed", "solver", "spacing"];
        assert_eq!(closest("stpes", names), Some("steps"));
        assert_eq!(closest("STEPS", names), Some("steps"));
        assert_eq!(closest("sed", names), Some("seed"));
        assert_eq!(closest("guidance", names), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("", names), None);
        assert_eq!(closest(&"s".repeat(10_000), names), None);
    }
}
