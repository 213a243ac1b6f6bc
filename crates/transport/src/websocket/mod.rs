//! The default transport: its configuration, and the order of the stages of a dial.

mod assembly;
mod chunks;
mod dial;
mod driven;
#[cfg(feature = "unstable-fuzzing")]
pub mod fuzzing;
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

/// The default [`Connect`]: TCP by tokio, TLS by rustls, the upgrade by hyper, frames by fastwebsockets.
///
/// What it holds to, beyond RFC 6455:
/// - `wss://` is checked against the root certificates of the platform, or by your own configuration; `ws://` goes
///   to loopback addresses only. The checks cannot be switched off. No redirect is followed.
/// - No proxy is used unless [`with_proxy`](WebSocketConnector::with_proxy) sets one; the environment is not read. With a
///   proxy no connection goes around it.
/// - The upgrade is verified in full: the accept key, and no extension or subprotocol that was not asked for.
/// - Each stage has a deadline, each message a limit that also holds for the sum of its fragments, and no length
///   that a server declares makes it reserve more than that limit.
/// - A connection that is over is never silent: keepalive probes and, on Linux and Android, `TCP_USER_TIMEOUT` of
///   20 s find a peer that vanished while data was under way.
/// - The URL and its token never reach an error, `Debug` or a log line.
///
/// It is plain configuration: cheap to clone, and every clone shares the TLS configuration, which is built at the
/// first `wss://` dial.
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

/// All deadlines and sizes of a connection.
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
    /// A connector with the default limits and the root certificates of the platform.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses this TLS configuration for `wss://`, for instance with a root certificate of your own: a `ClientConfig` of
    /// the re-exported [`rustls`](crate::rustls). Default: the platform's verifier with the cryptography chosen by
    /// feature. Its ALPN list is replaced by `http/1.1`, since nothing else can be upgraded.
    #[must_use]
    pub fn with_tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Tls::own(config);
        self
    }

    /// Dials through this proxy; default: none. The time to reach the proxy and to get its answer counts as connecting
    /// ([`with_connect_timeout`](WebSocketConnector::with_connect_timeout)); TLS and the upgrade have their own limits as
    /// ever.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the longest message that is accepted, in bytes, fragments added up; default 1 MiB.
    #[must_use]
    pub fn with_max_message_size(mut self, bytes: usize) -> Self {
        // The codec counts one byte further, and a control frame must always fit.
        self.limits.max_message_size = bytes.min(usize::MAX / 2);
        self
    }

    /// Sets how many fragments a message may come in, empty ones counted; default 128, at least 1.
    #[must_use]
    pub fn with_max_fragments(mut self, fragments: usize) -> Self {
        self.limits.max_fragments = fragments.max(1);
        self
    }

    /// Sets how long resolving the name and opening the TCP connection may take together; default 5 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets how long the TLS handshake may take; default 5 s.
    #[must_use]
    pub fn with_tls_timeout(mut self, timeout: Duration) -> Self {
        self.limits.tls_timeout = timeout;
        self
    }

    /// Sets how long the HTTP upgrade may take; default 5 s.
    #[must_use]
    pub fn with_upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.limits.upgrade_timeout = timeout;
        self
    }

    /// Sets how long one write may take until it is flushed; default 5 s.
    #[must_use]
    pub fn with_write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// Sets how long sending the close frame may take; default 1 s.
    #[must_use]
    pub fn with_close_timeout(mut self, timeout: Duration) -> Self {
        self.limits.close_timeout = timeout;
        self
    }

    /// Makes a WebSocket of a stream that is already connected, such as a tunnel of your own or one end of a test; the
    /// limits are those of a dial.
    ///
    /// `url` is the one to dial: it gives the request line and the `Host` header; nothing is resolved. With `wss` the
    /// stream gets TLS, with the same configuration and checks as a dial. With `ws` the token would be readable on its
    /// way, so the host must be a loopback address or `localhost`. A proxy of this connector plays no part: the stream is
    /// there already.
    ///
    /// # Errors
    /// [`ConnectError`], of the URL, of TLS or of the upgrade; [`ConnectError::Plaintext`] before anything is sent.
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
        let stream = self.secured(Box::new(stream), &target).await?;
        self.speak(stream, &target).await
    }

    async fn open(&self, target: &Target) -> Result<Stream, ConnectError> {
        let proxy = self.proxy.as_ref();
        if let Some(proxy) = proxy.filter(|proxy| proxy.carries(&target.authority)) {
            let opened = self.open_through(proxy, target).await;
            return opened.map_err(|fault| ConnectError::Proxy {
                proxy: proxy.place(),
                target: target.host_and_port(),
                fault,
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
        Ok(Stream::Tls(Box::new(self.encrypted(tcp, target).await?)))
    }

    async fn open_through(&self, proxy: &Proxy, target: &Target) -> Result<Stream, ProxyProblem> {
        let deadline = deadline_after(self.limits.connect_timeout);
        let tunnel = timeout_at(deadline, tunnel::open(proxy, target, &self.tls))
            .await
            .map_err(|_| ProxyProblem::TimedOut)??;
        let secured = self.secured(tunnel, target).await;
        secured.map_err(|error| ProxyProblem::Beyond(Box::new(error)))
    }

    /// A stream of another's, with TLS to the target if its URL asks for it.
    async fn secured(
        &self,
        stream: Box<dyn Duplex>,
        target: &Target,
    ) -> Result<Stream, ConnectError> {
        Ok(Stream::Own(match target.secure {
            true => Box::new(self.encrypted(stream, target).await?),
            false => stream,
        }))
    }

    async fn encrypted<S: AsyncRead + AsyncWrite + Unpin>(
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
            .map_err(or_descriptors)
    }

    /// The last stage of a dial: from a stream to a WebSocket on it.
    async fn speak(
        &self,
        stream: Stream,
        target: &Target,
    ) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let deadline = deadline_after(self.limits.upgrade_timeout);
        let (stream, first_bytes) = upgrade::upgrade(stream, target, deadline).await?;
        tracing::debug!(host = target.host, port = target.port, "websocket open");
        Ok(self.halves(stream, first_bytes))
    }

    /// The two halves of a connection that has been upgraded.
    fn halves(&self, stream: Stream, first_bytes: Bytes) -> (WebSocketReader, WebSocketWriter) {
        let (read, write) = stream.split(first_bytes);
        let (frames_in, frames_out) =
            fastwebsockets::after_handshake_split(read, write, fastwebsockets::Role::Client);
        (
            WebSocketReader::new(frames_in, &self.limits),
            WebSocketWriter::new(frames_out, &self.limits),
        )
    }
}

/// Root certificates look missing if no file can be opened to read them. That passes, and a wrong set-up does not.
fn or_descriptors(error: ConnectError) -> ConnectError {
    let ConnectError::NoRoots(_) = error else {
        return error;
    };
    dial::descriptor_shortage().map_or(error, ConnectError::Tcp)
}

/// A timeout that no clock can hold means never; thirty years are as good.
fn deadline_after(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout)
        .unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 24 * 60 * 60))
}

impl Connect for WebSocketConnector {
    type Reader = WebSocketReader;
    type Writer = WebSocketWriter;

    /// The token in the URL's query may come back in a server's refusal; it is removed from there, too.
    async fn connect(&self, url: &str) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let target = Target::parse(url)?;
        let stream = self.open(&target).await?;
        self.speak(stream, &target).await
    }
}
