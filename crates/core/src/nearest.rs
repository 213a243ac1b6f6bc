//! Suggestions for misspelled names.

/// Maximum length of a given text: longer than any name, and short enough to keep the search cheap.
const MAX_CHARS: usize = 64;

/// Returns the name most similar to `given`, for "did you mean" texts; `None` if no name is similar.
///
/// The most similar name has the lowest edit distance, ignoring case; among equals, the first one. A name is similar if
/// at most half of the longer text must be edited, or if it contains `given` and `given` has at least three characters.
pub fn nearest(given: &str, names: &[&'static str]) -> Option<&'static str> {
    let given: Vec<char> = given.chars().take(MAX_CHARS).collect();
    let (mut nearest, mut fewest) = (None, usize::MAX);
    for &name in names {
        // The distance is at least the difference of the lengths.
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

/// Returns the Levenshtein distance, ignoring case.
fn edits(given: &[char], name: &str) -> usize {
    let mut costs: Vec<usize> = (0..=given.len()).collect();
    for expected in name.chars() {
        let mut before = costs[0];
        costs[0] += 1;
        for (at, found) in given.iter().enumerate() {
            let replaced = before + usize::from(!found.eq_ignore_ascii_case(&expected));
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
    fn lowest_edit_distance_wins_ignoring_case() {
        assert_eq!(nearest("kitten", &["sitting", "mitten"]), Some("mitten"));
        assert_eq!(nearest("SITTING", &["mitten", "sitting"]), Some("sitting"));
        let kitten: Vec<char> = "kitten".chars().collect();
        assert_eq!(edits(&kitten, "sitting"), 3);
        assert_eq!(edits(&kitten, ""), 6);
    }

    #[test]
    fn distant_or_empty_text_has_no_suggestion() {
        for given in ["", "x", "abcde", "orders of my account"] {
            assert_eq!(nearest(given, &["ab", "lw", "order"]), None, "{given}");
        }
        assert_eq!(nearest("ax", &["ab", "lw"]), Some("ab"));
        assert_eq!(nearest("", &[]), None);
    }

    #[test]
    fn part_of_a_name_suggests_it() {
        let names = ["/spotMarket/advancedOrders", "/account/balance"];
        assert_eq!(nearest("Balance", &names), Some("/account/balance"));
        assert_eq!(nearest("ce", &names), None);
    }
}
