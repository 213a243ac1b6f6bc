//! Checks the layers: the folder of each crate, which crates it may depend on, and which crates may parse JSON.

use super::Violation;
use super::project::Project;
use crate::workspace::{DependencyKind, Package};

/// One member of the workspace.
struct Row {
    package: &'static str,
    folder: &'static str,
    /// Members that the member may depend on. Its tests may also use [`FOR_TESTS`].
    uses: &'static [&'static str],
}

/// The table in crates/README.md, lowest layer first, which is the order of publishing.
///
/// Change the table in both files together.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { package: CORE, folder: "crates/core", uses: &[] },
    Row { package: DECODE, folder: "crates/decode", uses: &[CORE] },
    Row { package: AUTH, folder: "crates/auth", uses: &[CORE] },
    Row { package: REST, folder: "crates/rest", uses: &[CORE, DECODE, AUTH] },
    Row { package: TRANSPORT, folder: "crates/transport", uses: &[] },
    Row { package: SESSION, folder: "crates/session", uses: &[CORE] },
    Row { package: V1, folder: "crates/v1", uses: &[CORE, DECODE] },
    Row { package: PRO, folder: "crates/pro", uses: &[CORE, DECODE] },
    Row { package: RECOVERY, folder: "crates/recovery", uses: &[CORE, DECODE, REST, SESSION, V1, PRO] },
    Row { package: ACCOUNT, folder: "crates/account", uses: &[CORE, DECODE, REST, SESSION, V1, PRO, RECOVERY] },
    Row { package: CLIENT, folder: "crates/client", uses: &[CORE, SESSION, TRANSPORT] },
    Row { package: EXCHANGE, folder: "crates/exchange", uses: &[] },
    Row { package: FACADE, folder: "crates/kucoin-streams", uses: &[CORE, DECODE, AUTH, REST, TRANSPORT, SESSION, V1, PRO, RECOVERY, ACCOUNT, CLIENT] },
    Row { package: CLI, folder: "crates/cli", uses: &[FACADE, EXCHANGE] },
    Row { package: "kucoin-streams-examples", folder: "examples", uses: &[FACADE, EXCHANGE] },
    Row { package: "kucoin-streams-tests", folder: "tests", uses: &[FACADE, EXCHANGE] },
    Row { package: TESTKIT, folder: "tests/testkit", uses: &[] },
    Row { package: "xtask", folder: "xtask", uses: &[] },
];

pub(super) const CORE: &str = "kucoin-streams-core";
pub(super) const DECODE: &str = "kucoin-streams-decode";
pub(super) const AUTH: &str = "kucoin-streams-auth";
pub(super) const REST: &str = "kucoin-streams-rest";
pub(super) const TRANSPORT: &str = "kucoin-streams-transport";
pub(super) const SESSION: &str = "kucoin-streams-session";
pub(super) const V1: &str = "kucoin-streams-v1";
pub(super) const PRO: &str = "kucoin-streams-pro";
pub(super) const RECOVERY: &str = "kucoin-streams-recovery";
pub(super) const ACCOUNT: &str = "kucoin-streams-account";
const CLIENT: &str = "kucoin-streams-client";
const FACADE: &str = "kucoin-streams";
const EXCHANGE: &str = "kucoin-streams-exchange";
const CLI: &str = "kucoin-streams-cli";
const TESTKIT: &str = "kucoin-streams-testkit";

/// Crates that the tests of every crate may use; they depend on no other member.
const FOR_TESTS: [&str; 2] = [EXCHANGE, TESTKIT];

/// The crates that may use a JSON parser, with the reason. All other crates use the crate `decode`.
const READ_JSON: [&str; 9] = [
    CORE,     // keeps unknown fields as raw JSON, and redacts logins
    DECODE,   // decodes all events
    AUTH,     // reads token responses
    RECOVERY, // writes NDJSON lines
    EXCHANGE, // shares no code with the SDK, to test it independently
    CLI,      // writes NDJSON
    "xtask",  // reads `cargo metadata`
    TESTKIT,  // has its own server
    "kucoin-streams-tests",
];

const JSON_PARSERS: [&str; 6] = [
    "serde_json",
    "simd-json",
    "sonic-rs",
    "json",
    "jiter",
    "tinyjson",
];

/// The crates without I/O: no sockets, clocks, randomness or runtime. The client of `rest` is a feature.
pub(super) const PURE: [&str; 8] = [
    "crates/core",
    "crates/decode",
    "crates/session",
    "crates/v1",
    "crates/pro",
    "crates/rest",
    "crates/recovery",
    "crates/account",
];

pub(super) fn every_crate_is_in_the_table(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        match row_of(package) {
            None => broken.push(Violation::new(
                place(package),
                "is not in the table of crates",
            )),
            Some(row) if row.folder != package.folder => {
                broken.push(Violation::new(
                    place(package),
                    format!("{} must be in {}", package.name, row.folder),
                ));
            }
            Some(_) => {}
        }
    }
    for row in TABLE {
        if !project
            .workspace
            .members()
            .any(|package| package.name == row.package)
        {
            broken.push(Violation::new(
                row.folder,
                format!("{} is in the table, but is not a member", row.package),
            ));
        }
    }
    broken
}

pub(super) fn crates_depend_downwards(project: &Project) -> Vec<Violation> {
    let ours: Vec<_> = project
        .workspace
        .members()
        .map(|package| package.name.as_str())
        .collect();
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        // A package that is not in the table may not use other members.
        let uses = row_of(package).map(|row| row.uses).unwrap_or_default();
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind == Some(DependencyKind::Dev);
            let allowed = uses.contains(&name) || (for_tests && FOR_TESTS.contains(&name));
            if ours.contains(&name) && !allowed {
                let how = if for_tests {
                    "has the dev-dependency"
                } else {
                    "depends on"
                };
                let reason = format!(
                    "{} {how} {name}, which the table does not allow",
                    package.name
                );
                broken.push(Violation::new(place(package), reason));
            }
        }
    }
    broken
}

pub(super) fn json_is_decoded_in_one_crate(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in project
        .workspace
        .members()
        .filter(|package| !READ_JSON.contains(&package.name.as_str()))
    {
        for dependency in &package.dependencies {
            let parser = JSON_PARSERS.contains(&dependency.name.as_str());
            if parser && dependency.kind != Some(DependencyKind::Dev) {
                let reason = format!(
                    "depends on {}; use {DECODE} to decode JSON",
                    dependency.name
                );
                broken.push(Violation::new(place(package), reason));
            }
        }
    }
    broken
}

fn row_of(package: &Package) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.package == package.name)
}

fn place(package: &Package) -> String {
    format!("{}/Cargo.toml", package.folder)
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    /// Returns a workspace that matches the table.
    fn workspace() -> Project {
        let rows: Vec<_> = TABLE
            .iter()
            .map(|row| (row.package, row.folder, row.uses))
            .collect();
        fake::members(&rows)
    }

    fn add(project: &mut Project, package: &str, dependency: &str, kind: Option<DependencyKind>) {
        let package = project
            .workspace
            .packages
            .iter_mut()
            .find(|member| member.name == package)
            .unwrap();
        package
            .dependencies
            .push(fake::dependency(dependency, kind));
    }

    #[test]
    fn row_uses_only_rows_above_it() {
        for (at, row) in TABLE.iter().enumerate() {
            for used in row.uses {
                assert!(
                    TABLE[..at].iter().any(|lower| lower.package == *used),
                    "{} uses {used}",
                    row.package
                );
            }
        }
    }

    #[test]
    fn workspace_that_matches_the_table_has_no_violations() {
        assert_eq!(every_crate_is_in_the_table(&workspace()), []);
        assert_eq!(crates_depend_downwards(&workspace()), []);
        assert_eq!(json_is_decoded_in_one_crate(&workspace()), []);
    }

    #[test]
    fn crate_without_row_or_in_wrong_folder_is_found() {
        let mut project = workspace();
        project.workspace.packages.push(fake::member(
            "kucoin-streams-extra",
            "crates/extra",
            &[CORE],
        ));
        project.workspace.packages[1].folder = String::from("crates/signing");
        let places: Vec<_> = every_crate_is_in_the_table(&project)
            .into_iter()
            .map(|broken| broken.place)
            .collect();
        assert_eq!(
            places,
            ["crates/signing/Cargo.toml", "crates/extra/Cargo.toml"]
        );
        assert_eq!(
            crates_depend_downwards(&project).len(),
            1,
            "a crate without a row may use no other member"
        );
    }

    #[test]
    fn row_without_crate_is_found() {
        let mut project = workspace();
        project
            .workspace
            .packages
            .retain(|package| package.name != PRO);
        assert_eq!(every_crate_is_in_the_table(&project)[0].place, "crates/pro");
    }

    #[test]
    fn dependency_outside_of_the_table_is_found() {
        let mut project = workspace();
        add(&mut project, CORE, SESSION, None);
        add(&mut project, SESSION, CLIENT, Some(DependencyKind::Dev));
        add(&mut project, "xtask", CORE, Some(DependencyKind::Build));
        let reasons: Vec<_> = crates_depend_downwards(&project)
            .into_iter()
            .map(|broken| broken.reason)
            .collect();
        assert_eq!(
            reasons,
            [
                "kucoin-streams-core depends on kucoin-streams-session, which the table does not allow",
                "kucoin-streams-session has the dev-dependency kucoin-streams-client, which the table does not allow",
                "xtask depends on kucoin-streams-core, which the table does not allow",
            ]
        );
    }

    #[test]
    fn only_tests_may_use_the_exchange() {
        let mut project = workspace();
        add(&mut project, CLIENT, EXCHANGE, Some(DependencyKind::Dev));
        add(&mut project, CORE, "serde", None);
        assert_eq!(crates_depend_downwards(&project), []);
        add(&mut project, CLIENT, EXCHANGE, None);
        assert_eq!(crates_depend_downwards(&project).len(), 1);
    }

    #[test]
    fn json_parser_in_another_crate_is_found() {
        let mut project = workspace();
        add(&mut project, DECODE, "simd-json", None);
        add(&mut project, V1, "serde_json", Some(DependencyKind::Dev));
        assert_eq!(json_is_decoded_in_one_crate(&project), []);
        add(&mut project, SESSION, "serde_json", None);
        assert_eq!(
            json_is_decoded_in_one_crate(&project)[0].place,
            "crates/session/Cargo.toml"
        );
    }
}
