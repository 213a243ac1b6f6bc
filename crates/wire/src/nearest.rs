//! Which of the known topics a misspelt one is nearest to.

/// The candidate with the smallest edit distance, case aside; the first of equals, and none gives the empty text.
pub(crate) fn nearest(given: &str, candidates: &[&'static str]) -> &'static str {
    // Longer than any topic, and short enough that the table stays small.
    let given: Vec<char> = given
        .chars()
        .take(128)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let by_distance = |candidate: &&&'static str| distance(&given, candidate);
    candidates
        .iter()
        .min_by_key(by_distance)
        .copied()
        .unwrap_or_default()
}

/// Levenshtein's distance.
fn distance(given: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=given.len()).collect();
    for (at, wanted) in candidate.chars().enumerate() {
        let wanted = wanted.to_ascii_lowercase();
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, found) in given.iter().enumerate() {
            let replaced = diagonal + usize::from(*found != wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[given.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edits_win() {
        assert_eq!(nearest("kitten", &["mitten", "sitting"]), "mitten");
        assert_eq!(nearest("SITTING", &["mitten", "sitting"]), "sitting");
        assert_eq!(nearest("", &["ab", "a"]), "a");
        let given: Vec<char> = "kitten".chars().collect();
        assert_eq!(distance(&given, "sitting"), 3);
    }
}
