//! Knows which examples are short enough to run in CI, and runs them against the embedded exchange.

use std::time::Duration;

use serde::Deserialize;

use crate::shell::{self, Failure, Outcome, cargo, command};
use crate::workspace::{Package, Workspace};

const PACKAGE: &str = "kucoin-streams-examples";

/// An example that is declared short ends by itself long before this.
const LIMIT: Duration = Duration::from_secs(60);

/// With these an example would leave the embedded exchange for the real one.
const CREDENTIALS: [&str; 3] = [
    "KUCOIN_API_KEY",
    "KUCOIN_API_SECRET",
    "KUCOIN_API_PASSPHRASE",
];

/// `[package.metadata.examples]` of the examples.
#[derive(Deserialize)]
struct Declared {
    short: Vec<String>,
    long: Vec<String>,
}

/// Builds all examples and runs those that are declared short.
pub(crate) fn run_short() -> Outcome {
    let workspace = Workspace::load()?;
    let package = workspace.members().find(|package| package.name == PACKAGE);
    let package =
        package.ok_or_else(|| Failure::new(format!("the workspace has no member {PACKAGE}")))?;
    let short = declared_short(package)?;
    // As `cargo test --workspace` builds them, so that nothing is built twice.
    shell::run(&mut cargo(&["build", "--workspace", "--examples"]))?;
    for name in &short {
        let program = workspace.target_directory.join("debug/examples").join(name);
        let mut example = command(&program.to_string_lossy());
        for name in CREDENTIALS {
            example.env_remove(name);
        }
        shell::run_within(&mut example, LIMIT)?;
    }
    println!(
        "{} of {} examples ran, the others are compiled",
        short.len(),
        package.targets_of("example").count()
    );
    Ok(())
}

/// The examples to run, from the manifest of the examples:
///
/// ```toml
/// [package.metadata.examples]
/// short = ["spot_orders"]   # end by themselves; CI runs them
/// long = []                 # run until they are stopped; CI only compiles them
/// ```
///
/// Each example stands in exactly one of the two, so that a new one cannot be forgotten.
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
        "each of the examples {targets:?} must stand once in [package.metadata.examples], not {names:?}"
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
    fn runs_what_is_declared_short() {
        assert_eq!(
            declare(&["a", "b", "c"], &["c", "a"], &["b"]).unwrap(),
            ["c", "a"]
        );
    }

    #[test]
    fn no_example_can_be_forgotten() {
        for (short, long) in [(vec!["a"], vec![]), (vec!["a", "b"], vec!["a"])] {
            assert!(declare(&["a", "b"], &short, &long).is_err(), "{short:?}");
        }
        assert!(declare(&["a"], &["a"], &["gone"]).is_err());
    }
}
