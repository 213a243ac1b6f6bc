//! Knows the law of the layers: which crate stands where, what it may use of ours, and who may read JSON.

use super::Violation;
use super::project::Project;
use crate::workspace::{DependencyKind, Package};

/// The place of one member in the house.
struct Place {
    package: &'static str,
    folder: &'static str,
    /// What it may use of ours. Dev-dependencies may add those of [`FOR_TESTS`].
    uses: &'static [&'static str],
}

/// The table of crates/README.md, bottom-up: the order to publish in. A new edge changes both, in a change of its own.
#[rustfmt::skip]
const TABLE: &[Place] = &[
    Place { package: CORE, folder: "crates/core", uses: &[] },
    Place { package: DECODE, folder: "crates/decode", uses: &[CORE] },
    Place { package: AUTH, folder: "crates/auth", uses: &[CORE] },
    Place { package: TRANSPORT, folder: "crates/transport", uses: &[] },
    Place { package: SESSION, folder: "crates/session", uses: &[CORE] },
    Place { package: V1, folder: "crates/v1", uses: &[CORE, DECODE] },
    Place { package: PRO, folder: "crates/pro", uses: &[CORE, DECODE] },
    Place { package: CLIENT, folder: "crates/client", uses: &[CORE, SESSION, TRANSPORT] },
    Place { package: EXCHANGE, folder: "crates/exchange", uses: &[] },
    Place { package: FACADE, folder: "crates/kucoin-streams", uses: &[CORE, DECODE, AUTH, TRANSPORT, SESSION, V1, PRO, CLIENT] },
    Place { package: CLI, folder: "crates/cli", uses: &[FACADE, EXCHANGE] },
    Place { package: "kucoin-streams-examples", folder: "examples", uses: &[FACADE, EXCHANGE] },
    Place { package: "kucoin-streams-tests", folder: "tests", uses: &[FACADE, EXCHANGE] },
    Place { package: TESTKIT, folder: "tests/testkit", uses: &[] },
    Place { package: "xtask", folder: "xtask", uses: &[] },
];

pub(super) const CORE: &str = "kucoin-streams-core";
pub(super) const DECODE: &str = "kucoin-streams-decode";
pub(super) const AUTH: &str = "kucoin-streams-auth";
pub(super) const TRANSPORT: &str = "kucoin-streams-transport";
pub(super) const SESSION: &str = "kucoin-streams-session";
pub(super) const V1: &str = "kucoin-streams-v1";
pub(super) const PRO: &str = "kucoin-streams-pro";
const CLIENT: &str = "kucoin-streams-client";
const FACADE: &str = "kucoin-streams";
const EXCHANGE: &str = "kucoin-streams-exchange";
const CLI: &str = "kucoin-streams-cli";
const TESTKIT: &str = "kucoin-streams-testkit";

/// What tests may use beside the table: the local exchange is the judge of every layer, and the testkit uses nothing of
/// ours.
const FOR_TESTS: [&str; 2] = [EXCHANGE, TESTKIT];

/// The crates that use a JSON parser, and why. All others decode through `decode`.
const READ_JSON: [&str; 8] = [
    CORE,     // keeps unknown fields as they came, and reads the values of a login to redact them
    DECODE,   // reads all events
    AUTH,     // reads the replies of the token calls
    EXCHANGE, // writes its own JSON, so that it is an independent judge
    CLI,      // writes NDJSON
    "xtask",  // reads `cargo metadata`
    TESTKIT,  // plays a server of its own
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

/// The folders in which the pure core stands: no socket, clock, randomness or runtime.
pub(super) const PURE: [&str; 5] = [
    "crates/core",
    "crates/decode",
    "crates/session",
    "crates/v1",
    "crates/pro",
];

pub(super) fn every_crate_has_its_place(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        match place_of(package) {
            None => broken.push(Violation::new(
                place(package),
                "has no row in the table of crates",
            )),
            Some(row) if row.folder != package.folder => {
                broken.push(Violation::new(
                    place(package),
                    format!("{} belongs in {}", package.name, row.folder),
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
                format!("{} has a row in the table and is no member", row.package),
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
        // A package without a row may use nothing of ours.
        let uses = place_of(package).map(|row| row.uses).unwrap_or_default();
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind == Some(DependencyKind::Dev);
            let allowed = uses.contains(&name) || (for_tests && FOR_TESTS.contains(&name));
            if ours.contains(&name) && !allowed {
                let how = if for_tests {
                    "uses in its tests"
                } else {
                    "uses"
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

pub(super) fn one_decode_place(project: &Project) -> Vec<Violation> {
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
                    "depends on {}; decode through {DECODE}, which has the JSON parsers",
                    dependency.name
                );
                broken.push(Violation::new(place(package), reason));
            }
        }
    }
    broken
}

fn place_of(package: &Package) -> Option<&'static Place> {
    TABLE.iter().find(|row| row.package == package.name)
}

fn place(package: &Package) -> String {
    format!("{}/Cargo.toml", package.folder)
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    /// The whole house as the table wants it.
    fn house() -> Project {
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
    fn a_row_uses_only_rows_above_it() {
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
    fn the_house_as_the_table_wants_it_keeps_the_rules() {
        assert_eq!(every_crate_has_its_place(&house()), []);
        assert_eq!(crates_depend_downwards(&house()), []);
        assert_eq!(one_decode_place(&house()), []);
    }

    #[test]
    fn a_crate_without_a_row_or_in_the_wrong_folder_is_found() {
        let mut project = house();
        project.workspace.packages.push(fake::member(
            "kucoin-streams-extra",
            "crates/extra",
            &[CORE],
        ));
        project.workspace.packages[1].folder = String::from("crates/signing");
        let places: Vec<_> = every_crate_has_its_place(&project)
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
            "it may use nothing of ours until it has a row"
        );
    }

    #[test]
    fn a_row_without_a_crate_is_found() {
        let mut project = house();
        project
            .workspace
            .packages
            .retain(|package| package.name != PRO);
        assert_eq!(every_crate_has_its_place(&project)[0].place, "crates/pro");
    }

    #[test]
    fn an_edge_that_the_table_does_not_allow_is_found() {
        let mut project = house();
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
                "kucoin-streams-core uses kucoin-streams-session, which the table does not allow",
                "kucoin-streams-session uses in its tests kucoin-streams-client, which the table does not allow",
                "xtask uses kucoin-streams-core, which the table does not allow",
            ]
        );
    }

    #[test]
    fn only_tests_may_add_the_exchange() {
        let mut project = house();
        add(&mut project, CLIENT, EXCHANGE, Some(DependencyKind::Dev));
        add(&mut project, CORE, "serde", None);
        assert_eq!(crates_depend_downwards(&project), []);
        add(&mut project, CLIENT, EXCHANGE, None);
        assert_eq!(crates_depend_downwards(&project).len(), 1);
    }

    #[test]
    fn a_second_decode_place_is_found() {
        let mut project = house();
        add(&mut project, DECODE, "simd-json", None);
        add(&mut project, V1, "serde_json", Some(DependencyKind::Dev));
        assert_eq!(one_decode_place(&project), []);
        add(&mut project, SESSION, "serde_json", None);
        assert_eq!(
            one_decode_place(&project)[0].place,
            "crates/session/Cargo.toml"
        );
    }
}
