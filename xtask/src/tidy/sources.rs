//! Knows how our files are written: header, length, nothing left undone, and a core without clock or runtime.

use std::collections::BTreeSet;

use super::Violation;
use super::graph::PURE;
use super::project::{File, Project};
use super::rust_text::{has_word, test_only_modules};

/// A reader follows a file as one idea; a longer one holds two.
const LINES: usize = 600;

/// Words that say "not finished", wherever they stand. Written in halves, since this file is judged too.
const UNDONE_WORDS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// The same in code: unfinished bodies, tests that do not run or pass by failing, left-over debugging.
const UNDONE_CODE: [&str; 5] = [
    "todo!",
    "unimplemented!",
    "dbg!",
    "#[ignore",
    "should_panic",
];

/// What the pure core takes as an argument instead, or leaves to the layers above.
const IMPURE: [&str; 11] = [
    "Instant::now",
    "SystemTime::now",
    "rand",
    "fastrand",
    "getrandom",
    "tokio",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
];

pub(super) fn files_say_what_they_know(project: &Project) -> Vec<Violation> {
    let silent = project
        .rust_files()
        .filter(|file| !file.text.starts_with("//! "));
    silent
        .map(|file| {
            Violation::new(
                &file.path,
                "starts without a `//!` sentence that says what it knows",
            )
        })
        .collect()
}

pub(super) fn files_stay_short(project: &Project) -> Vec<Violation> {
    let long = project
        .rust_files()
        .filter(|file| file.text.lines().count() > LINES);
    long.map(|file| {
        let reason = format!(
            "has {} lines, more than {LINES}; split it by idea",
            file.text.lines().count()
        );
        Violation::new(&file.path, reason)
    })
    .collect()
}

pub(super) fn nothing_left_undone(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in &project.files {
        broken.extend(find(
            file,
            &file.text,
            &UNDONE_WORDS,
            "is left undone: do it, or say what it waits for",
        ));
    }
    for file in project.rust_files() {
        broken.extend(find(
            file,
            &file.code(),
            &UNDONE_CODE,
            "does not belong in finished code",
        ));
        for (line, text) in numbered(&file.text) {
            let comment = text.trim_start();
            let example = comment
                .strip_prefix("///")
                .or_else(|| comment.strip_prefix("//!"));
            if example.is_some_and(|text| {
                text.trim_start().starts_with("```") && has_word(text, "ignore")
            }) {
                broken.push(Violation::new(
                    format!("{}:{line}", file.path),
                    "an example that is not compiled; let it run",
                ));
            }
        }
    }
    broken
}

pub(super) fn the_core_is_pure(project: &Project) -> Vec<Violation> {
    let tests = test_only_files(project);
    let mut broken = Vec::new();
    for file in project.rust_files() {
        let in_core = PURE
            .iter()
            .any(|folder| file.path.starts_with(&format!("{folder}/src/")));
        if in_core
            && !tests
                .iter()
                .any(|path| file.path == *path || file.path.starts_with(&format!("{path}/")))
        {
            broken.extend(find(
                file,
                &file.product_code(),
                &IMPURE,
                "has no place in the pure core: take it as an argument",
            ));
        }
    }
    broken
}

/// The files, and the folders of modules, that other files declare under `#[cfg(test)]`.
fn test_only_files(project: &Project) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in project.rust_files() {
        let stem = file.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        // `mod x;` in lib.rs, main.rs or mod.rs stands beside them; in any other file, in the folder of its name.
        let folder = if matches!(name, "lib" | "main" | "mod") {
            folder
        } else {
            stem
        };
        for module in test_only_modules(&file.code()) {
            paths.insert(format!("{folder}/{module}.rs"));
            paths.insert(format!("{folder}/{module}"));
        }
    }
    paths
}

fn find(file: &File, text: &str, words: &[&str], reason: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, text) in numbered(text) {
        for word in words.iter().filter(|word| has_word(text, word)) {
            found.push(Violation::new(
                format!("{}:{line}", file.path),
                format!("`{word}` {reason}"),
            ));
        }
    }
    found
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn places(broken: Vec<Violation>) -> Vec<String> {
        broken.into_iter().map(|broken| broken.place).collect()
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        let project = fake::files(&[
            ("crates/a/src/good.rs", "//! Knows a.\n"),
            ("crates/a/src/bad.rs", "// Knows a.\n"),
            ("crates/a/src/empty.rs", ""),
            ("notes.md", "free"),
        ]);
        assert_eq!(
            places(files_say_what_they_know(&project)),
            ["crates/a/src/bad.rs", "crates/a/src/empty.rs"]
        );
    }

    #[test]
    fn a_file_that_grew_too_long_is_found() {
        let (full, over) = ("x\n".repeat(LINES), "x\n".repeat(LINES + 1));
        let project = fake::files(&[("full.rs", &full), ("over.rs", &over), ("long.md", &over)]);
        assert_eq!(places(files_stay_short(&project)), ["over.rs"]);
    }

    #[test]
    fn every_mark_of_unfinished_work_is_found() {
        for mark in UNDONE_CODE.into_iter().chain(UNDONE_WORDS) {
            let text = format!("//! Knows a.\nfn a() {{}} {mark}\n");
            assert_eq!(
                places(nothing_left_undone(&fake::files(&[("a.rs", &text)]))),
                ["a.rs:2"],
                "{mark}"
            );
        }
        for mark in UNDONE_WORDS {
            let text = format!("// {mark}: later\n");
            assert_eq!(
                places(nothing_left_undone(&fake::files(&[("a.rs", &text)]))),
                ["a.rs:1"],
                "{mark}"
            );
            assert_eq!(
                places(nothing_left_undone(&fake::files(&[(".ci/run", &text)]))),
                [".ci/run:1"],
                "{mark}"
            );
        }
    }

    #[test]
    fn speaking_of_a_mark_in_a_comment_or_string_is_no_mark() {
        let text = "//! No `should_panic` here.\nconst A: &str = \"dbg!\";\nfn mastodon() {}\n";
        assert_eq!(nothing_left_undone(&fake::files(&[("a.rs", text)])), []);
    }

    #[test]
    fn an_example_that_is_not_compiled_is_found() {
        let text =
            "//! Knows a.\n/// ```ignore\n/// ```\n//! ```rust,ignore\n/// ```no_run\nfn a() {}\n";
        assert_eq!(
            places(nothing_left_undone(&fake::files(&[("a.rs", text)]))),
            ["a.rs:2", "a.rs:4"]
        );
    }

    #[test]
    fn every_impurity_in_the_core_is_found() {
        for folder in PURE {
            for word in IMPURE {
                let (path, text) = (format!("{folder}/src/a.rs"), format!("fn a() {{ {word} }}"));
                assert_eq!(
                    places(the_core_is_pure(&fake::files(&[(&path, &text)]))),
                    [format!("{path}:1")],
                    "{word}"
                );
            }
        }
    }

    #[test]
    fn tests_comments_and_other_layers_may_name_it() {
        let clock = "fn a() { Instant::now() }";
        let project = fake::files(&[
            (
                "crates/wire/src/lib.rs",
                "// tokio\n#[cfg(test)]\nmod tests {\n fn a() { Instant::now() }\n}\n#[cfg(test)] mod fake;\n",
            ),
            ("crates/wire/src/fake.rs", clock),
            ("crates/wire/src/fake/deep.rs", clock),
            ("crates/wire/src/a.rs", "#[cfg(test)] mod b;"),
            ("crates/wire/src/a/b.rs", clock),
            ("crates/wire/tests/it.rs", clock),
            ("crates/client/src/lib.rs", clock),
        ]);
        assert_eq!(the_core_is_pure(&project), []);
        let declared = fake::files(&[
            ("crates/wire/src/lib.rs", "mod fake;"),
            ("crates/wire/src/fake.rs", clock),
        ]);
        assert_eq!(the_core_is_pure(&declared).len(), 1);
    }
}
