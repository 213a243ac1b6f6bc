//! Knows how the targets of crates/fuzz are built, fed and run, and what one that found something leaves behind.

mod build;
mod log;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::shell::{self, Failure, Outcome, cargo};

const CRATE: &str = "crates/fuzz";
const MANIFEST: &str = "crates/fuzz/Cargo.toml";
/// Where all that is made stands, from the root: the build, the corpus that grows, logs, and inputs that failed.
const MADE: &str = "target/fuzz";

/// Targets that take frames are fed with every frame that our tests have recorded.
const TAKE_FRAMES: [&str; 5] = ["envelope", "json", "payload", "pro_events", "v1_events"];

/// Targets whose inputs are short by nature: longer ones only cost time.
const SHORT: [(&str, u32); 3] = [("addresses", 256), ("names", 160), ("numbers", 160)];
const LONGEST: u32 = 4096;

/// No promise of ours needs more time for an input, or more memory: a frame of a megabyte is held once.
const LIMITS: [&str; 4] = [
    "-timeout=20",
    "-malloc_limit_mb=4",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
];

/// Which targets, for how long, or which input again.
#[derive(Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Choice {
    /// This target alone
    #[arg(long)]
    target: Option<String>,
    /// How long each target runs; 60 s if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["runs", "replay"])]
    seconds: Option<u64>,
    /// How often each target is called
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "replay")]
    runs: Option<u64>,
    /// Run the target once over this input, which an earlier run has left
    #[arg(long, value_name = "FILE", requires = "target")]
    replay: Option<PathBuf>,
}

/// What CI runs: the judges' own tests, every committed seed, and a few seconds of each target.
pub(crate) fn smoke() -> Outcome {
    let of_crate = |arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.args([
            "--locked",
            "--no-default-features",
            "--manifest-path",
            MANIFEST,
        ]);
        // Shares with the tests of the workspace what is built alike.
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

/// Builds what is chosen and runs it.
pub(crate) fn run(choice: &Choice) -> Outcome {
    let all = targets()?;
    let chosen = match &choice.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => {
            return Err(Failure::new(format!(
                "no target `{target}`; there are {}",
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

/// The names of the programs in crates/fuzz, in order.
fn targets() -> Outcome<Vec<String>> {
    let folder = shell::root().join(CRATE).join("fuzz_targets");
    let mut names: Vec<_> = files(&folder)?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Runs one target after the other, whatever they find, and fails with all that was found.
fn fuzz_each(chosen: &[String], programs: &Path, effort: &str) -> Outcome {
    let (mut lines, mut found) = (Vec::new(), Vec::new());
    for target in chosen {
        let started = Instant::now();
        let log_file = made(&["logs"])?.join(format!("{target}.log"));
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

/// The one command, where the input is known.
fn how_to_replay(target: &str, input: Option<&str>, log: &Path) -> String {
    let Some(input) = input.map(Path::new) else {
        return format!("its log: {}", log.display());
    };
    let input = input.strip_prefix(shell::root()).unwrap_or(input);
    format!(
        "replay: cargo xtask fuzz --target {target} --replay {}",
        input.display()
    )
}

fn fuzz(target: &str, programs: &Path, effort: &str, log: &Path) -> Outcome {
    let corpus = made(&["corpus", target])?;
    let artifacts = made(&["artifacts", target])?;
    let output = File::create(log).map_err(|error| Failure::at(log, &error))?;
    let mut run: Command = shell::command(&program(programs, target));
    run.arg(effort);
    let short = SHORT.iter().find(|(name, _)| *name == target);
    let longest = short.map_or(LONGEST, |(_, longest)| *longest);
    run.arg(format!("-max_len={longest}")).args(LIMITS);
    run.arg(format!("-artifact_prefix={}/", artifacts.display()));
    run.arg(format!("-dict={CRATE}/dictionary.txt"));
    run.arg(corpus)
        .arg(shell::root().join(CRATE).join("seeds").join(target));
    if TAKE_FRAMES.contains(&target) {
        run.arg(recorded()?);
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

/// A folder with one file for each frame that our tests have recorded.
fn recorded() -> Outcome<PathBuf> {
    let folder = made(&["recorded"])?;
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

/// A folder below [`MADE`], made where it is missing.
fn made(names: &[&str]) -> Outcome<PathBuf> {
    let mut folder = shell::root().join(MADE);
    folder.extend(names);
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::at(folder, &error))?;
    let paths = entries.map(|entry| Ok(entry.map_err(|error| Failure::at(folder, &error))?.path()));
    let paths: Outcome<Vec<_>> = paths.collect();
    Ok(paths?.into_iter().filter(|path| path.is_file()).collect())
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
        let mut told = TAKE_FRAMES.iter().chain(short);
        assert!(told.all(|name| targets.iter().any(|target| target == name)));
    }
}
