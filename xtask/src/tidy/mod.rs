//! Knows the list of rules that the tree of this workspace keeps, and how a broken one is reported.
//!
//! A rule is a pure function from the [`Project`] to its violations. To add one: write the function, add a line to
//! [`RULES`], and test it with one project that keeps the rule and one that breaks it.

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

/// One rule: its name, where its reason is written, and its judge.
struct Rule {
    name: &'static str,
    /// The section that explains it.
    read: &'static str,
    check: fn(&Project) -> Vec<Violation>,
}

/// One place where a rule is broken, and why that is wrong there.
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
    Rule { name: "every crate has its place", read: "crates/README.md#the-table", check: graph::every_crate_has_its_place },
    Rule { name: "crates depend downwards", read: "crates/README.md#how-to-add-an-edge", check: graph::crates_depend_downwards },
    Rule { name: "one decode place", read: "crates/README.md#what-goes-where", check: graph::one_decode_place },
    Rule { name: "small footprints", read: "crates/README.md#pick-your-crates", check: footprint::small_footprints },
    Rule { name: "manifests are complete", read: "crates/README.md#manifests", check: releases::manifests_are_complete },
    Rule { name: "public dependencies are named", read: "crates/README.md#public-dependencies", check: releases::public_dependencies_are_named },
    Rule { name: "true rust-version", read: "crates/README.md#manifests", check: releases::true_rust_version },
    Rule { name: "files are short and say what they know", read: "crates/README.md#sources", check: sources::files_are_short_and_say_what_they_know },
    Rule { name: "nothing left undone", read: "crates/README.md#sources", check: sources::nothing_left_undone },
    Rule { name: "the core is pure", read: "crates/README.md#what-goes-where", check: sources::the_core_asks_for_its_lints },
    Rule { name: "paths stay inside", read: "crates/README.md#sources", check: documents::paths_stay_inside },
    Rule { name: "links lead somewhere", read: "crates/README.md#sources", check: documents::links_lead_somewhere },
    Rule { name: "plain words", read: "crates/README.md#sources", check: language::plain_words },
    Rule { name: "short summaries", read: "crates/README.md#sources", check: language::summaries_are_short },
    Rule { name: "one meaning per type name", read: "crates/README.md#sources", check: language::one_meaning_per_type_name },
    Rule { name: "every fault is shown", read: "crates/README.md#sources", check: faults::every_fault_is_shown },
];

/// Checks every rule and fails with all that is broken.
pub(crate) fn run() -> Outcome {
    let project = Project::load()?;
    let broken: Vec<_> = RULES
        .iter()
        .map(|rule| (rule, (rule.check)(&project)))
        .collect();
    report(&broken)?;
    println!(
        "{} rules kept over {} files",
        RULES.len(),
        project.files.len()
    );
    Ok(())
}

fn report(judged: &[(&Rule, Vec<Violation>)]) -> Outcome {
    let mut text = String::new();
    let mut total = 0;
    for (rule, violations) in judged
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
        Err(Failure::new(format!("{total} places break a rule{text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_reported_with_place_reason_and_where_to_read() {
        let kept = (&RULES[0], Vec::new());
        let broken = (
            &RULES[1],
            vec![Violation::new("crates/v1", "uses the client")],
        );
        let text = report(&[kept, broken]).unwrap_err().to_string();
        assert_eq!(
            text,
            "1 places break a rule\ncrates depend downwards (see crates/README.md#how-to-add-an-edge)\n  \
             crates/v1: uses the client"
        );
        assert!(report(&[(&RULES[0], Vec::new())]).is_ok());
    }

    #[test]
    fn every_rule_points_at_a_section_that_exists() {
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
