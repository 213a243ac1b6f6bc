//! Runs commands for the tasks: prints each command first, and names it if it fails.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Result of a task.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a task failed, as text for the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Creates a failure to read or write a file or folder.
    pub(crate) fn at(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}

/// Returns the paths in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let failed = |error| Failure::at(folder, &error);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Returns the root folder of the workspace: the parent folder of this package.
pub(crate) fn root() -> PathBuf {
    // `cargo run` sets the variable; a binary started directly uses the path from compile time.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// Returns a command that runs in the root folder of the workspace.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // `cargo run` sets variables about this package. Some build scripts (such as ring's) watch them, and would run
    // again at every switch between cargo and xtask.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(&name);
        }
    }
    command
}

/// Returns a command of the cargo that runs this task.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command(&std::env::var("CARGO").unwrap_or_else(|_| String::from("cargo")));
    cargo.args(arguments);
    cargo
}

fn describes_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_MANIFEST_LINKS"
                | "CARGO_CRATE_NAME"
                | "CARGO_BIN_NAME"
                | "CARGO_PRIMARY_PACKAGE"
                | "OUT_DIR"
        )
}

/// Prints a command and runs it; fails if the command fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = echo(command);
    let status = command
        .status()
        .map_err(|error| cannot_start(&line, &error))?;
    judge(&line, status)
}

/// Runs a command and returns its output; standard error is part of the failure.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = words(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&line, &error))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "`{line}`: {}\n{}",
            output.status,
            stderr.trim_end()
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{line}`: output is not UTF-8")))
}

/// Prints and runs a command, and kills it after the time limit.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    let line = echo(command);
    let status = Running::start(command)?.wait(limit)?;
    judge(&line, status)
}

/// A command that runs in the background and is killed on drop.
pub(crate) struct Running {
    pub(crate) child: Child,
    line: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let line = words(command);
        let spawned = command.stdin(Stdio::null()).spawn();
        let child = spawned.map_err(|error| cannot_start(&line, &error))?;
        Ok(Self { child, line })
    }

    /// Waits until the command ends; fails after the time limit.
    pub(crate) fn wait(&mut self, limit: Duration) -> Outcome<ExitStatus> {
        let started = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if started.elapsed() < limit => thread::sleep(Duration::from_millis(20)),
                Ok(None) => {
                    return Err(Failure::new(format!(
                        "`{}`: still running after {limit:?}, so it was stopped",
                        self.line
                    )));
                }
                Err(error) => return Err(Failure::new(format!("`{}`: {error}", self.line))),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echo(command: &Command) -> String {
    let line = words(command);
    println!("$ {line}");
    line
}

/// Formats a command as for a shell, with the added environment variables first.
fn words(command: &Command) -> String {
    let settings = command.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.to_string_lossy(),
            quote(&value?.to_string_lossy())
        ))
    });
    let program = Path::new(command.get_program()).file_name().map_or_else(
        || command.get_program().to_string_lossy(),
        |name| name.to_string_lossy(),
    );
    let arguments = command
        .get_args()
        .map(|argument| quote(&argument.to_string_lossy()));
    settings
        .chain([program.into_owned()])
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quote(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

fn judge(line: &str, status: ExitStatus) -> Outcome {
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{line}`: {status}")))
    }
}

fn cannot_start(line: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{line}`: cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a command that fails without output.
    fn failing() -> Command {
        let mut failing = cargo(&["no-such-verb-of-cargo"]);
        failing.stderr(Stdio::null());
        failing
    }

    #[test]
    fn failure_names_the_command() {
        let failure = run(&mut failing()).unwrap_err().to_string();
        assert!(
            failure.starts_with("`cargo no-such-verb-of-cargo`: "),
            "{failure}"
        );
    }

    #[test]
    fn missing_program_is_named() {
        let failure = run(&mut command("no-such-program-anywhere"))
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("no-such-program-anywhere") && failure.contains("cannot be started"),
            "{failure}"
        );
    }

    #[test]
    fn read_returns_output_or_standard_error() {
        assert!(
            read(&mut cargo(&["--version"]))
                .unwrap()
                .starts_with("cargo ")
        );
        let failure = read(&mut cargo(&["no-such-verb-of-cargo"]))
            .unwrap_err()
            .to_string();
        assert!(failure.contains("no such command"), "{failure}");
    }

    #[cfg(unix)]
    #[test]
    fn command_is_stopped_after_the_time_limit() {
        let failure = run_within(command("sleep").arg("600"), Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(failure.contains("`sleep 600`: still running"), "{failure}");
    }

    #[test]
    fn command_within_the_time_limit_returns_its_status() {
        let hour = Duration::from_secs(3600);
        run_within(cargo(&["--version"]).stdout(Stdio::null()), hour).unwrap();
        assert!(run_within(&mut failing(), hour).is_err());
    }

    #[test]
    fn variables_about_this_package_are_recognized() {
        assert!(
            describes_this_package("CARGO_MANIFEST_DIR")
                && describes_this_package("CARGO_PKG_VERSION")
        );
        assert!(
            !describes_this_package("CARGO_HOME") && !describes_this_package("CARGO_TARGET_DIR")
        );
        assert!(
            !describes_this_package("CARGO_INCREMENTAL")
                && !describes_this_package("CARGO_TERM_COLOR")
        );
    }

    #[test]
    fn command_line_shows_added_variables_and_quotes() {
        let mut doc = Command::new("/somewhere/bin/cargo");
        doc.env("RUSTDOCFLAGS", "-D warnings")
            .env_remove("CARGO_PKG_NAME")
            .args(["doc", "--no-deps"]);
        assert_eq!(
            words(&doc),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }
}
