//! Checks the table of faults: every number occurs once, and every test that the table names exists.

use std::collections::BTreeSet;

use super::Violation;
use super::project::Project;

const TABLE: &str = "tests/FAULTS.md";

/// The number of the last fault.
const FAULTS: usize = 152;

/// The number of the last guarantee; its row begins with `P`.
const GUARANTEES: usize = 14;

/// Prefix of the reason why a row has no test.
const REASON: &str = "not shown: ";

/// One row: its location, its number or name, and its tests.
struct Row<'t> {
    place: String,
    name: &'t str,
    tests: &'t str,
}

pub(super) fn every_fault_has_a_test(project: &Project) -> Vec<Violation> {
    let Some(table) = project.file(TABLE) else {
        return vec![Violation::new(TABLE, "the table of faults is missing")];
    };
    let rows: Vec<Row<'_>> = rows(&table.text).collect();
    let mut broken: Vec<Violation> = rows
        .iter()
        .flat_map(|row| row_violations(project, row))
        .collect();
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert(row.name) {
            broken.push(Violation::new(
                &row.place,
                format!("{} is in the table twice", row.name),
            ));
        }
    }
    let missing = names().filter(|name| !seen.contains(name.as_str()));
    broken.extend(missing.map(|name| Violation::new(TABLE, format!("{name} is missing"))));
    // Otherwise a new last row could be removed again without notice.
    let unknown = seen
        .iter()
        .filter(|seen| names().all(|name| name != **seen));
    broken.extend(unknown.map(|name| {
        let reason = format!(
            "{name} is beyond the last row; raise the number in `xtask/src/tidy/faults.rs`"
        );
        Violation::new(TABLE, reason)
    }));
    broken
}

/// Returns the names of all rows that must exist.
fn names() -> impl Iterator<Item = String> {
    let guarantees = (1..=GUARANTEES).map(|number| format!("P{number}"));
    (1..=FAULTS)
        .map(|number| number.to_string())
        .chain(guarantees)
}

fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let name = cells.split(" | ").next()?;
        let is_row = name.trim_start_matches('P').parse::<usize>().is_ok();
        is_row.then(|| Row {
            place: format!("{TABLE}:{}", index + 1),
            name,
            tests: cells.rsplit(" | ").next().unwrap_or_default(),
        })
    })
}

/// Returns the violations in the last cell of a row, which has the tests.
fn row_violations(project: &Project, row: &Row<'_>) -> Vec<Violation> {
    if let Some(reason) = row.tests.strip_prefix(REASON) {
        let broken = reason.trim().is_empty();
        return broken
            .then(|| Violation::new(&row.place, "neither a test nor a reason"))
            .into_iter()
            .collect();
    }
    let tests: Vec<&str> = row.tests.split('`').skip(1).step_by(2).collect();
    if tests.is_empty() {
        let reason = format!("no test; name one, or write `{REASON}` and the reason");
        return vec![Violation::new(&row.place, reason)];
    }
    let missing = tests.into_iter().filter(|test| !test_exists(project, test));
    missing
        .map(|test| Violation::new(&row.place, format!("test `{test}` does not exist")))
        .collect()
}

/// Returns `true` if the test `path::name` is a function in that file with a test attribute.
pub(super) fn test_exists(project: &Project, test: &str) -> bool {
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

    /// Checks a complete table in which `change` replaces some rows.
    fn violations(change: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let row = |name: String| {
            let shown = "`tests/a.rs::it_holds`, `tests/a.rs::it_waits`";
            change(&name).unwrap_or_else(|| format!("| {name} | T | what | then | {shown} |"))
        };
        let text = names().map(row).collect::<Vec<_>>().join("\n");
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let project = Project {
            files: vec![file(TABLE, &text), file("tests/a.rs", TESTS)],
            ..Project::default()
        };
        let broken = every_fault_has_a_test(&project).into_iter();
        broken.map(|violation| violation.reason).collect()
    }

    fn with(name: &str, row: &str) -> Vec<String> {
        violations(|at| (at == name).then(|| row.to_owned()))
    }

    #[test]
    fn complete_table_has_no_violations() {
        assert!(violations(|_| None).is_empty());
        let reason = "| 7 | L | what | then | not shown: cannot be tested |";
        assert!(with("7", reason).is_empty());
    }

    #[test]
    fn missing_test_is_found() {
        for test in [
            "tests/a.rs::it_lacks",
            "tests/b.rs::it_holds",
            "tests/a.rs::helps",
        ] {
            let row = format!("| 7 | T | what | then | `{test}` |");
            assert_eq!(with("7", &row), [format!("test `{test}` does not exist")]);
        }
    }

    #[test]
    fn row_without_test_needs_a_reason() {
        assert_eq!(with("7", "| 7 | T | what | then | trust us |").len(), 1);
        assert_eq!(with("7", "| 7 | T | what | then | not shown:  |").len(), 1);
    }

    #[test]
    fn missing_duplicate_and_unknown_rows_are_found() {
        for last in [FAULTS.to_string(), format!("P{GUARANTEES}")] {
            let missing = format!("{last} is missing");
            assert_eq!(with(&last, ""), std::slice::from_ref(&missing));
            let twice = "| 97 | T | what | then | `tests/a.rs::it_holds` |";
            assert_eq!(
                with(&last, twice),
                ["97 is in the table twice".to_owned(), missing]
            );
        }
        let next = FAULTS + 1;
        let added = format!(
            "| {FAULTS} | T | what | then | `tests/a.rs::it_holds` |\n\
             | {next} | T | what | then | `tests/a.rs::it_holds` |"
        );
        let beyond = format!(
            "{next} is beyond the last row; raise the number in `xtask/src/tidy/faults.rs`"
        );
        assert_eq!(with(&FAULTS.to_string(), &added), [beyond]);
    }
}
