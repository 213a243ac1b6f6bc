//! Compares the public API of each crate with its last release, with cargo-semver-checks.

use crate::shell::{self, Outcome, cargo, command};
use crate::workspace::{Package, Workspace};

/// Checks that the version of each released library was increased as its API changes require.
pub(crate) fn check() -> Outcome {
    if shell::read(&mut cargo(&["semver-checks", "--version"])).is_err() {
        println!("skipped: cargo-semver-checks is not installed");
        return Ok(());
    }
    let workspace = Workspace::load()?;
    let mut compared = 0;
    let is_library = |package: &&Package| package.targets_of("lib").next().is_some();
    for package in workspace.published().filter(is_library) {
        if let Some(tag) = last_release(package)? {
            let mut check = cargo(&["semver-checks", "--package", &package.name]);
            shell::run(check.args(["--baseline-rev", &tag]))?;
            compared += 1;
        }
    }
    if compared == 0 {
        println!("skipped: no crate has a release tag such as kucoin-streams-core@0.1.0");
    }
    Ok(())
}

/// Returns the newest tag `<package>@<version>`. With the separator `-v`, `kucoin-streams-v*` would also match the tags
/// of `kucoin-streams-v1`.
fn last_release(package: &Package) -> Outcome<Option<String>> {
    let mut list = command("git");
    list.args(["tag", "--sort=-version:refname", "--list"]);
    let tags = shell::read(list.arg(format!("{}@*", package.name)))?;
    Ok(tags.lines().next().map(str::to_owned))
}
