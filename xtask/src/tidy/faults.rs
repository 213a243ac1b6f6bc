//! Knows the table of faults: every number stands once, and what is said to show a row is there.

use std::collections::BTreeSet;

use super::Violation;
use super::project::Project;

const TABLE: &str = "tests/FAULTS.md";

/// So many faults there are.
const FAULTS: usize = 108;

/// What a row without a test begins with, before the reason.
const REASON: &str = "not shown: ";

/// One row: where it stands, its number or name, and what shows it.
struct Row<'t> {
    place: String,
    name: &'t str,
    shown_by: &'t str,
}

pub(super) fn every_fault_is_shown(project: &Project) -> Vec<Violation> {
    let Some(table) = project.file(TABLE) else {
        return vec![Violation::new(TABLE, "the table of faults is missing")];
    };
    let rows: Vec<Row<'_>> = rows(&table.text).collect();
    let mut broken: Vec<Violation> = rows.iter().flat_map(|row| unshown(project, row)).collect();
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert(row.name) {
            broken.push(Violation::new(
                &row.place,
                format!("{} stands twice", row.name),
            ));
        }
    }
    let missing = (1..=FAULTS).map(|number| number.to_string());
    let missing = missing.filter(|number| !seen.contains(number.as_str()));
    broken.extend(missing.map(|number| Violation::new(TABLE, format!("{number} is missing"))));
    broken
}

fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let name = cells.split(" | ").next()?;
        let is_row = name.trim_start_matches('P').parse::<usize>().is_ok();
        is_row.then(|| Row {
            place: format!("{TABLE}:{}", index + 1),
            name,
            shown_by: cells.rsplit(" | ").next().unwrap_or_default(),
        })
    })
}

/// What is wrong with the last cell of a row.
fn unshown(project: &Project, row: &Row<'_>) -> Vec<Violation> {
    if let Some(reason) = row.shown_by.strip_prefix(REASON) {
        let broken = reason.trim().is_empty();
        return broken
            .then(|| Violation::new(&row.place, "no test, and no reason why"))
            .into_iter()
            .collect();
    }
    let tests: Vec<&str> = row.shown_by.split('`').skip(1).step_by(2).collect();
    if tests.is_empty() {
        let reason = format!("neither a test nor `{REASON}..`");
        return vec![Violation::new(&row.place, reason)];
    }
    let missing = tests.into_iter().filter(|test| !is_there(project, test));
    missing
        .map(|test| Violation::new(&row.place, format!("there is no test `{test}`")))
        .collect()
}

/// Whether a test, as `path::name`, is a function of that file with the attribute of a test.
fn is_there(project: &Project, test: &str) -> bool {
    let Some((path, name)) = test.rsplit_once("::") else {
        return false;
    };
    let Some(file) = project.file(path) else {
        return false;
    };
    let function = format!("fn {name}(");
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.contains(&function)) else {
        return false;
    };
    let attributes = lines[..at].iter().rev();
    attributes
        .take_while(|line| line.starts_with("#["))
        .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[cfg(test)]
mod tests {
    use super::super::project::File;
    use super::*;

    const TESTS: &str = "#[test]\nfn it_holds() {}\n\n#[tokio::test(start_paused = true)]\n#[allow(x)]\nasync fn it_waits() {}\n\nfn helps() {}\n";

    fn judged(change: impl Fn(usize) -> Option<String>) -> Vec<String> {
        let row = |number| {
            let shown = "`tests/a.rs::it_holds`, `tests/a.rs::it_waits`";
            change(number).unwrap_or_else(|| format!("| {number} | T | what | then | {shown} |"))
        };
        let text = (1..=FAULTS).map(row).collect::<Vec<_>>().join("\n");
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let project = Project {
            files: vec![file(TABLE, &text), file("tests/a.rs", TESTS)],
            ..Project::default()
        };
        let broken = every_fault_is_shown(&project).into_iter();
        broken.map(|violation| violation.reason).collect()
    }

    fn with(number: usize, row: &str) -> Vec<String> {
        judged(|at| (at == number).then(|| row.to_owned()))
    }

    #[test]
    fn a_whole_table_with_tests_and_reasons_is_kept() {
        assert!(judged(|_| None).is_empty());
        let reason = "| 7 | L | what | then | not shown: nobody can |";
        assert!(with(7, reason).is_empty());
    }

    #[test]
    fn a_test_that_is_not_there_is_found() {
        for test in [
            "tests/a.rs::it_lacks",
            "tests/b.rs::it_holds",
            "tests/a.rs::helps",
        ] {
            let row = format!("| 7 | T | what | then | `{test}` |");
            assert_eq!(with(7, &row), [format!("there is no test `{test}`")]);
        }
    }

    #[test]
    fn a_row_without_a_test_needs_a_reason() {
        assert_eq!(with(7, "| 7 | T | what | then | trust us |").len(), 1);
        assert_eq!(with(7, "| 7 | T | what | then | not shown:  |").len(), 1);
    }

    #[test]
    fn a_number_that_is_missing_or_stands_twice_is_found() {
        let missing = format!("{FAULTS} is missing");
        assert_eq!(with(FAULTS, ""), std::slice::from_ref(&missing));
        let twice = "| 97 | T | what | then | `tests/a.rs::it_holds` |";
        assert_eq!(with(FAULTS, twice), ["97 stands twice".to_owned(), missing]);
    }
}
