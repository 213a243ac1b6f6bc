//! Runs the short examples against the local exchange that they start.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::shell::{self, Failure, Outcome, cargo, command};
use crate::workspace::{Package, Workspace};

const PACKAGE: &str = "kucoin-streams-examples";

/// Time limit of a short example, which normally ends much earlier.
const LIMIT: Duration = Duration::from_secs(60);

/// Environment variables with which an example would connect to the real KuCoin.
const CREDENTIALS: [&str; 3] = [
    "KUCOIN_API_KEY",
    "KUCOIN_API_SECRET",
    "KUCOIN_API_PASSPHRASE",
];

/// The lists in `[package.metadata.examples]` in the manifest of the examples.
#[derive(Deserialize)]
struct Declared {
    short: Vec<String>,
    long: Vec<String>,
}

/// Builds all examples and runs the short ones.
pub(crate) fn run_short() -> Outcome {
    let workspace = Workspace::load()?;
    let package = workspace.members().find(|package| package.name == PACKAGE);
    let package =
        package.ok_or_else(|| Failure::new(format!("the workspace has no member {PACKAGE}")))?;
    let short = declared_short(package)?;
    build()?;
    for name in &short {
        shell::run_within(&mut program(&workspace, name), LIMIT)?;
    }
    println!(
        "{} of {} examples ran, the others were only compiled",
        short.len(),
        package.targets_of("example").count()
    );
    Ok(())
}

/// Builds all examples, in the same build as `cargo test --workspace`, so that nothing is built twice.
pub(crate) fn build() -> Outcome {
    shell::run(&mut cargo(&["build", "--workspace", "--examples"]))
}

/// Returns the command of an example, without the credentials of the user.
pub(crate) fn program(workspace: &Workspace, name: &str) -> Command {
    let program = workspace.target_directory.join("debug/examples").join(name);
    let mut example = command(&program.to_string_lossy());
    for name in CREDENTIALS {
        example.env_remove(name);
    }
    example
}

/// Reads the short examples from the manifest of the examples:
///
/// ```toml
/// [package.metadata.examples]
/// short = ["spot_orders"]   # end on their own; CI runs them
/// long = []                 # run until they are stopped; CI only compiles them
/// ```
///
/// Each example must be in exactly one of the two lists, so that a new one is not forgotten.
fn declared_short(package: &Package) -> Outcome<Vec<String>> {
    let declared: Declared = Declared::deserialize(&package.metadata["examples"])
        .map_err(|error| Failure::new(format!("[package.metadata.examples]: {error}")))?;
    let mut names: Vec<_> = declared.short.iter().chain(&declared.long).collect();
    let mut targets: Vec<_> = package.targets_of("example").collect();
    names.sort_unstable();
    targets.sort_unstable();
    if names == targets {
        return Ok(declared.short);
    }
    Err(Failure::new(format!(
        "[package.metadata.examples] must list each of {targets:?} exactly once, but lists {names:?}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workspace::Target;

    fn declare(targets: &[&str], short: &[&str], long: &[&str]) -> Result<Vec<String>, String> {
        let target = |name: &&str| Target {
            name: (*name).to_owned(),
            kind: vec![String::from("example")],
        };
        let package = Package {
            targets: targets.iter().map(target).collect(),
            metadata: json!({"examples": {"short": short, "long": long}}),
            ..Package::default()
        };
        declared_short(&package).map_err(|failure| failure.to_string())
    }

    #[test]
    fn short_examples_run_in_order() {
        assert_eq!(
            declare(&["a", "b", "c"], &["c", "a"], &["b"]).unwrap(),
            ["c", "a"]
        );
    }

    #[test]
    fn unlisted_or_unknown_example_is_an_error() {
        for (short, long) in [(vec!["a"], vec![]), (vec!["a", "b"], vec!["a"])] {
            assert!(declare(&["a", "b"], &short, &long).is_err(), "{short:?}");
        }
        assert!(declare(&["a"], &["a"], &["gone"]).is_err());
    }
}
