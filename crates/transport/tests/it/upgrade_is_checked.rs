//! A reply to the upgrade is accepted only if it follows every rule of RFC 6455.

use crate::client::dial_against;
use kucoin_streams_testkit::http::header;
use kucoin_streams_testkit::websocket::{
    FIN, Server, TEXT, TOKEN, accept_key, agreement, drip, frame,
};
use kucoin_streams_transport::{
    Connect, ConnectClass, ConnectError, Message, Reader, UpgradeProblem, WebSocketConnector,
};
use tokio::io::AsyncWriteExt;

async fn check(reply: impl Fn(&str) -> String, expected: Option<UpgradeProblem>) {
    match (
        dial_against(|request| reply(request).into_bytes()).await,
        expected,
    ) {
        (Ok(_), None) => {}
        (Err(ConnectError::BadUpgrade(found)), Some(expected)) => assert_eq!(found, expected),
        (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
    }
}

/// Returns a good reply with one line replaced; an empty replacement removes the line.
fn with(request: &str, name: &str, lines: &str) -> String {
    let good = agreement(request);
    let start = good.find(name).unwrap();
    let end = start + good[start..].find("\r\n").unwrap() + 2;
    format!("{}{lines}{}", &good[..start], &good[end..])
}

#[tokio::test]
async fn request_is_a_complete_upgrade() {
    let server = Server::bind().await;
    let url = server.url();
    let connector = WebSocketConnector::new();
    let (_stream, request) = tokio::select! {
        accepted = server.accept_request() => accepted,
        dialled = connector.connect(&url) => panic!("{dialled:?} without an answer"),
    };
    assert!(
        request.starts_with(&format!(
            "GET /endpoint?token={TOKEN}&connectId=c1 HTTP/1.1\r\n"
        )),
        "{request}"
    );
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
    ] {
        assert_eq!(header(&request, name), Some(value), "{request}");
    }
    assert_eq!(
        header(&request, "host"),
        Some(format!("127.0.0.1:{}", server.port()).as_str())
    );
    assert_eq!(header(&request, "sec-websocket-key").unwrap().len(), 24);
    assert_eq!(header(&request, "sec-websocket-extensions"), None);
    assert_eq!(header(&request, "sec-websocket-protocol"), None);
}

#[tokio::test]
async fn correct_replies_are_accepted() {
    check(agreement, None).await;
    check(
        |request| with(request, "Connection", "Connection: keep-alive, Upgrade\r\n"),
        None,
    )
    .await;
    check(
        |request| {
            with(
                request,
                "Connection",
                "Connection: keep-alive\r\nConnection: upgrade\r\n",
            )
        },
        None,
    )
    .await;
    check(
        |request| with(request, "Upgrade", "UPGRADE: WebSocket\r\n"),
        None,
    )
    .await;
    check(
        |request| format!("HTTP/1.1 103 Early Hints\r\n\r\n{}", agreement(request)),
        None,
    )
    .await;
}

#[tokio::test]
async fn missing_or_wrong_accept_key_is_refused() {
    let expected = Some(UpgradeProblem::Accept);
    check(
        |request| with(request, "Sec-WebSocket-Accept", ""),
        expected,
    )
    .await;
    check(
        |request| {
            with(
                request,
                "Sec-WebSocket-Accept",
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
            )
        },
        expected,
    )
    .await;
    check(
        |request| {
            agreement(request).replace(&accept_key(request), &accept_key(request).to_lowercase())
        },
        expected,
    )
    .await;
    check(
        |request| {
            let line = format!("Sec-WebSocket-Accept: {}\r\n", accept_key(request));
            with(request, "Sec-WebSocket-Accept", &line.repeat(2))
        },
        expected,
    )
    .await;
}

#[tokio::test]
async fn missing_upgrade_headers_and_old_http_are_refused() {
    check(
        |request| with(request, "Upgrade", ""),
        Some(UpgradeProblem::Upgrade),
    )
    .await;
    check(
        |request| with(request, "Upgrade", "Upgrade: h2c\r\n"),
        Some(UpgradeProblem::Upgrade),
    )
    .await;
    check(
        |request| with(request, "Connection", ""),
        Some(UpgradeProblem::Connection),
    )
    .await;
    check(
        |request| with(request, "Connection", "Connection: close\r\n"),
        Some(UpgradeProblem::Connection),
    )
    .await;
    check(
        |request| agreement(request).replace("HTTP/1.1", "HTTP/1.0"),
        Some(UpgradeProblem::Version),
    )
    .await;
}

#[tokio::test]
async fn unrequested_extensions_and_subprotocols_are_refused() {
    let extension = "Connection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    check(
        |request| with(request, "Connection", extension),
        Some(UpgradeProblem::Extension),
    )
    .await;
    let subprotocol = "Connection: Upgrade\r\nSec-WebSocket-Protocol: graphql\r\n";
    check(
        |request| with(request, "Connection", subprotocol),
        Some(UpgradeProblem::Subprotocol),
    )
    .await;
}

#[tokio::test]
async fn non_http_reply_and_large_head_are_refused() {
    check(
        |_| "\u{16}\u{3} what?\r\n\r\n".into(),
        Some(UpgradeProblem::Malformed),
    )
    .await;
    let filler = format!(
        "Connection: Upgrade\r\nFiller: {}\r\n",
        "a".repeat(17 * 1024)
    );
    check(
        |request| with(request, "Connection", &filler),
        Some(UpgradeProblem::Malformed),
    )
    .await;
    let many = format!("Connection: Upgrade\r\n{}", "A: b\r\n".repeat(200));
    check(
        |request| with(request, "Connection", &many),
        Some(UpgradeProblem::Malformed),
    )
    .await;
    let fits = format!(
        "Connection: Upgrade\r\nFiller: {}\r\n",
        "a".repeat(8 * 1024)
    );
    check(|request| with(request, "Connection", &fits), None).await;
}

#[tokio::test]
async fn bad_reply_is_protocol_error_early_end_is_transient() {
    let bad = dial_against(|request| with(request, "Upgrade", "").into_bytes())
        .await
        .unwrap_err();
    assert_eq!(bad.class(), ConnectClass::Protocol);
    for reply in ["", "HTTP/1.1 101 Switch"] {
        let cut = dial_against(|_| reply.into()).await.unwrap_err();
        assert!(matches!(cut, ConnectError::Interrupted(_)), "{cut:?}");
        assert_eq!(cut.class(), ConnectClass::Transient);
    }
}

#[tokio::test]
async fn frames_right_after_the_reply_are_not_lost() {
    let glued = |request: &str| {
        let mut reply = agreement(request).into_bytes();
        reply.extend(frame(FIN | TEXT, br#"{"type":"welcome"}"#));
        reply.extend(frame(FIN | TEXT, &[b'x'; 3000]));
        reply.extend(&frame(FIN | TEXT, b"cut in the middle")[..9]);
        reply
    };
    let (mut reader, _writer) = dial_against(glued).await.unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Text(r#"{"type":"welcome"}"#.into())
    );
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Text("x".repeat(3000).into())
    );
    assert!(reader.read().await.is_err());
}

#[tokio::test]
async fn reply_in_single_bytes_is_read() {
    let server = Server::bind().await;
    let url = server.url();
    let answer = async {
        let (mut stream, request) = server.accept_request().await;
        stream.set_nodelay(true).unwrap();
        drip(&mut stream, agreement(&request).as_bytes()).await;
        stream
            .write_all(&frame(FIN | TEXT, b"welcome"))
            .await
            .unwrap();
        stream
    };
    let connector = WebSocketConnector::new();
    let (halves, _stream) = tokio::join!(connector.connect(&url), answer);
    let (mut reader, _writer) = halves.unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Text("welcome".into())
    );
}
