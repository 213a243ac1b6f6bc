//! A TCP connection that is accepted and goes no further.

use kucoin_streams_exchange::{DialFault, Effect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::*;
use crate::support::*;

#[tokio::test]
async fn it_is_closed_or_reset_at_once_and_the_next_one_is_served() {
    let exchange = with("dial 1: dial-close\ndial 2: dial-reset").await;
    assert_eq!(rest(&mut dial(&exchange).await).await, (vec![], End::Eof));
    let mut reset = dial(&exchange).await;
    // A reset may come before the first look at the stream, which is an error of its own then.
    let read = reset.read(&mut [0; 8]).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(request_token(&exchange).await.code(), "200000");
}

#[tokio::test]
async fn it_is_never_answered_and_ends_with_the_client() {
    let exchange = with("").await;
    exchange.inject(Effect::Dial(DialFault::Stall));
    let mut stalled = dial(&exchange).await;
    let request = b"GET /api/v1/timestamp HTTP/1.1\r\nHost: x\r\n\r\n";
    stalled.write_all(request).await.unwrap();
    // Others are answered meanwhile.
    assert_eq!(request_token(&exchange).await.code(), "200000");
    assert_eq!(exchange.stats().time_requests, 0);
    stalled.shutdown().await.unwrap();
    assert_eq!(rest(&mut stalled).await, (vec![], End::Eof));
}

#[tokio::test]
async fn a_stream_of_the_callers_is_dialled_too() {
    let exchange = with("dial 1: dial-close").await;
    let (mut client, server) = tokio::io::duplex(64);
    exchange.serve(server).await;
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
}
