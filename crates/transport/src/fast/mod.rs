//! The default transport: its configuration, and the order of the stages of a dial.

mod assembly;
mod chunks;
mod dial;
#[cfg(feature = "unstable-fuzzing")]
pub mod fuzzing;
mod read_ahead;
mod reader;
mod refusal;
mod stream;
mod target;
mod tls;
mod upgrade;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

pub use self::reader::FastReader;
pub use self::writer::FastWriter;

use self::stream::Stream;
use self::target::Target;
use self::tls::Tls;
use crate::{Connect, ConnectError, Stage};

/// The default [`Connect`]: TCP by tokio, TLS by rustls, the upgrade by hyper, frames by fastwebsockets.
///
/// What it holds to, beyond RFC 6455:
/// - `wss://` is checked against the root certificates of the platform, or by your own configuration; `ws://` goes
///   to loopback addresses only. Nobody can switch the checks off. No proxy is used and no redirect followed.
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
/// use kucoin_streams_transport::FastWebSocket;
///
/// let connector = FastWebSocket::new()
///     .with_connect_timeout(Duration::from_secs(3))
///     .with_max_message_size(256 * 1024);
/// ```
#[derive(Clone, Debug, Default)]
pub struct FastWebSocket {
    limits: Limits,
    tls: Tls,
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

impl FastWebSocket {
    /// A connector with the default limits and the root certificates of the platform.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses this TLS configuration (of rustls 0.23) for `wss://`, for instance with a root certificate of your own;
    /// default: the platform's verifier with the cryptography chosen by feature. Its ALPN list is replaced by
    /// `http/1.1`, since nothing else can be upgraded.
    #[must_use]
    pub fn with_tls_config(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Tls::own(config);
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

    /// Makes a WebSocket of a stream that stands already, through a proxy or a tunnel of your own or in a test; the
    /// limits are those of a dial.
    ///
    /// `url` is the one to dial: it gives the request line and the `Host` header. Nothing is resolved and **no TLS is
    /// added**, whatever its scheme: the token in it is as safe on its way as the stream is.
    ///
    /// # Errors
    /// [`ConnectError`], of the URL or of the upgrade.
    pub async fn upgrade<S>(
        &self,
        stream: S,
        url: &str,
    ) -> Result<(FastReader, FastWriter), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let target = Target::parse(url)?;
        self.speak(Stream::Own(Box::new(stream)), &target).await
    }

    async fn open(&self, target: &Target) -> Result<Stream, ConnectError> {
        let deadline = deadline_after(self.limits.connect_timeout);
        let timed_out = |stage| move |_| ConnectError::Timeout { stage };
        let addresses = timeout_at(deadline, dial::resolve(target))
            .await
            .map_err(timed_out(Stage::Dns))??;
        let tcp: TcpStream = timeout_at(deadline, dial::connect(addresses))
            .await
            .map_err(timed_out(Stage::Tcp))??;
        if !target.secure {
            return dial::require_loopback(tcp).map(Stream::Plain);
        }
        let handshake = self.tls.handshake(&target.host, tcp);
        let tls = timeout(self.limits.tls_timeout, handshake)
            .await
            .map_err(timed_out(Stage::Tls))?
            .map_err(or_descriptors)?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    /// The last stage of a dial: from a stream to a WebSocket on it.
    async fn speak(
        &self,
        stream: Stream,
        target: &Target,
    ) -> Result<(FastReader, FastWriter), ConnectError> {
        let deadline = deadline_after(self.limits.upgrade_timeout);
        let (stream, first_bytes) = upgrade::upgrade(stream, target, deadline).await?;
        tracing::debug!(host = target.host, port = target.port, "websocket open");
        Ok(self.halves(stream, first_bytes))
    }

    /// The two halves of a connection that has been upgraded.
    fn halves(&self, stream: Stream, first_bytes: Bytes) -> (FastReader, FastWriter) {
        let (read, write) = stream.split(first_bytes);
        let (frames_in, frames_out) =
            fastwebsockets::after_handshake_split(read, write, fastwebsockets::Role::Client);
        (
            FastReader::new(frames_in, &self.limits),
            FastWriter::new(frames_out, &self.limits),
        )
    }
}

/// Root certificates look missing if no file can be opened to read them. That passes, and a wrong set-up does not.
fn or_descriptors(error: ConnectError) -> ConnectError {
    let ConnectError::TlsConfiguration(_) = error else {
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

impl Connect for FastWebSocket {
    type Reader = FastReader;
    type Writer = FastWriter;

    /// The token in the URL's query may come back in a server's refusal; it is removed from there, too.
    async fn connect(&self, url: &str) -> Result<(FastReader, FastWriter), ConnectError> {
        let target = Target::parse(url)?;
        let stream = self.open(&target).await?;
        self.speak(stream, &target).await
    }
}
