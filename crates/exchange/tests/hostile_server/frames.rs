//! Pushes in invalid frames, or with changed content.

use kucoin_streams_exchange::{Effect, Ended, FrameViolation, Mutation};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::setup::*;
use crate::support::*;

#[tokio::test]
async fn each_frame_violation_is_sent() {
    for flaw in FrameViolation::all() {
        let exchange = with(&format!("connection 1: flawed-frame flaw={flaw}")).await;
        let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
        deposit_one(&exchange.account());
        let push = truth(&exchange)[0].clone();
        let mut start = vec![0; 3];
        timeout(TIMEOUT, socket.stream.read_exact(&mut start))
            .await
            .unwrap()
            .unwrap();
        let long = 126;
        match flaw {
            FrameViolation::Masked => assert_eq!(start[..2], [0x81, 0x80 | long]),
            FrameViolation::ReservedBit => assert_eq!(start[..2], [0xC1, long]),
            FrameViolation::UnknownOpcode => assert_eq!(start[..2], [0x83, long]),
            FrameViolation::NotUtf8 => assert_eq!(start[..2], [0x81, long]),
            FrameViolation::StrayContinuation => assert_eq!(start[..2], [0x80, long]),
            FrameViolation::Interrupted => assert_eq!(start[0], 0x01),
            FrameViolation::FragmentedPing => assert_eq!(start[..2], [0x09, 4]),
            FrameViolation::LongPing => assert_eq!(start[..2], [0x89, 126]),
            FrameViolation::Oversized => assert_eq!(start, [0x81, 127, 0x40]),
            FrameViolation::ShortClose => assert_eq!(start, [0x88, 1, 0x03]),
            FrameViolation::CloseNotUtf8 => assert_eq!(start, [0x88, 4, 0x03]),
            other => panic!("no test of {other}"),
        }
        if matches!(
            flaw,
            FrameViolation::ShortClose | FrameViolation::CloseNotUtf8
        ) {
            let (_, end) = rest(&mut socket.stream).await;
            assert_eq!(end, End::Eof, "{flaw}");
            assert_eq!(exchange.stats().connections[0].ended, Some(Ended::Fault));
        } else {
            // The next push is correct.
            deposit_one(&exchange.account());
            let next = truth(&exchange)[1].clone().into_bytes();
            let mut bytes = vec![0; push.len() + next.len()];
            while !bytes.ends_with(&next) {
                bytes.push(
                    timeout(TIMEOUT, socket.stream.read_u8())
                        .await
                        .unwrap()
                        .unwrap(),
                );
            }
        }
    }
}

#[tokio::test]
async fn each_mutation_leaves_valid_json_and_the_truth_log() {
    for mutation in Mutation::all() {
        let exchange = with(&format!("connection 1: mutate-frame how={mutation}")).await;
        let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
        (0..2).for_each(|_| deposit_one(&exchange.account()));
        let truth = truth(&exchange);
        let mutated = socket.text().await;
        assert!(serde_json::from_str::<Value>(&mutated).is_ok(), "{mutated}");
        assert_ne!(mutated, truth[0], "{mutation}");
        assert_eq!(socket.text().await, truth[1], "{mutation}");
    }
}

#[tokio::test]
async fn mutation_changes_the_named_field() {
    let exchange = with("connection 1: mutate-frame how=null-field field=currency count=all").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| deposit_one(&exchange.account()));
    for _ in 0..2 {
        assert_eq!(field(&socket.text().await, "data")["currency"], Value::Null);
    }
}

#[tokio::test]
async fn ping_can_be_sent_between_fragments() {
    let exchange = with("connection 1: interleave-pings count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..2).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    assert_eq!(socket.read().await, Read::Ping(b"between".to_vec()));
    assert_eq!([socket.text().await, socket.text().await], truth[..2]);
}

#[tokio::test]
async fn push_written_byte_by_byte_arrives_complete() {
    let exchange = with("connection 1: drip-frames by=1ms count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..3).for_each(|_| deposit_one(&exchange.account()));
    for expected in truth(&exchange) {
        assert_eq!(socket.text().await, expected);
    }
}

#[tokio::test]
async fn cut_interrupts_a_slow_push() {
    let exchange = with("connection 1: drip-frames by=10m").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    deposit_one(&exchange.account());
    let first = timeout(TIMEOUT, socket.stream.read_u8()).await.unwrap();
    assert_eq!(first.unwrap(), 0x81);
    exchange.inject(Effect::Cut(kucoin_streams_exchange::Cut::Close {
        code: 1001,
        reason: String::new(),
    }));
    let (rest, end) = rest(&mut socket.stream).await;
    assert_eq!(
        (rest, end),
        (vec![], End::Eof),
        "no close frame inside another frame"
    );
}

#[tokio::test]
async fn pushes_can_be_dropped_or_swapped() {
    let exchange =
        with("connection 1: drop-frames count=1\nconnection 1: swap-frames count=1").await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE]).await;
    (0..4).for_each(|_| deposit_one(&exchange.account()));
    let truth = truth(&exchange);
    for expected in [&truth[2], &truth[1], &truth[3]] {
        assert_eq!(&socket.text().await, expected);
    }
}
