//! Counts the instructions of hot paths with valgrind, and compares them with the committed counts.
//!
//! Unlike time, the count does not depend on the load of the machine, so a change of a few percent is visible.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::{MANIFEST, TARGET};
use crate::shell::{self, Failure, Outcome, cargo};

/// Path of the committed counts.
const FIGURES: &str = "crates/bench/instructions.txt";
const UPDATE: &str = "cargo xtask instructions --update";

/// Allowed growth in percent. After a larger decrease, the committed count should be updated.
const TOLERANCE: f64 = 5.0;

/// Two numbers of iterations; the difference of their counts excludes the start and end of the program.
const ITERATIONS: (u64, u64) = (500, 2_500);

/// Instructions per iteration, by hot path.
type Figures = BTreeMap<String, f64>;

/// Counts every path, and compares with the committed counts or replaces them.
pub(crate) fn run(update: bool) -> Outcome {
    let program = build()?;
    let counted = count(&program)?;
    let file = shell::root().join(FIGURES);
    if update {
        fs::write(&file, write(&counted, &compiler()?))
            .map_err(|error| Failure::at(&file, &error))?;
        println!("updated {FIGURES}");
        return Ok(());
    }
    let committed = fs::read_to_string(&file).map_err(|error| Failure::at(&file, &error))?;
    let (lines, broken) = compare(&read(&committed), &counted);
    println!("{}", lines.join("\n"));
    if broken.is_empty() {
        return Ok(());
    }
    let measured_by = committed
        .lines()
        .find_map(|line| line.strip_prefix("# by "))
        .unwrap_or("an unknown compiler");
    Err(Failure::new(format!(
        "{}\nIf this is intended, run `{UPDATE}`\n(committed counts: {measured_by}; this compiler: {})",
        broken.join("\n"),
        compiler()?
    )))
}

/// Builds the program without the other clients of the benchmarks, and without features of the transport.
fn build() -> Outcome<PathBuf> {
    shell::run(&mut cargo(&["fmt", "--check", "--manifest-path", MANIFEST]))?;
    let build = [
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--no-default-features",
        "--manifest-path",
        MANIFEST,
        "--bin",
        "instructions",
        "--target-dir",
        TARGET,
    ];
    shell::run(&mut cargo(&build))?;
    let program: PathBuf = [TARGET, "release", "instructions"].iter().collect();
    Ok(shell::root().join(program))
}

fn count(program: &Path) -> Outcome<Figures> {
    let program = program.to_string_lossy();
    let names = shell::read(shell::command(&program).arg("--list"))?;
    let each = names.lines().map(|name| {
        let (few, many) = ITERATIONS;
        let more = instructions(&program, name, many)? - instructions(&program, name, few)?;
        #[allow(clippy::cast_precision_loss)]
        let per_iteration = more as f64 / (many - few) as f64;
        Ok((name.to_owned(), per_iteration))
    });
    each.collect()
}

fn instructions(program: &str, path: &str, iterations: u64) -> Outcome<i64> {
    let mut valgrind = shell::command("valgrind");
    valgrind.args([
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        "--log-fd=1",
        program,
        path,
        &iterations.to_string(),
    ]);
    let log = shell::read(&mut valgrind)?;
    total(&log).ok_or_else(|| {
        Failure::new(format!(
            "no count of {path} in the output of valgrind:\n{log}"
        ))
    })
}

/// Parses the number of instructions in `==7== I   refs:      1,234,567`.
fn total(log: &str) -> Option<i64> {
    let line = log.lines().find(|line| line.contains("refs:"))?;
    let number = line.rsplit(':').next()?;
    number.trim().replace(',', "").parse().ok()
}

fn compiler() -> Outcome<String> {
    let version = shell::read(shell::command("rustc").arg("--version"))?;
    Ok(format!("{} on {}", version.trim(), std::env::consts::ARCH))
}

fn read(text: &str) -> Figures {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, figure) = line.split_once(' ')?;
            Some((name.to_owned(), figure.trim().parse().ok()?))
        })
        .collect()
}

fn write(figures: &Figures, compiler: &str) -> String {
    let mut text = format!(
        "# Instructions per iteration of each hot path; written by `{UPDATE}`\n# by {compiler}\n"
    );
    for (name, figure) in figures {
        text.push_str(&format!("{name} {figure:.0}\n"));
    }
    text
}

/// Returns a line for each path, and the violations.
fn compare(committed: &Figures, counted: &Figures) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut broken) = (Vec::new(), Vec::new());
    for (name, now) in counted {
        let Some(before) = committed.get(name) else {
            broken.push(format!(
                "{name}: {now:.0} instructions, but no count in {FIGURES}"
            ));
            continue;
        };
        let change = (now / before - 1.0) * 100.0;
        let mut line = format!("{name:>22}  {before:>7.0} -> {now:>7.0}  {change:>+6.1} %");
        if change > TOLERANCE {
            broken.push(format!(
                "{name}: {change:+.1} % instructions, allowed is +{TOLERANCE} %"
            ));
        } else if change < -TOLERANCE {
            line.push_str(&format!("  improved, run `{UPDATE}`"));
        }
        lines.push(line);
    }
    let gone = committed.keys().filter(|name| !counted.contains_key(*name));
    broken.extend(gone.map(|name| format!("{name}: in {FIGURES}, but there is no such path")));
    (lines, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(figures: &[(&str, f64)]) -> Figures {
        let each = figures.iter();
        each.map(|(name, figure)| ((*name).to_owned(), *figure))
            .collect()
    }

    #[test]
    fn count_is_found_in_the_log() {
        let log = "==1== Cachegrind\n==1== \n==1== I   refs:      1,234,567\n";
        assert_eq!(total(log), Some(1_234_567));
        assert_eq!(total("==1== I refs: 89"), Some(89));
        assert_eq!(total("==1== nothing"), None);
    }

    #[test]
    fn written_counts_are_read_back() {
        let some = figures(&[("a", 10.0), ("b", 2000.0)]);
        let text = write(&some, "rustc 1 on x");
        assert_eq!(read(&text), some);
        assert!(text.contains("# by rustc 1 on x"));
    }

    #[test]
    fn only_growth_beyond_the_tolerance_fails() {
        let before = figures(&[("grew", 1000.0), ("same", 1000.0), ("shrank", 1000.0)]);
        let now = figures(&[("grew", 1051.0), ("same", 1049.0), ("shrank", 900.0)]);
        let (lines, broken) = compare(&before, &now);
        assert_eq!(broken, ["grew: +5.1 % instructions, allowed is +5 %"]);
        let shrank: Vec<_> = lines.iter().filter(|line| line.contains(UPDATE)).collect();
        assert!(
            shrank.len() == 1 && shrank[0].contains("-10.0 %"),
            "{lines:?}"
        );
    }

    #[test]
    fn path_without_count_and_count_without_path_fail() {
        let (_, broken) = compare(&figures(&[("old", 1.0)]), &figures(&[("new", 1.0)]));
        assert!(broken[0].starts_with("new: ") && broken[1].starts_with("old: "));
        assert_eq!(broken.len(), 2);
    }
}
