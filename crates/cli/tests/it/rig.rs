//! Runs the built command, and an exchange for it inside of the test.

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

/// The topics that the unified connection watches where none is asked for.
pub(crate) fn unified() -> Vec<String> {
    let topics = kucoin_streams::pro::AnyProTopic::account_wide();
    topics.iter().map(ToString::to_string).collect()
}

/// The command with these arguments, and with no credentials of the machine that runs the test.
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

/// Gives the command these credentials.
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

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Every line of stdout as the object that it must be.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(object).collect()
    }

    /// Ends well, and without a word on stderr.
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

pub(crate) fn run(command: Command) -> Ran {
    Running::start(command).finish()
}

/// A command that is running; it is killed when it takes too long, and when this is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<JoinHandle<String>>,
    read: String,
    _alive: mpsc::Sender<()>,
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
        let (alive, ended) = mpsc::channel::<()>();
        let pid = child.id();
        std::thread::spawn(move || {
            if ended.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
                send("KILL", pid);
            }
        });
        Self {
            child,
            stdout,
            stderr: Some(stderr),
            read: String::new(),
            _alive: alive,
        }
    }

    /// The next line of stdout.
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

    /// Reads on until a line of this kind.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = object(&self.line());
            if line["kind"] == kind {
                return line;
            }
        }
    }

    /// Reads on until the command has reported an answer for each of these topics. That the server has answered is
    /// not enough: a cut can destroy an answer that is under way.
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

    /// Reads on until every topic that is watched by default is answered.
    pub(crate) fn until_subscribed(&mut self) {
        self.until_answered(account_wide().iter().flat_map(|(_, topics)| topics));
    }

    pub(crate) fn signal(&self, name: &str) {
        send(name, self.child.id());
    }

    /// What the command reads, where its stdin is piped.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Stops reading what the command writes.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// The status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        let status = self.child.try_wait().unwrap();
        status.map(|status| status.code())
    }

    /// Waits for the end without reading, so that what blocks the command goes on to do so.
    #[track_caller]
    pub(crate) fn ends_unread(&mut self) {
        ends_soon(&mut self.child);
    }

    /// Waits for the end; gives all that was written, what was read before included.
    pub(crate) fn finish(mut self) -> Ran {
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_string(&mut self.read).unwrap();
        }
        let status = self.child.wait().unwrap();
        Ran {
            status: status.code(),
            stdout: std::mem::take(&mut self.read),
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
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

/// An exchange on a runtime of its own.
pub(crate) struct Local {
    pub(crate) exchange: Exchange,
    runtime: Runtime,
}

impl Local {
    pub(crate) fn start(settings: ExchangeBuilder) -> Self {
        let runtime = runtime();
        let exchange = runtime.block_on(settings.start()).unwrap();
        Self { exchange, runtime }
    }

    /// `watch` on it, with its credentials.
    pub(crate) fn watch(&self, args: &[&str]) -> Command {
        let demo = self.exchange.credentials();
        let url = self.exchange.rest_url();
        let all = ["watch", "--rest-url", &url];
        let command = command(&[&all[..], args].concat());
        authorised(command, &demo.key, &demo.secret, &demo.passphrase)
    }

    /// Waits for what must happen.
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
