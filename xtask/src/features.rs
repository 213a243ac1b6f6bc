//! Knows how each crate is checked under each of its features alone, as its users may build it, and run where that is
//! what counts.

use crate::neighbours;
use crate::shell::{self, Outcome, cargo};
use crate::workspace::{Package, Workspace};

/// Checks every published crate: without features, with each one alone, and with all.
pub(crate) fn check_each() -> Outcome {
    let workspace = Workspace::load()?;
    for package in workspace.published() {
        for choice in choices(package) {
            // Clippy shares its builds of dependencies with `cargo check`, and unlike it can deny the warnings of our
            // code alone. `--no-deps`: the other crates of ours get their own turn.
            let mut check = cargo(&["clippy", "--no-deps", "--package", &package.name]);
            shell::run(check.args(choice).args(["--", "-D", "warnings"]))?;
        }
    }
    shake_hands()?;
    neighbours::live_together()
}

/// Lets aws-lc shake hands too, which the tests of the workspace do with ring: it must run, not only build.
fn shake_hands() -> Outcome {
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

/// The choices of features worth a check, each once. A crate without features is checked once, alone: in a build of the
/// workspace, its dependencies have the features that the other crates ask for.
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
    fn every_feature_is_checked_alone_and_all_together() {
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
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(choices(&Package::default()), [Vec::<String>::new()]);
    }
}
