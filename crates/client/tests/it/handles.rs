//! Unsubscribing, and handles that outlive combinators.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::select_all;
use kucoin_streams_client::{Config, EndReason};
use kucoin_streams_core::{DialLimit, DialScope, ProtocolLimits, WsKey};

use crate::rig::{Numbers, Rig, Server, Tokens, next, run_tasks};

#[tokio::test(start_paused = true)]
async fn unsubscribe_resolves_when_the_server_has_answered() {
    let (_rig, mut server, numbers) = Rig::live("/a").await;
    let mut unsubscribe = std::pin::pin!(numbers.unsubscribe());
    let request = tokio::select! {
        biased;
        () = &mut unsubscribe => panic!("resolved before the server has answered"),
        request = server.receive() => request,
    };
    assert_eq!(request, "unsubscribe 2 /a");
    server.send("ack 2").await;
    unsubscribe.await;
}

#[tokio::test(start_paused = true)]
async fn unsubscribe_leaves_the_topic_to_another_subscription() {
    let (rig, server, first) = Rig::live("/a").await;
    let mut second = rig.connection.subscribe(Numbers("/a")).await.unwrap();
    first.unsubscribe().await;
    server.push("/a", 5..6).await;
    assert_eq!(next(&mut second).await, "5");
}

#[tokio::test(start_paused = true)]
async fn unsubscribe_resolves_if_the_connection_is_lost() {
    let (rig, mut server, numbers) = Rig::live("/a").await;
    let unsubscribe = tokio::spawn(numbers.unsubscribe());
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    drop(server);
    unsubscribe.await.unwrap();
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn unsubscribe_resolves_without_handles() {
    let (rig, mut server, numbers) = Rig::live("/a").await;
    drop(rig.connection);
    let unsubscribe = tokio::spawn(numbers.unsubscribe());
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    server.send("ack 2").await;
    unsubscribe.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn handle_returns_the_ledger_of_a_moved_subscription() {
    let (rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..1).await;
    assert_eq!(next(&mut numbers).await, "0");
    let handle = numbers.handle();
    let mut merged = select_all([numbers.map(|item| item.unwrap().0)]);
    server.push("/a", 1..5).await;
    assert_eq!(merged.next().await, Some(1));
    let [ledger] = &handle.ledger()[..] else {
        panic!("one topic");
    };
    assert_eq!(
        (ledger.received, ledger.delivered, ledger.queued),
        (5, 2, 3)
    );
    assert!(ledger.is_consistent(), "{ledger:?}");
    assert_eq!(handle.end_reason(), None);
    rig.connection.close().await;
    assert!(handle.end_reason().is_some());
}

#[tokio::test(start_paused = true)]
async fn handle_counts_unread_frames_as_queued() {
    let (_rig, server, mut numbers) = Rig::live("/a").await;
    let handle = numbers.handle();
    server.push("/a", 0..5).await;
    assert_eq!(next(&mut numbers).await, "0");
    drop(numbers);
    run_tasks().await;
    let [ledger] = &handle.ledger()[..] else {
        panic!("one topic");
    };
    assert_eq!(
        (ledger.received, ledger.delivered, ledger.queued),
        (5, 1, 4)
    );
    assert_eq!(handle.end_reason(), Some(EndReason::Unsubscribed));
}

#[tokio::test(start_paused = true)]
async fn unsubscribe_waits_for_no_other_topic() {
    let (rig, mut server, first) = Rig::live("/a").await;
    let second = rig.subscribe(&mut server, "/b").await;
    drop(first);
    assert_eq!(server.receive().await, "unsubscribe 3 /a");
    let unsubscribe = tokio::spawn(second.unsubscribe());
    assert_eq!(server.receive().await, "unsubscribe 4 /b");
    // The other unsubscription is never answered.
    server.send("ack 4").await;
    let began = tokio::time::Instant::now();
    unsubscribe.await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn lifecycle_is_a_stream() {
    let (rig, _server, _numbers) = Rig::live("/a").await;
    let events: Vec<_> = rig.lifecycle.take(2).collect().await;
    assert_eq!(events.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn configured_topic_limit_opens_further_connections() {
    let limits = ProtocolLimits::new(100, Duration::from_secs(10), Some(2)).with_dials(
        DialLimit::new(10, Duration::from_secs(1), DialScope::Account),
    );
    let config = Config::default().with_limits(WsKey::SpotPrivateV1, limits);
    let mut rig = Rig::with(config, Tokens::default());
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b"), Numbers("/c")];
    let (subscription, servers) = tokio::join!(connection.subscribe(topics), async {
        let mut servers: Vec<Server> = Vec::new();
        for requests in [2, 1] {
            let (mut server, _) = rig.accept().await;
            server.acknowledge(requests).await;
            servers.push(server);
        }
        servers
    });
    assert!(subscription.is_ok());
    run_tasks().await;
    assert_eq!(servers.len(), 2);
}
