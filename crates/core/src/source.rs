//! The [`ConnectionSource`] trait: the source of URL and token for each dial.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{ClockOffset, ConnectionInfo, RetryPolicy, WsKey};

/// Source of URL and token for each dial, usually KuCoin's REST API.
///
/// Implement it if your tokens come from elsewhere, such as a token service that keeps the API secret away from the
/// trading host.
///
/// A client calls it once for each dial and uses each result for one dial only. Calls for different connections can
/// overlap. The returned future is polled on the thread of the connections, so it must not block.
pub trait ConnectionSource: Send + Sync + 'static {
    /// Fetches new information for one dial of the connection `ws_key`.
    ///
    /// # Errors
    /// Returns a [`SourceError`] if there is no token; its [`RetryPolicy`] decides whether and when the client retries.
    ///
    /// # Cancel safety
    /// The client drops the future after a timeout (15 s by default), so the future must be cancel safe.
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send;

    /// Measures the offset of the exchange's clock, for latencies; `None` if it cannot be measured.
    ///
    /// A client whose statistics are read calls it for each live connection, and then every five minutes. Without an
    /// implementation, latencies between the two clocks are not measured.
    ///
    /// # Cancel safety
    /// The client drops the future after a timeout or if the connection is closed, so the future must be cancel safe.
    fn clock_offset(&self, ws_key: WsKey) -> impl Future<Output = Option<ClockOffset>> + Send {
        let _ = ws_key;
        async { None }
    }
}

impl<S: ConnectionSource> ConnectionSource for Arc<S> {
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send {
        self.as_ref().connection_info(ws_key)
    }

    fn clock_offset(&self, ws_key: WsKey) -> impl Future<Output = Option<ClockOffset>> + Send {
        self.as_ref().clock_offset(ws_key)
    }
}

/// Dyn-compatible form of [`ConnectionSource`], for a source that is chosen at run time.
///
/// Every [`ConnectionSource`] implements it, and `Arc<dyn DynConnectionSource>` and `Box<dyn DynConnectionSource>`
/// implement [`ConnectionSource`].
pub trait DynConnectionSource: Send + Sync + 'static {
    /// Boxed form of [`ConnectionSource::connection_info`].
    fn connection_info_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send + '_>>;

    /// Boxed form of [`ConnectionSource::clock_offset`].
    fn clock_offset_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Option<ClockOffset>> + Send + '_>>;
}

impl<S: ConnectionSource> DynConnectionSource for S {
    fn connection_info_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send + '_>> {
        Box::pin(self.connection_info(ws_key))
    }

    fn clock_offset_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Option<ClockOffset>> + Send + '_>> {
        Box::pin(self.clock_offset(ws_key))
    }
}

macro_rules! impl_connection_source {
    ($($pointer:ident),+) => {$(
        impl ConnectionSource for $pointer<dyn DynConnectionSource> {
            async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
                self.as_ref().connection_info_boxed(ws_key).await
            }

            async fn clock_offset(&self, ws_key: WsKey) -> Option<ClockOffset> {
                self.as_ref().clock_offset_boxed(ws_key).await
            }
        }
    )+};
}

impl_connection_source!(Arc, Box);

/// Error of a [`ConnectionSource`]: why there is no connection information, and whether to retry.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    retry_policy: RetryPolicy,
    code: Option<String>,
    message: String,
    remedy: Option<String>,
    hosts: Vec<Box<str>>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    /// Creates an error. `message` is shown to users and must not contain a secret.
    pub fn new(retry_policy: RetryPolicy, message: impl Into<String>) -> Self {
        Self {
            retry_policy,
            code: None,
            message: message.into(),
            remedy: None,
            hosts: Vec::new(),
            source: None,
        }
    }

    /// Sets the server's error code, such as `400005`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the remedy: what the user can do about the error, such as "check the passphrase".
    ///
    /// The remedy is shown after the message and its causes.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds a host name in the message or its causes that must stay readable.
    ///
    /// Without this call, a part of the host name of 20 or more characters without a dot is redacted as a possible
    /// token. If the message or its causes show the host name with a port, include the port.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Box<str>>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns whether and when the client retries.
    pub fn retry_policy(&self) -> RetryPolicy {
        self.retry_policy
    }

    #[doc(hidden)]
    #[deprecated(note = "renamed to `retry_policy`")]
    pub fn class(&self) -> RetryPolicy {
        self.retry_policy
    }

    /// Returns the server's error code; `None` if it sent none.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the remedy: what the user can do about the error; `None` if unknown.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Returns the host names that were added by [`with_host`](Self::with_host).
    pub fn hosts(&self) -> &[Box<str>] {
        &self.hosts
    }

    /// Returns `true` if a retry can succeed without a change by the user.
    pub fn is_retryable(&self) -> bool {
        self.retry_policy.is_retryable()
    }
}
