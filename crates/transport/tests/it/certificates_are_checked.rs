//! A server is accepted only if its certificate is valid, for the host, and signed by a trusted root.

use std::sync::Arc;

use kucoin_streams_testkit::http::read_head;
use kucoin_streams_testkit::tls::{Authority, CertificateParams, date_time_ymd};
use kucoin_streams_testkit::websocket::{
    CLOSE, FIN, Server, TEXT, TOKEN, agreement, close_payload, frame, read_frame,
};
use kucoin_streams_transport::{
    CloseFrame, Connect, ConnectClass, ConnectError, Message, Outgoing, ReadError, Reader,
    WebSocketConnector, WebSocketReader, WebSocketWriter, Writer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Returns a server with a certificate for this host.
fn server(
    authority: &Authority,
    host: &str,
    change: impl Fn(&mut CertificateParams),
) -> TlsAcceptor {
    let mut config = (*authority.server(&[host], change)).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// Returns a client that trusts only this authority, with an ALPN list for another protocol.
fn client(authority: &Authority) -> WebSocketConnector {
    let mut config = (*authority.trust()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    WebSocketConnector::new().with_tls_config(Arc::new(config))
}

type Dialled = Result<(WebSocketReader, WebSocketWriter), ConnectError>;

/// Dials `localhost`; returns the server's side too if handshake and upgrade succeed.
async fn dial(
    connector: WebSocketConnector,
    acceptor: TlsAcceptor,
) -> (Dialled, Option<TlsStream<TcpStream>>) {
    let server = Server::bind().await;
    let url = format!("wss://localhost:{}/endpoint?token={TOKEN}", server.port());
    let serve = async {
        let (stream, _) = server.listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.ok()?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(stream.get_ref().1.server_name(), Some("localhost"));
        let request = read_head(&mut stream).await.unwrap();
        stream
            .write_all(agreement(&request).as_bytes())
            .await
            .unwrap();
        stream.flush().await.unwrap();
        Some(stream)
    };
    tokio::join!(connector.connect(&url), serve)
}

async fn check_refused(connector: WebSocketConnector, acceptor: TlsAcceptor) {
    let (dialled, stream) = dial(connector, acceptor).await;
    let error = dialled.unwrap_err();
    assert!(matches!(error, ConnectError::Certificate(_)), "{error:?}");
    assert_eq!(error.class(), ConnectClass::Certificate);
    assert!(stream.is_none(), "the token was sent");
}

#[tokio::test]
async fn custom_root_is_accepted() {
    let authority = Authority::new();
    let (dialled, stream) = dial(client(&authority), server(&authority, "localhost", |_| {})).await;
    let ((mut reader, mut writer), mut stream) = (dialled.unwrap(), stream.unwrap());
    let long = "é".repeat(100_000);
    for text in ["welcome", &long] {
        let serve = async {
            stream
                .write_all(&frame(FIN | TEXT, text.as_bytes()))
                .await
                .unwrap();
            stream.flush().await.unwrap();
            read_frame(&mut stream).await
        };
        let echo = async {
            let message = reader.read().await.unwrap();
            assert!(message == Message::Text(text.to_owned().into()));
            writer.send(Outgoing::Text(text)).await.unwrap();
        };
        let (echoed, ()) = tokio::join!(serve, echo);
        assert!(echoed == Some((FIN | TEXT, text.as_bytes().to_vec())));
    }
    writer.close(Some(CloseFrame::normal())).await.unwrap();
    assert_eq!(
        read_frame(&mut stream).await,
        Some((FIN | CLOSE, close_payload(1000, b"")))
    );
}

#[tokio::test]
async fn tls_reads_and_writes_at_the_same_time() {
    const COUNT: usize = 2_000;
    let authority = Authority::new();
    let (dialled, stream) = dial(client(&authority), server(&authority, "localhost", |_| {})).await;
    let ((mut reader, mut writer), stream) = (dialled.unwrap(), stream.unwrap());
    let (mut from_client, mut to_client) = tokio::io::split(stream);
    let payload = |number: usize| format!("{number}:{}", "x".repeat(number % 700));
    let pushed = async {
        for number in 0..COUNT {
            to_client
                .write_all(&frame(FIN | TEXT, payload(number).as_bytes()))
                .await
                .unwrap();
            to_client.flush().await.unwrap();
        }
    };
    let received = async {
        for number in 0..COUNT {
            assert_eq!(
                reader.read().await.unwrap(),
                Message::Text(payload(number).into())
            );
        }
    };
    let sent = async {
        for number in 0..COUNT {
            writer.send(Outgoing::Text(&payload(number))).await.unwrap();
        }
    };
    let taken = async {
        for number in 0..COUNT {
            assert_eq!(
                read_frame(&mut from_client).await.unwrap().1,
                payload(number).into_bytes()
            );
        }
    };
    tokio::join!(pushed, received, sent, taken);
}

#[tokio::test]
async fn unknown_authority_is_refused() {
    check_refused(
        client(&Authority::new()),
        server(&Authority::new(), "localhost", |_| {}),
    )
    .await;
}

#[tokio::test]
async fn platform_roots_refuse_the_test_authority() {
    let (dialled, stream) = dial(
        WebSocketConnector::new(),
        server(&Authority::new(), "localhost", |_| {}),
    )
    .await;
    let error = dialled.unwrap_err();
    // A machine without root certificates refuses too.
    assert!(
        matches!(
            error,
            ConnectError::Certificate(_) | ConnectError::NoRoots(_)
        ),
        "{error:?}"
    );
    assert!(stream.is_none(), "the token was sent");
}

#[tokio::test]
async fn certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    check_refused(
        client(&authority),
        server(&authority, "exchange.test", |_| {}),
    )
    .await;
}

#[tokio::test]
async fn expired_certificate_is_refused() {
    let authority = Authority::new();
    let expired = server(&authority, "localhost", |parameters| {
        parameters.not_before = date_time_ymd(2019, 1, 1);
        parameters.not_after = date_time_ymd(2020, 1, 1);
    });
    check_refused(client(&authority), expired).await;
}

#[tokio::test]
async fn tls_end_without_close_notify_is_eof() {
    let authority = Authority::new();
    let (dialled, stream) = dial(client(&authority), server(&authority, "localhost", |_| {})).await;
    let ((mut reader, _writer), mut stream) = (dialled.unwrap(), stream.unwrap());
    stream.write_all(&frame(FIN | TEXT, b"last")).await.unwrap();
    stream
        .write_all(&frame(FIN | TEXT, b"truncated")[..5])
        .await
        .unwrap();
    stream.flush().await.unwrap();
    drop(stream.into_inner().0);
    assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
    assert!(matches!(reader.read().await, Err(ReadError::Eof)));
}

#[tokio::test]
async fn dropping_both_halves_closes_the_tls_connection() {
    let authority = Authority::new();
    let (dialled, stream) = dial(client(&authority), server(&authority, "localhost", |_| {})).await;
    let mut stream = stream.unwrap();
    drop(dialled.unwrap());
    // The socket is closed, with or without `close_notify`.
    assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)));
}

#[tokio::test]
async fn custom_stream_gets_tls_for_wss() {
    let authority = Authority::new();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let url = format!("wss://exchange.test/endpoint?token={TOKEN}");
    let acceptor = server(&authority, "exchange.test", |_| {});
    let serve = async {
        let mut stream = acceptor.accept(far).await.unwrap();
        assert_eq!(stream.get_ref().1.server_name(), Some("exchange.test"));
        let request = read_head(&mut stream).await.unwrap();
        assert!(request.contains(TOKEN), "{request}");
        let mut answer = agreement(&request).into_bytes();
        answer.extend(frame(FIN | TEXT, b"welcome"));
        stream.write_all(&answer).await.unwrap();
        stream.flush().await.unwrap();
        stream
    };
    let connector = client(&authority);
    let (halves, _stream) = tokio::join!(connector.upgrade(near, &url), serve);
    let (mut reader, _writer) = halves.unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Text("welcome".into())
    );
}

#[tokio::test]
async fn custom_stream_sends_no_token_unencrypted() {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let url = format!("wss://exchange.test/endpoint?token={TOKEN}");
    let connector = client(&Authority::new());
    let overhear = async {
        let mut heard = vec![0; 64 * 1024];
        let length = far.read(&mut heard).await.unwrap();
        heard.truncate(length);
        // A server that accepts an unencrypted token would answer unencrypted.
        far.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            .await
            .unwrap();
        far.shutdown().await.unwrap();
        far.read_to_end(&mut heard).await.unwrap();
        heard
    };
    let (upgraded, heard) = tokio::join!(connector.upgrade(near, &url), overhear);
    assert!(
        matches!(upgraded, Err(ConnectError::NotTls)),
        "{upgraded:?}"
    );
    assert_eq!(heard[0], 0x16, "a handshake of TLS");
    for secret in [TOKEN, "token", "GET"] {
        let found = heard
            .windows(secret.len())
            .any(|it| it == secret.as_bytes());
        assert!(!found, "{secret} was sent in the clear");
    }
}

#[tokio::test]
async fn custom_stream_needs_a_trusted_certificate() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = server(&Authority::new(), "exchange.test", |_| {});
    let connector = client(&Authority::new());
    let upgrade = connector.upgrade(near, "wss://exchange.test/endpoint?token=t");
    let (upgraded, accepted) = tokio::join!(upgrade, acceptor.accept(far));
    let error = upgraded.unwrap_err();
    assert!(matches!(error, ConnectError::Certificate(_)), "{error:?}");
    assert!(accepted.is_err(), "the handshake succeeded");
}

#[tokio::test]
async fn silent_custom_stream_hits_the_tls_timeout() {
    let (near, _far) = tokio::io::duplex(64 * 1024);
    let connector = client(&Authority::new());
    let connector = connector.with_tls_timeout(std::time::Duration::from_millis(50));
    let error = connector.upgrade(near, "wss://exchange.test/").await;
    let error = error.unwrap_err();
    let tls = kucoin_streams_transport::ConnectStage::Tls;
    assert!(
        matches!(error, ConnectError::Timeout { stage } if stage == tls),
        "{error:?}"
    );
}

#[tokio::test]
async fn plaintext_over_custom_stream_is_loopback_only() {
    for host in ["kucoin.com", "10.0.0.1", "localhost.evil.test", "127.1"] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let url = format!("ws://{host}/endpoint?token={TOKEN}");
        let error = WebSocketConnector::new()
            .upgrade(near, &url)
            .await
            .unwrap_err();
        assert!(
            matches!(error, ConnectError::Plaintext),
            "{host}: {error:?}"
        );
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).await.unwrap();
        assert!(sent.is_empty(), "{host}: {} bytes were sent", sent.len());
    }
    for host in ["localhost", "127.0.0.1:9", "[::1]:9"] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let url = format!("ws://{host}/endpoint?token={TOKEN}");
        let serve = async {
            let request = read_head(&mut far).await.unwrap();
            far.write_all(agreement(&request).as_bytes()).await.unwrap();
        };
        let client = WebSocketConnector::new();
        let (upgraded, ()) = tokio::join!(client.upgrade(near, &url), serve);
        upgraded.unwrap();
    }
}
