//! Rotations: delivered events, their order, and the end of the old connection.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_client::{LifecycleEvent, RotateError, Subscription};
use kucoin_streams_transport::{ConnectError, Message};

use crate::rig::{Numbers, Rig, Server, Tokens, config, next, run_tasks};

use tokio::task::JoinHandle;

type Rotation = JoinHandle<Result<(), RotateError>>;

/// Starts a rotation. Returns the server side of the replacement, after the welcome.
async fn begin(rig: &mut Rig) -> (Rotation, Server) {
    let connection = rig.connection.clone();
    let rotation = tokio::spawn(async move { connection.rotate().await });
    let (next, _) = rig.accept().await;
    (rotation, next)
}

/// Answers pings until the client closes. Returns its close code.
async fn until_closed(server: &mut Server) -> u16 {
    loop {
        match server.0.receive().await {
            Some(Message::Text(text)) if text.starts_with(b"ping") => server.send("pong").await,
            Some(Message::Close(Some(frame))) => return frame.code,
            other => panic!("neither a ping nor a close: {other:?}"),
        }
    }
}

/// Answers pings in the background.
fn answer_pings(mut server: Server) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(message) = server.0.receive().await {
            if matches!(&message, Message::Text(text) if text.starts_with(b"ping")) {
                let _ = server.0.send_text("pong").await;
            }
        }
    })
}

#[track_caller]
fn ledger(subscription: &Subscription<Numbers>) -> (u64, u64, u64) {
    let ledger = subscription.ledger().remove(0);
    assert!(ledger.is_consistent(), "{ledger:?}");
    (ledger.received, ledger.delivered, ledger.duplicates)
}

#[tokio::test(start_paused = true)]
async fn rotation_drains_the_old_connection_without_duplicates() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    new.push("/a", 1..4).await;
    run_tasks().await;
    old.push("/a", 0..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    run_tasks().await;
    assert!(
        numbers.try_next().is_none(),
        "the old connection is not drained yet"
    );
    assert!(old.receive().await.starts_with("ping"));
    old.push("/a", 3..4).await;
    old.send("pong").await;
    assert_eq!(next(&mut numbers).await, "3");
    rotation.await.unwrap().unwrap();
    assert_eq!(until_closed(&mut old).await, 1000);
    new.push("/a", 4..6).await;
    assert_eq!(next(&mut numbers).await, "4");
    assert_eq!(next(&mut numbers).await, "5");
    assert_eq!(ledger(&numbers), (9, 6, 3));
    assert_eq!(rig.tokens.given(), 2);
    assert_eq!(rig.lifecycle_events(), ["Open", "Response", "Rotated"]);
}

#[tokio::test(start_paused = true)]
async fn event_pushed_twice_is_delivered_twice_in_a_rotation() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    for server in [&old, &new] {
        server.push("/a", 7..8).await;
        server.push("/a", 7..8).await;
    }
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 7..9).await;
    for expected in ["7", "7", "7", "8"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert_eq!(ledger(&numbers), (6, 4, 2));
}

#[tokio::test(start_paused = true)]
async fn late_repeats_are_dropped_until_the_second_probe() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    old.push("/a", 0..2).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 0..1).await;
    assert!(new.receive().await.starts_with("ping"));
    new.push("/a", 1..2).await;
    new.send("pong").await;
    // From now on nothing is a duplicate.
    new.push("/a", 1..2).await;
    for expected in ["0", "1", "1"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert_eq!(ledger(&numbers), (5, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn undecodable_frame_on_both_connections_is_one_gap() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    for server in [&old, &new] {
        server.send("push /a seven").await;
    }
    until_closed(&mut old).await;
    rotation.await.unwrap().unwrap();
    new.push("/a", 8..9).await;
    assert_eq!(next(&mut numbers).await, "undecodable: push /a seven");
    assert_eq!(next(&mut numbers).await, "8");
    let ledger = numbers.ledger().remove(0);
    assert!(ledger.is_consistent(), "{ledger:?}");
    assert_eq!((ledger.undecodable, ledger.duplicates), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn loss_while_draining_is_a_gap_at_its_position() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(2).await;
    run_tasks().await;
    server.push("/a", 0..2).await;
    new.push("/a", 1..4).await;
    run_tasks().await;
    server.0.cut();
    rotation.await.unwrap().unwrap();
    for expected in ["0", "1", "/a lost", "/a live, epoch 2", "2", "3"] {
        assert_eq!(next(&mut a).await, expected);
    }
    assert_eq!(next(&mut b).await, "/b lost");
    assert_eq!(next(&mut b).await, "/b live, epoch 2");
    assert_eq!(ledger(&a), (5, 4, 1));
    let events = rig.lifecycle_events();
    assert!(
        !events.iter().any(|events| events == "Reconnected"),
        "{events:?}"
    );
    assert_eq!(events.last().unwrap(), "Rotated");
    assert_eq!(rig.tokens.given(), 2, "the replacement is enough");
}

#[tokio::test(start_paused = true)]
async fn unanswered_probe_is_a_gap_and_ends_the_wait() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    server.push("/a", 0..1).await;
    rotation.await.unwrap().unwrap();
    new.push("/a", 1..2).await;
    for expected in ["0", "/a lost", "/a live, epoch 2", "1"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn loss_before_the_replacement_is_ready_reconnects() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.receive().await, "subscribe 1 /a");
    server.0.cut();
    let error = rotation.await.unwrap().unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let (mut server, token) = rig.accept().await;
    assert_eq!(token, "3");
    server.acknowledge(1).await;
    server.push("/a", 5..6).await;
    assert_eq!(next(&mut numbers).await, "/a lost");
    assert_eq!(next(&mut numbers).await, "/a live, epoch 2");
    assert_eq!(next(&mut numbers).await, "5");
}

#[tokio::test(start_paused = true)]
async fn failed_or_lost_replacement_causes_no_gap() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    rig.lifecycle_events();
    let connection = rig.connection.clone();
    let rotation = tokio::spawn(async move { connection.rotate().await });
    let dial = rig.listener.accept().await.unwrap();
    dial.refuse(ConnectError::Tcp(
        std::io::ErrorKind::ConnectionRefused.into(),
    ));
    let Err(RotateError::Failed(failure)) = rotation.await.unwrap() else {
        panic!("it succeeded");
    };
    assert_eq!(failure.retry_policy, RetryPolicy::Transient);

    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    for server in [&old, &new] {
        server.push("/a", 0..3).await;
    }
    run_tasks().await;
    new.0.cut();
    assert!(rotation.await.unwrap().is_err());
    old.push("/a", 3..4).await;
    for expected in ["0", "1", "2", "3"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert_eq!(ledger(&numbers), (7, 4, 3));
    assert_eq!(rig.lifecycle_events(), ["Exception", "Exception"]);

    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 4..5).await;
    let update = numbers.next().await.unwrap().unwrap();
    assert_eq!((update.0, update.epoch()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn topic_refused_on_the_replacement_stays_on_the_old_one() {
    let (mut rig, mut old, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut old, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.receive().await, "subscribe 1 /a");
    assert_eq!(new.receive().await, "subscribe 2 /b");
    new.send("refuse 1 topic /a is not found").await;
    new.send("ack 2").await;
    let Err(RotateError::Failed(failure)) = rotation.await.unwrap() else {
        panic!("it succeeded");
    };
    assert!(failure.message.contains("/a was refused"), "{failure}");
    assert_eq!(until_closed(&mut new).await, 1000);
    old.push("/a", 0..1).await;
    old.push("/b", 1..2).await;
    assert_eq!(next(&mut a).await, "0");
    assert_eq!(next(&mut b).await, "1");
}

#[tokio::test(start_paused = true)]
async fn rotation_waits_for_a_lagging_connection() {
    let (mut rig, old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    // The old gateway is late.
    new.push("/a", 2..5).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(!rotation.is_finished());
    old.push("/a", 0..3).await;
    let old_pings = answer_pings(old);
    rotation.await.unwrap().unwrap();
    for expected in 0..5 {
        assert_eq!(next(&mut numbers).await, expected.to_string());
    }
    assert_eq!(ledger(&numbers), (6, 5, 1));
    old_pings.abort();
}

#[tokio::test(start_paused = true)]
async fn topic_with_different_events_on_both_has_a_gap() {
    let (mut rig, mut old, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut old, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(2).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    old.push("/a", 0..1).await;
    new.push("/a", 7..8).await;
    for server in [&old, &new] {
        server.push("/b", 1..2).await;
    }
    let old_pings = answer_pings(old);
    let new_pings = answer_pings(new);
    rotation.await.unwrap().unwrap();
    for expected in ["0", "/a lost", "/a live, epoch 2", "7"] {
        assert_eq!(next(&mut a).await, expected);
    }
    assert_eq!(next(&mut b).await, "1");
    run_tasks().await;
    assert!(b.try_next().is_none());
    old_pings.abort();
    new_pings.abort();
}

#[tokio::test(start_paused = true)]
async fn subscription_in_the_overlap_gets_all_later_events() {
    let (mut rig, mut old, _first) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    for server in [&old, &new] {
        server.push("/a", 0..5).await;
    }
    run_tasks().await;
    let mut second = rig.connection.subscribe(Numbers("/a")).await.unwrap();
    for server in [&old, &new] {
        server.push("/a", 5..7).await;
    }
    let mut third = rig.subscribe(&mut old, "/c").await;
    new.acknowledge(1).await;
    for server in [&old, &new] {
        server.push("/c", 0..1).await;
    }
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 7..8).await;
    new.push("/c", 1..2).await;
    for expected in ["5", "6", "7"] {
        assert_eq!(next(&mut second).await, expected);
    }
    assert_eq!(next(&mut third).await, "0");
    assert_eq!(next(&mut third).await, "1");
    for (subscription, expected) in [(&second, (5, 3, 2)), (&third, (3, 2, 1))] {
        assert_eq!(ledger(subscription), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn subscription_dropped_in_the_overlap_ends_on_both() {
    let (mut rig, mut old, _a) = Rig::live("/a").await;
    let b = rig.subscribe(&mut old, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(2).await;
    run_tasks().await;
    drop(b);
    assert_eq!(old.receive().await, "unsubscribe 3 /b");
    old.send("ack 3").await;
    assert_eq!(new.receive().await, "unsubscribe 3 /b");
    new.send("ack 3").await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn slow_consumer_misses_nothing_in_a_rotation() {
    let config = config().with_queue_capacity(4);
    let (mut rig, mut old, mut numbers) = Rig::with(config, Tokens::default()).go_live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    run_tasks().await;
    let push = async {
        for server in [&old, &new] {
            server.push("/a", 0..50).await;
        }
        new.push("/a", 50..60).await;
        assert_eq!(until_closed(&mut old).await, 1000);
    };
    let take = async {
        for expected in 0..60 {
            if expected % 5 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            assert_eq!(next(&mut numbers).await, expected.to_string());
        }
    };
    tokio::join!(push, take);
    rotation.await.unwrap().unwrap();
    assert_eq!(ledger(&numbers), (110, 60, 50));
}

#[tokio::test(start_paused = true)]
async fn automatic_rotations_use_a_new_token_each_time() {
    let config = config().with_rotation_every(std::time::Duration::from_secs(3_600));
    let (mut rig, old, mut numbers) = Rig::with(config, Tokens::default()).go_live("/a").await;
    rig.lifecycle_events();
    let mut old_pings = vec![answer_pings(old)];
    for number in 2..=4_u32 {
        let began = tokio::time::Instant::now();
        let (mut server, token) = rig.accept().await;
        assert_eq!(token, number.to_string());
        assert!(began.elapsed().as_secs() >= 3_200, "{:?}", began.elapsed());
        server.acknowledge(1).await;
        old_pings.push(answer_pings(server));
        let events = rig.lifecycle.next().await.unwrap().event;
        assert!(
            matches!(events, LifecycleEvent::Rotated { .. }),
            "{events:?}"
        );
    }
    run_tasks().await;
    assert!(numbers.try_next().is_none(), "no gap");
}

#[tokio::test(start_paused = true)]
async fn close_in_a_rotation_closes_both_connections() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.receive().await, "subscribe 1 /a");
    let connection = rig.connection.clone();
    let (_, ()) = tokio::join!(connection.close(), async {
        assert_eq!(until_closed(&mut new).await, 1000);
        old.acknowledge(1).await;
        assert_eq!(until_closed(&mut old).await, 1000);
    });
    let ended = rotation.await.unwrap();
    assert!(matches!(ended, Err(RotateError::Closed(_))), "{ended:?}");
    assert_eq!(next(&mut numbers).await, "end");
}

#[tokio::test(start_paused = true)]
async fn dropped_rotate_future_does_not_stop_the_rotation() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    rotation.abort();
    new.acknowledge(1).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    new.push("/a", 1..2).await;
    assert_eq!(numbers.next().await.unwrap().unwrap().epoch(), 2);
}
