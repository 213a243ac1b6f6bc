//! The retry policy of failures, shared by sources, sessions and drivers.

use std::time::Duration;

/// Whether and when to dial again after a failure.
///
/// [`Refused`](RetryPolicy::Refused) always ends the connection. [`Certificate`](RetryPolicy::Certificate) and
/// [`Fatal`](RetryPolicy::Fatal) end a connection that has never been live, since its configuration is probably wrong;
/// after the first live connection they are retried. All others are retried without a limit, and each attempt is
/// reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryPolicy {
    /// Temporary failure: retry after a backoff.
    Transient,
    /// Blocked by a firewall or a CDN, or the answer was not usable: retry after a backoff of at least 1 s.
    ///
    /// A block lasts from seconds to minutes.
    Blocked,
    /// Rate limited: retry after this delay plus a backoff; `None` if the server named no delay.
    ///
    /// The delay is raised to at least 1 s and capped at 5 minutes. `None` counts as 1 s.
    Throttled(Option<Duration>),
    /// Retry after a random delay between `least` and `most`, each at most 5 minutes.
    Postponed {
        /// Minimum delay.
        least: Duration,
        /// Maximum delay.
        most: Duration,
    },
    /// The connection token was refused: retry at once with a new token.
    ///
    /// Further retries are like those of [`Transient`](RetryPolicy::Transient).
    TokenRefused,
    /// The server broke the protocol: retry after a backoff.
    Protocol,
    /// The server's certificate is not trusted: fatal before the first live connection.
    ///
    /// After the first live connection, it is retried like [`Blocked`](RetryPolicy::Blocked).
    Certificate,
    /// KuCoin refused the API key, its permissions or the account: always fatal.
    ///
    /// A retry does not help until the user changes them.
    Refused,
    /// Wrong configuration, such as an untrusted endpoint: fatal before the first live connection.
    ///
    /// After the first live connection, it is retried like [`Blocked`](RetryPolicy::Blocked), since a captive portal
    /// causes the same errors.
    Fatal,
}

impl RetryPolicy {
    /// Returns `true` if a retry can succeed without a change by the user.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Refused | Self::Fatal | Self::Certificate)
    }
}
