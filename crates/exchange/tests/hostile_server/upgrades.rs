//! Wrong responses to WebSocket upgrade requests.

use kucoin_streams_exchange::Ended;
use tokio::io::AsyncReadExt;

use crate::setup::*;
use crate::support::*;

/// Returns the head of the response to the first upgrade request.
async fn answered(script: &str) -> String {
    let exchange = with(script).await;
    head(&mut ask_for_socket(&exchange).await).await
}

#[tokio::test]
async fn upgrade_can_be_refused_or_redirected() {
    let exchange = with(
        "connection 1: upgrade-refuse status=401 text=\"token is invalid\"\n\
         connection 2: upgrade-refuse status=429 retry-after=1500ms\n\
         connection 3: upgrade-redirect status=307 location=https://elsewhere.test/",
    )
    .await;
    let mut refused = ask_for_socket(&exchange).await;
    assert!(head(&mut refused).await.starts_with("http/1.1 401"));
    let mut words = [0; 16];
    refused.read_exact(&mut words).await.unwrap();
    assert_eq!(&words, b"token is invalid");
    let limited = head(&mut ask_for_socket(&exchange).await).await;
    assert!(limited.starts_with("http/1.1 429"), "{limited}");
    assert!(limited.contains("retry-after: 2\r\n"), "{limited}");
    let redirected = head(&mut ask_for_socket(&exchange).await).await;
    assert!(redirected.starts_with("http/1.1 307"), "{redirected}");
    assert!(redirected.contains("location: https://elsewhere.test/\r\n"));

    Socket::connect(&exchange).await;
    let reports = exchange.stats().connections;
    let numbers: Vec<u64> = reports.iter().map(|report| report.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(
        reports[..3]
            .iter()
            .all(|report| report.ended == Some(Ended::Fault))
    );
    assert!(reports[..3].iter().all(|report| report.token.is_none()));
}

#[tokio::test]
async fn upgrade_response_can_have_wrong_headers() {
    let right = "sec-websocket-accept: s3ppLMbitxaq9kygzzhzrbk+xoo=".to_ascii_lowercase();
    let wrong = answered("connection 1: upgrade-wrong-accept").await;
    assert!(wrong.starts_with("http/1.1 101") && wrong.contains("sec-websocket-accept: "));
    assert!(!wrong.contains(&right), "{wrong}");
    for header in ["upgrade", "connection", "sec-websocket-accept"] {
        let without = answered(&format!("connection 1: upgrade-without header={header}")).await;
        assert!(without.starts_with("http/1.1 101"), "{without}");
        assert!(!without.contains(&format!("\r\n{header}: ")), "{without}");
    }
    let extended = answered("connection 1: upgrade-extension").await;
    assert!(extended.contains(&right), "{extended}");
    assert!(extended.contains("sec-websocket-extensions: permessage-deflate\r\n"));
    let spoken = answered("connection 1: upgrade-subprotocol name=mqtt").await;
    assert!(
        spoken.contains("sec-websocket-protocol: mqtt\r\n"),
        "{spoken}"
    );
    let long = answered("connection 1: upgrade-long-head bytes=100000").await;
    assert!(long.contains(&right) && long.len() > 100_000);
}

#[tokio::test]
async fn slow_upgrade_response_still_connects() {
    let exchange = with("connection 1: upgrade-drip by=1ms").await;
    let mut socket = Socket::connect(&exchange).await;
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
}

#[tokio::test]
async fn upgrade_can_end_without_a_response() {
    let exchange = with("connection 1: upgrade-close\nconnection 2: upgrade-reset").await;
    let mut closed = ask_for_socket(&exchange).await;
    assert_eq!(rest(&mut closed).await, (vec![], End::Eof));
    let mut reset = ask_for_socket(&exchange).await;
    assert_eq!(rest(&mut reset).await, (vec![], End::Reset));
}

#[tokio::test]
async fn stalled_upgrade_is_never_answered() {
    let exchange = with("connection 1: upgrade-stall").await;
    let stalled = ask_for_socket(&exchange).await;
    exchange
        .wait_until(|stats| stats.connections.len() == 1)
        .await;
    // Other connections are served, and the first one still has no response.
    Socket::connect(&exchange).await;
    assert_eq!(
        stalled.try_read(&mut [0; 8]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );
}
