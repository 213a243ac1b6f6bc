//! A hand-written connection: TCP or TLS, with upgrade, welcome and subscription.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Target;

/// The socket of a reference contender.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Socket for S {}

/// Returns a unique connection name.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("c{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Returns the plain socket.
pub(super) async fn open_plain(socket: TcpStream) -> TcpStream {
    socket
}

/// Performs a TLS handshake over the socket.
///
/// # Panics
/// Panics if the handshake fails.
pub(super) async fn open_secure(socket: TcpStream, tls: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").expect("a valid server name");
    let connected = TlsConnector::from(tls).connect(name, socket).await;
    connected.expect("the server speaks TLS")
}

/// Upgrades the connection, reads the welcome, subscribes, and reads the acknowledgement and nothing after it.
///
/// # Panics
/// Panics if the server responds otherwise.
pub(super) async fn greet<S: Socket>(socket: &mut S, target: &Target, name: &str) {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        target.path(name)
    );
    socket
        .write_all(request.as_bytes())
        .await
        .expect("the socket is writable");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(
            socket
                .read_u8()
                .await
                .expect("the server accepts the upgrade"),
        );
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "the server refused the upgrade"
    );
    read_message(socket).await;
    let topic = r#"{"id":"1","type":"subscribe","topic":"/any","response":true}"#;
    let length = u8::try_from(topic.len()).expect("the frame is short");
    // A mask of zeros does not change the text.
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(topic.as_bytes());
    socket
        .write_all(&frame)
        .await
        .expect("the socket is writable");
    socket.flush().await.expect("the socket is writable");
    read_message(socket).await;
}

async fn read_message<S: Socket>(socket: &mut S) {
    socket.read_u8().await.expect("the server sends a message");
    let length = socket.read_u8().await.expect("the server sends a message");
    let mut payload = vec![0; usize::from(length)];
    socket
        .read_exact(&mut payload)
        .await
        .expect("the server sends a message");
}
