//! The client against the independent exchange, which checks every duty of a client.

use std::collections::HashMap;
use std::time::Duration;

use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Config, Credentials, Event, Kucoin};

use crate::setup::*;
use kucoin_streams_testkit::independent_exchange::{
    Api, Behaviour, IndependentExchange, KEY, PASSPHRASE, Refusal, SECRET,
};

pub(crate) fn order(id: u64) -> String {
    format!(
        r#"{{"userId":"5c","type":"message","channelType":"private","topic":"{ORDERS}","subject":"orderChange","data":{{"symbol":"KCS-USDT","orderType":"limit","side":"buy","orderId":"{id:024}","type":"open","status":"open","orderTime":1730000000000,"price":"11.2000","size":"3.10","filledSize":"0","remainSize":"3.10","ts":1730000000000000123}}}}"#
    )
}

pub(crate) fn balance(total: &str) -> String {
    format!(
        r#"{{"data":{{"accountId":"548674591753","currency":"USDT","total":"{total}","available":"{total}","hold":"0","availableChange":"1","holdChange":"0","relationContext":{{}},"relationEvent":"main.deposit","relationEventId":"{total}","time":"1730000000000"}},"topic":"{BALANCE}","type":"message","subject":"account.balance","channelType":"private"}}"#
    )
}

pub(crate) fn behaviour() -> Behaviour {
    let pushes = HashMap::from([
        (ORDERS.to_owned(), (1..=3).map(order).collect()),
        (
            BALANCE.to_owned(),
            vec![balance("12345678901234567890.123456789"), balance("0E-8")],
        ),
    ]);
    Behaviour {
        ping_interval: Duration::from_millis(400),
        pushes,
        ..Behaviour::default()
    }
}

pub(crate) fn client_of(server: &IndependentExchange, config: Config) -> Kucoin {
    Kucoin::builder()
        .credentials(Credentials::new(KEY, SECRET, PASSPHRASE).unwrap())
        .hosts(hosts(&server.rest_url))
        .config(config)
        .build()
        .unwrap()
}

#[tokio::test]
async fn client_meets_every_duty_at_the_independent_exchange() {
    let server = IndependentExchange::start(
        Api::V1,
        Behaviour {
            drops_after_topics: Some(2),
            ..behaviour()
        },
    )
    .await;
    let kucoin = client_of(&server, fast_retries());
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    lifecycle.reconnected().await;

    for epoch in 1..=2 {
        for id in 1..=3u64 {
            let order = event(&mut orders).await;
            assert_eq!(
                (order.order_id.as_str(), order.epoch()),
                (format!("{id:024}").as_str(), epoch)
            );
            assert_eq!(order.price.unwrap().to_string(), "11.2000");
        }
        for total in ["12345678901234567890.123456789", "0.00000000"] {
            let balance = event(&mut balances).await;
            assert_eq!(balance.total.unwrap().to_string(), total);
            assert!(balance.dedup_key().contains("USDT"));
        }
        if epoch == 1 {
            let (orders, balances) = (outage(&mut orders).await, outage(&mut balances).await);
            assert_eq!((orders.epoch, balances.epoch), (2, 2));
            assert_eq!(orders.lost_at, balances.lost_at, "one loss");
        }
    }
    soon(server.until(|seen| seen.pings[1].len() >= 3)).await;
    drop(orders);
    soon(server.until(|seen| seen.requests[1].len() == 3)).await;
    soon(kucoin.close()).await;
    soon(server.until(|seen| seen.closed_in_order == 1)).await;

    let seen = server.seen();
    assert_eq!(seen.violations, Vec::<String>::new());
    assert_eq!(
        (&seen.tokens, seen.tokens.len()),
        (&seen.used, 2),
        "each token is used for one dial"
    );
    let subscribed = [
        format!("subscribe {ORDERS}"),
        format!("subscribe {BALANCE}"),
    ];
    assert_eq!(seen.requests[0], subscribed);
    assert_eq!(seen.requests[1][..2], subscribed);
    assert_eq!(
        seen.requests[1][2..],
        [
            format!("unsubscribe {ORDERS}"),
            format!("unsubscribe {BALANCE}")
        ]
    );
    for (before, ping) in seen.pings[1].iter().take(3).enumerate() {
        // Never earlier than the interval. Three pings at KuCoin's interval would take longer than this test waits.
        let due = Duration::from_millis(400) * (before as u32 + 1);
        assert!(*ping >= due.mul_f64(0.75), "ping {before} after {ping:?}");
    }
}

#[tokio::test]
async fn refusal_is_reported_with_code_and_text() {
    let refuses = Some(Refusal::not_found(ORDERS));
    let server = IndependentExchange::start(
        Api::V1,
        Behaviour {
            refuses,
            ..behaviour()
        },
    )
    .await;
    let kucoin = client_of(&server, fast_retries());
    let error = soon(kucoin.subscribe(SpotOrders)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "topic {ORDERS} refused by KuCoin (code 404: topic {ORDERS} is not found); check the topic, its symbol and \
             the key's permission"
        )
    );
    assert_eq!(server.seen().violations, Vec::<String>::new());
}
