//! Knows how the benchmarks of crates/bench are built and run.

use std::path::PathBuf;

use crate::interop;
use crate::shell::{self, Outcome, cargo};

pub(crate) const MANIFEST: &str = "crates/bench/Cargo.toml";
/// A build of its own: other features, and the profile of a user.
pub(crate) const TARGET: &str = "target/bench";
/// The benches of the parts, which criterion runs; everything else is the program's.
const PARTS: &str = "parts";

/// Measures what the arguments choose: by default everything over sockets.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    match arguments.split_first() {
        Some((&PARTS, rest)) => shell::run(
            of_crate("bench")
                .args(["--features", PARTS, "--bench", PARTS, "--"])
                .args(rest),
        ),
        _ => over_sockets(arguments),
    }
}

fn over_sockets(arguments: &[&str]) -> Outcome {
    let mut build = of_crate("build");
    build.args(["--release", "--bins"]);
    let program: PathBuf = [TARGET, "release", "bench"].iter().collect();
    let program = shell::root().join(program);
    let mut bench = shell::command(&program.to_string_lossy());
    bench.args(arguments);
    if let Some(modules) = interop::node_modules()? {
        bench.env("NODE_PATH", modules);
    }
    if arguments.contains(&"--json") {
        // What is for machines comes alone.
        shell::read(&mut build)?;
        print!("{}", shell::read(&mut bench)?);
        return Ok(());
    }
    shell::run(&mut build)?;
    shell::run(&mut bench)
}

fn of_crate(verb: &str) -> std::process::Command {
    let mut command = cargo(&[verb, "--quiet", "--locked", "--manifest-path", MANIFEST]);
    command.args(["--target-dir", TARGET]);
    command
}
