//! Failures of an attempt or a connection, and what each asks of the session.

use std::fmt;
use std::time::Duration;

use kucoin_streams_core::{RetryPolicy, redact::Redactor, with_code};

/// Where in the life of a connection something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureStage {
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

impl FailureStage {
    /// The stage in one word, as logs and lifecycle events show it.
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

/// The shortest wait before an attempt that would fail in the same way at once.
const MIN_DELAY: Duration = Duration::from_secs(1);

/// The longest wait that a server may ask for: after it the server is asked again whatever it said.
const MAX_DELAY: Duration = Duration::from_secs(5 * 60);

/// What a session makes of a policy.
pub(crate) trait RetryDelay {
    /// True if no further attempt makes sense, given whether a connection was ever live.
    fn is_fatal(&self, was_live: bool) -> bool;

    /// The shortest wait before the next attempt. Every wait that a server asks for is bounded here.
    fn min_delay(self) -> Duration;

    /// How far the wait may be drawn out beyond the shortest, for a backoff with this ceiling.
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

/// Why an attempt or a connection ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", DisplayFailure(self))]
#[non_exhaustive]
pub struct Failure {
    /// Where it failed.
    pub stage: FailureStage,
    /// What it asks of the session.
    pub retry_policy: RetryPolicy,
    /// The code that the server gave: KuCoin's, an HTTP status, or a close code.
    pub code: Option<Box<str>>,
    /// What happened and why, for people. Holds no secret.
    pub message: String,
    /// What the user can do about it, if that is known.
    pub remedy: Option<Box<str>>,
    /// Boxed, since results hold failures.
    hosts: Option<Box<NamedHosts>>,
}

/// Names of hosts in a message, which the session does not take for tokens.
#[derive(Clone, Debug, Default, PartialEq)]
struct NamedHosts(Vec<Box<str>>);

impl Failure {
    /// Describes a failure; the message must hold no secret. A session redacts what repeats its connection token.
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

    /// The same with what its text repeats of a connection's secrets redacted.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        let hosts = self.hosts.take().unwrap_or_default();
        self.message = redactor.words_naming(&self.message, &hosts.0);
        self.code = self.code.map(|code| redactor.words(&code).into());
        self
    }

    /// Adds the code that the server gave.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Box<str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the name of a host, or another part of the message that names one, which is shown as it is: a long name could
    /// be taken for a token.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Box<str>>) -> Self {
        self.hosts.get_or_insert_default().0.push(host.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Box<str>>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// True if KuCoin refused credentials or permissions, so that only their owner can help.
    pub fn is_refusal(&self) -> bool {
        self.retry_policy == RetryPolicy::Refused
    }
}

/// What happened with its code, which is said once, and what to do.
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
    fn failure_says_its_code_once_and_its_remedy_last() {
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
    fn only_a_refusal_of_kucoin_ends_a_stream_that_was_live() {
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
    fn no_wait_exceeds_five_minutes() {
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
