//! Tests the default transport with the Autobahn cases: a fuzzing server from PyPI, and our example as its client.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::python;
use crate::shell::{self, Failure, Outcome, Running, cargo};

/// The server with Autobahn's cases, which does not need Python 2. Pinned, because the project is new.
const KOSOKU: &str = "kosoku==0.1.0";

/// The cases about compression, which the transport never offers.
const EXCLUDED: [&str; 2] = ["12.*", "13.*"];

/// Cargo arguments that select the example that is our client.
const CLIENT: [&str; 4] = [
    "-p",
    "kucoin-streams-transport",
    "--example",
    "autobahn_client",
];

const AGENT: &str = "kucoin-streams";

/// Minimum number of cases; with fewer cases, the run is incomplete.
const MIN_CASES: usize = 300;

/// Runs all cases except compression; fails if one fails.
pub(crate) fn run() -> Outcome {
    let folder = shell::root().join("target").join("autobahn");
    let kosoku = python::install(&folder, KOSOKU)?.join("kosoku");
    shell::run(cargo(&["build", "--locked"]).args(CLIENT))?;

    let reports = folder.join("reports");
    if reports.exists() {
        fs::remove_dir_all(&reports).map_err(|error| Failure::at(&reports, &error))?;
    }
    let (mut server, url) = start(&kosoku, &reports)?;
    let mut client = cargo(&["run", "--locked", "--quiet"]);
    client.args(CLIENT).args(["--", &url, AGENT]);
    shell::run_within(&mut client, Duration::from_secs(600))?;
    // Its exit status is not 0 if a case failed; the reports say which.
    server.wait(Duration::from_secs(60))?;

    let index = reports.join("index.json");
    let text = fs::read_to_string(&index).map_err(|error| Failure::at(&index, &error))?;
    let verdict = Verdict::from_json(&text)?;
    println!("{}", verdict.summary());
    println!(
        "reports of all cases: {}",
        reports.join("index.html").display()
    );
    verdict.judge()
}

/// Starts the fuzzing server on a free port of loopback; reads its URL from standard error.
fn start(kosoku: &Path, reports: &Path) -> Outcome<(Running, String)> {
    let mut command = shell::command(&kosoku.to_string_lossy());
    command
        .args(["--mode", "fuzzingserver", "127.0.0.1:0", "--outdir"])
        .arg(reports);
    for cases in EXCLUDED {
        command.args(["--exclude", cases]);
    }
    let mut server = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()))?;
    let no_stderr = || Failure::new("kosoku has no standard error");
    let mut stderr = BufReader::new(server.child.stderr.take().ok_or_else(no_stderr)?);
    let mut output = String::new();
    for line in stderr.by_ref().lines() {
        let line = line.map_err(|error| Failure::at(kosoku, &error))?;
        if let Some((_, url)) = line.split_once("listening on ") {
            let url = url.trim().to_owned();
            // A full pipe would block the server. The reports have everything that it prints.
            thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
            return Ok((server, url));
        }
        output.push_str(&line);
        output.push('\n');
    }
    Err(Failure::new(format!("kosoku did not start\n{output}")))
}

/// The results of all cases.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    cases: usize,
    behaviors: BTreeMap<String, usize>,
    closes: BTreeMap<String, usize>,
    /// Name, behaviour and closing behaviour of each failed case.
    failures: Vec<String>,
}

impl Verdict {
    fn from_json(text: &str) -> Outcome<Self> {
        let index: Value = serde_json::from_str(text)
            .map_err(|error| Failure::new(format!("invalid JSON in the reports: {error}")))?;
        let cases = index[AGENT]
            .as_object()
            .ok_or_else(|| Failure::new(format!("no results of {AGENT} in the reports")))?;
        let mut verdict = Self {
            cases: cases.len(),
            ..Self::default()
        };
        for (name, case) in cases {
            let behavior = case["behavior"].as_str().unwrap_or("MISSING");
            let close = case["behaviorClose"].as_str().unwrap_or("MISSING");
            *verdict.behaviors.entry(behavior.to_owned()).or_default() += 1;
            *verdict.closes.entry(close.to_owned()).or_default() += 1;
            let good = |behavior| matches!(behavior, "OK" | "NON-STRICT" | "INFORMATIONAL");
            if !good(behavior) || !good(close) {
                verdict
                    .failures
                    .push(format!("{name}: {behavior}, closing {close}"));
            }
        }
        Ok(verdict)
    }

    fn summary(&self) -> String {
        let counts = |of: &BTreeMap<String, usize>| {
            of.iter()
                .map(|(name, count)| format!("{count} {name}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        format!(
            "autobahn, {} cases without {} (compression is not offered): {}; closing: {}; {} failed",
            self.cases,
            EXCLUDED.join(" and "),
            counts(&self.behaviors),
            counts(&self.closes),
            self.failures.len()
        )
    }

    fn judge(&self) -> Outcome {
        if !self.failures.is_empty() {
            return Err(Failure::new(format!(
                "failed cases:\n{}",
                self.failures.join("\n")
            )));
        }
        if self.cases < MIN_CASES {
            return Err(Failure::new(format!(
                "only {} cases ran, expected at least {MIN_CASES}",
                self.cases
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cases: &str) -> Verdict {
        Verdict::from_json(&format!("{{\"{AGENT}\": {{{cases}}}}}")).unwrap()
    }

    #[test]
    fn verdict_counts_behaviours_and_lists_failures() {
        let verdict = verdict(
            r#""1.1.1": {"behavior": "OK", "behaviorClose": "OK"},
               "6.4.1": {"behavior": "NON-STRICT", "behaviorClose": "OK"},
               "7.3.6": {"behavior": "FAILED", "behaviorClose": "OK"},
               "7.9.1": {"behavior": "OK", "behaviorClose": "WRONG CODE"},
               "9.9.9": {}"#,
        );
        assert_eq!(verdict.behaviors["OK"], 2);
        assert_eq!(verdict.failures.len(), 3, "{verdict:?}");
        let failure = verdict.judge().unwrap_err().to_string();
        for case in [
            "7.3.6: FAILED",
            "7.9.1: OK, closing WRONG CODE",
            "9.9.9: MISSING",
        ] {
            assert!(failure.contains(case), "{failure}");
        }
        assert!(verdict.summary().contains("5 cases") && verdict.summary().ends_with("3 failed"));
    }

    #[test]
    fn incomplete_run_is_a_failure() {
        let verdict = verdict(r#""1.1.1": {"behavior": "OK", "behaviorClose": "OK"}"#);
        assert!(verdict.failures.is_empty());
        assert_eq!(
            verdict.judge().unwrap_err().to_string(),
            "only 1 cases ran, expected at least 300"
        );
    }

    #[test]
    fn reports_of_another_client_are_refused() {
        assert!(Verdict::from_json(r#"{"other": {}}"#).is_err());
        assert!(Verdict::from_json("not json").is_err());
    }
}
