//! A consumer that is disconnected, or that panics, affects no other.

use std::time::Duration;

use kucoin_streams_client::{Config, SlowConsumer};
use kucoin_streams_session::EndReason;

use crate::rig::{Numbers, Rig, Tokens, next, run_tasks};

#[tokio::test(start_paused = true)]
async fn slow_consumer_is_disconnected_and_others_continue() {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let (rig, mut server, mut slow) = Rig::with(config, Tokens::default()).go_live("/slow").await;
    let mut quick = rig.subscribe(&mut server, "/quick").await;
    assert_eq!(slow.end_reason(), None);
    server.push("/slow", 0..7).await;
    assert_eq!(server.receive().await, "unsubscribe 3 /slow");
    server.send("ack 3").await;
    for expected in ["0", "1", "2", "3", "/slow missed 1", "end"] {
        assert_eq!(next(&mut slow).await, expected);
    }
    assert_eq!(slow.end_reason(), Some(EndReason::SlowConsumer));
    let ledger = slow.ledger().remove(0);
    assert!(ledger.is_consistent(), "{ledger:?}");
    assert_eq!((ledger.delivered, ledger.overflowed), (4, 1));
    server.push("/quick", 0..1).await;
    assert_eq!(next(&mut quick).await, "0");
    assert_eq!(quick.end_reason(), None);
}

#[tokio::test(start_paused = true)]
async fn disconnected_consumer_can_subscribe_again() {
    let config = Config::default()
        .with_queue_capacity(1)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let (rig, mut server, _slow) = Rig::with(config, Tokens::default()).go_live("/a").await;
    server.push("/a", 0..3).await;
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    server.send("ack 2").await;
    let mut again = rig.subscribe(&mut server, "/a").await;
    server.push("/a", 3..4).await;
    assert_eq!(next(&mut again).await, "3");
}

#[tokio::test(start_paused = true)]
async fn panicking_consumer_affects_no_other() {
    let (rig, mut server, mut careful) = Rig::live("/a").await;
    let mut careless = rig.connection.subscribe(Numbers("/a")).await.unwrap();
    let panicked = tokio::spawn(async move {
        let number = careless.next().await.unwrap().unwrap();
        assert_eq!(number.0, u32::MAX, "its own mistake");
    });
    server.push("/a", 0..1).await;
    assert!(panicked.await.unwrap_err().is_panic());
    server.push("/a", 1..3).await;
    for expected in ["0", "1", "2"] {
        assert_eq!(next(&mut careful).await, expected);
    }
    drop(careful);
    assert_eq!(
        server.receive().await,
        "unsubscribe 2 /a",
        "no subscription is left, including the panicked one"
    );
}

#[tokio::test(start_paused = true)]
async fn ledger_counts_every_frame_once() {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_backpressure_timeout(Duration::ZERO);
    let (rig, server, mut a) = Rig::with(config, Tokens::default()).go_live("/a").await;
    let mut both = rig
        .connection
        .subscribe_available(vec![Numbers("/a"), Numbers("/a")])
        .await
        .unwrap()
        .0;
    server.push("/a", 0..2).await;
    server.send("push /a two").await;
    server.push("/a", 3..9).await;
    run_tasks().await;
    let ledger = a.ledger().remove(0);
    assert_eq!(
        (ledger.received, ledger.queued, ledger.overflowed),
        (9, 4, 5)
    );
    assert_eq!(ledger.topic, "/a");
    for expected in ["0", "1", "undecodable: push /a two", "3", "/a missed 5"] {
        assert_eq!(next(&mut a).await, expected);
        assert!(a.ledger().iter().all(|ledger| ledger.is_consistent()));
    }
    let ledger = a.ledger().remove(0);
    assert_eq!(
        (ledger.delivered, ledger.undecodable, ledger.queued),
        (3, 1, 0)
    );
    assert!(both.next().await.unwrap().is_ok());
    assert_eq!(both.ledger().len(), 1, "one topic, subscribed twice");
    assert!(both.ledger()[0].is_consistent());
    drop(rig);
    server.0.cut();
    assert!(a.ledger()[0].is_consistent(), "and after a loss");
}
