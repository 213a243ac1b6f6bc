//! A connection takes over from another: what is handed out, in which order, and what becomes of the old one.

use kucoin_streams_core::RetryPolicy;
use std::time::Duration;

use kucoin_streams_client::{LifecycleEvent, RotateError, Subscription};
use kucoin_streams_transport::{ConnectError, Message};

use crate::rig::{Numbers, Rig, Server, Tokens, breathe, config, next};

use tokio::task::JoinHandle;

type Rotation = JoinHandle<Result<(), RotateError>>;

/// Begins a rotation and gives the server's side of the next connection, which is welcomed.
async fn begin(rig: &mut Rig) -> (Rotation, Server) {
    let connection = rig.connection.clone();
    let rotation = tokio::spawn(async move { connection.rotate().await });
    let (next, _) = rig.accept().await;
    (rotation, next)
}

/// Answers pings until the client closes, and gives its close code.
async fn until_closed(server: &mut Server) -> u16 {
    loop {
        match server.0.receive().await {
            Some(Message::Text(text)) if text.starts_with(b"ping") => server.say("pong").await,
            Some(Message::Close(Some(frame))) => return frame.code,
            other => panic!("neither a ping nor a close: {other:?}"),
        }
    }
}

/// Whatever else is sent or not: pings are answered from here on.
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
async fn the_old_connection_is_drained_first_and_what_both_brought_comes_once() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    new.push("/a", 1..4).await;
    breathe().await;
    old.push("/a", 0..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    breathe().await;
    assert!(numbers.try_next().is_none(), "the old one is not drained");
    assert!(old.hear().await.starts_with("ping"));
    old.push("/a", 3..4).await;
    old.say("pong").await;
    assert_eq!(next(&mut numbers).await, "3");
    rotation.await.unwrap().unwrap();
    assert_eq!(until_closed(&mut old).await, 1000);
    new.push("/a", 4..6).await;
    assert_eq!(next(&mut numbers).await, "4");
    assert_eq!(next(&mut numbers).await, "5");
    assert_eq!(ledger(&numbers), (9, 6, 3));
    assert_eq!(rig.tokens.given(), 2);
    assert_eq!(rig.told(), ["Open", "Response", "Rotated"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_exchange_pushes_twice_is_handed_out_twice() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    breathe().await;
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
async fn what_the_new_connection_repeats_late_is_let_go_until_it_has_proved_that_nothing_more_comes()
 {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    breathe().await;
    old.push("/a", 0..2).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 0..1).await;
    assert!(new.hear().await.starts_with("ping"));
    new.push("/a", 1..2).await;
    new.say("pong").await;
    // From here on nothing is a repetition, whatever it looks like.
    new.push("/a", 1..2).await;
    for expected in ["0", "1", "1"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert_eq!(ledger(&numbers), (5, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_decoded_is_told_once_though_both_bring_it() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    breathe().await;
    for server in [&old, &new] {
        server.say("push /a seven").await;
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
async fn a_connection_that_is_lost_while_it_is_drained_is_a_gap_in_its_place() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(2).await;
    breathe().await;
    server.push("/a", 0..2).await;
    new.push("/a", 1..4).await;
    breathe().await;
    server.0.cut();
    rotation.await.unwrap().unwrap();
    for expected in ["0", "1", "/a lost", "/a live, epoch 2", "2", "3"] {
        assert_eq!(next(&mut a).await, expected);
    }
    assert_eq!(next(&mut b).await, "/b lost");
    assert_eq!(next(&mut b).await, "/b live, epoch 2");
    assert_eq!(ledger(&a), (5, 4, 1));
    let told = rig.told();
    assert!(!told.iter().any(|told| told == "Reconnected"), "{told:?}");
    assert_eq!(told.last().unwrap(), "Rotated");
    assert_eq!(rig.tokens.given(), 2, "the replacement is enough");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_answers_no_ping_is_a_gap_and_not_waited_for_for_ever() {
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
async fn a_loss_before_the_replacement_is_ready_is_mended_in_the_ordinary_way() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.hear().await, "subscribe 1 /a");
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
async fn a_replacement_that_is_not_let_in_or_is_lost_costs_nothing() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    rig.told();
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
    breathe().await;
    for server in [&old, &new] {
        server.push("/a", 0..3).await;
    }
    breathe().await;
    new.0.cut();
    assert!(rotation.await.unwrap().is_err());
    old.push("/a", 3..4).await;
    for expected in ["0", "1", "2", "3"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert_eq!(ledger(&numbers), (7, 4, 3));
    assert_eq!(rig.told(), ["Exception", "Exception"]);

    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
    new.push("/a", 4..5).await;
    let update = numbers.next().await.unwrap().unwrap();
    assert_eq!((update.0, update.epoch()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn topic_refused_by_the_new_connection_is_served_by_the_old_one() {
    let (mut rig, mut old, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut old, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.hear().await, "subscribe 1 /a");
    assert_eq!(new.hear().await, "subscribe 2 /b");
    new.say("refuse 1 topic /a is not found").await;
    new.say("ack 2").await;
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
async fn rotation_waits_for_a_connection_that_lags() {
    let (mut rig, old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    // The old gateway is a minute late.
    new.push("/a", 2..5).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(!rotation.is_finished());
    old.push("/a", 0..3).await;
    let ping_sent = answer_pings(old);
    rotation.await.unwrap().unwrap();
    for expected in 0..5 {
        assert_eq!(next(&mut numbers).await, expected.to_string());
    }
    assert_eq!(ledger(&numbers), (6, 5, 1));
    ping_sent.abort();
}

#[tokio::test(start_paused = true)]
async fn topic_of_which_both_brought_different_events_has_a_gap() {
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
    let ping_sent = answer_pings(old);
    let news = answer_pings(new);
    rotation.await.unwrap().unwrap();
    for expected in ["0", "/a lost", "/a live, epoch 2", "7"] {
        assert_eq!(next(&mut a).await, expected);
    }
    assert_eq!(next(&mut b).await, "1");
    breathe().await;
    assert!(b.try_next().is_none());
    ping_sent.abort();
    news.abort();
}

#[tokio::test(start_paused = true)]
async fn who_subscribes_in_the_overlap_gets_nothing_from_before_and_everything_after() {
    let (mut rig, mut old, _first) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    breathe().await;
    for server in [&old, &new] {
        server.push("/a", 0..5).await;
    }
    breathe().await;
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
async fn what_is_dropped_in_the_overlap_is_gone_from_both() {
    let (mut rig, mut old, _a) = Rig::live("/a").await;
    let b = rig.subscribe(&mut old, "/b").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(2).await;
    breathe().await;
    drop(b);
    assert_eq!(old.hear().await, "unsubscribe 3 /b");
    old.say("ack 3").await;
    assert_eq!(new.hear().await, "unsubscribe 3 /b");
    new.say("ack 3").await;
    assert_eq!(until_closed(&mut old).await, 1000);
    rotation.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_waited_for_as_ever_and_misses_nothing_by_a_rotation() {
    let config = config().with_queue_capacity(4);
    let (mut rig, mut old, mut numbers) = Rig::with(config, Tokens::default()).go_live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    new.acknowledge(1).await;
    breathe().await;
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
async fn it_rotates_by_itself_in_time_and_every_time_with_a_token_of_its_own() {
    let config = config().with_rotation_every(std::time::Duration::from_secs(3_600));
    let (mut rig, old, mut numbers) = Rig::with(config, Tokens::default()).go_live("/a").await;
    rig.told();
    let mut ping_sent = vec![answer_pings(old)];
    for number in 2..=4_u32 {
        let began = tokio::time::Instant::now();
        let (mut server, token) = rig.accept().await;
        assert_eq!(token, number.to_string());
        assert!(began.elapsed().as_secs() >= 3_200, "{:?}", began.elapsed());
        server.acknowledge(1).await;
        ping_sent.push(answer_pings(server));
        let told = rig.lifecycle.next().await.unwrap().event;
        assert!(matches!(told, LifecycleEvent::Rotated { .. }), "{told:?}");
    }
    breathe().await;
    assert!(numbers.try_next().is_none(), "no gap");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_in_a_rotation_ends_both_and_says_so() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    assert_eq!(new.hear().await, "subscribe 1 /a");
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
async fn who_stops_waiting_for_a_rotation_does_not_stop_it() {
    let (mut rig, mut old, mut numbers) = Rig::live("/a").await;
    let (rotation, mut new) = begin(&mut rig).await;
    rotation.abort();
    new.acknowledge(1).await;
    assert_eq!(until_closed(&mut old).await, 1000);
    new.push("/a", 1..2).await;
    assert_eq!(numbers.next().await.unwrap().unwrap().epoch(), 2);
}
