//! TCP connections that are accepted, but not served.

use kucoin_streams_exchange::{DialFault, Effect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn dial_can_be_closed_or_reset_at_once() {
    let exchange = with("dial 1: dial-close\ndial 2: dial-reset").await;
    assert_eq!(rest(&mut dial(&exchange).await).await, (vec![], End::Eof));
    let mut reset = dial(&exchange).await;
    // Depending on the timing the read fails with different errors.
    let read = reset.read(&mut [0; 8]).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(request_token(&exchange).await.code(), "200000");
}

#[tokio::test]
async fn stalled_dial_is_never_answered() {
    let exchange = with("").await;
    exchange.inject(Effect::Dial(DialFault::Stall));
    let mut stalled = dial(&exchange).await;
    let request = b"GET /api/v1/timestamp HTTP/1.1\r\nHost: x\r\n\r\n";
    stalled.write_all(request).await.unwrap();
    // Other connections are served.
    assert_eq!(request_token(&exchange).await.code(), "200000");
    assert_eq!(exchange.stats().time_requests, 0);
    stalled.shutdown().await.unwrap();
    assert_eq!(rest(&mut stalled).await, (vec![], End::Eof));
}

#[tokio::test]
async fn dial_fault_acts_on_a_served_stream() {
    let exchange = with("dial 1: dial-close").await;
    let (mut client, server) = tokio::io::duplex(64);
    exchange.serve(server).await;
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
}
