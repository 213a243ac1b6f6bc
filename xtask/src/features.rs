//! Checks each crate with each of its features alone, as users may build it.

use crate::neighbours;
use crate::shell::{self, Outcome, cargo};
use crate::workspace::{Package, Workspace};

/// Checks every published crate without features, with each feature alone, and with all features.
pub(crate) fn check_each() -> Outcome {
    let workspace = Workspace::load()?;
    for package in workspace.published() {
        for choice in choices(package) {
            // Clippy shares its dependency builds with `cargo check`, and can deny warnings of our code alone.
            // `--no-deps`, because each crate of the workspace is checked separately.
            let mut check = cargo(&["clippy", "--no-deps", "--package", &package.name]);
            shell::run(check.args(choice).args(["--", "-D", "warnings"]))?;
        }
    }
    test_aws_lc()?;
    neighbours::check()
}

/// Runs the TLS tests with aws-lc, because the tests of the workspace use ring.
fn test_aws_lc() -> Outcome {
    for (package, features, test) in [
        (
            "kucoin-streams-transport",
            "fastwebsockets,tls-aws-lc",
            &["--test", "it", "certificates_are_checked"][..],
        ),
        ("kucoin-streams-auth", "rest,tls-aws-lc", &["--test", "it"]),
    ] {
        let mut test_run = cargo(&["test", "--quiet", "--package", package]);
        test_run.args(["--no-default-features", "--features", features]);
        shell::run(test_run.args(test))?;
    }
    Ok(())
}

/// Returns the feature arguments to check.
///
/// A crate without features is checked once: in a workspace build, its dependencies have features that other crates
/// enable.
fn choices(package: &Package) -> Vec<Vec<String>> {
    if package.features.is_empty() {
        return vec![Vec::new()];
    }
    let none = String::from("--no-default-features");
    let alone = |feature: &String| vec![none.clone(), format!("--features={feature}")];
    let mut choices = vec![vec![none.clone()]];
    choices.extend(package.features.keys().map(alone));
    choices.push(vec![String::from("--all-features")]);
    choices
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn features_are_checked_alone_and_together() {
        let features = ["tls", "default", "rest"].map(|name| (name.to_owned(), Value::Null));
        let lines: Vec<_> = choices(&Package {
            features: features.into(),
            ..Package::default()
        })
        .iter()
        .map(|choice| choice.join(" "))
        .collect();
        let expected = [
            "--no-default-features",
            "--no-default-features --features=default",
            "--no-default-features --features=rest",
            "--no-default-features --features=tls",
            "--all-features",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn crate_without_features_is_checked_once() {
        assert_eq!(choices(&Package::default()), [Vec::<String>::new()]);
    }
}
