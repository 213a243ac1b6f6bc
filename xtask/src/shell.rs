//! Knows how a task runs a command: it is echoed first, and the first failure stops the task by name.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a task returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a task stopped, as one line or a short list for the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// A file or folder that cannot be read or written.
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

/// The root of the workspace: the parent of this package, wherever the checkout stands.
pub(crate) fn root() -> PathBuf {
    // `cargo run` sets the variable; the compiled-in path serves a binary that is started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// A command that runs in the root of the workspace.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // `cargo run` describes this package to us. Passed on, that description counts as a change for build scripts
    // that watch these names (ring's does), and they would run again at every switch between cargo and xtask.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(&name);
        }
    }
    command
}

/// A cargo command: the very cargo that runs this task.
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

/// Echoes a command, runs it to its end, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = echo(command);
    let status = command
        .status()
        .map_err(|error| cannot_start(&line, &error))?;
    judge(&line, status)
}

/// Runs a command quietly and returns what it printed; its complaint is part of the failure.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = words(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&line, &error))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "`{line}`: {}\n{}",
            output.status,
            complaint.trim_end()
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{line}`: printed something that is not UTF-8")))
}

/// Echoes and runs a command that must end in time; it is killed if it does not.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    let line = echo(command);
    let status = Running::start(command)?.wait(limit)?;
    judge(&line, status)
}

/// A command in the background, killed when this goes out of scope.
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

    /// Waits until it ends by itself.
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
        // It may have ended already; either way it is gone after the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echo(command: &Command) -> String {
    let line = words(command);
    println!("$ {line}");
    line
}

/// A command as one would type it. Settings added to its environment stand in front, removed ones are not shown.
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

    /// A command that fails without a word in the log of the tests.
    fn failing() -> Command {
        let mut failing = cargo(&["no-such-verb-of-cargo"]);
        failing.stderr(Stdio::null());
        failing
    }

    #[test]
    fn names_the_command_that_failed() {
        let failure = run(&mut failing()).unwrap_err().to_string();
        assert!(
            failure.starts_with("`cargo no-such-verb-of-cargo`: "),
            "{failure}"
        );
    }

    #[test]
    fn names_the_command_that_is_not_installed() {
        let failure = run(&mut command("no-such-program-anywhere"))
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("no-such-program-anywhere") && failure.contains("cannot be started"),
            "{failure}"
        );
    }

    #[test]
    fn returns_what_a_command_printed_or_its_complaint() {
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
    fn stops_a_command_that_does_not_end() {
        let failure = run_within(command("sleep").arg("600"), Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(failure.contains("`sleep 600`: still running"), "{failure}");
    }

    #[test]
    fn a_command_in_time_is_judged_by_its_status() {
        let hour = Duration::from_secs(3600);
        run_within(cargo(&["--version"]).stdout(Stdio::null()), hour).unwrap();
        assert!(run_within(&mut failing(), hour).is_err());
    }

    #[test]
    fn the_description_of_this_package_stays_here() {
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
    fn shows_added_settings_and_quotes_words_with_spaces() {
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
