//! The merged stream of changes: labels, order, slow readers, and its end.

use kucoin_streams::{AccountOrder, EndReason, FleetError, FleetEvent, OrderPhase, WaitError};
use kucoin_streams_exchange::{Exchange, Side};
use kucoin_streams_tests::setup::{credentials, exchange};

use tokio::time::timeout;

use crate::setup::{LONG, add, change_of, find, fleet, next, started, until_live};

#[tokio::test]
async fn changes_have_the_label_of_their_account() {
    let (first, second) = (
        exchange(Default::default()).await,
        exchange(Default::default()).await,
    );
    let fleet = fleet();
    add(&fleet, "desk 1", &first);
    let mut changes = fleet.changes();
    find(&mut changes, "desk 1", started).await;
    // Added after the stream was created.
    add(&fleet, "desk 2", &second);
    find(&mut changes, "desk 2", started).await;
    for (label, exchange) in [("desk 2", &second), ("desk 1", &first)] {
        let placed = exchange
            .account()
            .place_market("KCS-USDT", Side::Buy, 10.into());
        find(&mut changes, label, change_of(&placed.unwrap())).await;
    }
    assert_eq!(fleet.labels(), ["desk 1".into(), "desk 2".into()]);
    assert!(fleet.is_all_live(), "{:?}", fleet.totals());
    assert_eq!((fleet.totals().live, fleet.accounts().len()), (2, 2));
    // A later reader begins with the accounts that are followed.
    let mut later = fleet.changes();
    find(&mut later, "desk 2", started).await;
}

#[tokio::test]
async fn slow_reader_gets_the_number_of_missed_changes_of_each_account() {
    let (busy, quiet) = (
        exchange(Default::default()).await,
        exchange(Default::default()).await,
    );
    let fleet = fleet();
    add(&fleet, "busy", &busy);
    add(&fleet, "quiet", &quiet);
    let mut changes = fleet.changes();
    until_live(&fleet, 2).await;
    for _ in 0..2 {
        assert!(started(next(&mut changes).await.1).is_some());
    }
    let account = fleet.get("busy").unwrap();
    let mut counted = account.changes();
    // Each order has at least two changes. The exchange closes a connection on which too many pushes wait.
    for _ in 0..30 {
        let mut last = None;
        for _ in 0..100 {
            let trader = busy.account();
            let placed = trader.place_limit("KCS-USDT", Side::Buy, 1.into(), 1.into());
            let placed = placed.unwrap();
            trader.cancel(&placed).unwrap();
            last = Some(placed);
        }
        let is_done = |order: &AccountOrder| order.phase == OrderPhase::Done;
        account.wait_for(&last.unwrap(), is_done).await.unwrap();
    }
    let placed = quiet
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into())
        .unwrap();
    let quiet = fleet.get("quiet").unwrap();
    quiet.wait_for(&placed, |_| true).await.unwrap();

    let lagged =
        |event| matches!(event, FleetEvent::Lagged(lagged) if lagged.missed > 0).then_some(());
    find(&mut changes, "busy", lagged).await;
    assert!(
        counted.next().await.unwrap().is_err(),
        "the account's own stream lags too"
    );
    find(&mut changes, "quiet", change_of(&placed)).await;
}

#[tokio::test]
async fn removed_account_ends_and_the_others_go_on() {
    let (first, second) = (
        exchange(Default::default()).await,
        exchange(Default::default()).await,
    );
    let fleet = fleet();
    add(&fleet, "desk 1", &first);
    add(&fleet, "desk 2", &second);
    let twice = fleet.add("desk 2", credentials(&second));
    assert!(matches!(twice, Err(FleetError::DuplicateLabel(label)) if label == "desk 2"));
    let mut changes = fleet.changes();
    let removed = find(&mut changes, "desk 1", started).await;
    let mut by_account = removed.changes();
    fleet.remove("desk 1").await.unwrap();
    let ended = |event| match event {
        FleetEvent::Ended(reason) => Some(reason),
        _ => None,
    };
    let reason = find(&mut changes, "desk 1", ended).await;
    assert!(matches!(reason, EndReason::Closed(_)), "{reason:?}");
    assert!(removed.is_closed() && !removed.state().is_all_live());
    while let Some(change) = by_account.next().await {
        change.unwrap();
    }
    assert!(matches!(
        fleet.remove("desk 1").await,
        Err(FleetError::UnknownLabel(_))
    ));
    assert!(fleet.get("desk 1").is_none() && fleet.status("desk 1").is_none());

    // The label is free again.
    add(&fleet, "desk 1", &first);
    find(&mut changes, "desk 1", started).await;
    fleet.close().await;
    let rest = async { while changes.next().await.is_some() {} };
    timeout(LONG, rest).await.expect("the stream ends");
    for exchange in [&first, &second] {
        assert_eq!(exchange.stats().open_connections().count(), 0);
    }
    assert!(matches!(
        fleet.add("desk 3", credentials(&first)),
        Err(FleetError::Closed)
    ));
}

#[tokio::test]
async fn dropped_fleet_closes_its_connections() {
    let exchange: Exchange = exchange(Default::default()).await;
    let fleet = fleet();
    add(&fleet, "desk", &exchange);
    let mut changes = fleet.changes();
    find(&mut changes, "desk", started).await;
    drop(fleet);
    exchange
        .wait_until(|stats| stats.open_connections().count() == 0)
        .await;
    let rest = async { while changes.next().await.is_some() {} };
    timeout(LONG, rest).await.expect("the stream ends");
}

#[tokio::test]
async fn account_whose_client_is_closed_is_not_restarted() {
    let exchange = exchange(Default::default()).await;
    let fleet = fleet();
    add(&fleet, "desk", &exchange);
    let mut changes = fleet.changes();
    let account = find(&mut changes, "desk", started).await;
    account.client().close().await;
    account.closed().await;
    let waited = account.wait_for("any", |_| true).await;
    assert!(matches!(waited, Err(WaitError::Closed)), "{waited:?}");
    while !matches!(next(&mut changes).await.1, FleetEvent::Ended(_)) {}
    assert_eq!(fleet.totals().stopped, 1);
    // Until it is asked for.
    let again = fleet.restart("desk").await.unwrap();
    assert!(again.state().is_all_live());
    find(&mut changes, "desk", started).await;
}
