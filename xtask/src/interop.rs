//! Tests the local exchange with third-party clients: KuCoin's own Python and JavaScript SDKs, and ccxt.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::python;
use crate::shell::{self, Failure, Outcome, Running, cargo};

/// A local exchange as a process. When it is ready, it prints one line of JSON with its URLs and credentials.
struct LocalExchange {
    /// Arguments of cargo to build it.
    build: &'static [&'static str],
    program: &'static str,
    arguments: &'static [&'static str],
    /// The file for its line, so that no credentials are on a command line, not even demo credentials.
    file: &'static str,
}

/// Its account is always active.
const ACTIVE: LocalExchange = LocalExchange {
    build: &["-p", "kucoin-streams-cli"],
    program: "kucoin-streams",
    arguments: &["exchange", "--format", "ndjson", "--rate", "40"],
    file: "exchange.json",
};

/// Its account has a known past, which is in its line, and no activity.
const KNOWN: LocalExchange = LocalExchange {
    build: &[
        "-p",
        "kucoin-streams-exchange",
        "--example",
        "known_account",
    ],
    program: "known_account",
    arguments: &[],
    file: "known-account.json",
};

/// A client that others wrote, and its scripts in `crates/exchange/interop`.
struct Client {
    name: &'static str,
    package: Package,
    /// Scripts that check the pushes of the active exchange.
    streams: &'static [&'static str],
    /// A script that reads the known account over REST; `check_rest.py` compares what it read.
    rest: Option<&'static str>,
}

/// A package of PyPI or npm, with its version.
enum Package {
    Python(&'static str),
    Node(&'static str),
}

const NODE_SDK: &str = "kucoin-universal-sdk@1.3.0";

const CLIENTS: [Client; 4] = [
    Client {
        name: "KuCoin's Python SDK",
        package: Package::Python("kucoin-universal-sdk==1.3.2"),
        streams: &["python_sdk.py", "python_uta.py"],
        rest: Some("python_sdk_rest.py"),
    },
    Client {
        name: "ccxt for Python",
        package: Package::Python("ccxt==4.5.90"),
        streams: &[],
        rest: Some("python_ccxt_rest.py"),
    },
    Client {
        name: "KuCoin's JavaScript SDK",
        package: Package::Node(NODE_SDK),
        streams: &["node_sdk.cjs"],
        rest: Some("node_sdk_rest.cjs"),
    },
    Client {
        name: "ccxt for JavaScript",
        package: Package::Node("ccxt@4.5.84"),
        streams: &["node_ccxt.cjs"],
        rest: None,
    },
];

/// Time limit of each script, which normally ends much earlier.
const LIMIT: Duration = Duration::from_secs(120);

/// Starts local exchanges, to which each client connects, subscribes, reads and queries.
///
/// Requires Python. A client that cannot be installed is skipped; without any client, the task fails.
pub(crate) fn run() -> Outcome {
    let folder = folder()?;
    let (_active, exchange) = ACTIVE.start(&folder)?;
    let (_known, known) = KNOWN.start(&folder)?;
    let mut tested = 0;
    for client in &CLIENTS {
        match client.package.install(&folder) {
            Ok(runtime) => client.test(&runtime, &exchange, &known)?,
            Err(failure) => {
                println!("skipped {}: {failure}", client.name);
                continue;
            }
        }
        tested += 1;
    }
    println!("{tested} of {} clients tested", CLIENTS.len());
    match tested {
        0 => Err(Failure::new("no client can be installed")),
        _ => Ok(()),
    }
}

/// Installs KuCoin's JavaScript SDK and returns its folder; `None` if Node is not installed.
pub(crate) fn node_modules() -> Outcome<Option<PathBuf>> {
    match has_node() {
        true => node_package(&folder()?, NODE_SDK).map(Some),
        false => Ok(None),
    }
}

fn folder() -> Outcome<PathBuf> {
    let folder = shell::root().join("target").join("interop");
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    Ok(folder)
}

/// The program that runs a client's scripts, and the folder of its npm packages.
struct Runtime {
    program: PathBuf,
    modules: Option<PathBuf>,
}

impl Package {
    /// Installs the package if necessary.
    fn install(&self, folder: &Path) -> Outcome<Runtime> {
        match self {
            Self::Python(package) => Ok(Runtime {
                program: python::install(folder, package)?.join("python"),
                modules: None,
            }),
            Self::Node(_) if !has_node() => Err(Failure::new("node or npm is not installed")),
            Self::Node(package) => Ok(Runtime {
                program: PathBuf::from("node"),
                modules: Some(node_package(folder, package)?),
            }),
        }
    }
}

fn has_node() -> bool {
    ["node", "npm"]
        .iter()
        .all(|program| shell::read(shell::command(program).arg("--version")).is_ok())
}

/// Installs an npm package if necessary and returns its folder.
pub(crate) fn node_package(folder: &Path, package: &str) -> Outcome<PathBuf> {
    let home = folder.join(format!("node-{}", package.replace('@', "-")));
    if !home.join("installed").exists() {
        fs::create_dir_all(&home).map_err(|error| Failure::at(&home, &error))?;
        let mut install = shell::command("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund"]);
        install.args(["--ignore-scripts", "--prefix"]);
        shell::run(install.arg(&home).arg(package))?;
        python::mark_installed(&home)?;
    }
    Ok(home.join("node_modules"))
}

impl Client {
    fn test(&self, runtime: &Runtime, exchange: &Path, known: &Path) -> Outcome {
        for script in self.streams {
            runtime.run(script, &[exchange])?;
        }
        if let Some(script) = self.rest {
            let reads = known.with_file_name(format!("{script}.json"));
            runtime.run(script, &[known, &reads])?;
            Runtime::python().run("check_rest.py", &[known, &reads])?;
        }
        Ok(())
    }
}

impl Runtime {
    /// Python without packages.
    fn python() -> Self {
        Self {
            program: PathBuf::from("python3"),
            modules: None,
        }
    }

    /// Runs a script of `crates/exchange/interop`, without a proxy for loopback.
    fn run(&self, script: &str, arguments: &[&Path]) -> Outcome {
        let script: PathBuf = ["crates", "exchange", "interop", script].iter().collect();
        let mut command = shell::command(&self.program.to_string_lossy());
        command.arg(shell::root().join(script)).args(arguments);
        command.env("NO_PROXY", "127.0.0.1");
        command.envs(self.modules.iter().map(|modules| ("NODE_PATH", modules)));
        shell::run_within(&mut command, LIMIT)
    }
}

impl LocalExchange {
    /// Starts it, and returns the file with its line of JSON.
    fn start(&self, folder: &Path) -> Outcome<(Running, PathBuf)> {
        let mut build = cargo(&["build", "--quiet"]);
        let messages = ["--message-format", "json-render-diagnostics"];
        let built = shell::read(build.args(messages).args(self.build))?;
        // Not with `cargo run`: killing cargo would not kill the program.
        let program = executable(&built, self.program)
            .ok_or_else(|| Failure::new(format!("cargo built no {}", self.program)))?;
        let mut command = shell::command(&program);
        let mut exchange = Running::start(command.args(self.arguments).stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = exchange.child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|error| Failure::at(Path::new(&program), &error))?;
        }
        let exchange_line: Value = serde_json::from_str(&line).unwrap_or_default();
        let url = exchange_line["restUrl"].as_str().unwrap_or_default();
        if exchange_line["kind"] != "exchange" || url.is_empty() {
            let program = self.program;
            return Err(Failure::new(format!(
                "{program} did not print its URL: {line}"
            )));
        }
        println!("{}: {url}", self.program);
        let file = folder.join(self.file);
        fs::write(&file, &line).map_err(|error| Failure::at(&file, &error))?;
        Ok((exchange, file))
    }
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
