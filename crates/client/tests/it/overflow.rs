//! A consumer that is too slow: first the exchange is held back, then what is missed is counted.

use std::time::Duration;

use kucoin_streams_client::Config;

use crate::rig::{Rig, Tokens, breathe, next};

fn rig(patience: Duration) -> Rig {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_patience(patience);
    Rig::with(config, Tokens::default())
}

#[tokio::test(start_paused = true)]
async fn without_patience_what_finds_no_room_is_counted_exactly() {
    let (_rig, server, mut numbers) = rig(Duration::ZERO).go_live("/a").await;
    server.push("/a", 0..10).await;
    breathe().await;
    for expected in ["0", "1", "2", "3", "/a missed 6"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    server.push("/a", 10..11).await;
    assert_eq!(next(&mut numbers).await, "10");
}

#[tokio::test(start_paused = true)]
async fn with_patience_reading_pauses_and_nothing_is_lost() {
    let (_rig, server, mut numbers) = rig(Duration::from_secs(1)).go_live("/a").await;
    let push = server.push("/a", 0..1_000);
    let take = async {
        for expected in 0..1_000 {
            if expected % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            assert_eq!(next(&mut numbers).await, expected.to_string());
        }
    };
    tokio::join!(push, take);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_the_heartbeat_goes_on_meanwhile() {
    let (mut rig, mut server, mut numbers) = rig(Duration::from_secs(60)).go_live("/a").await;
    server.push("/a", 0..20).await;
    // No pong is read while reading pauses; that must not be held against the server.
    for _ in 0..3 {
        assert!(server.hear().await.starts_with("ping"));
    }
    breathe().await;
    assert_eq!(rig.told(), ["Open", "Response"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    for expected in ["0", "1", "2", "3", "/a missed 16"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn another_subscription_of_the_connection_loses_nothing_to_a_slow_one() {
    let (rig, mut server, _slow) = rig(Duration::from_millis(100)).go_live("/slow").await;
    let mut quick = rig.subscribe(&mut server, "/quick").await;
    let push = async {
        for number in 0..200 {
            server.push("/slow", number..number + 1).await;
            server.push("/quick", number..number + 1).await;
        }
    };
    let take = async {
        for expected in 0..200 {
            assert_eq!(next(&mut quick).await, expected.to_string());
        }
    };
    tokio::join!(push, take);
}
