//! The WebSocket transport: its configuration and the stages of a dial.

mod assembly;
mod dial;
mod driven;
#[cfg(feature = "unstable-fuzzing")]
pub mod fuzzing;
mod payload_pool;
mod proxy;
mod read_ahead;
mod reader;
mod refusal;
mod stream;
mod target;
mod tls;
mod tunnel;
mod upgrade;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::client::TlsStream;

pub use self::proxy::{Proxy, ProxyEnvError, ProxyError};
pub use self::reader::WebSocketReader;
pub use self::writer::WebSocketWriter;

use self::stream::{Duplex, Stream};
use self::target::Target;
use self::tls::Tls;
use crate::{Connect, ConnectError, ConnectStage, ProxyProblem};

/// The default [`Connect`]: a WebSocket client with tokio, rustls, hyper and fastwebsockets.
///
/// In addition to RFC 6455:
/// - `wss://` certificates are verified with the root certificates of the platform, or by the verifier of your own TLS
///   configuration; the connector has no option to skip this. `ws://` is allowed to loopback addresses only. Redirects
///   are not followed.
/// - A proxy is used only if set with [`with_proxy`](WebSocketConnector::with_proxy); the environment is not read. The
///   proxy is never bypassed.
/// - The reply to the upgrade is verified completely: the accept key, and that no extension or subprotocol is used.
/// - Each stage of a dial has a timeout. Each message has a size limit, which includes all its fragments; memory is
///   never reserved beyond that limit, whatever length the server declares.
/// - A dead peer is detected with keepalive probes and, on Linux and Android, a `TCP_USER_TIMEOUT` of 20 s for data
///   that is not acknowledged.
/// - The path and the query of the URL, with the token, never appear in `Debug` output or a log line, and only host and
///   port in an error. If a server's refusal quotes the query, it is redacted: see [`ConnectError`].
///
/// The connector is only configuration and cheap to clone. All clones share the TLS configuration, which is built at
/// the first `wss://` dial.
///
/// ```
/// use std::time::Duration;
/// use kucoin_streams_transport::WebSocketConnector;
///
/// let connector = WebSocketConnector::new()
///     .with_connect_timeout(Duration::from_secs(3))
///     .with_max_message_size(256 * 1024);
/// ```
#[derive(Clone, Debug, Default)]
pub struct WebSocketConnector {
    limits: Limits,
    tls: Tls,
    proxy: Option<Proxy>,
}

/// The timeouts and size limits of a connection.
#[derive(Clone, Copy, Debug)]
struct Limits {
    max_message_size: usize,
    max_fragments: usize,
    connect_timeout: Duration,
    tls_timeout: Duration,
    upgrade_timeout: Duration,
    write_timeout: Duration,
    close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_size: 1024 * 1024,
            max_fragments: 128,
            connect_timeout: Duration::from_secs(5),
            tls_timeout: Duration::from_secs(5),
            upgrade_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(1),
        }
    }
}

impl WebSocketConnector {
    /// Creates a connector with the default limits and the root certificates of the platform.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the TLS configuration for `wss://`, for example with your own root certificate.
    ///
    /// The type is `ClientConfig` of the re-exported [`rustls`](crate::rustls). Its ALPN list is replaced by
    /// `http/1.1`, because only HTTP/1.1 can be upgraded. Default: the verifier of the platform, with the crypto
    /// provider of the enabled feature.
    #[must_use]
    pub fn with_tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Tls::custom(config);
        self
    }

    /// Sets a proxy for all dials. Default: none.
    ///
    /// Connecting to the proxy and waiting for its answer, including TLS to an `https` proxy, counts toward
    /// [`with_connect_timeout`](WebSocketConnector::with_connect_timeout). TLS to the target and the upgrade have their
    /// own timeouts.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the maximum size of a received message with all its fragments, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn with_max_message_size(mut self, bytes: usize) -> Self {
        // The codec gets this limit plus one, which must not overflow.
        self.limits.max_message_size = bytes.min(usize::MAX / 2);
        self
    }

    /// Sets the maximum number of fragments of a message, counting empty ones. Default: 128, minimum 1.
    #[must_use]
    pub fn with_max_fragments(mut self, fragments: usize) -> Self {
        self.limits.max_fragments = fragments.max(1);
        self
    }

    /// Sets the timeout for name resolution, the TCP connection and the proxy together. Default: 5 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets the timeout for the TLS handshake. Default: 5 s.
    #[must_use]
    pub fn with_tls_timeout(mut self, timeout: Duration) -> Self {
        self.limits.tls_timeout = timeout;
        self
    }

    /// Sets the timeout for the HTTP upgrade. Default: 5 s.
    #[must_use]
    pub fn with_upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.limits.upgrade_timeout = timeout;
        self
    }

    /// Sets the timeout for one write, including the flush. Default: 5 s.
    #[must_use]
    pub fn with_write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// Sets the timeout for sending the close frame. Default: 1 s.
    #[must_use]
    pub fn with_close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// Opens a WebSocket on an already connected stream, such as your own tunnel.
    ///
    /// The limits of this connector apply; its proxy is not used. `url` provides the request line and the `Host` header;
    /// its host is not resolved. For `wss`, TLS is added to the stream, with the same configuration and checks as for a
    /// dial. For `ws`, the host must be a loopback address or `localhost`, because the token is sent unencrypted.
    ///
    /// # Errors
    /// Returns a [`ConnectError`] if the URL is invalid, or if TLS or the upgrade fails. [`ConnectError::Plaintext`] is
    /// returned before any byte is sent.
    pub async fn upgrade<S>(
        &self,
        stream: S,
        url: &str,
    ) -> Result<(WebSocketReader, WebSocketWriter), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let target = Target::parse(url)?;
        if !target.secure && !target.is_loopback() {
            return Err(ConnectError::Plaintext);
        }
        let stream = self.add_tls(Box::new(stream), &target).await?;
        self.open_websocket(stream, &target).await
    }

    async fn open_stream(&self, target: &Target) -> Result<Stream, ConnectError> {
        let proxy = self.proxy.as_ref();
        if let Some(proxy) = proxy.filter(|proxy| proxy.applies_to(&target.authority)) {
            let opened = self.open_through_proxy(proxy, target).await;
            return opened.map_err(|problem| ConnectError::Proxy {
                proxy: proxy.host_and_port(),
                target: target.host_and_port(),
                problem,
            });
        }
        let deadline = deadline_after(self.limits.connect_timeout);
        let timed_out = |stage| move |_| ConnectError::Timeout { stage };
        let addresses = dial::resolve(&target.host, target.port, !target.secure);
        let addresses = timeout_at(deadline, addresses)
            .await
            .map_err(timed_out(ConnectStage::Dns))??;
        let tcp: TcpStream = timeout_at(deadline, dial::connect(addresses))
            .await
            .map_err(timed_out(ConnectStage::Tcp))??;
        if !target.secure {
            return dial::require_loopback(tcp).map(Stream::Plain);
        }
        Ok(Stream::Tls(Box::new(
            self.tls_handshake(tcp, target).await?,
        )))
    }

    async fn open_through_proxy(
        &self,
        proxy: &Proxy,
        target: &Target,
    ) -> Result<Stream, ProxyProblem> {
        let deadline = deadline_after(self.limits.connect_timeout);
        let tunnel = timeout_at(deadline, tunnel::open(proxy, target, &self.tls))
            .await
            .map_err(|_| ProxyProblem::TimedOut)??;
        let stream = self.add_tls(tunnel, target).await;
        stream.map_err(|error| ProxyProblem::Target(Box::new(error)))
    }

    /// Adds TLS to a custom stream if the target's URL is `wss`.
    async fn add_tls(
        &self,
        stream: Box<dyn Duplex>,
        target: &Target,
    ) -> Result<Stream, ConnectError> {
        Ok(Stream::Custom(match target.secure {
            true => Box::new(self.tls_handshake(stream, target).await?),
            false => stream,
        }))
    }

    async fn tls_handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        target: &Target,
    ) -> Result<TlsStream<S>, ConnectError> {
        let handshake = self.tls.handshake(&target.host, stream);
        timeout(self.limits.tls_timeout, handshake)
            .await
            .map_err(|_| ConnectError::Timeout {
                stage: ConnectStage::Tls,
            })?
            .map_err(or_descriptor_shortage)
    }

    /// Performs the HTTP upgrade, the last stage of a dial.
    async fn open_websocket(
        &self,
        stream: Stream,
        target: &Target,
    ) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let deadline = deadline_after(self.limits.upgrade_timeout);
        let (stream, first_bytes) = upgrade::upgrade(stream, target, deadline).await?;
        tracing::debug!(host = target.host, port = target.port, "websocket open");
        Ok(self.split(stream, first_bytes))
    }

    /// Splits an upgraded connection into its two halves.
    fn split(&self, stream: Stream, first_bytes: Bytes) -> (WebSocketReader, WebSocketWriter) {
        let (read, write) = stream.split(first_bytes);
        let (frames_in, frames_out) =
            fastwebsockets::after_handshake_split(read, write, fastwebsockets::Role::Client);
        (
            WebSocketReader::new(frames_in, &self.limits),
            WebSocketWriter::new(frames_out, &self.limits),
        )
    }
}

/// Replaces the error if the process has no file descriptors left.
///
/// Root certificates then look as if they were missing.
fn or_descriptor_shortage(error: ConnectError) -> ConnectError {
    let ConnectError::NoRoots(_) = error else {
        return error;
    };
    dial::descriptor_shortage().map_or(error, ConnectError::Tcp)
}

/// Returns the deadline of a timeout; in thirty years if the deadline would overflow.
fn deadline_after(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout)
        .unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 24 * 60 * 60))
}

impl Connect for WebSocketConnector {
    type Reader = WebSocketReader;
    type Writer = WebSocketWriter;

    /// If a server's refusal quotes the query of the URL, the query is redacted.
    async fn connect(&self, url: &str) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let target = Target::parse(url)?;
        let stream = self.open_stream(&target).await?;
        self.open_websocket(stream, &target).await
    }
}
