//! Knows how the benchmarks run: optimised to measure, and once without measuring so that none rots.

use crate::shell::{self, Outcome, cargo};
use crate::workspace::Workspace;

/// Measures: every bench of the workspace, or what the arguments choose.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let benches = benches(&Workspace::load()?);
    if benches.is_empty() {
        println!("no crate has benches");
        return Ok(());
    }
    shell::run(
        cargo(&["bench", "--workspace"])
            .args(benches)
            .args(arguments),
    )
}

/// Runs one short round of every bench in the build of the tests. `--test` asks a bench for that round: criterion and
/// the standard harness know it, a harness of our own must too.
pub(crate) fn smoke() -> Outcome {
    let benches = benches(&Workspace::load()?);
    if benches.is_empty() {
        println!("no crate has benches");
        return Ok(());
    }
    shell::run(
        cargo(&["test", "--workspace"])
            .args(benches)
            .args(["--", "--test"]),
    )
}

/// Arguments that choose the benches by name: `--benches` would choose the libraries too.
fn benches(workspace: &Workspace) -> Vec<String> {
    let names = workspace
        .members()
        .flat_map(|package| package.targets_of("bench"));
    names
        .flat_map(|name| [String::from("--bench"), name.to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Package, Target};

    #[test]
    fn chooses_the_benches_of_our_crates_by_name() {
        let target = |name: &str, kind: &str| Target {
            name: name.to_owned(),
            kind: kind.to_owned(),
        };
        let ours = Package {
            member: true,
            targets: vec![
                target("a", "lib"),
                target("decode", "bench"),
                target("it", "test"),
            ],
            ..Package::default()
        };
        let other = Package {
            targets: vec![target("theirs", "bench")],
            ..Package::default()
        };
        let workspace = Workspace {
            packages: vec![ours, other],
            ..Workspace::default()
        };
        assert_eq!(benches(&workspace), ["--bench", "decode"]);
    }
}
