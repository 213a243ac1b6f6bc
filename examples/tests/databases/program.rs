//! The example program, as a process that is killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use kucoin_streams_exchange::Exchange;

use crate::table::wait_for;

/// A running example.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts an example that follows these topics, or the default ones.
    pub(crate) fn start(
        name: &str,
        topics: &[&str],
        exchange: &Exchange,
        variables: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        // This test is in target/debug/deps.
        let test = std::env::current_exe().unwrap();
        let target = test.parent().and_then(Path::parent).unwrap();
        let demo = exchange.credentials();
        let mut command = Command::new(target.join("examples").join(name));
        command
            .args(topics)
            .env("KUCOIN_API_KEY", &demo.key)
            .env("KUCOIN_API_SECRET", &demo.secret)
            .env("KUCOIN_API_PASSPHRASE", &demo.passphrase)
            .env("KUCOIN_REST_URL", exchange.rest_url())
            // The exchange of the test notices a dead connection within 600 ms.
            .env("FILLS_SETTLED_SECS", "2")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().append(true).create(true).open(log).unwrap());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("example {name}: {error}; build it with `cargo xtask databases`")
        });
        let log = log.to_owned();
        Self { child, log }
    }

    /// Kills the program with SIGKILL.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        self.check();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The program must be running.
    #[track_caller]
    pub(crate) fn check(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the program has ended: {status}\n{}", self.log());
        }
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        wait_for("the end of the program", limit, || {
            self.child.try_wait().unwrap()
        })
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
