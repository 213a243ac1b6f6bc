//! Knows where the code of a Rust file is: it blanks comments and strings, and what is built for tests only.
//!
//! Lines stay where they were, so that a place found in the result is a place in the file.

/// The text with comments and the insides of strings and characters blanked.
pub(super) fn code_only(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    // Whether the last character belongs to a name: `r"` after one (`for"`) starts no raw string.
    let mut in_name = false;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = (!in_name).then(|| raw_string(rest)).flatten() {
            length
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped > 0 {
            let (blanked, after) = rest.split_at(skipped);
            code.extend(
                blanked
                    .chars()
                    .map(|character| if character == '\n' { '\n' } else { ' ' }),
            );
            rest = after;
            in_name = false;
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            in_name = first.is_alphanumeric() || first == '_';
        }
    }
    code
}

/// Code (from [`code_only`]) with every item under `#[cfg(test)]` or `#[test]` blanked.
pub(super) fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = next_test_attribute(rest) {
        let (before, item) = rest.split_at(at);
        kept.push_str(before);
        let (blanked, after) = item.split_at(item_end(item));
        kept.extend(
            blanked
                .chars()
                .map(|character| if character == '\n' { '\n' } else { ' ' }),
        );
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// The modules that a file declares for tests only, `#[cfg(test)] mod name;`: their files are test code as a whole.
pub(super) fn test_only_modules(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    let mut rest = code;
    while let Some(at) = next_test_attribute(rest) {
        let item = &rest[at..];
        let (item, after) = item.split_at(item_end(item));
        let declaration = item
            .trim_end()
            .strip_suffix(';')
            .and_then(|item| item.rsplit_once("mod "));
        if let Some((_, name)) = declaration {
            modules.push(name.trim().to_owned());
        }
        rest = after;
    }
    modules
}

/// Whether a word stands in the code by itself, not as a part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let name_first = word.starts_with(is_name);
    let name_last = word.ends_with(is_name);
    line.match_indices(word).any(|(at, _)| {
        let free_before = !name_first || !line[..at].ends_with(is_name);
        let free_after = !name_last || !line[at + word.len()..].starts_with(is_name);
        free_before && free_after
    })
}

const TEST_ATTRIBUTES: [&str; 3] = ["#[cfg(test)]", "#[cfg(all(test", "#[test]"];

fn next_test_attribute(code: &str) -> Option<usize> {
    TEST_ATTRIBUTES
        .iter()
        .filter_map(|attribute| code.find(attribute))
        .min()
}

/// Where the item under an attribute ends: after its block, or after its semicolon when that comes first.
fn item_end(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && character == '}' {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a raw string (`r"..."`, `br##"..."##`, `cr"..."`) that starts here.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix)
            .is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = text[prefix.len()..].len() - text[prefix.len()..].trim_start_matches('#').len();
    let body = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        text[body..]
            .find(&end)
            .map_or(text.len(), |at| body + at + end.len()),
    )
}

fn string(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; 0 for a lifetime, which stays.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some(_)) => {
            let end = text.get(3..).and_then(|rest| rest.find('\''));
            end.map_or(0, |at| 3 + at + 1)
        }
        (Some((_, first)), Some((at, '\''))) if first != '\'' => at + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything stays but the given pieces, which turn into blanks.
    fn check(text: &str, blanked: &[&str]) {
        let mut expected = text.to_owned();
        for piece in blanked {
            let blanks: String = piece
                .chars()
                .map(|c| if c == '\n' { '\n' } else { ' ' })
                .collect();
            assert!(expected.contains(piece), "{piece} is no piece of {text}");
            expected = expected.replacen(piece, &blanks, 1);
        }
        assert_eq!(code_only(text), expected);
    }

    #[test]
    fn blanks_comments_and_keeps_lines() {
        check("a // b\nc", &["// b"]);
        check("a /* b /* c\n */ d */ e", &["/* b /* c\n */ d */"]);
        check("/// [tokio]\nfn a() {}", &["/// [tokio]"]);
        check("a /* never closed", &["/* never closed"]);
    }

    #[test]
    fn blanks_strings_of_every_kind() {
        check(r#"a("x\"y // z") b"#, &[r#""x\"y // z""#]);
        check(r##"a(r#"x"y"#) b"##, &[r##"r#"x"y"#"##]);
        check(r#"a(br"\") b"#, &[r#"br"\""#]);
        check("a = \"é\n\" + b\"q\";", &["\"é\n\"", "\"q\""]);
    }

    #[test]
    fn tells_characters_from_lifetimes() {
        check("fn a<'b>(c: &'b str) { '\"' }", &["'\"'"]);
        check("'outer: loop { r#type('é', '_') }", &["'é'", "'_'"]);
        check(
            r"[b'\'', '\\', '\n', '\u{1F600}'] x",
            &[r"'\''", r"'\\'", r"'\n'", r"'\u{1F600}'"],
        );
    }

    #[test]
    fn removes_what_is_built_for_tests_only() {
        let code = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n fn t() { b() }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}";
        let kept = without_tests(code);
        assert_eq!(kept.lines().count(), code.lines().count());
        assert!(
            kept.contains("fn a()") && kept.contains("fn c()") && kept.contains("fn e()"),
            "{kept}"
        );
        assert!(
            !kept.contains("fn t()") && !kept.contains("mod d"),
            "{kept}"
        );
    }

    #[test]
    fn names_the_modules_that_are_tests_as_a_whole() {
        assert_eq!(
            test_only_modules(
                "#[cfg(test)]\npub(crate) mod fake;\nmod real;\n#[cfg(test)]\nmod t { mod u; }"
            ),
            ["fake"]
        );
    }

    #[test]
    fn a_word_is_not_a_part_of_a_name() {
        assert!(
            has_word("use tokio::net;", "tokio")
                && has_word("tokio", "tokio")
                && has_word("x.Instant::now()", "Instant::now")
        );
        assert!(
            !has_word("let tokio_like = my_tokio;", "tokio")
                && !has_word("brand()", "rand")
                && !has_word("Instant::nowhere", "Instant::now")
        );
    }
}
