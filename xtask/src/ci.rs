//! The CI steps and their order: fast steps first, steps that share a build next to each other.
//!
//! No step sets `RUSTFLAGS`, because that would rebuild every dependency. Each tool denies warnings by its own options.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::shell::{self, Failure, Outcome, cargo};
use crate::{
    autobahn, databases, deny, examples, features, fuzz, instructions, interop, minimal_versions,
    package, page, semver, tidy,
};

/// One CI step, in the order in which they run.
///
/// The steps up to [`MinimalVersions`](Self::MinimalVersions) mostly check without linking; those from
/// [`Test`](Self::Test) on share one build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    Fmt,
    Tidy,
    Clippy,
    Doc,
    Features,
    Deny,
    Package,
    Semver,
    MinimalVersions,
    Test,
    Examples,
    Page,
    Databases,
    Instructions,
    Autobahn,
    Interop,
    Fuzz,
}

impl Step {
    /// Returns the name of the step for `--skip`.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Outcome {
        match self {
            Self::Fmt => shell::run(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Tidy => tidy::run(),
            Self::Clippy => clippy(),
            Self::Doc => doc(),
            Self::Features => features::check_each(),
            Self::Deny => deny::check(),
            Self::Package => package::run(package::Build::No),
            Self::Semver => semver::check(None),
            Self::MinimalVersions => minimal_versions::check(),
            Self::Test => test(&[]),
            Self::Examples => examples::run_short(),
            Self::Page => page::run(),
            Self::Databases => databases::run(),
            Self::Instructions => instructions::run(false),
            Self::Autobahn => autobahn::run(),
            Self::Interop => interop::run(),
            Self::Fuzz => fuzz::smoke(),
        }
    }
}

/// Checks all targets, also the tests that `cargo test` does not run.
fn clippy() -> Outcome {
    for targets in [&["--all-targets"][..], &["--test", "databases"]] {
        let mut clippy = cargo(&["clippy", "--workspace"]);
        shell::run(clippy.args(targets).args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Runs all tests of the workspace, including doc tests.
pub(crate) fn test(arguments: &[&str]) -> Outcome {
    let mut tests = cargo(&["test", "--workspace"]);
    // Many tests mostly wait, so more threads than cores keep all cores busy.
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        tests.env("RUST_TEST_THREADS", (4 * cores).to_string());
    }
    shell::run(tests.args(arguments))
}

/// Runs the steps in order and prints their times; stops at the first failure.
pub(crate) fn run(skip: &[Step]) -> Outcome {
    run_steps(skip, Step::run)
}

fn run_steps(skip: &[Step], mut run: impl FnMut(Step) -> Outcome) -> Outcome {
    let clock = Instant::now();
    let mut times = Vec::new();
    for &step in Step::value_variants() {
        if skip.contains(&step) {
            times.push((step.name(), String::from("skipped")));
            continue;
        }
        println!("\n== {}", step.name());
        let started = Instant::now();
        let outcome = run(step);
        let took = seconds(started.elapsed());
        if let Err(failure) = outcome {
            times.push((step.name(), format!("{took}  failed")));
            summarise(&times, clock.elapsed());
            return Err(Failure::new(format!("step {}: {failure}", step.name())));
        }
        times.push((step.name(), took));
    }
    summarise(&times, clock.elapsed());
    println!("cargo xtask ci: all steps passed");
    Ok(())
}

/// Builds the docs of the libraries, without binaries.
///
/// The binary of the CLI has the facade's name, so its docs would overwrite the facade's docs.
fn doc() -> Outcome {
    shell::run(
        cargo(&["doc", "--workspace", "--no-deps", "--lib"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn summarise(times: &[(String, String)], total: Duration) {
    println!();
    for (name, time) in times {
        println!("{name:>16}  {time:>8}");
    }
    println!("{:>16}  {:>8}\n", "total", seconds(total));
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_run(skip: &[Step], broken: Option<Step>) -> (Vec<Step>, Result<(), String>) {
        let mut ran = Vec::new();
        let outcome = run_steps(skip, |step| {
            ran.push(step);
            if Some(step) == broken {
                Err(Failure::new("broken"))
            } else {
                Ok(())
            }
        });
        (ran, outcome.map_err(|failure| failure.to_string()))
    }

    #[test]
    fn all_steps_run_in_order() {
        assert_eq!(
            steps_run(&[], None),
            (Step::value_variants().to_vec(), Ok(()))
        );
    }

    #[test]
    fn skipped_steps_do_not_run() {
        let (ran, outcome) = steps_run(&[Step::Test, Step::Fmt], None);
        assert_eq!(outcome, Ok(()));
        assert_eq!(ran.len(), Step::value_variants().len() - 2);
        assert!(!ran.contains(&Step::Test) && !ran.contains(&Step::Fmt));
    }

    #[test]
    fn first_failure_stops_and_names_the_step() {
        let (ran, outcome) = steps_run(&[], Some(Step::Tidy));
        assert_eq!(ran, [Step::Fmt, Step::Tidy]);
        assert_eq!(outcome.unwrap_err(), "step tidy: broken");
    }
}
