//! Blocking I/O for the driver: a WebSocket, a token request over HTTP, and the local exchange.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kucoin_streams::Credentials;
use kucoin_streams::auth::{HmacSigner, sign_request};
use kucoin_streams::core::{ConnectionInfo, SecretUrl};
use kucoin_streams::session::Bytes;
use kucoin_streams_examples::{Error, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

/// Read timeout. It is short because two connections are read in turn.
const READ_TIMEOUT: Duration = Duration::from_millis(10);

/// A blocking WebSocket without TLS.
pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    pub(crate) fn dial(url: &str) -> Result<Self, tungstenite::Error> {
        let authority = url.split('/').nth(2).unwrap_or_default();
        let stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        let (socket, _) = tungstenite::client(url, stream).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => tungstenite::Error::AttackAttempt,
        })?;
        socket.get_ref().set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Self(socket))
    }

    pub(crate) fn send(&mut self, frame: &str) -> Result<(), tungstenite::Error> {
        self.0.send(Message::text(frame))
    }

    /// Returns the payload of the next message; `None` if none arrives within the read timeout.
    pub(crate) fn read(&mut self) -> Result<Option<Bytes>, tungstenite::Error> {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match self.0.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => Ok(Some(message.into_data())),
            Ok(Message::Close(_)) => Err(tungstenite::Error::ConnectionClosed),
            // tungstenite answers pings itself.
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Io(error)) if matches!(error.kind(), WouldBlock | TimedOut) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn close(mut self, code: u16) {
        let frame = tungstenite::protocol::CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        // Ignore errors: the peer may have closed the connection.
        let _ = self.0.close(Some(frame));
        let _ = self.0.flush();
    }
}

/// The local exchange, on its own threads.
pub(crate) struct LocalExchange {
    exchange: Arc<Exchange>,
    signer: HmacSigner,
    runtime: tokio::runtime::Runtime,
}

impl LocalExchange {
    pub(crate) fn start() -> Result<Self, Error> {
        let runtime = tokio::runtime::Runtime::new()?;
        let exchange = runtime.block_on(Exchange::builder().event_rate(20.0).start())?;
        let demo = exchange.credentials();
        let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
        Ok(Self {
            signer: HmacSigner::new(&credentials),
            exchange: Arc::new(exchange),
            runtime,
        })
    }

    /// Cuts the connection after a short pause.
    pub(crate) fn cut_after_pause(&self) {
        let exchange = self.exchange.clone();
        self.runtime.spawn(async move {
            pause().await;
            exchange.inject(Effect::Cut(Cut::Eof));
        });
    }

    /// Requests a connection token with `POST /api/v1/bullet-private`.
    pub(crate) fn connection_info(&self) -> std::io::Result<ConnectionInfo> {
        const PATH: &str = "/api/v1/bullet-private";
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(0));
        // This signer does no I/O, so its future is ready immediately.
        let signing = pin!(sign_request(&self.signer, time, "POST", PATH, ""));
        let Poll::Ready(Ok(signed)) = signing.poll(&mut Context::from_waker(Waker::noop())) else {
            return Err(std::io::Error::other("cannot sign the token request"));
        };
        let mut request = format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n"
        );
        for (name, value) in signed.headers() {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", self.exchange.port()))?;
        stream.write_all(request.as_bytes())?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body: serde_json::Value = serde_json::from_str(body)?;
        let text = |path: &str| body.pointer(path).and_then(serde_json::Value::as_str);
        let (Some(endpoint), Some(token)) = (
            text("/data/instanceServers/0/endpoint"),
            text("/data/token"),
        ) else {
            return Err(std::io::Error::other("the response has no token"));
        };
        let url = format!("{endpoint}?token={token}&connectId=blocking");
        Ok(ConnectionInfo::new(SecretUrl::new(url)).with_connect_id("blocking"))
    }
}
