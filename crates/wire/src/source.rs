//! The source seam: where the information for one dial comes from, and how its failures are to be taken.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use crate::{ConnectionInfo, WsKey};

/// Gives what is needed for one dial: usually a signed token from KuCoin's REST API.
///
/// Implement it where tokens come from elsewhere: a token service that keeps the API secret away from the
/// trading host, a recording, a test. It is asked once for every dial; what it gives is used once and dropped.
pub trait ConnectionSource: Send + Sync + 'static {
    /// Fetches fresh information for one dial of the connection `ws_key`.
    ///
    /// The caller drops the future at its own deadline; nothing may depend on it running to its end.
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send;
}

impl<S: ConnectionSource> ConnectionSource for std::sync::Arc<S> {
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send {
        self.as_ref().connection_info(ws_key)
    }
}

/// How a failure of the source is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceErrorClass {
    /// Passes by itself: try again after a backoff.
    Transient,
    /// Looks transient, but is fatal when it comes this many times in a row.
    TransientUpTo(u32),
    /// Too many requests: wait at least this long, or the usual backoff where the server named no time.
    Throttled(Option<Duration>),
    /// Credentials or permissions are refused: no retry helps until somebody changes them.
    Refused,
    /// Will not pass by itself, for another reason: a wrong setting, an untrusted endpoint.
    Fatal,
}

/// Why there is no connection information.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    class: SourceErrorClass,
    code: Option<String>,
    message: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    /// Describes a failure; `message` is shown to users and must hold no secret.
    pub fn new(class: SourceErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            code: None,
            message: message.into(),
            source: None,
        }
    }

    /// Adds the code that the server answered with, such as `400005`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// How the failure is to be taken.
    pub fn class(&self) -> SourceErrorClass {
        self.class
    }

    /// The server's code, if it gave one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// True where another try may succeed with nothing changed.
    pub fn is_retryable(&self) -> bool {
        !matches!(
            self.class,
            SourceErrorClass::Refused | SourceErrorClass::Fatal
        )
    }
}
