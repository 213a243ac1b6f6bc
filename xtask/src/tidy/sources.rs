//! Checks source files: summary, length, no unfinished work, and the lints of the crates without I/O.

use super::Violation;
use super::graph::PURE;
use super::project::Project;

/// Maximum number of lines per file.
const LINES: usize = 700;

/// Marks of unfinished work, ignored tests, and tests that pass by panicking.
///
/// The marks are written in halves, because this file is checked too. Clippy finds macros such as `todo`.
const UNDONE: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("#[", "ignore"),
    concat!("should_", "panic"),
];

/// Line that enables the lints of crates/clippy.toml.
///
/// The lints forbid clocks, files, sockets, threads and environment variables.
const PURE_LINTS: &str =
    "#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]";

pub(super) fn files_are_short_and_have_a_summary(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in project.rust_files() {
        if !file.text.starts_with("//! ") {
            let reason = "must start with a `//!` sentence that says what the file contains";
            broken.push(Violation::new(&file.path, reason));
        }
        let lines = file.text.lines().count();
        if lines > LINES {
            let reason = format!("has {lines} lines, more than {LINES}; split it");
            broken.push(Violation::new(&file.path, reason));
        }
    }
    broken
}

pub(super) fn no_unfinished_work(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in &project.files {
        for (index, line) in file.text.lines().enumerate() {
            let place = || format!("{}:{}", file.path, index + 1);
            for mark in UNDONE
                .iter()
                .filter(|mark| has_word(line, mark, is_of_name))
            {
                let reason = format!("`{mark}` marks unfinished work; finish or remove it");
                broken.push(Violation::new(place(), reason));
            }
            let comment = line.trim_start();
            let comment = comment.strip_prefix("///").or(comment.strip_prefix("//!"));
            let fence = comment.and_then(|text| text.trim_start().strip_prefix("```"));
            if fence.is_some_and(|words| words.split(',').any(|word| word == "ignore")) {
                let reason = "example is not compiled; remove `ignore`";
                broken.push(Violation::new(place(), reason));
            }
        }
    }
    broken
}

pub(super) fn pure_crates_have_their_lints(project: &Project) -> Vec<Violation> {
    let root = |folder: &&str| format!("{folder}/src/lib.rs");
    let asks = |path: &String| {
        let file = project.file(path);
        file.is_some_and(|file| file.text.contains(PURE_LINTS))
    };
    let silent = PURE.iter().map(root).filter(|path| !asks(path));
    silent
        .map(|path| Violation::new(path, format!("`{PURE_LINTS}` is missing")))
        .collect()
}

/// Returns `true` if a word or phrase occurs by itself, not as a part of a longer word.
///
/// `is_inside` is `true` for the characters of which words consist.
pub(super) fn has_word(text: &str, word: &str, is_inside: fn(char) -> bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_inside) && !text[at + word.len()..].starts_with(is_inside)
    })
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn places(broken: Vec<Violation>) -> Vec<String> {
        broken.into_iter().map(|broken| broken.place).collect()
    }

    #[test]
    fn long_file_or_file_without_summary_is_found() {
        let long = format!("//! Knows a.\n{}", "x\n".repeat(LINES));
        let project = fake::files(&[
            ("good.rs", "//! Knows a.\n"),
            ("bad.rs", "// Knows a.\n"),
            ("empty.rs", ""),
            ("long.rs", &long),
            ("long.md", &long),
        ]);
        assert_eq!(
            places(files_are_short_and_have_a_summary(&project)),
            ["bad.rs", "empty.rs", "long.rs"]
        );
    }

    #[test]
    fn mark_of_unfinished_work_is_found() {
        for mark in UNDONE {
            for path in ["a.rs", ".ci/run"] {
                let text = format!("//! Knows a.\n// {mark}: later\n");
                let found = places(no_unfinished_work(&fake::files(&[(path, &text)])));
                assert_eq!(found, [format!("{path}:2")], "{mark}");
            }
            let name = format!("fn ma{mark}n() {{}}\n");
            assert_eq!(no_unfinished_work(&fake::files(&[("a.rs", &name)])), []);
        }
    }

    #[test]
    fn example_that_is_not_compiled_is_found() {
        let text =
            "//! Knows a.\n/// ```ignore\n/// ```\n//! ```rust,ignore\n/// ```no_run\nfn a() {}\n";
        assert_eq!(
            places(no_unfinished_work(&fake::files(&[("a.rs", text)]))),
            ["a.rs:2", "a.rs:4"]
        );
    }

    #[test]
    fn crate_without_required_lints_is_found() {
        let files = PURE.map(|folder| (format!("{folder}/src/lib.rs"), PURE_LINTS));
        let files = files.each_ref().map(|(path, text)| (path.as_str(), *text));
        assert_eq!(pure_crates_have_their_lints(&fake::files(&files)), []);
        let broken = pure_crates_have_their_lints(&fake::files(&files[1..]));
        assert_eq!(places(broken), ["crates/core/src/lib.rs"]);
    }
}
