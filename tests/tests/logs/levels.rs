//! Log levels of each kind of event, and the span of each line.

use std::time::Duration;

use kucoin_streams::v1::{Balances, SpotOrders, SpotStopOrders};
use kucoin_streams::{GapReason, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Faults};
use tracing::Level;

use crate::capture;
use crate::setup::*;

#[tokio::test(flavor = "multi_thread")]
async fn loss_is_a_warning_and_recovery_is_info() {
    let exchange = exchange(Faults::new()).await;
    let label = "desk 7";
    let kucoin = client(&exchange, label, fast_retries());
    let mut balances = balances(&kucoin).await;
    logged(label, Level::INFO, "the connection is live");
    exchange.inject(Effect::Cut(Cut::Reset));
    let is_live = |gap: &kucoin_streams::Gap| matches!(gap.reason, GapReason::Live { .. });
    until_gap(&mut balances, is_live).await;
    logged(label, Level::WARN, &format!("{BALANCE}: connection lost: "));
    logged(label, Level::WARN, "attempt 1 in ");
    logged(label, Level::INFO, &format!("{BALANCE}: live again after"));
    logged(label, Level::INFO, "reconnected after");
    soon(kucoin.rotate(WsKey::SpotPrivateV1)).await.unwrap();
    logged(label, Level::INFO, "moved to a new connection");
    assert_eq!(count(label, Level::ERROR), 0);
    soon(kucoin.close()).await;
    logged(label, Level::INFO, "closed by the user");
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_refusal_is_one_error() {
    let refused = Effect::RefuseTopic {
        topic: BALANCE.to_owned(),
        code: 404,
        text: "topic is not found".to_owned(),
    };
    let exchange = exchange(Faults::new().on_connection(1, refused)).await;
    let label = "refused topic";
    let kucoin = client(&exchange, label, fast_retries());
    soon(kucoin.subscribe(Balances)).await.unwrap_err();
    logged(
        label,
        Level::ERROR,
        &format!("{BALANCE}: topic is not found (code 404)"),
    );
    assert_eq!(
        count(label, Level::WARN),
        1,
        "{:#?}",
        capture::lines_of(label)
    );

    let label = "refused secret";
    let kucoin = client_with(&exchange, label, fast_retries(), "another-secret");
    soon(kucoin.subscribe(Balances)).await.unwrap_err();
    let line = logged(label, Level::ERROR, "KuCoin refused the credentials");
    assert!(line.text.contains("; check the API passphrase"), "{line:?}");
    assert_eq!(line.text.matches("400004").count(), 1, "{line:?}");
    assert_eq!(
        count(label, Level::WARN),
        1,
        "{:#?}",
        capture::lines_of(label)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_refusal_and_throttling_are_warnings() {
    let busy = Effect::RefuseTopic {
        topic: BALANCE.to_owned(),
        code: 500,
        text: "system error".to_owned(),
    };
    let throttled = Effect::TokenRateLimit {
        reset: Duration::from_secs(1),
    };
    let faults = Faults::new()
        .on_connection(1, busy)
        .on_token_request(1, throttled);
    let exchange = exchange(faults).await;
    let label = "busy";
    let kucoin = client(&exchange, label, fast_retries());
    let subscribing = tokio::spawn(async move { kucoin.subscribe(Balances).await });
    logged(label, Level::WARN, "KuCoin's rate limit is reached");
    logged(label, Level::WARN, "system error; retrying in");
    assert_eq!(count(label, Level::ERROR), 0);
    subscribing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_consumer_is_one_warning_and_events_are_below_info() {
    let exchange = exchange(Faults::new()).await;
    let label = "slow";
    let config = fast_retries()
        .with_queue_capacity(2)
        .with_backpressure_timeout(Duration::ZERO);
    let kucoin = client(&exchange, label, config);
    let mut balances = balances(&kucoin).await;
    let before = count(label, Level::INFO);
    for _ in 0..20 {
        exchange.account().deposit("USDT", 1.into()).unwrap();
    }
    let line = logged(label, Level::WARN, "slow consumer");
    assert!(line.text.contains(BALANCE), "{line:?}");
    let received = || {
        balances
            .ledger()
            .iter()
            .map(|topic| topic.received)
            .sum::<u64>()
    };
    while received() < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let is_overflow =
        |gap: &kucoin_streams::Gap| matches!(gap.reason, GapReason::Overflowed { .. });
    until_gap(&mut balances, is_overflow).await;
    assert_eq!(count(label, Level::INFO), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn decode_failures_are_rate_limited_warnings() {
    let exchange = exchange(Faults::new()).await;
    let label = "undecodable";
    let kucoin = client(&exchange, label, fast_retries());
    let mut balances = balances(&kucoin).await;
    let frame =
        format!(r#"{{"topic":"{BALANCE}","type":"message","subject":"account.balance","data":7}}"#);
    for _ in 0..100 {
        exchange.push_raw(BALANCE, &frame);
    }
    for _ in 0..100 {
        let item = soon(balances.next()).await.unwrap();
        assert!(matches!(
            item.unwrap_err().reason,
            GapReason::Undecodable { .. }
        ));
    }
    let line = logged(label, Level::WARN, "an event cannot be decoded");
    assert!(line.text.contains(BALANCE), "{line:?}");
    // The first, second, fourth, ... and 64th.
    assert_eq!(count(label, Level::WARN), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_connection_is_in_its_span() {
    let exchange = exchange(Faults::new()).await;
    let label = "all lines";
    let kucoin = client(&exchange, label, fast_retries());
    let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let stops = soon(kucoin.subscribe(SpotStopOrders)).await.unwrap();
    // Token request, dial and session.
    for (target, words) in [
        ("kucoin_streams_auth", "connection information fetched"),
        ("kucoin_streams_transport", "websocket open"),
        ("kucoin_streams_client", "the connection is live"),
    ] {
        let level = match words {
            "the connection is live" => Level::INFO,
            _ => Level::DEBUG,
        };
        let line = logged(label, level, words);
        assert!(line.target.starts_with(target), "{line:?}");
        assert_eq!(
            line.spans,
            r#"connection account="all lines" ws_key=spotPrivateV1 number=0"#
        );
        assert_eq!(line.thread, "kucoin-streams");
    }
    drop((orders, stops));

    // Without a label the span has no account, and the API key is never logged.
    let rest = exchange.rest_url();
    let demo = exchange.credentials();
    let kucoin = kucoin_streams::Kucoin::builder()
        .credentials(
            kucoin_streams::Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap(),
        )
        .hosts(kucoin_streams::Hosts::default().with_rest(&rest).unwrap())
        .build()
        .unwrap();
    let _orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let unnamed = "connection ws_key=spotPrivateV1 number=0";
    assert!(capture::lines().iter().any(|line| line.spans == unnamed));
    for line in capture::lines() {
        let line = format!("{line:?}");
        for secret in [&demo.key, &demo.secret, &demo.passphrase, "2neAiuYvAU"] {
            assert!(!line.contains(secret as &str), "{line}");
        }
    }
}
