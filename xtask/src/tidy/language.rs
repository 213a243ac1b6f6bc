//! Checks the language of the project: words to avoid, short summaries, and one meaning per public type name.

use std::collections::BTreeMap;

use super::Violation;
use super::project::{File, Project};
use super::sources::has_word;

/// Words to avoid, and what to write instead.
///
/// They are checked in Markdown files and in comments of Rust files.
#[rustfmt::skip]
const AVOID: &[(&str, &str)] = &[
    ("anew", "again"),
    ("nobody", "no subscriber, no caller, .."),
    ("somebody", "a subscriber, a caller, .."),
    ("so many", "the number of .."),
    ("stirred", "woke"),
    ("told", "reported, emitted"),
    ("untold", "unreported"),
    ("what can be used", "available balance"),
    ("what was put in", "margin"),
    ("worked off", "drained"),
    ("it stands", "its state, it is open"),
    ("seam", "trait, interface"),
    ("patience", "backpressure timeout"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("where there is no", "if there is no"),
    ("where there is none", "`None` if absent"),
    ("where it is no", "if it is not"),
    ("true where", "returns `true` if"),
    ("false where", "returns `false` if"),
    ("`none` where", "`None` if"),
];

/// Maximum number of characters of the first paragraph of a public doc comment.
const SUMMARY: usize = 100;

/// Public type names that several crates may have: KuCoin's own terms with the same meaning.
///
/// Their values differ by protocol. The local exchange has its own `Account`, `Side` and `MarginMode`, because it shares
/// no code with the SDK.
const SHARED_TERMS: [&str; 9] = [
    "Account",
    "Balance",
    "Balances",
    "MarginMode",
    "OrderStatus",
    "OrderType",
    "PositionSide",
    "Side",
    "TradeType",
];

pub(super) fn plain_words(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in &project.files {
        let Some(text_of) = reader_of(&file.path) else {
            continue;
        };
        for (index, line) in file.text.lines().enumerate() {
            let Some(text) = text_of(line) else { continue };
            let starts_with_where = text.trim_start().starts_with("Where ");
            let text = text.to_lowercase();
            let place = || format!("{}:{}", file.path, index + 1);
            for (word, instead) in AVOID
                .iter()
                .filter(|(word, _)| has_word(&text, word, char::is_alphanumeric))
            {
                let reason = format!("`{word}`: write {instead}");
                broken.push(Violation::new(place(), reason));
            }
            if starts_with_where {
                let reason = "starts with `Where`: for a condition write `if`";
                broken.push(Violation::new(place(), reason));
            }
        }
    }
    broken
}

pub(super) fn one_meaning_per_type_name(project: &Project) -> Vec<Violation> {
    let mut homes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in project.rust_files() {
        let Some(package) = published_source(&file.path) else {
            continue;
        };
        for (line, name) in public_types(file) {
            let home = format!("{}:{line}", file.path);
            let homes = homes.entry(name).or_default();
            if !homes
                .iter()
                .any(|other| published_source(other) == Some(package))
            {
                homes.push(home);
            }
        }
    }
    homes
        .into_iter()
        .filter(|(name, homes)| homes.len() > 1 && !SHARED_TERMS.contains(name))
        .map(|(name, homes)| {
            let reason = format!("`{name}` is also at {}", homes[1..].join(", "));
            Violation::new(&homes[0], reason)
        })
        .collect()
}

pub(super) fn summaries_are_short(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    let files = project.rust_files();
    for file in files.filter(|file| published_source(&file.path).is_some()) {
        let mut docs: Vec<(usize, &str)> = Vec::new();
        for (index, line) in file.text.lines().enumerate() {
            let line = line.trim_start();
            if let Some(text) = line.strip_prefix("///") {
                docs.push((index + 1, text.trim()));
            } else if !line.starts_with("#[") {
                let docs = std::mem::take(&mut docs);
                let length = summary_length(&docs);
                if line.starts_with("pub ") && length > SUMMARY {
                    let place = format!("{}:{}", file.path, docs[0].0);
                    let reason =
                        format!("the first paragraph has {length} characters, more than {SUMMARY}");
                    broken.push(Violation::new(place, reason));
                }
            }
        }
    }
    broken
}

/// Returns the number of characters in the first paragraph of a doc comment.
///
/// Lists and search results show only this paragraph.
fn summary_length(docs: &[(usize, &str)]) -> usize {
    let lines = docs.iter().map(|(_, line)| *line);
    let first: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    first.join(" ").chars().count()
}

type Reader = fn(&str) -> Option<&str>;

/// Returns how to read the English in a line: the whole line in Markdown, the comment in Rust.
///
/// Returns `None` for files that are not checked, such as this file.
fn reader_of(path: &str) -> Option<Reader> {
    match path {
        "xtask/src/tidy/language.rs" => None,
        _ if path.ends_with(".md") => Some(|line| Some(line)),
        _ if path.ends_with(".rs") => Some(|line| {
            let comment = line.trim_start().strip_prefix("//")?;
            Some(comment.trim_start_matches(['/', '!']))
        }),
        _ => None,
    }
}

/// Returns the package of a source file that users can depend on; `None` for tests and tools.
fn published_source(path: &str) -> Option<&str> {
    let (package, source) = path.strip_prefix("crates/")?.split_once("/src/")?;
    let is_tool = ["bench", "fuzz", "cli"].contains(&package);
    let is_test = source.contains("tests") || source.contains("fuzzing");
    (!is_tool && !is_test).then_some(package)
}

/// Returns the public types of a file with their lines, without deprecated names and associated types.
fn public_types(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut is_deprecated = false;
    file.text
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| {
            let line = line.trim_start();
            if line.starts_with("#[deprecated") {
                is_deprecated = true;
            }
            let mut words = line
                .strip_prefix("pub ")?
                .split(|c: char| !c.is_alphanumeric() && c != '_');
            let skip = std::mem::take(&mut is_deprecated);
            let is_type = ["struct", "enum", "trait", "type", "union"].contains(&words.next()?);
            let name = words.next()?;
            (is_type && !skip && name.starts_with(char::is_uppercase)).then_some((index + 1, name))
        })
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn places(broken: Vec<Violation>) -> Vec<String> {
        broken.into_iter().map(|broken| broken.place).collect()
    }

    #[test]
    fn each_word_to_avoid_is_found_in_comments_and_pages() {
        for (word, _) in AVOID {
            let source = format!("//! A.\nlet x = \"{word}\";\n    /// It {word}.\n");
            let project = fake::files(&[("a.rs", &source), ("a.md", word), ("a.toml", word)]);
            let found = places(plain_words(&project));
            assert!(found.contains(&String::from("a.rs:3")), "{word}");
            assert!(found.contains(&String::from("a.md:1")), "{word}");
            assert!(!found.contains(&String::from("a.rs:2")), "{word}");
        }
    }

    #[test]
    fn condition_that_starts_with_where_is_found() {
        let source =
            "/// Where the host is unknown.\n/// The host\n/// where the token was issued.\n";
        let project = fake::files(&[("a.rs", source)]);
        assert_eq!(places(plain_words(&project)), ["a.rs:1"]);
    }

    #[test]
    fn longer_words_are_not_found() {
        let project = fake::files(&[("a.md", "renewed, seamless, impatience\n")]);
        assert_eq!(plain_words(&project), []);
    }

    #[test]
    fn long_summary_of_a_public_item_is_found() {
        let doc = |text: &str, item: &str| {
            format!("/// {text}\n///\n/// More text.\n#[must_use]\n{item}\n")
        };
        let (short, long) = (
            "x".repeat(SUMMARY),
            format!("{}\n/// yy", "x".repeat(SUMMARY - 2)),
        );
        let source = [
            doc(&short, "pub fn a()"),
            doc(&long, "fn b()"),
            doc(&long, "pub fn c()"),
        ]
        .concat();
        let project = fake::files(&[
            ("crates/core/src/a.rs", &source),
            ("xtask/src/a.rs", &source),
        ]);
        assert_eq!(
            places(summaries_are_short(&project)),
            ["crates/core/src/a.rs:12"]
        );
    }

    #[test]
    fn type_name_of_two_crates_is_found() {
        let one = "pub struct Config;\npub enum Side {\n";
        let other = "    pub type Config = u8;\npub(crate) struct Gap;\n";
        let project = fake::files(&[
            ("crates/client/src/a.rs", one),
            ("crates/session/src/b/c.rs", other),
            ("crates/session/src/tests.rs", "pub struct Config;\n"),
            ("crates/core/src/a.rs", "pub enum Side {\npub struct Gap;\n"),
        ]);
        let found = one_meaning_per_type_name(&project);
        assert_eq!(places(found), ["crates/client/src/a.rs:1"]);
    }

    #[test]
    fn deprecated_type_name_is_not_found() {
        let old = "#[deprecated(note = \"renamed\")]\npub type Config = Settings;\n";
        let project = fake::files(&[
            ("crates/client/src/a.rs", "pub struct Config;\n"),
            ("crates/session/src/a.rs", old),
        ]);
        assert_eq!(one_meaning_per_type_name(&project), []);
    }
}
