//! A socket that has been greeted: TCP or TLS, upgraded, welcomed and subscribed, by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Target;

/// What the references read from.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Socket for S {}

/// A name that no other connection has.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("c{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The socket as it is.
pub(super) async fn open_plain(socket: TcpStream) -> TcpStream {
    socket
}

/// TLS over the socket.
///
/// # Panics
/// Where the handshake fails.
pub(super) async fn open_secure(socket: TcpStream, tls: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").expect("a name");
    let connected = TlsConnector::from(tls).connect(name, socket).await;
    connected.expect("the server speaks TLS")
}

/// Upgrades, takes the welcome, subscribes to anything, and takes the acknowledgement. Nothing behind it is read.
///
/// # Panics
/// Where the server does not play along.
pub(super) async fn greet<S: Socket>(socket: &mut S, target: &Target, name: &str) {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        target.path(name)
    );
    socket
        .write_all(request.as_bytes())
        .await
        .expect("it can be written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("the upgrade is answered"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "not upgraded");
    message(socket).await;
    let topic = r#"{"id":"1","type":"subscribe","topic":"/any","response":true}"#;
    let length = u8::try_from(topic.len()).expect("it is short");
    // A mask of zeros leaves the text as it is.
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(topic.as_bytes());
    socket.write_all(&frame).await.expect("it can be written");
    socket.flush().await.expect("it can be written");
    message(socket).await;
}

async fn message<S: Socket>(socket: &mut S) {
    socket.read_u8().await.expect("a message comes");
    let length = socket.read_u8().await.expect("a message comes");
    let mut payload = vec![0; usize::from(length)];
    socket
        .read_exact(&mut payload)
        .await
        .expect("a message comes");
}
