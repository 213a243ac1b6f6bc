//! Answers that are late, duplicate, with a wrong id, or refusals; and connections that KuCoin ends.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::pro::{Orders, TradeType};
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Credentials, Kucoin, LifecycleEvent, ProAuthentication, SubscribeError};
use kucoin_streams_exchange::{Effect, Exchange, Faults, InjectedMessage, Limit, TokenReply};

use crate::setup as over_tcp;
use crate::setup::*;
use crate::simulated::{client, client_with, exchange, start};

/// Subscribes with a fault on the first connection; returns the event of its loss and the exchange.
async fn loses_and_recovers(effect: Effect) -> (LifecycleEvent, Arc<Exchange>) {
    let exchange = exchange(Faults::new().on_connection(1, effect)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let loss = lifecycle
        .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
        .await;
    soon(exchange.wait_until(|stats| stats.connections.len() == 2 && stats.is_subscribed(BALANCE)))
        .await;
    exchange.account().deposit("USDT", 1.into()).unwrap();
    while next(&mut balances).await.is_err() {}
    assert_eq!(exchange.stats().tokens_issued, 2);
    (loss, exchange)
}

fn cause(loss: &LifecycleEvent) -> (Option<String>, Duration) {
    match loss {
        LifecycleEvent::Reconnect { cause, delay, .. } => {
            (cause.code.clone().map(String::from), *delay)
        }
        other => panic!("{other:?}"),
    }
}

fn refuse_connection(code: u16, text: &str) -> Effect {
    let text = text.to_owned();
    Effect::RefuseConnection { code, text }
}

#[tokio::test(start_paused = true)]
async fn welcome_with_another_id_is_a_violation() {
    let id = "stranger".to_owned();
    let (_, exchange) = loses_and_recovers(Effect::WelcomeId { id }).await;
    let first = &exchange.stats().connections[0];
    assert!(first.client_messages.is_empty(), "nothing was sent to it");
}

#[tokio::test(start_paused = true)]
async fn busy_server_is_retried_after_a_second() {
    let (loss, _) = loses_and_recovers(refuse_connection(509, "service busy")).await;
    let (code, delay) = cause(&loss);
    assert_eq!(code.as_deref(), Some("509"));
    assert!(delay >= Duration::from_secs(1), "{delay:?}");
}

#[tokio::test(start_paused = true)]
async fn ping_timeout_error_of_the_server_is_a_loss() {
    let error = Effect::Say(InjectedMessage::Error {
        code: 400,
        text: "ping timeout".to_owned(),
        id: None,
    });
    let (loss, _) = loses_and_recovers(error).await;
    assert_eq!(cause(&loss).0.as_deref(), Some("400"));
}

#[tokio::test(start_paused = true)]
async fn request_refused_for_its_rate_is_retried() {
    let too_fast = Effect::RefuseRequests {
        code: 509,
        text: "exceed max permits per second".to_owned(),
        count: Some(1),
    };
    let exchange = exchange(Faults::new().on_connection(1, too_fast)).await;
    let kucoin = client(&exchange);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    let stats = exchange.stats();
    assert_eq!(stats.connections.len(), 1, "the connection is kept");
    let request = format!("subscribe {BALANCE}");
    assert_eq!(requests(&stats.connections[0]), [request.clone(), request]);
}

#[tokio::test(start_paused = true)]
async fn duplicate_and_unsolicited_answers_are_ignored() {
    let faults = Faults::new()
        .on_connection(1, Effect::DoubleAcks { count: None })
        .on_connection(1, Effect::Say(InjectedMessage::Ack { id: "9999".into() }))
        .on_connection(1, Effect::Say(InjectedMessage::Pongs { count: 50 }))
        .on_connection(
            1,
            Effect::Say(InjectedMessage::Pings {
                count: 5,
                bytes: 125,
            }),
        );
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let _orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let text = r#"{"id":"unknown","type":"error","code":404,"data":"topic /x is not found"}"#;
    exchange.inject(Effect::Say(InjectedMessage::Text {
        text: text.to_owned(),
    }));
    // One answer to the newest ping is enough.
    soon(exchange.wait_until(|stats| stats.connections[0].protocol_pongs >= 1)).await;
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
    let live = [BALANCE, ORDERS].map(|topic| format!("live {topic}"));
    assert_eq!(
        lifecycle.summaries(),
        ["open", &live[0], &live[1], "exception"]
    );
}

#[tokio::test(start_paused = true)]
async fn acknowledgement_with_an_unknown_id_is_ignored() {
    let misnamed = Effect::MisnameAcks { count: Some(1) };
    let exchange = exchange(Faults::new().on_connection(1, misnamed)).await;
    let mut config = fast_retries();
    config.session.ack_timeout = Duration::from_secs(1);
    let kucoin = client_with(&exchange, config);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    let messages = exchange.stats().connections[0].client_messages.clone();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1], "the same request is sent again");
}

#[tokio::test(start_paused = true)]
async fn peer_that_stops_reading_is_replaced() {
    let exchange = start(
        Exchange::builder()
            .ping_interval(Duration::from_millis(200))
            .ping_timeout(Duration::from_secs(2)),
    )
    .await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.inject(Effect::StopReading);
    lifecycle.reconnected().await;
    outage(&mut balances).await;
    exchange.account().deposit("USDT", 1.into()).unwrap();
    event(&mut balances).await;
}

#[tokio::test(start_paused = true)]
async fn pushes_of_an_ended_topic_are_discarded() {
    let late = Effect::LatePushes { pushes: 5 };
    let exchange = exchange(Faults::new().on_connection(1, late)).await;
    let kucoin = client(&exchange);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    drop(balances);
    soon(exchange.wait_until(|stats| !stats.is_subscribed(BALANCE))).await;
    exchange.account().step(50);
    assert_eq!(
        all_events(&mut orders, &exchange, ORDERS).await,
        truth_of(&exchange, ORDERS)
    );
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn connection_cut_at_its_maximum_age_is_replaced() {
    let life = Duration::from_secs(1);
    let limit = Effect::Limit(Limit::ConnectionLife { life });
    let exchange = exchange(Faults::new().on_token_request(1, limit)).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    lifecycle.reconnected().await;
    assert_eq!(outage(&mut balances).await.epoch, 2);
}

fn with_login(exchange: &Exchange, login_timeout: Option<Duration>) -> Kucoin {
    let mut config = fast_retries();
    if let Some(timeout) = login_timeout {
        config.session.ack_timeout = timeout;
    }
    let demo = exchange.credentials();
    Kucoin::builder()
        .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap())
        .hosts(hosts_of(exchange))
        .pro_authentication(ProAuthentication::Login)
        .config(config)
        .build()
        .unwrap()
}

#[tokio::test]
async fn unanswered_login_is_retried_on_a_new_connection() {
    let exchange = over_tcp::exchange(Faults::new().on_connection(1, Effect::DropLogin)).await;
    let kucoin = with_login(&exchange, Some(Duration::from_secs(1)));
    let orders = Orders::all(TradeType::Unified);
    let _orders = soon(kucoin.subscribe(orders)).await.unwrap();
    let stats = exchange.stats();
    assert_eq!(stats.connections.len(), 2);
    assert!(stats.connections[1].authenticated);
}

#[tokio::test]
async fn login_refused_with_text_is_fatal() {
    let text = "Invalid KC-API-SIGN".to_owned();
    let refuse = Effect::RefuseLogin { text };
    let exchange = over_tcp::exchange(Faults::new().on_connection(1, refuse).always()).await;
    let kucoin = with_login(&exchange, None);
    let orders = Orders::all(TradeType::Unified);
    let error = soon(kucoin.subscribe(orders)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Closed(_)), "{error:?}");
    assert!(error.to_string().contains("Invalid KC-API-SIGN"), "{error}");
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test]
async fn broken_token_responses_are_retried() {
    let nowhere = || "ws://127.0.0.1:9/".to_owned();
    for reply in [
        TokenReply::Long { bytes: 1 << 20 },
        TokenReply::Close,
        TokenReply::Gzip,
        TokenReply::NoServers,
        TokenReply::Code {
            code: "900001".to_owned(),
            message: "try again".to_owned(),
        },
        // Nothing listens on this port.
        TokenReply::Endpoint { url: nowhere() },
        TokenReply::ExtraEndpoint { url: nowhere() },
    ] {
        let effect = Effect::TokenReply(reply.clone());
        let exchange = over_tcp::exchange(Faults::new().on_token_request(1, effect)).await;
        let kucoin = over_tcp::client(&exchange);
        let subscribed = soon(kucoin.subscribe(Balances)).await;
        assert!(subscribed.is_ok(), "{reply:?}: {subscribed:?}");
    }
}

#[tokio::test]
async fn token_responses_that_lead_to_other_hosts_are_fatal() {
    for reply in [
        TokenReply::Redirect {
            status: 307,
            location: "http://127.0.0.1:9/".to_owned(),
        },
        TokenReply::Endpoint {
            url: "wss://elsewhere.test/".to_owned(),
        },
    ] {
        let effect = Effect::TokenReply(reply.clone());
        let exchange = over_tcp::exchange(Faults::new().on_token_request(1, effect).always()).await;
        let kucoin = over_tcp::client(&exchange);
        let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
        assert!(
            matches!(error, SubscribeError::Closed(_)),
            "{reply:?}: {error:?}"
        );
        assert_eq!(exchange.stats().token_requests.len(), 1, "{reply:?}");
    }
}
