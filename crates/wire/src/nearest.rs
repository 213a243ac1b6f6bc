//! Which of some valid names a misspelt one is nearest to.

/// Longer than any name, and short enough that a hostile text costs nothing.
const LONGEST: usize = 64;
/// A part of a name has at least this many letters.
const PART: usize = 4;

/// Returns the name with the fewest edits to `given`, ignoring case; the first of equals. For error texts: what a user may
/// have meant. `None` if even the nearest name differs in more than half of its letters, as from an empty text, unless
/// `given` is a part of it.
pub fn nearest(given: &str, names: &[&'static str]) -> Option<&'static str> {
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
    // All edits are letters that are missing.
    let is_part = given.len() >= PART && nearest.len().checked_sub(given.len()) == Some(fewest);
    (is_part || fewest <= nearest.len() / 2).then_some(nearest)
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
        assert_eq!(nearest("kitten", &["sitting", "mitten"]), Some("mitten"));
        assert_eq!(nearest("SITTING", &["mitten", "sitting"]), Some("sitting"));
        let kitten: Vec<char> = "kitten".chars().collect();
        assert_eq!(edits(&kitten, "sitting"), 3);
        assert_eq!(edits(&kitten, ""), 6);
    }

    #[test]
    fn text_that_is_empty_or_far_from_every_name_has_no_nearest() {
        for far in ["", " ", "xyzzy", "1234567"] {
            assert_eq!(nearest(far, &["order", "lw", "balance"]), None, "{far}");
        }
        assert_eq!(nearest("ordr", &["order", "lw"]), Some("order"));
        let paths = ["/account/balance", "/margin/position"];
        assert_eq!(nearest("balance", &paths), Some("/account/balance"));
        assert_eq!(nearest("order", &[]), None);
    }
}
