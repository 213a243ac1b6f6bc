//! Failures of an attempt or a connection, and what each asks of the session.

use std::fmt;
use std::time::Duration;

/// Where in the life of a connection something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Fetching connection information, usually the token over REST.
    Token,
    /// Dialling: name, TCP, TLS, upgrade.
    Dial,
    /// Waiting for the welcome.
    Welcome,
    /// Waiting for the answer to the login.
    Login,
    /// Waiting for the acknowledgement of a subscription.
    Acknowledgement,
    /// Waiting for a pong.
    Heartbeat,
    /// While live.
    Live,
}

impl Stage {
    /// The stage in one word, as logs and lifecycle events show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Token => "token",
            Stage::Dial => "dial",
            Stage::Welcome => "welcome",
            Stage::Login => "login",
            Stage::Acknowledgement => "acknowledgement",
            Stage::Heartbeat => "heartbeat",
            Stage::Live => "live",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a failure asks of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// Passes by itself: dial again after a backoff.
    Transient,
    /// As transient, but fatal when failures of this kind come this many times in a row.
    TransientUpTo(u32),
    /// The server asks for patience: wait at least this long, or a second where it named no time.
    Throttled(Option<Duration>),
    /// The server wants to be left alone for longer: wait a time drawn evenly from between these.
    Postponed {
        /// The shortest wait.
        least: Duration,
        /// The longest.
        most: Duration,
        /// Fatal when failures of this kind come this many times in a row, without a connection in health between
        /// them. `None`: never.
        up_to: Option<u32>,
    },
    /// The connection token was refused: fetch another at once, then as transient.
    TokenRefused,
    /// The peer broke the protocol: dial again, but a storm of these is fatal.
    Protocol,
    /// The peer's certificate is not to be trusted: fatal for the first connection, as
    /// [`Severity::TransientUpTo`] three once a connection was live.
    Certificate,
    /// Credentials or permissions are refused: fatal.
    Refused,
    /// Will not pass by itself, for another reason: fatal.
    Fatal,
}

/// Why an attempt or a connection ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Where it failed.
    pub stage: Stage,
    /// What it asks of the session.
    pub severity: Severity,
    /// The code that the server gave: KuCoin's, an HTTP status, or a close code.
    pub code: Option<String>,
    /// What happened, for people. Holds no secret.
    pub message: String,
}

impl Failure {
    /// Describes a failure; the message must hold no secret.
    pub fn new(stage: Stage, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            stage,
            severity,
            code: None,
            message: message.into(),
        }
    }

    /// Adds the code that the server gave.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// True where credentials or permissions were refused, so that only their owner can help.
    pub fn is_refusal(&self) -> bool {
        self.severity == Severity::Refused
    }
}
