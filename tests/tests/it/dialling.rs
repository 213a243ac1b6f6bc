//! Failures between the token and the welcome: temporary failures are retried with a new token, and invalid responses
//! are refused.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::v1::Balances;
use kucoin_streams::{LifecycleEvent, SubscribeError};
use kucoin_streams_exchange::{DialFault, Effect, Exchange, Faults, Limit, UpgradeFault};

use crate::setup::*;
use crate::simulated::{client, exchange};

/// Subscribes after one failed dial; returns the reconnect event and the exchange.
async fn recovers(faults: Faults) -> (LifecycleEvent, Arc<Exchange>) {
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let live = format!("live {BALANCE}");
    assert_eq!(lifecycle.summaries(), ["reconnect 1 dial", "open", &live]);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
    let stats = exchange.stats();
    assert_eq!(stats.tokens_issued, 2, "each dial has its own token");
    let served = stats.open_connections().find(|it| it.token == Some(2));
    assert!(served.is_some());
    (lifecycle.events.remove(0), exchange)
}

async fn recovers_from(fault: UpgradeFault) -> LifecycleEvent {
    let faults = Faults::new().on_connection(1, Effect::Upgrade(fault));
    let (reconnect, exchange) = recovers(faults).await;
    let stats = exchange.stats();
    // A connection is in the report only after its answer was sent, which may never happen.
    let mut first = stats.connections.iter().filter(|it| it.number == 1);
    assert!(
        first.all(|it| it.client_messages.is_empty()),
        "nothing was sent to it"
    );
    reconnect
}

fn cause(reconnect: &LifecycleEvent) -> (Option<String>, Duration) {
    match reconnect {
        LifecycleEvent::Reconnect { cause, delay, .. } => {
            (cause.code.clone().map(String::from), *delay)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn dial_that_ends_without_an_answer_is_retried() {
    recovers_from(UpgradeFault::Close).await;
    recovers_from(UpgradeFault::Reset).await;
    // The first connection is for the token, the second one for the WebSocket.
    for fault in [DialFault::Close, DialFault::Reset] {
        let _ = recovers(Faults::new().on_dial(2, Effect::Dial(fault))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn dial_that_times_out_is_retried() {
    recovers_from(UpgradeFault::Stall).await;
    // The head has a few hundred bytes.
    let by = Duration::from_millis(100);
    recovers_from(UpgradeFault::Drip { by }).await;
    let stall = Effect::Dial(DialFault::Stall);
    let _ = recovers(Faults::new().on_dial(2, stall)).await;
}

#[tokio::test(start_paused = true)]
async fn invalid_upgrade_response_is_refused() {
    let header = |header: &str| UpgradeFault::Without {
        header: header.to_owned(),
    };
    let name = || "permessage-deflate".to_owned();
    for fault in [
        UpgradeFault::WrongAccept,
        header("upgrade"),
        header("connection"),
        header("sec-websocket-accept"),
        UpgradeFault::Extension { name: name() },
        UpgradeFault::Subprotocol { name: name() },
    ] {
        recovers_from(fault).await;
    }
}

#[tokio::test(start_paused = true)]
async fn endless_upgrade_head_is_cut_off() {
    recovers_from(UpgradeFault::LongHead { bytes: 1 << 20 }).await;
}

#[tokio::test(start_paused = true)]
async fn token_refused_by_the_upgrade_is_replaced_at_once() {
    let reconnect = recovers_from(UpgradeFault::Refuse {
        status: 401,
        text: "token is invalid".to_owned(),
        retry_after: None,
    })
    .await;
    assert_eq!(cause(&reconnect), (Some("401".to_owned()), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn throttled_upgrade_is_retried_after_retry_after() {
    let wait = Duration::from_secs(2);
    for status in [429, 503] {
        let reconnect = recovers_from(UpgradeFault::Refuse {
            status,
            text: "later".to_owned(),
            retry_after: Some(wait),
        })
        .await;
        let (code, delay) = cause(&reconnect);
        assert_eq!(code, Some(status.to_string()));
        assert!(delay >= wait, "{delay:?} instead of {wait:?}");
    }
}

/// The exchange counts dials by the real clock.
#[tokio::test]
async fn throttled_dial_waits_as_long_as_the_exchange_asks() {
    let per = Duration::from_secs(2);
    let limit = Effect::Limit(Limit::Dials { count: 1, per });
    let exchange = crate::setup::exchange(Faults::new().on_token_request(1, limit)).await;
    let first = crate::setup::client(&exchange);
    let _held = soon(first.subscribe(Balances)).await.unwrap();
    let second = crate::setup::client(&exchange);
    let mut lifecycle = LifecycleLog::of(&second);
    soon(second.subscribe(Balances)).await.unwrap();
    lifecycle.summaries();
    let refused = lifecycle.events.iter().filter_map(|event| match event {
        LifecycleEvent::Reconnect { cause, .. } => Some(cause.code.as_deref()),
        _ => None,
    });
    assert!(refused.into_iter().all(|code| code == Some("429")));
}

#[tokio::test(start_paused = true)]
async fn redirect_of_the_upgrade_is_fatal_and_not_followed() {
    let elsewhere = exchange(Faults::new()).await;
    let redirect = UpgradeFault::Redirect {
        status: 302,
        location: elsewhere.pro_ws_url(),
    };
    let faults = Faults::new().on_connection(1, Effect::Upgrade(redirect));
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Closed(_)), "{error:?}");
    assert!(elsewhere.stats().connections.is_empty());
    assert_eq!(exchange.stats().connections.len(), 1);
}
