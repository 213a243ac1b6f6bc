//! Compares the public API of each crate with its last release or with a commit, with cargo-semver-checks.

use crate::shell::{self, Failure, Outcome, command};
use crate::tools::Tool;
use crate::workspace::{Package, Workspace};

const CARGO_SEMVER_CHECKS: Tool = Tool {
    name: "cargo-semver-checks",
    version: "0.51.0",
};

/// Checks that the version of each library was increased as the changes of its API require.
///
/// Compares with the last release of each crate, or with `baseline`, which is any commit. A crate without a release is
/// skipped: it has promised nothing yet.
pub(crate) fn check(baseline: Option<&str>) -> Outcome {
    let workspace = Workspace::load()?;
    let is_library = |package: &&Package| package.targets_of("lib").next().is_some();
    let (mut compared, mut unchanged) = (0, 0);
    let mut broken = Vec::new();
    for package in workspace.published().filter(is_library) {
        let commit = match baseline {
            Some(commit) if has_package(commit, package)? => Some(commit.to_owned()),
            Some(_) => None,
            None => last_release(package)?,
        };
        let Some(commit) = commit else { continue };
        if changes_since(&commit, package)?.is_empty() {
            unchanged += 1;
            continue;
        }
        let program = CARGO_SEMVER_CHECKS.install()?;
        let mut check = command(&program.to_string_lossy());
        check.args(["semver-checks", "--package", &package.name]);
        if shell::run(check.args(["--baseline-rev", &commit])).is_err() {
            broken.push(package.name.as_str());
        }
        compared += 1;
    }
    if !broken.is_empty() {
        return Err(Failure::new(format!(
            "the API of {} changed more than the version: see the lints above, and crates/README.md#publishing",
            broken.join(", ")
        )));
    }
    match baseline {
        None if compared + unchanged == 0 => println!(
            "nothing compared: no crate has a release tag such as kucoin-streams-core@0.1.0, so no API is promised yet; \
             `cargo xtask semver --baseline COMMIT` compares with any commit"
        ),
        _ => println!("{compared} crates compared, {unchanged} have not changed"),
    }
    Ok(())
}

/// Returns the files of a crate that changed since a commit.
pub(crate) fn changes_since(commit: &str, package: &Package) -> Outcome<Vec<String>> {
    let mut diff = command("git");
    diff.args(["diff", "--name-only", commit, "--"]);
    let files = shell::read(diff.arg(&package.folder))?;
    Ok(files.lines().map(str::to_owned).collect())
}

/// Returns `true` if the package is in a commit; fails if there is no such commit.
fn has_package(commit: &str, package: &Package) -> Outcome<bool> {
    let mut list = command("git");
    list.args(["ls-tree", "--name-only", commit, "--"]);
    let manifest = format!("{}/Cargo.toml", package.folder);
    Ok(!shell::read(list.arg(manifest))?.trim().is_empty())
}

/// Returns the newest tag `<package>@<version>`. With the separator `-v`, `kucoin-streams-v*` would also match the tags
/// of `kucoin-streams-v1`.
pub(crate) fn last_release(package: &Package) -> Outcome<Option<String>> {
    let mut list = command("git");
    list.args(["tag", "--sort=-version:refname", "--list"]);
    let tags = shell::read(list.arg(format!("{}@*", package.name)))?;
    Ok(tags.lines().next().map(str::to_owned))
}
