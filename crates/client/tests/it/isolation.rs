//! A consumer that is cut off, or that panics, harms nobody else.

use std::time::Duration;

use kucoin_streams_client::{Config, SlowConsumer};
use kucoin_streams_session::EndReason;

use crate::rig::{Numbers, Rig, Tokens, breathe, next};

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_cut_off_where_that_is_asked_for_and_the_others_go_on() {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let (rig, mut server, mut slow) = Rig::with(config, Tokens::default()).go_live("/slow").await;
    let mut quick = rig.subscribe(&mut server, "/quick").await;
    assert_eq!(slow.end_reason(), None);
    server.push("/slow", 0..7).await;
    assert_eq!(server.hear().await, "unsubscribe 3 /slow");
    server.say("ack 3").await;
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
async fn who_was_cut_off_can_subscribe_anew() {
    let config = Config::default()
        .with_queue_capacity(1)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let (rig, mut server, _slow) = Rig::with(config, Tokens::default()).go_live("/a").await;
    server.push("/a", 0..3).await;
    assert_eq!(server.hear().await, "unsubscribe 2 /a");
    server.say("ack 2").await;
    let mut anew = rig.subscribe(&mut server, "/a").await;
    server.push("/a", 3..4).await;
    assert_eq!(next(&mut anew).await, "3");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_panics_harms_nobody_else() {
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
        server.hear().await,
        "unsubscribe 2 /a",
        "nobody is left, the one that panicked included"
    );
}

#[tokio::test(start_paused = true)]
async fn every_frame_has_one_fate_and_the_ledger_knows_it() {
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
    server.say("push /a two").await;
    server.push("/a", 3..9).await;
    breathe().await;
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
    assert_eq!(both.ledger().len(), 1, "one topic, asked for twice");
    assert!(both.ledger()[0].is_consistent());
    drop(rig);
    server.0.cut();
    assert!(a.ledger()[0].is_consistent(), "and after a loss");
}
