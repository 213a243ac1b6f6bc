//! Knows what CI checks and in which order: cheap and sharp steps first, steps that share a build side by side.
//!
//! No step sets `RUSTFLAGS`: that would build every dependency anew. Warnings are denied where each tool lets us.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::shell::{self, Failure, Outcome, cargo};
use crate::{
    autobahn, examples, features, fuzz, instructions, interop, minimal_versions, semver, tidy,
};

/// One step of CI, in the order in which they run. Up to [`MinimalVersions`](Self::MinimalVersions) little is linked;
/// from [`Test`](Self::Test) on one build is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    Fmt,
    Tidy,
    Clippy,
    Doc,
    Features,
    Semver,
    MinimalVersions,
    Test,
    Examples,
    Instructions,
    Autobahn,
    Interop,
    Fuzz,
}

impl Step {
    /// As it is written after `--skip`.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Outcome {
        match self {
            Self::Fmt => shell::run(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Tidy => tidy::run(),
            Self::Clippy => shell::run(
                cargo(&["clippy", "--workspace", "--all-targets"]).args(["--", "-D", "warnings"]),
            ),
            Self::Doc => doc(),
            Self::Features => features::check_each(),
            Self::Semver => semver::check(),
            Self::MinimalVersions => minimal_versions::check(),
            Self::Test => test(&[]),
            Self::Examples => examples::run_short(),
            Self::Instructions => instructions::run(false),
            Self::Autobahn => autobahn::run(),
            Self::Interop => interop::run(),
            Self::Fuzz => fuzz::smoke(),
        }
    }
}

/// All tests of the workspace, doc tests included.
pub(crate) fn test(arguments: &[&str]) -> Outcome {
    let mut tests = cargo(&["test", "--workspace"]);
    // Many tests wait for most of their time, so that more of them than cores keep all cores busy.
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        tests.env("RUST_TEST_THREADS", (4 * cores).to_string());
    }
    shell::run(tests.args(arguments))
}

/// Runs the steps in order, each with its time, up to the first that fails.
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

/// The libraries only: the command line's binary is named like the facade, and their pages would overwrite each other.
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
    fn runs_every_step_in_order() {
        assert_eq!(
            steps_run(&[], None),
            (Step::value_variants().to_vec(), Ok(()))
        );
    }

    #[test]
    fn skips_what_it_is_told_to() {
        let (ran, outcome) = steps_run(&[Step::Test, Step::Fmt], None);
        assert_eq!(outcome, Ok(()));
        assert_eq!(ran.len(), Step::value_variants().len() - 2);
        assert!(!ran.contains(&Step::Test) && !ran.contains(&Step::Fmt));
    }

    #[test]
    fn stops_at_the_first_failure_with_its_name() {
        let (ran, outcome) = steps_run(&[], Some(Step::Tidy));
        assert_eq!(ran, [Step::Fmt, Step::Tidy]);
        assert_eq!(outcome.unwrap_err(), "step tidy: broken");
    }
}
