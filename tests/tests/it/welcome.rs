//! The welcome: nothing is sent before it, and without it the connection is replaced.

use std::time::Duration;

use kucoin_streams::LifecycleEvent;
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams_exchange::{Effect, Exchange, Faults};

use crate::setup::*;
use crate::simulated::{client, client_with, exchange, start};

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_a_late_welcome() {
    let by = Duration::from_millis(500);
    let exchange = exchange(Faults::new().on_connection(1, Effect::DelayWelcome { by })).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let (orders, balances) = tokio::join!(kucoin.subscribe(SpotOrders), kucoin.subscribe(Balances));
    assert!(orders.is_ok() && balances.is_ok());
    assert_eq!(lifecycle.summaries()[0], "open");
    let stats = exchange.stats();
    assert_eq!(stats.connections.len(), 1);
    assert_eq!(stats.connections[0].early_messages, 0);
    assert_eq!(requests(&stats.connections[0]).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn missing_welcome_is_retried_with_a_new_token() {
    let exchange = exchange(Faults::new().on_connection(1, Effect::DropWelcome)).await;
    let mut config = fast_retries();
    config.session.welcome_timeout = Duration::from_secs(2);
    let kucoin = client_with(&exchange, config);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    assert_eq!(
        lifecycle.summaries(),
        [
            "reconnect 1 welcome".to_owned(),
            "open".into(),
            format!("live {BALANCE}")
        ]
    );
    let stats = exchange.stats();
    assert_eq!(
        (stats.connections[0].token, stats.connections[1].token),
        (Some(1), Some(2))
    );
    assert!(stats.connections[0].client_messages.is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_many_connections_is_retried_within_a_minute() {
    let exchange = start(Exchange::builder().max_connections(1)).await;
    let first = client(&exchange);
    let _held = soon(first.subscribe(Balances)).await.unwrap();
    let second = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&second);
    let subscribing = tokio::spawn(async move { second.subscribe(Balances).await });
    lifecycle
        .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
        .await;
    let LifecycleEvent::Reconnect { cause, delay, .. } = &lifecycle.events[0] else {
        panic!("{:?}", lifecycle.events);
    };
    assert_eq!(cause.code.as_deref(), Some("509"));
    assert!((30..60).contains(&delay.as_secs()), "{delay:?}");
    subscribing.abort();
}
