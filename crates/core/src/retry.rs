//! When a failure is retried: the one vocabulary of sources, sessions and drivers.

use std::time::Duration;

/// When the connection that failed is dialled again.
///
/// Only [`Refused`](RetryPolicy::Refused) ends a connection whatever happened before.
/// [`Certificate`](RetryPolicy::Certificate) and [`Fatal`](RetryPolicy::Fatal) end one that was never live, since its
/// configuration is probably wrong; after that the configuration is known to work, so they are retried. Everything else
/// is retried without a limit, and each attempt is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryPolicy {
    /// Passes by itself: retry after a backoff.
    Transient,
    /// Not the exchange answered, such as a firewall or a CDN, or it answered nothing usable: retry after a backoff of at
    /// least a second. Such blocks last from seconds to minutes.
    Blocked,
    /// Too many requests: retry after this wait and a backoff; after a second if the server named no wait. A wait of more
    /// than five minutes counts as five minutes.
    Throttled(Option<Duration>),
    /// Retry after a time drawn evenly from between these, each at most five minutes.
    Postponed {
        /// The shortest wait.
        least: Duration,
        /// The longest wait.
        most: Duration,
    },
    /// The connection token was refused: fetch another at once, then as [`Transient`](RetryPolicy::Transient).
    TokenRefused,
    /// The peer broke the protocol: retry after a backoff.
    Protocol,
    /// The peer's certificate is not trusted: fatal before the first live connection, then as
    /// [`Blocked`](RetryPolicy::Blocked).
    Certificate,
    /// KuCoin refused the credentials, their permissions or the account: fatal until their owner changes them.
    Refused,
    /// A wrong setting, such as an untrusted endpoint: fatal before the first live connection, then as
    /// [`Blocked`](RetryPolicy::Blocked), since a captive portal looks the same.
    Fatal,
}

impl RetryPolicy {
    /// True if another try may succeed with nothing changed.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Refused | Self::Fatal | Self::Certificate)
    }
}
