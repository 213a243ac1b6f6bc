//! Failures of connections and of attempts to connect.

use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{RetryPolicy, redact::Redactor, with_code};

/// Stage of a connection in which a failure occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureStage {
    /// Fetching connection information, usually a token over REST.
    Token,
    /// Dialling: DNS, TCP, TLS, WebSocket upgrade.
    Dial,
    /// Waiting for the welcome.
    Welcome,
    /// Waiting for the answer to the login.
    Login,
    /// Waiting for the acknowledgement of a subscription.
    Acknowledgement,
    /// Waiting for a pong.
    Heartbeat,
    /// The connection was live.
    Live,
}

impl FailureStage {
    /// Returns the name of the stage, as used in logs and lifecycle events.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureStage::Token => "token",
            FailureStage::Dial => "dial",
            FailureStage::Welcome => "welcome",
            FailureStage::Login => "login",
            FailureStage::Acknowledgement => "acknowledgement",
            FailureStage::Heartbeat => "heartbeat",
            FailureStage::Live => "live",
        }
    }
}

impl fmt::Display for FailureStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Minimum delay before an attempt that would fail again if it were made at once.
const MIN_DELAY: Duration = Duration::from_secs(1);

/// Maximum delay that a server can impose.
const MAX_DELAY: Duration = Duration::from_secs(5 * 60);

/// Delays that follow from a retry policy.
pub(crate) trait RetryDelay {
    /// Returns `true` if retrying is useless. `was_live` is `true` if the session was live before.
    fn is_fatal(&self, was_live: bool) -> bool;

    /// Returns the minimum delay before the next attempt. A delay that a server imposes is capped.
    fn min_delay(self) -> Duration;

    /// Returns the maximum jitter to add to the minimum delay. `ceiling` is the ceiling of the backoff.
    fn jitter(self, ceiling: Duration) -> Duration;
}

impl RetryDelay for RetryPolicy {
    fn is_fatal(&self, was_live: bool) -> bool {
        match self {
            RetryPolicy::Refused => true,
            RetryPolicy::Certificate | RetryPolicy::Fatal => !was_live,
            _ => false,
        }
    }

    fn min_delay(self) -> Duration {
        match self {
            RetryPolicy::Transient | RetryPolicy::TokenRefused | RetryPolicy::Protocol => {
                Duration::ZERO
            }
            RetryPolicy::Throttled(Some(wait)) => wait.clamp(MIN_DELAY, MAX_DELAY),
            RetryPolicy::Postponed { least, .. } => least.min(MAX_DELAY),
            _ => MIN_DELAY,
        }
    }

    fn jitter(self, ceiling: Duration) -> Duration {
        match self {
            RetryPolicy::Postponed { least, most } => most.min(MAX_DELAY).saturating_sub(least),
            _ => ceiling,
        }
    }
}

/// Failure of a connection, or of an attempt to connect.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", DisplayFailure(self))]
#[non_exhaustive]
pub struct Failure {
    /// Stage in which the failure occurred.
    pub stage: FailureStage,
    /// Retry policy: whether and when to retry.
    pub retry_policy: RetryPolicy,
    /// Error code of the server: KuCoin's code, an HTTP status, or a WebSocket close code.
    pub code: Option<Box<str>>,
    /// Error message: what happened and why, without secrets.
    pub message: String,
    /// Remedy: what the user can do; `None` if unknown.
    pub remedy: Option<Box<str>>,
    /// Host names in the message; boxed to keep `Result<_, Failure>` small.
    hosts: Option<Box<NamedHosts>>,
}

/// Host names in the message, which must not be redacted.
#[derive(Clone, Debug, Default, PartialEq)]
struct NamedHosts(Vec<Box<str>>);

impl Failure {
    /// Creates a failure. The message must contain no secret; the session redacts its connection token.
    pub fn new(stage: FailureStage, retry_policy: RetryPolicy, message: impl Into<String>) -> Self {
        Self {
            stage,
            retry_policy,
            code: None,
            message: message.into(),
            remedy: None,
            hosts: None,
        }
    }

    /// Redacts the secrets of a connection in the message and code.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        let hosts = self.hosts.take().unwrap_or_default();
        self.message = redactor.redact_except_hosts(&self.message, &hosts.0);
        self.code = self.code.map(|code| redactor.redact(&code).into());
        self
    }

    /// Adds the error code of the server.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Box<str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Marks a host name in the message, or text that contains one, as safe to show.
    ///
    /// Without the mark, a long name could be mistaken for a token and redacted.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Box<str>>) -> Self {
        self.hosts.get_or_insert_default().0.push(host.into());
        self
    }

    /// Adds the remedy: what the user can do about the failure.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Box<str>>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns `true` if KuCoin refused the credentials or permissions.
    ///
    /// Retrying does not help: only the owner of the API key can fix this.
    pub fn is_refusal(&self) -> bool {
        self.retry_policy == RetryPolicy::Refused
    }
}

/// Displays the message with its code (once) and the remedy.
struct DisplayFailure<'a>(&'a Failure);

impl fmt::Display for DisplayFailure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_code(&self.0.message, self.0.code.as_deref()))?;
        match &self.0.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_shows_its_code_once_and_its_remedy_last() {
        let failure =
            |message: &str| Failure::new(FailureStage::Token, RetryPolicy::Refused, message);
        assert_eq!(failure("refused").to_string(), "refused");
        let coded = failure("refused")
            .with_code("400007")
            .with_remedy("allow it");
        assert_eq!(coded.to_string(), "refused (code 400007); allow it");
        let coded = failure("refused: no permission (code 400007)").with_code("400007");
        assert_eq!(coded.to_string(), "refused: no permission (code 400007)");
    }

    #[test]
    fn only_refused_credentials_end_a_stream_that_was_live() {
        for (retry_policy, ends_first, ends_later) in [
            (RetryPolicy::Refused, true, true),
            (RetryPolicy::Fatal, true, false),
            (RetryPolicy::Certificate, true, false),
            (RetryPolicy::Protocol, false, false),
            (RetryPolicy::Blocked, false, false),
            (RetryPolicy::Throttled(None), false, false),
            (RetryPolicy::TokenRefused, false, false),
            (RetryPolicy::Transient, false, false),
        ] {
            assert_eq!(retry_policy.is_fatal(false), ends_first, "{retry_policy:?}");
            assert_eq!(retry_policy.is_fatal(true), ends_later, "{retry_policy:?}");
        }
    }

    #[test]
    fn no_delay_exceeds_five_minutes() {
        let longest = Duration::from_secs(300);
        for wait in [longest, Duration::from_secs(86_400), Duration::MAX] {
            assert_eq!(RetryPolicy::Throttled(Some(wait)).min_delay(), longest);
            let postponed = RetryPolicy::Postponed {
                least: wait,
                most: wait,
            };
            assert_eq!(postponed.min_delay(), longest);
            assert_eq!(postponed.jitter(Duration::MAX), Duration::ZERO);
        }
        let short = RetryPolicy::Throttled(Some(Duration::from_millis(3)));
        assert_eq!(short.min_delay(), MIN_DELAY);
    }
}
