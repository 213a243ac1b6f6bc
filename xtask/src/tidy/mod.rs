//! The project rules, and the report of violations.
//!
//! A rule is a pure function from the [`Project`] to its violations. To add one, write the function, add it to
//! [`RULES`], and test it with a project that follows the rule and one that violates it.

mod documents;
mod faults;
mod footprint;
mod graph;
mod language;
mod project;
mod releases;
mod sources;

use std::fmt::Write as _;

pub(crate) use project::Project;

use crate::shell::{Failure, Outcome};

/// One rule of the project.
struct Rule {
    name: &'static str,
    /// The section of the documentation that explains the rule.
    read: &'static str,
    check: fn(&Project) -> Vec<Violation>,
}

/// One violation of a rule: the file, line or crate, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    place: String,
    reason: String,
}

impl Violation {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule { name: "every crate is in the table", read: "crates/README.md#the-table", check: graph::every_crate_is_in_the_table },
    Rule { name: "crates depend downwards", read: "crates/README.md#how-to-add-an-edge", check: graph::crates_depend_downwards },
    Rule { name: "JSON is decoded in one crate", read: "crates/README.md#what-goes-where", check: graph::json_is_decoded_in_one_crate },
    Rule { name: "few dependencies", read: "crates/README.md#pick-your-crates", check: footprint::few_dependencies },
    Rule { name: "manifests are complete", read: "crates/README.md#manifests", check: releases::manifests_are_complete },
    Rule { name: "public dependencies are named", read: "crates/README.md#public-dependencies", check: releases::public_dependencies_are_named },
    Rule { name: "rust-version is correct", read: "crates/README.md#manifests", check: releases::rust_version_is_correct },
    Rule { name: "files are short and have a summary", read: "crates/README.md#sources", check: sources::files_are_short_and_have_a_summary },
    Rule { name: "no unfinished work", read: "crates/README.md#sources", check: sources::no_unfinished_work },
    Rule { name: "the core does no I/O", read: "crates/README.md#what-goes-where", check: sources::pure_crates_have_their_lints },
    Rule { name: "no absolute paths", read: "crates/README.md#sources", check: documents::no_absolute_paths },
    Rule { name: "no broken links", read: "crates/README.md#sources", check: documents::no_broken_links },
    Rule { name: "linked tests exist", read: "crates/README.md#sources", check: documents::linked_tests_exist },
    Rule { name: "plain words", read: "crates/README.md#sources", check: language::plain_words },
    Rule { name: "short summaries", read: "crates/README.md#sources", check: language::summaries_are_short },
    Rule { name: "one meaning per type name", read: "crates/README.md#sources", check: language::one_meaning_per_type_name },
    Rule { name: "every fault has a test", read: "crates/README.md#sources", check: faults::every_fault_has_a_test },
];

/// Checks every rule; fails with all violations.
pub(crate) fn run() -> Outcome {
    let project = Project::load()?;
    let checked: Vec<_> = RULES
        .iter()
        .map(|rule| (rule, (rule.check)(&project)))
        .collect();
    report(&checked)?;
    println!(
        "{} rules checked in {} files, no violations",
        RULES.len(),
        project.files.len()
    );
    Ok(())
}

fn report(checked: &[(&Rule, Vec<Violation>)]) -> Outcome {
    let mut text = String::new();
    let mut total = 0;
    for (rule, violations) in checked
        .iter()
        .filter(|(_, violations)| !violations.is_empty())
    {
        let _ = write!(text, "\n{} (see {})", rule.name, rule.read);
        for violation in violations {
            let _ = write!(text, "\n  {}: {}", violation.place, violation.reason);
        }
        total += violations.len();
    }
    if total == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("violations of rules: {total}{text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violation_is_reported_with_place_reason_and_section() {
        let followed = (&RULES[0], Vec::new());
        let violated = (
            &RULES[1],
            vec![Violation::new("crates/v1", "uses the client")],
        );
        let text = report(&[followed, violated]).unwrap_err().to_string();
        assert_eq!(
            text,
            "violations of rules: 1\ncrates depend downwards (see crates/README.md#how-to-add-an-edge)\n  \
             crates/v1: uses the client"
        );
        assert!(report(&[(&RULES[0], Vec::new())]).is_ok());
    }

    #[test]
    fn section_of_every_rule_exists() {
        let readme =
            std::fs::read_to_string(crate::shell::root().join("crates/README.md")).unwrap();
        for rule in RULES {
            let (file, section) = rule.read.split_once('#').unwrap();
            assert_eq!(file, "crates/README.md");
            assert!(
                documents::sections(&readme).any(|anchor| anchor == section),
                "no section {section}"
            );
        }
    }
}
