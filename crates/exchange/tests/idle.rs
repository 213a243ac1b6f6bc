//! How long a client may send nothing, and what counts as activity.
//!
//! The tests use tokio's paused clock, and in-process streams instead of TCP.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use kucoin_streams_exchange::{Ended, Exchange};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

/// Opens a V1 connection and reads its welcome.
async fn connected(exchange: &Exchange) -> DuplexStream {
    let path = "/api/v1/bullet-private";
    let (mut client, server) = duplex(65_536);
    tokio::spawn(exchange.serve(server));
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    for (name, value) in signed_headers(exchange.credentials(), path, now_ms()) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let request = request + "Content-Length: 0\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).await.unwrap();
    let body = reply.split_once("\r\n\r\n").unwrap().1;
    let token = field(body, "data")["token"].as_str().unwrap().to_owned();

    let (mut client, server) = duplex(65_536);
    tokio::spawn(exchange.serve(server));
    let request = format!(
        "GET /?token={} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        percent_encoded(&token)
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\"welcome\"}") {
        seen.push(client.read_u8().await.unwrap());
    }
    client
}

/// Returns everything that is sent until the connection closes, and the seconds until then.
async fn until_the_end(client: &mut DuplexStream) -> (String, u64) {
    let started = Instant::now();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    let text = String::from_utf8_lossy(&rest).into_owned();
    (text, started.elapsed().as_secs())
}

/// Returns a client frame with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let head = [
        first,
        0x80 | u8::try_from(payload.len()).unwrap(),
        0,
        0,
        0,
        0,
    ];
    [&head[..], payload].concat()
}

#[tokio::test(start_paused = true)]
async fn silent_client_is_disconnected_after_60_seconds() {
    let exchange = Exchange::builder().start().await.unwrap();
    let mut client = connected(&exchange).await;
    let (sent, seconds) = until_the_end(&mut client).await;
    assert!((60..=62).contains(&seconds), "cut after {seconds} s");
    assert!(sent.contains("\"ping timeout\""), "{sent}");
    let ended = exchange.stats().connections[0].ended.clone();
    assert_eq!(ended, Some(Ended::PingTimeout));
}

#[tokio::test(start_paused = true)]
async fn messages_count_as_activity_but_control_frames_do_not() {
    let exchange = Exchange::builder().start().await.unwrap();
    for (frame, expected) in [
        (frame(0x81, br#"{"id":"1","type":"ping"}"#), 60),
        (frame(0x81, b"not understood"), 60),
        (frame(0x82, br#"{"id":"1","type":"ping"}"#), 60),
        (frame(0x89, b"hey"), 10),
        (frame(0x8A, b"hey"), 10),
    ] {
        let mut client = connected(&exchange).await;
        sleep(Duration::from_secs(50)).await;
        client.write_all(&frame).await.unwrap();
        let (_, seconds) = until_the_end(&mut client).await;
        let near = expected..=expected + 2;
        assert!(near.contains(&seconds), "{frame:?}: {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn pushes_do_not_count_as_activity() {
    let exchange = Exchange::builder().start().await.unwrap();
    let mut client = connected(&exchange).await;
    let request = frame(0x81, subscribe("1", BALANCE).as_bytes());
    client.write_all(&request).await.unwrap();
    exchange.wait_subscribed(BALANCE).await;
    sleep(Duration::from_secs(50)).await;
    exchange.account().deposit("USDT", 5.into()).unwrap();
    let (sent, seconds) = until_the_end(&mut client).await;
    assert!(sent.contains(BALANCE), "{sent}");
    assert!((10..=12).contains(&seconds), "cut after {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn script_can_change_the_idle_timeout() {
    let script = "connection 2: limit-idle after=5s".parse().unwrap();
    let settings = Exchange::builder().faults(script);
    let exchange = settings.start().await.unwrap();
    for expected in [60, 5] {
        let mut client = connected(&exchange).await;
        let (_, seconds) = until_the_end(&mut client).await;
        let near = expected..=expected + 2;
        assert!(near.contains(&seconds), "cut after {seconds} s");
    }
}
