//! The heartbeat: pings at the server's interval, and a loss if pongs are missing.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::LifecycleEvent;
use kucoin_streams::v1::Balances;
use kucoin_streams_exchange::{Effect, Exchange, Faults};

use crate::setup::*;
use crate::simulated::{client, start};

async fn pinged(faults: Faults) -> Arc<Exchange> {
    start(
        Exchange::builder()
            .ping_interval(Duration::from_millis(200))
            .ping_timeout(Duration::from_secs(2))
            .faults(faults),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn answered_pings_keep_the_connection() {
    let exchange = pinged(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let _balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    soon(exchange.wait_until(|stats| stats.connections[0].pings >= 5)).await;
    assert_eq!(
        lifecycle.summaries(),
        ["open".to_owned(), format!("live {BALANCE}")]
    );
    let stats = exchange.stats();
    let last = stats.connections[0].client_messages.last().unwrap();
    let ping: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(ping["type"], "ping");
    assert!(ping["id"].is_string());
}

#[tokio::test(start_paused = true)]
async fn missing_pongs_are_a_loss_with_recovery() {
    let swallow = Effect::SwallowPongs { count: None };
    let exchange = pinged(Faults::new().on_connection(1, swallow)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let lost = lifecycle
        .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
        .await;
    let LifecycleEvent::Reconnect { cause, .. } = lost else {
        panic!("{lost:?}");
    };
    assert_eq!(
        (cause.stage.as_str(), cause.message.as_str()),
        ("heartbeat", "no pong within 2s")
    );
    lifecycle.reconnected().await;
    let outage = outage(&mut balances).await;
    assert_eq!(outage.cause, cause);
    assert_eq!(outage.last_event_at, None);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
    assert_eq!(exchange.stats().tokens_issued, 2);
}

#[tokio::test(start_paused = true)]
async fn missing_pong_is_no_loss_while_events_arrive() {
    let swallow = Effect::SwallowPongs { count: Some(2) };
    let exchange = pinged(Faults::new().on_connection(1, swallow)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for pings in 1..=4 {
        soon(exchange.wait_until(|stats| stats.connections[0].pings >= pings)).await;
        exchange.account().deposit("USDT", 1.into()).unwrap();
        event(&mut balances).await;
    }
    assert_eq!(
        lifecycle.summaries(),
        ["open".to_owned(), format!("live {BALANCE}")]
    );
}
