//! Tests the local exchange with third-party clients: KuCoin's own Python and JavaScript SDKs, and ccxt.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::python;
use crate::shell::{self, Failure, Outcome, Running, cargo};

/// The local exchange as a process: cargo arguments to build it, program name, and arguments to start it.
/// When it is ready, it prints one line of JSON with its URLs and credentials.
const EXCHANGE: (&[&str], &str, &[&str]) = (
    &["-p", "kucoin-streams-cli"],
    "kucoin-streams",
    &["exchange", "--format", "ndjson", "--rate", "40"],
);

const PYTHON_SDK: &str = "kucoin-universal-sdk==1.3.2";
const NODE_SDK: &str = "kucoin-universal-sdk@1.3.0";
const NODE_CCXT: &str = "ccxt@4.5.84";

/// Time limit of each script, which normally ends much earlier.
const LIMIT: Duration = Duration::from_secs(120);

/// Starts a local exchange, to which each SDK connects, subscribes and reads.
///
/// Requires Python. Without Node, the JavaScript part is skipped.
pub(crate) fn run() -> Outcome {
    let folder = folder()?;
    let (_exchange, line) = start()?;
    // In a file, so that no credentials are on a command line, not even demo credentials.
    let exchange = folder.join("exchange.json");
    fs::write(&exchange, &line).map_err(|error| Failure::at(&exchange, &error))?;
    test_with_python(&folder, &exchange)?;
    test_with_node(&folder, &exchange)
}

/// Installs KuCoin's JavaScript SDK and returns its folder; `None` if Node is not installed.
pub(crate) fn node_modules() -> Outcome<Option<PathBuf>> {
    node_package(&folder()?, NODE_SDK)
}

fn folder() -> Outcome<PathBuf> {
    let folder = shell::root().join("target").join("interop");
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

fn test_with_python(folder: &Path, exchange: &Path) -> Outcome {
    let python = python::install(folder, PYTHON_SDK)?.join("python");
    let python = python.to_string_lossy();
    run_script(&python, "python_sdk.py", exchange, &[])?;
    run_script(&python, "python_uta.py", exchange, &[])
}

fn test_with_node(folder: &Path, exchange: &Path) -> Outcome {
    for (package, script) in [(NODE_SDK, "node_sdk.cjs"), (NODE_CCXT, "node_ccxt.cjs")] {
        let Some(modules) = node_package(folder, package)? else {
            println!("skipped the JavaScript clients: node or npm is not installed");
            return Ok(());
        };
        run_script("node", script, exchange, &[("NODE_PATH", &modules)])?;
    }
    Ok(())
}

/// Installs an npm package if necessary and returns its folder; `None` if Node is not installed.
fn node_package(folder: &Path, package: &str) -> Outcome<Option<PathBuf>> {
    let is_installed =
        |program: &str| shell::read(shell::command(program).arg("--version")).is_ok();
    if !is_installed("node") || !is_installed("npm") {
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

/// Runs a script of `crates/exchange/interop`, without a proxy for loopback.
fn run_script(program: &str, script: &str, exchange: &Path, env: &[(&str, &Path)]) -> Outcome {
    let script = ["crates", "exchange", "interop", script]
        .iter()
        .collect::<PathBuf>();
    let mut command = shell::command(program);
    command
        .arg(shell::root().join(script))
        .arg(exchange)
        .env("NO_PROXY", "127.0.0.1");
    command.envs(env.iter().copied());
    shell::run_within(&mut command, LIMIT)
}

/// Starts a local exchange, and returns its line of JSON.
fn start() -> Outcome<(Running, String)> {
    let (package, name, words) = EXCHANGE;
    let mut build = cargo(&["build", "--quiet"]);
    let messages = ["--message-format", "json-render-diagnostics"];
    let built = shell::read(build.args(messages).args(package))?;
    // Not with `cargo run`: killing cargo would not kill the program.
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
    let exchange_line: Value = serde_json::from_str(&line).unwrap_or_default();
    let url = exchange_line["restUrl"].as_str().unwrap_or_default();
    if exchange_line["kind"] != "exchange" || url.is_empty() {
        return Err(Failure::new(format!(
            "the local exchange did not print its URL: {line}"
        )));
    }
    println!("local exchange: {url}");
    Ok((exchange, line.trim().to_owned()))
}

/// Finds the path of a program in cargo's JSON messages.
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
    fn program_is_found_in_messages_of_cargo() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"lib"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"serve"},"executable":"/t/serve"}"#;
        assert_eq!(executable(messages, "serve").as_deref(), Some("/t/serve"));
        assert_eq!(executable(messages, "lib"), None);
    }
}
