//! Development commands of this workspace: `cargo xtask <command>`.

#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod autobahn;
mod bench;
mod ci;
mod databases;
mod deny;
mod dist;
mod examples;
mod features;
mod fuzz;
mod instructions;
mod interop;
mod minimal_versions;
mod neighbours;
mod package;
mod page;
mod python;
mod release;
mod semver;
mod shell;
mod soak;
mod tidy;
mod tools;
mod verb;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use verb::{CommandLine, Verb};

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().verb {
        Verb::Ci { skip } => ci::run(&skip),
        Verb::Test(arguments) => ci::test(&arguments.all()),
        Verb::Tidy => tidy::run(),
        Verb::Bench(arguments) => bench::run(&arguments.all()),
        Verb::Instructions { update } => instructions::run(update),
        Verb::Autobahn => autobahn::run(),
        Verb::Interop => interop::run(),
        Verb::Page => page::run(),
        Verb::Databases => databases::run(),
        Verb::Soak(soak) => soak.run(),
        Verb::Fuzz(choice) => fuzz::run(&choice),
        Verb::Deny => deny::check(),
        Verb::Semver { baseline } => semver::check(baseline.as_deref()),
        Verb::Package => package::run(package::Build::Yes),
        Verb::Release { dry_run } => release::run(dry_run),
        Verb::Dist(dist) => dist.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
