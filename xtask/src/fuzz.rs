//! Builds and runs the fuzz targets of crates/fuzz, and reports their findings.

mod build;
mod log;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::shell::{self, Failure, Outcome, cargo};

const CRATE: &str = "crates/fuzz";
const MANIFEST: &str = "crates/fuzz/Cargo.toml";
/// Folder for the build, the corpus, logs, and failed inputs.
const OUTPUT: &str = "target/fuzz";

/// Targets whose inputs are frames; their inputs include every frame recorded in the test fixtures.
const TAKE_FRAMES: [&str; 5] = ["envelope", "json", "payload", "pro_events", "v1_events"];

/// Targets with a shorter maximum input length, in bytes.
const SHORT: [(&str, u32); 3] = [("addresses", 256), ("names", 160), ("numbers", 160)];
const MAX_LENGTH: u32 = 4096;

/// Limits of time and memory per input. No input needs more, because a frame of 1 MiB is stored only once.
const LIMITS: [&str; 4] = [
    "-timeout=20",
    "-malloc_limit_mb=4",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
];

/// Which targets to run and how long, or which input to replay.
#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Choice {
    /// Run only this target
    #[arg(long)]
    target: Option<String>,
    /// Seconds to run each target [default: 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["runs", "replay"])]
    seconds: Option<u64>,
    /// Number of inputs for each target
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "replay")]
    runs: Option<u64>,
    /// Run the target once with this input file, such as a failed input of an earlier run
    #[arg(long, value_name = "FILE", requires = "target")]
    replay: Option<PathBuf>,
}

/// Runs the CI step: format, clippy and tests of crates/fuzz, then 5 seconds of each target.
///
/// The tests run every committed seed.
pub(crate) fn smoke() -> Outcome {
    let of_crate = |arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.args([
            "--locked",
            "--no-default-features",
            "--manifest-path",
            MANIFEST,
        ]);
        // Share dependency builds with the tests of the workspace.
        command.args(["--target-dir", "target"]);
        command
    };
    shell::run(&mut cargo(&["fmt", "--check", "--manifest-path", MANIFEST]))?;
    let mut clippy = of_crate(&["clippy", "--all-targets"]);
    shell::run(clippy.args(["--", "-D", "warnings"]))?;
    shell::run(&mut of_crate(&["test"]))?;
    run(&Choice {
        seconds: Some(5),
        ..Choice::default()
    })
}

/// Builds and runs the chosen targets.
pub(crate) fn run(choice: &Choice) -> Outcome {
    let all = targets()?;
    let chosen = match &choice.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => {
            return Err(Failure::new(format!(
                "unknown target `{target}`; expected one of: {}",
                all.join(", ")
            )));
        }
    };
    let programs = build::build(&chosen)?;
    if let Some(input) = &choice.replay {
        let mut replay = shell::command(&program(&programs, &chosen[0]));
        return shell::run(replay.args(LIMITS).arg(input));
    }
    let effort = match (choice.runs, choice.seconds) {
        (Some(runs), _) => format!("-runs={runs}"),
        (None, seconds) => format!("-max_total_time={}", seconds.unwrap_or(60)),
    };
    fuzz_each(&chosen, &programs, &effort)
}

/// Returns the names of all fuzz targets, sorted.
fn targets() -> Outcome<Vec<String>> {
    let folder = shell::root().join(CRATE).join("fuzz_targets");
    let mut names: Vec<_> = files(&folder)?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Runs every target, even after a failure; fails with all findings.
fn fuzz_each(chosen: &[String], programs: &Path, effort: &str) -> Outcome {
    let (mut lines, mut found) = (Vec::new(), Vec::new());
    for target in chosen {
        let started = Instant::now();
        let log_file = output_folder(&["logs"])?.join(format!("{target}.log"));
        let outcome = fuzz(target, programs, effort, &log_file);
        let text = fs::read(&log_file).map_err(|error| Failure::at(&log_file, &error))?;
        let text = String::from_utf8_lossy(&text);
        let count = log::executions(&text).map_or(String::from("?"), |count| count.to_string());
        lines.push(format!(
            "{target:>12}  {count:>12} executions  {:>8.1} s",
            started.elapsed().as_secs_f64()
        ));
        if let Err(failure) = outcome {
            let reason = log::reason(&text);
            let replay = how_to_replay(target, log::input(&text), &log_file);
            found.push(format!("{target}: {failure}\n{reason}\n{replay}"));
        }
    }
    println!("\n{}\n", lines.join("\n"));
    if found.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(found.join("\n\n")))
    }
}

/// Returns the command that replays the input; without an input, the path of the log.
fn how_to_replay(target: &str, input: Option<&str>, log: &Path) -> String {
    let Some(input) = input.map(Path::new) else {
        return format!("log: {}", log.display());
    };
    let input = input.strip_prefix(shell::root()).unwrap_or(input);
    format!(
        "replay: cargo xtask fuzz --target {target} --replay {}",
        input.display()
    )
}

fn fuzz(target: &str, programs: &Path, effort: &str, log: &Path) -> Outcome {
    let corpus = output_folder(&["corpus", target])?;
    let artifacts = output_folder(&["artifacts", target])?;
    let output = File::create(log).map_err(|error| Failure::at(log, &error))?;
    let mut run: Command = shell::command(&program(programs, target));
    run.arg(effort);
    let short = SHORT.iter().find(|(name, _)| *name == target);
    let max_length = short.map_or(MAX_LENGTH, |(_, max_length)| *max_length);
    run.arg(format!("-max_len={max_length}")).args(LIMITS);
    run.arg(format!("-artifact_prefix={}/", artifacts.display()));
    run.arg(format!("-dict={CRATE}/dictionary.txt"));
    run.arg(corpus)
        .arg(shell::root().join(CRATE).join("seeds").join(target));
    if TAKE_FRAMES.contains(&target) {
        run.arg(recorded_frames()?);
    }
    shell::run(
        run.stdout(
            output
                .try_clone()
                .map_err(|error| Failure::at(log, &error))?,
        )
        .stderr(output),
    )
}

fn program(programs: &Path, target: &str) -> String {
    programs.join(target).to_string_lossy().into_owned()
}

/// Writes every frame of the test fixtures to its own file, and returns their folder.
fn recorded_frames() -> Outcome<PathBuf> {
    let folder = output_folder(&["recorded"])?;
    for package in ["v1", "pro", "cli"] {
        let fixtures: PathBuf = ["crates", package, "tests", "fixtures"].iter().collect();
        for file in files(&shell::root().join(fixtures))? {
            let text = fs::read_to_string(&file).map_err(|error| Failure::at(&file, &error))?;
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            for (index, frame) in text.lines().enumerate() {
                let frame_file = folder.join(format!("{package}-{name}-{index}"));
                fs::write(&frame_file, frame.trim())
                    .map_err(|error| Failure::at(&frame_file, &error))?;
            }
        }
    }
    Ok(folder)
}

/// Creates a folder below [`OUTPUT`] if it does not exist.
fn output_folder(names: &[&str]) -> Outcome<PathBuf> {
    let mut folder = shell::root().join(OUTPUT);
    folder.extend(names);
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut paths = shell::entries(folder)?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds() {
        let targets = targets().unwrap();
        assert!(targets.len() > 5, "{targets:?}");
        for target in &targets {
            let seeds = shell::root().join(CRATE).join("seeds").join(target);
            assert!(!files(&seeds).unwrap().is_empty(), "{target}");
        }
        let short = SHORT.iter().map(|(name, _)| name);
        let mut named = TAKE_FRAMES.iter().chain(short);
        assert!(named.all(|name| targets.iter().any(|target| target == name)));
    }
}
