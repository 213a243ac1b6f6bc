//! Which of some valid names a misspelt one is nearest to.

/// Longer than any name, and short enough that a hostile text costs nothing.
const LONGEST: usize = 64;

/// Returns the name with the fewest edits to `given`, case aside, for error texts: what a user may have meant.
///
/// The first of equals is taken. A name is near if it contains `given`, of three characters at least, or if at most half
/// of the longer of the two must be edited. `None` if no name is near.
pub fn nearest(given: &str, names: &[&'static str]) -> Option<&'static str> {
    let given: Vec<char> = given.chars().take(LONGEST).collect();
    let (mut nearest, mut fewest) = (None, usize::MAX);
    for &name in names {
        // Each character too many or too few is an edit.
        if name.len().abs_diff(given.len()) < fewest {
            let edits = edits(&given, name);
            let is_near = 2 * edits <= name.len().max(given.len()) || contains(name, &given);
            if edits < fewest && is_near {
                (nearest, fewest) = (Some(name), edits);
            }
        }
    }
    nearest
}

fn contains(name: &str, given: &[char]) -> bool {
    let name: Vec<char> = name.chars().collect();
    let is_given = |part: &[char]| {
        part.iter()
            .zip(given)
            .all(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    given.len() >= 3 && name.windows(given.len()).any(is_given)
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
    fn far_and_empty_texts_are_near_no_name() {
        for given in ["", "x", "abcde", "orders of my account"] {
            assert_eq!(nearest(given, &["ab", "lw", "order"]), None, "{given}");
        }
        assert_eq!(nearest("ax", &["ab", "lw"]), Some("ab"));
        assert_eq!(nearest("", &[]), None);
    }

    #[test]
    fn part_of_a_name_is_near_it() {
        let names = ["/spotMarket/advancedOrders", "/account/balance"];
        assert_eq!(nearest("Balance", &names), Some("/account/balance"));
        assert_eq!(nearest("ce", &names), None);
    }
}
