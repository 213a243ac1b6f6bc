//! Knows the development tasks of this workspace by name: `cargo xtask <verb>`.

// A terminal tool speaks to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod autobahn;
mod bench;
mod ci;
mod examples;
mod features;
mod fuzz;
mod instructions;
mod interop;
mod minimal_versions;
mod neighbours;
mod semver;
mod shell;
mod soak;
mod tidy;
mod verb;
mod workspace;

use std::process::ExitCode;

use verb::Verb;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let verb = match Verb::parse(&words) {
        Ok(verb) => verb,
        Err(failure) => {
            eprintln!("cargo xtask: {failure}\n\n{}", verb::help());
            return ExitCode::from(2);
        }
    };
    let outcome = match verb {
        Verb::Ci { skip } => ci::run(&skip),
        Verb::Test { arguments } => ci::test(&arguments),
        Verb::Tidy => tidy::run(),
        Verb::Bench { arguments } => bench::run(&arguments),
        Verb::Instructions(then) => instructions::run(then),
        Verb::Autobahn => autobahn::run(),
        Verb::Interop => interop::run(),
        Verb::Soak(soak) => soak.run(),
        Verb::Fuzz { choice } => fuzz::run(&choice),
        Verb::Help => {
            print!("{}", verb::help());
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
