//! Runs the built command, and a local exchange for it in the test.

use std::future::Future;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};
use kucoin_streams_exchange::{Exchange, ExchangeBuilder};
pub(crate) use kucoin_streams_testkit::http::free_port;
use kucoin_streams_testkit::wait::{DEADLINE, soon, until_some};
use serde_json::Value;
use tokio::runtime::Runtime;

pub(crate) const ORDERS: &str = "/spotMarket/tradeOrdersV2";
pub(crate) const BALANCE: &str = "/account/balance";
pub(crate) const WALLET: &str = "/contractAccount/wallet";

pub(crate) const SPOT: &str = "spotPrivateV1";
pub(crate) const FUTURES: &str = "futuresPrivateV1";
pub(crate) const UNIFIED: &str = "privateProV2";

/// The topics that are watched by default, by connection.
pub(crate) fn account_wide() -> [(&'static str, Vec<String>); 2] {
    let spot = AnySpotTopic::account_wide();
    let futures = AnyFuturesTopic::account_wide();
    [
        (SPOT, spot.iter().map(ToString::to_string).collect()),
        (FUTURES, futures.iter().map(ToString::to_string).collect()),
    ]
}

/// The default topics of the Pro V2 connection.
pub(crate) fn unified() -> Vec<String> {
    let topics = kucoin_streams::pro::AnyProTopic::account_wide();
    topics.iter().map(ToString::to_string).collect()
}

/// The command with these arguments, without `KUCOIN_*` variables of the machine.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kucoin-streams"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KUCOIN_") {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Sets the credentials of the command.
pub(crate) fn authorised(
    mut command: Command,
    key: &str,
    secret: &str,
    passphrase: &str,
) -> Command {
    command
        .env("KUCOIN_API_KEY", key)
        .env("KUCOIN_API_SECRET", secret)
        .env("KUCOIN_API_PASSPHRASE", passphrase);
    command
}

/// Exit status and output of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandOutput {
    /// Every line of stdout, parsed as a JSON object.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(object).collect()
    }

    /// Asserts status 0 and an empty stderr.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(
            (self.status, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self
    }
}

pub(crate) fn object(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value.is_object(), "{line}");
    value
}

pub(crate) fn run(command: Command) -> CommandOutput {
    Running::start(command).finish()
}

/// A running command; it is killed after a deadline and on drop.
pub(crate) struct Running {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<JoinHandle<String>>,
    read: String,
    _deadline: Deadline,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        let mut errors = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        });
        let deadline = Deadline::of(child.id());
        Self {
            child,
            stdout,
            stderr: Some(stderr),
            read: String::new(),
            _deadline: deadline,
        }
    }

    /// Reads the next line of stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        assert!(
            line.ends_with('\n'),
            "the command ended after {}",
            self.read
        );
        self.read.push_str(&line);
        line
    }

    /// Reads until a line of this kind.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = object(&self.line());
            if line["kind"] == kind {
                return line;
            }
        }
    }

    /// Reads until the command has printed a response for each of these topics. It is not enough that the server has
    /// answered: a cut can destroy an answer in transit.
    pub(crate) fn until_answered<'t>(&mut self, topics: impl IntoIterator<Item = &'t String>) {
        for topic in topics {
            let is_answered = |line: &str| {
                let line = object(line);
                line["kind"] == "response" && line["topic"] == **topic
            };
            while !self.read.lines().any(is_answered) {
                self.line();
            }
        }
    }

    /// Reads until every default topic is answered.
    pub(crate) fn until_subscribed(&mut self) {
        self.until_answered(account_wide().iter().flat_map(|(_, topics)| topics));
    }

    pub(crate) fn signal(&self, name: &str) {
        send(name, self.child.id());
    }

    /// Takes the piped stdin of the command.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Closes the read end of the command's stdout.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// The exit status, if the command has ended.
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        let status = self.child.try_wait().unwrap();
        status.map(|status| status.code())
    }

    /// Waits for the end without reading stdout.
    #[track_caller]
    pub(crate) fn ends_unread(&mut self) {
        ends_soon(&mut self.child);
    }

    /// Waits for the end; returns all output, including what was read before.
    pub(crate) fn finish(mut self) -> CommandOutput {
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_string(&mut self.read).unwrap();
        }
        let status = self.child.wait().unwrap();
        CommandOutput {
            status: status.code(),
            stdout: std::mem::take(&mut self.read),
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }
}

/// Kills a process after a deadline, unless it is dropped before.
pub(crate) struct Deadline(
    #[expect(dead_code, reason = "dropping it ends the thread")] mpsc::Sender<()>,
);

impl Deadline {
    pub(crate) fn of(pid: u32) -> Self {
        let (alive, ended) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if ended.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
                send("KILL", pid);
            }
        });
        Self(alive)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // If the test passed, it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end.
#[track_caller]
pub(crate) fn ends_soon(child: &mut Child) -> Option<i32> {
    until_some(|| child.try_wait().unwrap()).code()
}

pub(crate) fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status();
    assert!(sent.is_ok(), "there is no `kill`: {sent:?}");
}

/// A local exchange with its own runtime.
pub(crate) struct LocalExchange {
    pub(crate) exchange: Exchange,
    runtime: Runtime,
}

impl LocalExchange {
    pub(crate) fn start(settings: ExchangeBuilder) -> Self {
        let runtime = runtime();
        let exchange = runtime.block_on(settings.start()).unwrap();
        Self { exchange, runtime }
    }

    /// The command `watch` for this exchange, with its credentials.
    pub(crate) fn watch(&self, args: &[&str]) -> Command {
        self.command("watch", args)
    }

    /// A command for this exchange, with its credentials.
    pub(crate) fn command(&self, name: &str, args: &[&str]) -> Command {
        let demo = self.exchange.credentials();
        let url = self.exchange.rest_url();
        let all = [name, "--rest-url", &url];
        let command = command(&[&all[..], args].concat());
        authorised(command, &demo.key, &demo.secret, &demo.passphrase)
    }

    /// Waits for a future, with a deadline.
    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(soon(future))
    }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}
