//! The source seam: where the information for one dial comes from, and how its failures are to be taken.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{ConnectionInfo, RetryPolicy, WsKey};

/// Gives what is needed for one dial: usually a signed token from KuCoin's REST API.
///
/// Implement it where tokens come from elsewhere: a token service that keeps the API secret away from the
/// trading host, a recording, a test. It is asked once for every dial; what it gives is used once and dropped. It runs on
/// the thread of the connections, so it must not block.
pub trait ConnectionSource: Send + Sync + 'static {
    /// Fetches fresh information for one dial of the connection `ws_key`.
    ///
    /// The caller drops the future at its own deadline; nothing may depend on it running to its end.
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send;
}

impl<S: ConnectionSource> ConnectionSource for Arc<S> {
    fn connection_info(
        &self,
        ws_key: WsKey,
    ) -> impl Future<Output = Result<ConnectionInfo, SourceError>> + Send {
        self.as_ref().connection_info(ws_key)
    }
}

/// The dyn-compatible form of [`ConnectionSource`], for a source that is chosen at run time. Every source is one, and
/// `Arc<dyn DynConnectionSource>` and `Box<dyn DynConnectionSource>` are a source.
pub trait DynConnectionSource: Send + Sync + 'static {
    /// As [`ConnectionSource::connection_info`].
    fn connection_info_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send + '_>>;
}

impl<S: ConnectionSource> DynConnectionSource for S {
    fn connection_info_boxed(
        &self,
        ws_key: WsKey,
    ) -> Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send + '_>> {
        Box::pin(self.connection_info(ws_key))
    }
}

macro_rules! sources {
    ($($pointer:ident),+) => {$(
        impl ConnectionSource for $pointer<dyn DynConnectionSource> {
            async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
                self.as_ref().connection_info_boxed(ws_key).await
            }
        }
    )+};
}

sources!(Arc, Box);

/// Why there is no connection information.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    class: RetryPolicy,
    code: Option<String>,
    message: String,
    remedy: Option<String>,
    hosts: Vec<Box<str>>,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    /// Describes a failure; `message` is shown to users and must hold no secret.
    pub fn new(class: RetryPolicy, message: impl Into<String>) -> Self {
        Self {
            class,
            code: None,
            message: message.into(),
            remedy: None,
            hosts: Vec::new(),
            source: None,
        }
    }

    /// Adds the code that the server answered with, such as `400005`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds what the user can do about it, such as "check the passphrase". It is shown after the message and its causes.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds the name of a host that the message or its causes name, with its port if that is shown. The name is shown as
    /// it is; without this, a part of it from twenty characters on is taken for a token and redacted.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Box<str>>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// How the failure is to be taken.
    pub fn class(&self) -> RetryPolicy {
        self.class
    }

    /// The server's code, if it gave one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What the user can do about it, if the source knows.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The names of hosts that are shown as they are.
    pub fn hosts(&self) -> &[Box<str>] {
        &self.hosts
    }

    /// True if another try may succeed with nothing changed.
    pub fn is_retryable(&self) -> bool {
        self.class.is_retryable()
    }
}
