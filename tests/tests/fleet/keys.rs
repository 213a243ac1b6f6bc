//! API keys that are replaced while the account is followed.

use kucoin_streams::{
    AccountChange, Credentials, FleetError, FleetEvent, Hosts, Kucoin, ReplaceKeyError,
};
use kucoin_streams_exchange::{DemoCredentials, Side};
use kucoin_streams_testkit::http::{Server, json};
use kucoin_streams_tests::setup::exchange;

use crate::setup::{add, find, fleet, started, wrong_credentials};

#[tokio::test]
async fn key_is_replaced_without_a_gap() {
    let exchange = exchange(Default::default()).await;
    let fleet = fleet();
    add(&fleet, "desk", &exchange);
    let mut changes = fleet.changes();
    let account = find(&mut changes, "desk", started).await;
    let trade = || {
        exchange
            .account()
            .place_market("KCS-USDT", Side::Buy, 10.into())
    };
    trade().unwrap();
    let new = DemoCredentials::new("new-key", "new-secret", "new-passphrase");
    exchange.replace_credentials(new);
    account
        .client()
        .rest()
        .spot()
        .open_orders()
        .await
        .unwrap_err();
    let key = Credentials::new("new-key", "new-secret", "new-passphrase").unwrap();
    fleet.replace_key("desk", &key).await.unwrap();
    let placed = trade().unwrap();
    account.wait_for(&placed, |_| true).await.unwrap();
    account.client().rest().spot().open_orders().await.unwrap();
    // The old connection closes after the overlap.
    exchange
        .wait_until(|stats| stats.connections.len() == 2 && stats.open_connections().count() == 1)
        .await;

    assert!(account.state().is_all_live());
    assert!(account.activity().iter().all(|activity| activity.gaps == 0));
    let is_of_placed = |event| match event {
        FleetEvent::Change(AccountChange::Trust(trust)) => panic!("{trust:?}"),
        FleetEvent::Change(AccountChange::Order(order)) => {
            (*order.order_id == *placed).then_some(())
        }
        FleetEvent::Change(_) => None,
        other => panic!("{other:?}"),
    };
    find(&mut changes, "desk", is_of_placed).await;
}

#[tokio::test]
async fn refused_key_changes_nothing() {
    let exchange = exchange(Default::default()).await;
    let fleet = fleet();
    add(&fleet, "desk", &exchange);
    let mut changes = fleet.changes();
    let account = find(&mut changes, "desk", started).await;
    let refused = fleet
        .replace_key("desk", &wrong_credentials())
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, FleetError::ReplaceKey(ReplaceKeyError::Token(_))),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.contains("400003") && !text.contains("wrong-"),
        "{text}"
    );
    account.client().rest().spot().open_orders().await.unwrap();
    let placed = exchange
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into());
    account.wait_for(&placed.unwrap(), |_| true).await.unwrap();
    assert!(fleet.is_all_live());
    let stats = exchange.stats();
    assert_eq!(
        (stats.connections.len(), stats.open_connections().count()),
        (1, 1)
    );
    assert!(matches!(
        fleet.replace_key("other", &wrong_credentials()).await,
        Err(FleetError::UnknownLabel(_))
    ));
}

#[tokio::test]
async fn key_of_another_account_is_not_used() {
    // KuCoin, as far as it says whose key it is.
    let server = Server::answering(|request| {
        let uid = match request.header("kc-api-key") {
            "other-key" => 2,
            _ => 1,
        };
        json(format!(
            r#"{{"code":"200000","data":{{"uid":{uid},"apiKey":"k"}}}}"#
        ))
    })
    .await;
    let key = |key| Credentials::new(key, "some-secret", "some-passphrase").unwrap();
    let kucoin = Kucoin::builder().credentials(key("first-key"));
    let hosts = Hosts::local(&server.url()).unwrap();
    let kucoin = kucoin.hosts(hosts).build().unwrap();
    kucoin.replace_key(&key("second-key")).await.unwrap();
    let refused = kucoin.replace_key(&key("other-key")).await.unwrap_err();
    assert!(
        matches!(refused, ReplaceKeyError::OtherAccount),
        "{refused:?}"
    );
    kucoin.rest().account().api_key().await.unwrap();
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.header("kc-api-key"), "second-key");
}
