//! Builds and runs the benchmarks of crates/bench.

use std::path::PathBuf;

use crate::interop;
use crate::shell::{self, Outcome, cargo};

pub(crate) const MANIFEST: &str = "crates/bench/Cargo.toml";
/// Target directory of the benchmarks; separate, because features and profile differ.
pub(crate) const TARGET: &str = "target/bench";
/// The argument that selects the criterion benchmarks; all others are passed to the `bench` program.
const PARTS: &str = "parts";

/// Runs the selected benchmarks; by default all benchmarks over sockets.
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
        // Print only JSON, without the output of the build.
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
