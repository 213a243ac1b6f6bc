//! Which of some valid names a misspelt one is nearest to.

/// Longer than any name, and short enough that a hostile text costs nothing.
const LONGEST: usize = 64;

/// The name with the fewest edits to `given`, case aside; the first of equals. For error texts: what a user may have
/// meant. No names give the empty text.
pub fn nearest(given: &str, names: &[&'static str]) -> &'static str {
    let given: Vec<char> = given.chars().take(LONGEST).collect();
    let (mut nearest, mut fewest) = ("", usize::MAX);
    for &name in names {
        // Each character too many or too few is an edit.
        if name.len().abs_diff(given.len()) < fewest {
            let edits = edits(&given, name);
            if edits < fewest {
                (nearest, fewest) = (name, edits);
            }
        }
    }
    nearest
}

/// How many characters must be put in, taken out or replaced.
fn edits(given: &[char], name: &str) -> usize {
    let mut costs: Vec<usize> = (0..=given.len()).collect();
    for wanted in name.chars() {
        let mut before = costs[0];
        costs[0] += 1;
        for (at, found) in given.iter().enumerate() {
            let replaced = before + usize::from(!found.eq_ignore_ascii_case(&wanted));
            before = costs[at + 1];
            costs[at + 1] = replaced.min(before + 1).min(costs[at] + 1);
        }
    }
    costs[given.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edits_win_and_case_is_no_edit() {
        assert_eq!(nearest("kitten", &["sitting", "mitten"]), "mitten");
        assert_eq!(nearest("SITTING", &["mitten", "sitting"]), "sitting");
        assert_eq!(nearest("", &["ab", "a"]), "a");
        assert_eq!(nearest("x", &["ab", "cd"]), "ab");
        let kitten: Vec<char> = "kitten".chars().collect();
        assert_eq!(edits(&kitten, "sitting"), 3);
        assert_eq!(edits(&kitten, ""), 6);
    }
}
