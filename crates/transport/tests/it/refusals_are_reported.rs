//! A refused upgrade reports the status, the wait and the body, and never the token.

use std::time::Duration;

use crate::client::dial_against;
use kucoin_streams_testkit::http::read_head;
use kucoin_streams_testkit::websocket::{Server, TOKEN, TOKEN_DECODED};
use kucoin_streams_transport::{
    Connect, ConnectClass, ConnectError, UpgradeRefusal, WebSocketConnector,
};
use tokio::io::AsyncWriteExt;

async fn refusal(reply: String) -> UpgradeRefusal {
    match dial_against(|_| reply.clone().into_bytes()).await {
        Err(ConnectError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn refusal_has_status_and_body() {
    let body = r#"{"code":"401000","msg":"token is invalid"}"#;
    let refusal = refusal(reply("401 Unauthorized", "", body)).await;
    assert_eq!(
        (refusal.status(), refusal.retry_after(), refusal.excerpt()),
        (401, None, body)
    );
    assert_eq!(
        ConnectError::Refused(refusal).class(),
        ConnectClass::Transient
    );
}

#[tokio::test]
async fn refusal_has_the_wait() {
    for (headers, wait) in [
        ("Retry-After: 7\r\n", 7000),
        ("gw-ratelimit-reset: 1500\r\n", 1500),
    ] {
        let refusal = refusal(reply("429 Too Many Requests", headers, "slow down")).await;
        let retry_after = Some(Duration::from_millis(wait));
        assert_eq!(
            ConnectError::Refused(refusal).class(),
            ConnectClass::Throttled { retry_after }
        );
    }
}

#[tokio::test]
async fn quoted_token_is_redacted() {
    let body =
        format!("GET /endpoint?token={TOKEN}&connectId=c1: token {TOKEN_DECODED} is invalid");
    let refusal = refusal(reply("400 Bad Request", "", &body)).await;
    assert_eq!(
        refusal.excerpt(),
        "GET /endpoint?[redacted]: token [redacted] is invalid"
    );
}

#[tokio::test]
async fn long_body_is_cut_and_escaped() {
    let refusal = refusal(reply("502 Bad Gateway", "", &"\u{1b}[31mé".repeat(10_000))).await;
    assert!(refusal.excerpt().starts_with("\\u{1b}[31mé"), "{refusal:?}");
    assert!(refusal.excerpt().len() <= UpgradeRefusal::MAX_EXCERPT);
    assert!(!refusal.excerpt().chars().any(char::is_control));
}

#[tokio::test(start_paused = true)]
async fn stalled_or_endless_body_does_not_hide_the_status() {
    let stalling =
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\nmaintenance".to_vec();
    let endless = [
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n".to_vec(),
        vec![b'a'; 1 << 20],
    ]
    .concat();
    for (answer, beginning) in [(stalling, "maintenance"), (endless, "aaaa")] {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        // The client closes the connection before the end of the body.
        let serve = async {
            read_head(&mut far).await.unwrap();
            let _ = far.write_all(&answer).await;
            far
        };
        let connector = WebSocketConnector::new();
        let upgrade = async { connector.upgrade(near, "ws://localhost/").await.map(drop) };
        match tokio::join!(upgrade, serve).0 {
            Err(ConnectError::Refused(refusal)) => {
                assert_eq!(refusal.status(), 503);
                assert!(refusal.excerpt().starts_with(beginning), "{refusal:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let server = Server::bind().await;
    let elsewhere = Server::bind().await;
    for status in [301, 302, 303, 307, 308] {
        let url = server.url();
        let serve = async {
            let (mut stream, _) = server.accept_request().await;
            let reply = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
                elsewhere.url()
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
        };
        let connector = WebSocketConnector::new();
        let (dialled, ()) = tokio::join!(connector.connect(&url), serve);
        let error = dialled.unwrap_err();
        assert!(
            matches!(error, ConnectError::Redirect { status: found } if found == status),
            "{error:?}"
        );
        assert_eq!(
            (error.class(), error.status()),
            (ConnectClass::Fatal, Some(status))
        );
    }
    // This dial is the first that reaches the other server.
    let probe = tokio::net::TcpStream::connect(("127.0.0.1", elsewhere.port()))
        .await
        .unwrap();
    let (_, first) = elsewhere.listener.accept().await.unwrap();
    assert_eq!(first, probe.local_addr().unwrap());
}

#[tokio::test]
async fn success_without_upgrade_is_a_protocol_error() {
    let refusal = refusal(reply("200 OK", "", "<html>sign in to the network</html>")).await;
    assert_eq!(refusal.excerpt(), "<html>sign in to the network</html>");
    assert_eq!(
        ConnectError::Refused(refusal).class(),
        ConnectClass::Protocol
    );
}
