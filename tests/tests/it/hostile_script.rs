//! The example fault script `hostile-day`, from the first token to a stable connection.

use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Subscription, Topic};
use kucoin_streams_exchange::{Ended, Exchange, Faults};
use serde_json::Value;

use crate::setup::*;

/// Reads items up to this event.
async fn read_to<T: Topic>(subscription: &mut Subscription<T>, last: &Value)
where
    T::Event: serde::Serialize,
{
    loop {
        let item = next(subscription).await;
        if item.is_ok_and(|update| json(update.event()) == *last) {
            return;
        }
    }
}

#[tokio::test]
async fn hostile_script_loses_no_event_after_its_last_fault() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/exchange/examples/hostile-day.faults"
    );
    let exchange = Exchange::builder()
        .seed(7)
        .faults(Faults::from_file(script).unwrap())
        .start()
        .await
        .unwrap();
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let (balances, orders) =
        soon(async { tokio::join!(kucoin.subscribe(Balances), kucoin.subscribe(SpotOrders)) })
            .await;
    let (mut balances, mut orders) = (balances.unwrap(), orders.unwrap());
    exchange.account().step(100);
    lifecycle.reconnected().await;
    exchange.account().step(20);
    read_to(&mut balances, truth_of(&exchange, BALANCE).last().unwrap()).await;
    read_to(&mut orders, truth_of(&exchange, ORDERS).last().unwrap()).await;

    let stats = exchange.stats();
    let ended: Vec<_> = stats
        .connections
        .iter()
        .map(|it| it.ended.clone())
        .collect();
    assert_eq!(ended.len(), 5, "{ended:?}");
    assert_eq!(ended[0], Some(Ended::Fault), "the refused upgrade");
    assert_eq!(ended[2], Some(Ended::Refused), "the busy server");
    assert_eq!(ended[4], None, "the current connection");
    let codes = token_codes(&exchange);
    assert_eq!(codes[0], "500000");
}
