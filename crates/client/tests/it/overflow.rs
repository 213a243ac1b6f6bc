//! Slow consumers: reading pauses first, then frames are dropped and counted.

use std::time::Duration;

use kucoin_streams_client::Config;

use crate::rig::{Rig, Tokens, next, run_tasks};

fn rig(timeout: Duration) -> Rig {
    let config = Config::default()
        .with_queue_capacity(4)
        .with_backpressure_timeout(timeout);
    Rig::with(config, Tokens::default())
}

#[tokio::test(start_paused = true)]
async fn without_backpressure_timeout_drops_are_counted_exactly() {
    let (_rig, server, mut numbers) = rig(Duration::ZERO).go_live("/a").await;
    server.push("/a", 0..10).await;
    run_tasks().await;
    for expected in ["0", "1", "2", "3", "/a missed 6"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    server.push("/a", 10..11).await;
    assert_eq!(next(&mut numbers).await, "10");
}

#[tokio::test(start_paused = true)]
async fn with_backpressure_timeout_reading_pauses_and_nothing_is_lost() {
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
async fn endless_backpressure_timeout_waits_and_loses_nothing() {
    let (_rig, server, mut numbers) = rig(Duration::MAX).go_live("/a").await;
    let push = server.push("/a", 0..20);
    let take = async {
        run_tasks().await;
        for expected in 0..20 {
            assert_eq!(next(&mut numbers).await, expected.to_string());
        }
    };
    tokio::join!(push, take);
}

#[tokio::test(start_paused = true)]
async fn heartbeat_continues_until_the_backpressure_timeout() {
    let (mut rig, mut server, mut numbers) = rig(Duration::from_secs(60)).go_live("/a").await;
    server.push("/a", 0..20).await;
    // No pong is read while reading pauses, which must not count as a timeout.
    for _ in 0..3 {
        assert!(server.receive().await.starts_with("ping"));
    }
    run_tasks().await;
    assert_eq!(rig.lifecycle_events(), ["Open", "Response"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    for expected in ["0", "1", "2", "3", "/a missed 16"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_subscription_causes_no_loss_in_another() {
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

#[tokio::test(start_paused = true)]
async fn eight_unread_subscriptions_delay_another_by_one_second() {
    let mut config = Config::default().with_queue_capacity(4);
    // Only the pauses take time here.
    config.session.rotate_every = None;
    let topics = ["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"];
    let (rig, mut server, mut quick) = Rig::with(config, Tokens::default()).go_live("/quick").await;
    let mut unread = Vec::new();
    for topic in topics {
        unread.push(rig.subscribe(&mut server, topic).await);
    }
    let began = tokio::time::Instant::now();
    let push = async {
        for topic in topics {
            server.push(topic, 0..10).await;
        }
        server.push("/quick", 1..2).await;
    };
    let (neighbour, ()) = tokio::join!(next(&mut quick), push);
    assert_eq!(neighbour, "1");
    let delay = began.elapsed();
    assert!(delay <= Duration::from_secs(1), "{delay:?}");
    for (topic, mut unread) in topics.iter().zip(unread) {
        for expected in ["0", "1", "2", "3", &format!("{topic} missed 6")] {
            assert_eq!(next(&mut unread).await, expected);
        }
    }
}
