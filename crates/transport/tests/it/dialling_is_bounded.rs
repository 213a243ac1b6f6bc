//! Every stage of a dial has a timeout, and the error names the stage.

use std::time::Duration;

use kucoin_streams_testkit::http::free_port;
use kucoin_streams_testkit::tls::trust_none;
use kucoin_streams_testkit::websocket::{Server, drip};
use kucoin_streams_transport::{
    Connect, ConnectClass, ConnectError, ConnectStage, Outgoing, WebSocketConnector, Writer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SHORT: Duration = Duration::from_millis(200);

async fn dial(connector: WebSocketConnector, url: &str) -> ConnectError {
    connector.connect(url).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn closed_port_is_a_tcp_error() {
    let url = format!("ws://127.0.0.1:{}/?token=t", free_port());
    let error = dial(WebSocketConnector::new(), &url).await;
    assert!(matches!(error, ConnectError::Tcp(_)), "{error:?}");
    assert_eq!(error.class(), ConnectClass::Transient);
}

#[tokio::test]
async fn unknown_host_name_is_a_dns_error() {
    let error = dial(WebSocketConnector::new(), "wss://unknown.invalid/?token=t").await;
    // Without a network, the resolver may time out instead.
    assert!(
        matches!(
            error,
            ConnectError::Dns(_)
                | ConnectError::Timeout {
                    stage: ConnectStage::Dns
                }
        ),
        "{error:?}"
    );
    assert_eq!(error.class(), ConnectClass::Transient);
}

#[tokio::test]
async fn plaintext_goes_to_loopback_only() {
    for url in [
        "ws://192.0.2.1/?token=t",
        "ws://example.com/?token=t",
        "ws://[2001:db8::1]/?token=t",
    ] {
        let error = dial(WebSocketConnector::new(), url).await;
        assert!(matches!(error, ConnectError::Plaintext), "{url}: {error:?}");
        assert_eq!(error.class(), ConnectClass::Fatal);
    }
}

#[tokio::test]
async fn plaintext_to_localhost_works() {
    let server = Server::bind().await;
    let url = format!("ws://localhost:{}/?token=t", server.port());
    let connector = WebSocketConnector::new();
    // `localhost` may resolve to ::1 first, where no server listens; then the next address is tried.
    let (halves, _stream) = tokio::join!(connector.connect(&url), server.accept());
    halves.unwrap();
}

#[tokio::test]
async fn silent_tls_server_hits_the_tls_timeout() {
    let server = Server::bind().await;
    let url = format!("wss://127.0.0.1:{}/?token=t", server.port());
    let connector = rootless_tls().with_tls_timeout(SHORT);
    let (error, _stream) = tokio::join!(dial(connector, &url), server.listener.accept());
    assert!(
        matches!(
            error,
            ConnectError::Timeout {
                stage: ConnectStage::Tls
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn server_without_tls_is_reported_as_not_tls() {
    let server = Server::bind().await;
    let url = format!("wss://127.0.0.1:{}/?token=t", server.port());
    let serve = async {
        let (mut stream, _) = server.listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let (error, ()) = tokio::join!(dial(rootless_tls(), &url), serve);
    assert!(matches!(error, ConnectError::NotTls), "{error:?}");
    assert_eq!(error.class(), ConnectClass::Protocol);
    assert!(error.remedy().unwrap().contains("port"));
}

#[tokio::test]
async fn silent_server_hits_the_upgrade_timeout() {
    let server = Server::bind().await;
    let url = server.url();
    let connector = WebSocketConnector::new().with_upgrade_timeout(SHORT);
    let (error, _stream) = tokio::join!(dial(connector, &url), server.accept_request());
    assert!(
        matches!(
            error,
            ConnectError::Timeout {
                stage: ConnectStage::Upgrade
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn endless_reply_hits_the_upgrade_timeout() {
    let server = Server::bind().await;
    let url = server.url();
    let serve = async {
        let (mut stream, _) = server.accept_request().await;
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\n")
            .await
            .unwrap();
        loop {
            drip(&mut stream, b"A: b\r\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let connector = WebSocketConnector::new().with_upgrade_timeout(SHORT);
    let error = tokio::select! {
        error = dial(connector, &url) => error,
        () = serve => unreachable!("the reply never ends"),
    };
    // After two seconds, the reply has more than 100 headers and is refused; either way the dial ends.
    assert!(
        matches!(
            error,
            ConnectError::Timeout {
                stage: ConnectStage::Upgrade
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn dropped_dial_closes_its_connection() {
    let server = Server::bind().await;
    let url = server.url();
    let dialling =
        tokio::spawn(async move { WebSocketConnector::new().connect(&url).await.map(drop) });
    let (mut stream, _) = server.accept_request().await;
    dialling.abort();
    assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn huge_timeouts_do_not_overflow() {
    let server = Server::bind().await;
    let url = server.url();
    let connector = WebSocketConnector::new()
        .with_connect_timeout(Duration::MAX)
        .with_upgrade_timeout(Duration::MAX)
        .with_write_timeout(Duration::MAX);
    let (halves, _stream) = tokio::join!(connector.connect(&url), server.accept());
    let (_reader, mut writer) = halves.unwrap();
    writer.send(Outgoing::Text("x")).await.unwrap();
}

fn rootless_tls() -> WebSocketConnector {
    WebSocketConnector::new().with_tls_config(trust_none())
}
