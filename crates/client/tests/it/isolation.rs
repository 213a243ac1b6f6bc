//! A consumer that is disconnected, or that panics, affects no other.

use std::time::Duration;

use kucoin_streams_client::{Config, SlowConsumer};
use kucoin_streams_core::{DialLimit, DialScope, ProtocolLimits, WsKey};
use kucoin_streams_session::EndReason;

use crate::rig::{Numbers, Rig, Server, Tokens, next, run_tasks};

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
async fn consumer_too_slow_for_one_connection_ends_on_all() {
    let limits = ProtocolLimits::new(100, Duration::from_secs(10), Some(1)).with_dials(
        DialLimit::new(10, Duration::from_secs(1), DialScope::Account),
    );
    let config = Config::default()
        .with_limits(WsKey::SpotPrivateV1, limits)
        .with_queue_capacity(2)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let mut rig = Rig::with(config, Tokens::default());
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (subscription, mut servers) = tokio::join!(connection.subscribe(topics), async {
        let mut servers: Vec<Server> = Vec::new();
        for _ in 0..2 {
            let (mut server, _) = rig.accept().await;
            server.acknowledge(1).await;
            servers.push(server);
        }
        servers
    });
    let mut slow = subscription.unwrap();
    let handle = slow.handle();
    let [busy, quiet] = &mut servers[..] else {
        panic!("two connections")
    };
    busy.push("/a", 0..4).await;
    assert!(busy.receive().await.starts_with("unsubscribe"));
    for expected in ["0", "1", "/a missed 1", "end"] {
        assert_eq!(next(&mut slow).await, expected);
    }
    // The other connection works, and is unsubscribed too.
    assert!(quiet.receive().await.starts_with("unsubscribe"));
    let ended = Some(EndReason::SlowConsumer);
    assert_eq!(
        (slow.end_reason(), handle.end_reason()),
        (ended.clone(), ended)
    );
    let ledger = slow.ledger();
    assert!(
        ledger.iter().all(|topic| topic.is_consistent()),
        "{ledger:?}"
    );
    assert_eq!((ledger.len(), ledger[0].overflowed), (2, 1));
    assert_eq!(next(&mut slow).await, "end");
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
