//! Knows how KuCoin's own SDKs, in Python and JavaScript, and ccxt judge the local exchange: referees that we did not write.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::python;
use crate::shell::{self, Failure, Outcome, Running, cargo};

/// The exchange as a process: how cargo builds it, the name of what it builds, and the words that start it.
/// It prints one line of JSON with its addresses when it is ready.
const EXCHANGE: (&[&str], &str, &[&str]) = (
    &["-p", "kucoin-streams-cli"],
    "kucoin-streams",
    &["exchange", "--format", "ndjson", "--rate", "40"],
);

const PYTHON_SDK: &str = "kucoin-universal-sdk==1.3.2";
const NODE_SDK: &str = "kucoin-universal-sdk@1.3.0";
const NODE_CCXT: &str = "ccxt@4.5.84";

/// Each referee ends by itself long before this.
const LIMIT: Duration = Duration::from_secs(120);

/// Starts a local exchange and lets the SDKs connect, subscribe and read. Python must be there; without Node
/// its part is skipped, and a line says so.
pub(crate) fn run() -> Outcome {
    let folder = folder()?;
    let (_exchange, line) = start()?;
    // In a file, so that no credentials stand on a command line, not even these of a demo.
    let address = folder.join("exchange.json");
    fs::write(&address, &line).map_err(|error| Failure::at(&address, &error))?;
    judge_by_python(&folder, &address)?;
    judge_by_node(&folder, &address)
}

/// Where KuCoin's JavaScript SDK is installed, for who else needs it; `None` where there is no Node.
pub(crate) fn node_modules() -> Outcome<Option<PathBuf>> {
    node_package(&folder()?, NODE_SDK)
}

fn folder() -> Outcome<PathBuf> {
    let folder = shell::root().join("target").join("interop");
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

fn judge_by_python(folder: &Path, exchange: &Path) -> Outcome {
    let python = python::install(folder, PYTHON_SDK)?.join("python");
    let python = python.to_string_lossy();
    referee(&python, "python_sdk.py", exchange, &[])?;
    referee(&python, "python_uta.py", exchange, &[])
}

fn judge_by_node(folder: &Path, exchange: &Path) -> Outcome {
    for (package, script) in [(NODE_SDK, "node_sdk.cjs"), (NODE_CCXT, "node_ccxt.cjs")] {
        let Some(modules) = node_package(folder, package)? else {
            println!("skipped: node or npm is not installed, so no JavaScript client judged");
            return Ok(());
        };
        referee("node", script, exchange, &[("NODE_PATH", &modules)])?;
    }
    Ok(())
}

/// Installs a package of npm if it is not installed yet, and returns where; `None` if there is no Node.
fn node_package(folder: &Path, package: &str) -> Outcome<Option<PathBuf>> {
    let there = |program: &str| shell::read(shell::command(program).arg("--version")).is_ok();
    if !there("node") || !there("npm") {
        return Ok(None);
    }
    let home = folder.join(format!("node-{}", package.replace('@', "-")));
    if !home.join("installed").exists() {
        fs::create_dir_all(&home).map_err(|error| Failure::at(&home, &error))?;
        let mut install = shell::command("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund"]);
        install.args(["--ignore-scripts", "--prefix"]);
        shell::run(install.arg(&home).arg(package))?;
        python::mark_installed(&home)?;
    }
    Ok(Some(home.join("node_modules")))
}

/// Runs a script of `crates/exchange/interop` against the exchange. Requests to loopback need no proxy.
fn referee(program: &str, script: &str, exchange: &Path, settings: &[(&str, &Path)]) -> Outcome {
    let script = ["crates", "exchange", "interop", script]
        .iter()
        .collect::<PathBuf>();
    let mut referee = shell::command(program);
    referee
        .arg(shell::root().join(script))
        .arg(exchange)
        .env("NO_PROXY", "127.0.0.1");
    referee.envs(settings.iter().copied());
    shell::run_within(&mut referee, LIMIT)
}

/// Starts an exchange, and returns the line of JSON with its addresses.
fn start() -> Outcome<(Running, String)> {
    let (package, name, words) = EXCHANGE;
    let mut build = cargo(&["build", "--quiet"]);
    let messages = ["--message-format", "json-render-diagnostics"];
    let built = shell::read(build.args(messages).args(package))?;
    // Not through `cargo run`: to stop cargo would not stop what it runs.
    let program =
        executable(&built, name).ok_or_else(|| Failure::new(format!("cargo built no {name}")))?;
    let mut command = shell::command(&program);
    let mut exchange = Running::start(command.args(words).stdout(Stdio::piped()))?;
    let mut line = String::new();
    if let Some(stdout) = exchange.child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| Failure::at(Path::new(&program), &error))?;
    }
    let said: Value = serde_json::from_str(&line).unwrap_or_default();
    let url = said["restUrl"].as_str().unwrap_or_default();
    if said["kind"] != "exchange" || url.is_empty() {
        return Err(Failure::new(format!(
            "the exchange did not say where it is: {line}"
        )));
    }
    println!("the exchange is at {url}");
    Ok((exchange, line.trim().to_owned()))
}

/// The path of the program of this name in cargo's messages, one JSON text a line.
fn executable(messages: &str, name: &str) -> Option<String> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| message["target"]["name"] == name);
    built.find_map(|message| message["executable"].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_among_cargo_s_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"lib"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"serve"},"executable":"/t/serve"}"#;
        assert_eq!(executable(messages, "serve").as_deref(), Some("/t/serve"));
        assert_eq!(executable(messages, "lib"), None);
    }
}
