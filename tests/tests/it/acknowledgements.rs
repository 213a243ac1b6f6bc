//! Acknowledgements that are late, lost or refused.

use std::time::Duration;

use kucoin_streams::v1::{AnySpotTopic, Balances, SpotOrders};
use kucoin_streams::{CloseReason, EndReason, GapReason, LifecycleEvent, SubscribeError};
use kucoin_streams_exchange::{Cut, Effect, Faults};

use crate::setup::*;
use crate::simulated::{client, client_with, exchange};

fn refuse(topic: &str) -> Effect {
    Effect::RefuseTopic {
        topic: topic.to_owned(),
        code: 403,
        text: "login is required".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn events_before_a_late_acknowledgement_are_delivered() {
    let by = Duration::from_millis(500);
    let late = Effect::DelayAcks { by, count: Some(1) };
    let exchange = exchange(Faults::new().on_connection(1, late)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let acting = async {
        exchange.wait_subscribed(BALANCE).await;
        exchange.account().deposit("USDT", 1.into()).unwrap();
    };
    let (balances, ()) = soon(async { tokio::join!(kucoin.subscribe(Balances), acting) }).await;
    let overtook = event(&mut balances.unwrap()).await;
    assert_eq!(vec![json(overtook.event())], truth_of(&exchange, BALANCE));
    assert_eq!(
        lifecycle.summaries(),
        ["open".to_owned(), format!("live {BALANCE}")]
    );
}

#[tokio::test(start_paused = true)]
async fn request_without_acknowledgement_is_sent_once_more() {
    let lost = Effect::DropAcks { count: Some(1) };
    let exchange = exchange(Faults::new().on_connection(1, lost)).await;
    let mut config = fast_retries();
    config.session.ack_timeout = Duration::from_secs(1);
    let kucoin = client_with(&exchange, config);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    let stats = exchange.stats();
    assert_eq!(stats.connections.len(), 1, "the connection is kept");
    let messages: Vec<&String> = stats.connections[0].client_messages.iter().collect();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1], "id included");
}

#[tokio::test(start_paused = true)]
async fn connection_without_acknowledgements_is_replaced() {
    let deaf = Effect::DropAcks { count: None };
    let exchange = exchange(Faults::new().on_connection(1, deaf)).await;
    let mut config = fast_retries();
    config.session.ack_timeout = Duration::from_secs(1);
    let kucoin = client_with(&exchange, config);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let acting = async {
        exchange.wait_subscribed(BALANCE).await;
        exchange.account().deposit("USDT", 1.into()).unwrap();
    };
    let (balances, ()) = soon(async { tokio::join!(kucoin.subscribe(Balances), acting) }).await;
    let summaries = lifecycle.summaries();
    assert_eq!(summaries[..2], ["open", "reconnect 1 acknowledgement"]);
    assert!(summaries.contains(&format!("live {BALANCE}")));
    exchange.account().deposit("USDT", 2.into()).unwrap();

    // The first connection was used without an acknowledgement, so a gap reports the possible loss.
    let mut balances = balances.unwrap();
    assert_eq!(event(&mut balances).await.epoch(), 1);
    assert_eq!(outage(&mut balances).await.epoch, 2);
    assert_eq!(event(&mut balances).await.epoch(), 2);
}

#[tokio::test(start_paused = true)]
async fn refused_topic_fails_with_code_and_text() {
    let exchange = exchange(Faults::new().on_connection(1, refuse(ORDERS))).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let error = soon(kucoin.subscribe(SpotOrders)).await.unwrap_err();
    assert_eq!(
        error,
        SubscribeError::Refused {
            topic: ORDERS.to_owned(),
            code: Some(403),
            message: "login is required".to_owned(),
        }
    );
    assert_eq!(
        error.to_string(),
        format!(
            "topic {ORDERS} refused by KuCoin (code 403: login is required); check the topic, its symbol and the key's \
             permission"
        )
    );
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
    assert_eq!(
        lifecycle.summaries(),
        [
            "open".to_owned(),
            format!("live {BALANCE}"),
            format!("refused {ORDERS}"),
            "exception".into()
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_refused_topic_of_several_leaves_nothing_subscribed() {
    let exchange = exchange(Faults::new().on_connection(1, refuse(ORDERS))).await;
    let kucoin = client(&exchange);
    let topics: Vec<AnySpotTopic> = vec![Balances.into(), SpotOrders.into()];
    let error = soon(kucoin.subscribe(topics)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Refused { topic, .. } if topic == ORDERS));
    let idle = |stats: &kucoin_streams_exchange::Stats| stats.connections[0].topics.is_empty();
    soon(exchange.wait_until(idle)).await;
}

#[tokio::test(start_paused = true)]
async fn topic_refused_after_a_loss_ends_only_its_subscription() {
    let exchange = exchange(Faults::new().on_connection(2, refuse(ORDERS))).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    exchange.inject(Effect::Cut(Cut::Reset));
    lifecycle.reconnected().await;
    let expected = [
        "reconnect 1 live",
        &format!("refused {ORDERS}"),
        "exception",
        &format!("live {BALANCE}"),
        "reconnected, 1 refused",
    ];
    assert_eq!(lifecycle.summaries(), expected);

    let lost = gap(&mut orders).await;
    assert!(matches!(lost.reason, GapReason::Lost { .. }), "{lost:?}");
    let refusal = gap(&mut orders).await;
    let expected = GapReason::Refused {
        code: Some(403),
        message: "login is required".to_owned(),
        retrying: false,
    };
    assert_eq!(refusal.reason, expected);
    assert!(soon(orders.next()).await.is_none());
    let Some(EndReason::Closed(CloseReason::Failed(failure))) = orders.end_reason() else {
        panic!("{:?}", orders.end_reason());
    };
    assert_eq!(failure.code.as_deref(), Some("403"));
    assert_eq!(outage(&mut balances).await.topics, [BALANCE]);
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
}

#[tokio::test(start_paused = true)]
async fn refused_topic_is_not_requested_again_after_a_loss() {
    let exchange = exchange(Faults::new().on_connection(1, refuse(ORDERS))).await;
    let kucoin = client(&exchange);
    soon(kucoin.subscribe(SpotOrders)).await.unwrap_err();
    let _balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    exchange.inject(Effect::Cut(Cut::Eof));
    lifecycle
        .until(|event| matches!(event, LifecycleEvent::Reconnected { .. }))
        .await;
    assert_eq!(
        requests(&exchange.stats().connections[1]),
        [format!("subscribe {BALANCE}")]
    );
}
