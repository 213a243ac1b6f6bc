//! Accounts that cannot start, next to others that can.

use kucoin_streams::{Credentials, FleetEvent, FleetStatus, Hosts};
use kucoin_streams_exchange::{DemoCredentials, Exchange, Side};
use kucoin_streams_testkit::http::free_port;
use kucoin_streams_tests::setup::{credentials, exchange, hosts_of};

use crate::setup::{
    LONG, add, add_with, builder, change_of, failed, find, fleet, next, started, wrong_credentials,
};

#[tokio::test]
async fn failing_accounts_do_not_delay_others() {
    let healthy = exchange(Default::default()).await;
    // The unreachable host is retried for longer than the test takes.
    let fleet = builder(LONG).max_starting(2).build();
    let nowhere = Hosts::local("http://127.0.0.1:1").unwrap();
    add_with(&fleet, "unreachable", nowhere, wrong_credentials());
    add_with(&fleet, "refused", hosts_of(&healthy), wrong_credentials());
    add(&fleet, "healthy", &healthy);
    let mut changes = fleet.changes();
    let (mut refused, mut is_started) = (None, false);
    while refused.is_none() || !is_started {
        match next(&mut changes).await {
            (label, FleetEvent::Started(_)) => is_started = &*label == "healthy",
            (label, FleetEvent::StartFailed(failure)) => {
                assert_eq!(&*label, "refused", "{failure}");
                refused = Some(failure);
            }
            _ => {}
        }
    }
    let refused = refused.unwrap();
    assert_eq!((refused.failures, refused.retry_in), (1, None));
    let text = refused.to_string();
    assert!(text.contains("Fleet::replace_key"), "{text}");
    assert!(matches!(
        fleet.status("unreachable"),
        Some(FleetStatus::Starting)
    ));
    let placed = healthy
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into());
    find(&mut changes, "healthy", change_of(&placed.unwrap())).await;
    let totals = fleet.totals();
    assert_eq!((totals.live, totals.not_live, totals.stopped), (1, 0, 2));
    assert!(!fleet.is_all_live());
    // A refusal is not retried.
    assert!(
        matches!(fleet.status("refused"), Some(FleetStatus::Failed(failure)) if failure == refused)
    );
}

#[tokio::test]
async fn unreachable_account_starts_once_it_is_reachable() {
    let port = free_port();
    let on_port = || Exchange::builder().port(port).start();
    let down = on_port().await.unwrap();
    let (hosts, keys) = (hosts_of(&down), credentials(&down));
    down.shutdown().await;
    let fleet = fleet();
    add_with(&fleet, "desk", hosts, keys);
    let mut changes = fleet.changes();
    for failures in 1..=2 {
        let failure = find(&mut changes, "desk", failed).await;
        assert!(failure.retry_in.is_some() && failure.failures == failures);
    }
    let _up = on_port().await.unwrap();
    find(&mut changes, "desk", started).await;
}

#[tokio::test]
async fn deleted_key_ends_the_account_until_it_is_replaced() {
    let exchange = exchange(Default::default()).await;
    let fleet = fleet();
    add(&fleet, "desk", &exchange);
    let mut changes = fleet.changes();
    find(&mut changes, "desk", started).await;
    let new = DemoCredentials::new("new-key", "new-secret", "new-passphrase");
    exchange.replace_credentials(new);
    exchange.inject(kucoin_streams_exchange::Effect::Cut(
        kucoin_streams_exchange::Cut::Reset,
    ));
    let ended = |event| matches!(event, FleetEvent::Ended(_)).then_some(());
    find(&mut changes, "desk", ended).await;
    let failure = find(&mut changes, "desk", failed).await;
    assert_eq!(failure.retry_in, None, "{failure}");
    // A wrong key does not help, and the old one stays.
    fleet
        .replace_key("desk", &wrong_credentials())
        .await
        .unwrap_err();
    let key = Credentials::new("new-key", "new-secret", "new-passphrase").unwrap();
    fleet.replace_key("desk", &key).await.unwrap();
    assert!(fleet.is_all_live());
    find(&mut changes, "desk", started).await;
}
