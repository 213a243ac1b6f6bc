//! One gap at a time: what is yielded, in which order, and what it costs.

use std::time::Duration;

use kucoin_streams::v1::{self, OrderKind};
use kucoin_streams::{
    Config, Kucoin, MissingReason, Origin, RecoveredItem, RecoveredSubscription, Subscription,
    Update,
};
use kucoin_streams_exchange::{
    Cut, Decimal, Effect, Exchange, ExchangeBuilder, Faults, KeyPermissions, RestFault, Side,
};
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use tokio::time::{Instant, timeout};

use crate::settings::fast;

type Orders = RecoveredSubscription<Subscription<v1::SpotOrders>>;
type Item = RecoveredItem<v1::SpotOrder>;

/// An exchange whose second token takes two seconds, so an outage lasts as long.
async fn with_slow_reconnect(builder: ExchangeBuilder) -> Exchange {
    let slow = Effect::TokenSlow {
        by: Duration::from_secs(2),
    };
    let faults = Faults::new().on_token_request(2_u64, slow);
    builder.seed(7).faults(faults).start().await.unwrap()
}

fn client(exchange: &Exchange, config: Config) -> Kucoin {
    let builder = Kucoin::builder().credentials(credentials(exchange));
    builder
        .hosts(hosts_of(exchange))
        .config(config)
        .build()
        .unwrap()
}

/// Returns all items until a report, with the report.
async fn until_live(orders: &mut Orders) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        let item = timeout(Duration::from_secs(30), orders.next()).await;
        let item = item
            .expect("a report comes in time")
            .expect("the stream goes on");
        let is_report = matches!(item, RecoveredItem::Live(_));
        items.push(item);
        if is_report {
            return items;
        }
    }
}

fn recovered(items: &[Item]) -> Vec<&Update<v1::SpotOrder>> {
    let updates = items.iter().filter_map(|item| match item {
        RecoveredItem::Event(update) if update.origin() != Origin::Live => Some(update),
        _ => None,
    });
    updates.collect()
}

fn report(items: &[Item]) -> &kucoin_streams::LiveReport {
    match items.last() {
        Some(RecoveredItem::Live(report)) => report,
        _ => unreachable!("the last item is the report"),
    }
}

/// Whole units.
fn units(number: i64) -> Decimal {
    Decimal::from(number)
}

/// Cuts the connection and waits until it is down.
async fn cut(exchange: &Exchange) {
    exchange.inject(Effect::Cut(Cut::Reset));
    tokio::time::sleep(Duration::from_millis(500)).await;
}

#[tokio::test]
async fn outage_is_recovered_in_order_with_exact_amounts() {
    let exchange = with_slow_reconnect(Exchange::builder()).await;
    let account = exchange.account();
    let buy = |price, size| account.place_limit("KCS-USDT", Side::Buy, units(price), units(size));
    let resting = buy(1, 20).unwrap();
    let kucoin = client(&exchange, fast_retries());
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut orders = kucoin.recovered_with(subscribed, fast());

    let start = until_live(&mut orders).await;
    assert!(
        matches!(&start[..], [RecoveredItem::Snapshot(row), RecoveredItem::Live(_)] if row.data.contains(&resting))
    );

    cut(&exchange).await;
    account.fill(&resting, units(5)).unwrap();
    account.fill(&resting, units(3)).unwrap();
    account.cancel(&resting).unwrap();
    let filled = account
        .place_market("BTC-USDT", Side::Buy, Decimal::new(1, 3))
        .unwrap();
    let open = buy(2, 10).unwrap();

    let items = until_live(&mut orders).await;
    assert!(matches!(&items[0], RecoveredItem::Gap(_)), "{:?}", items[0]);
    let events = recovered(&items);
    let of = |id: &str| -> Vec<String> {
        let own = events.iter().filter(|event| event.order_id == *id);
        own.map(|event| {
            let size = |size: Option<Decimal>| size.map(|size| size.normalize().to_string());
            let fill = event
                .event()
                .fill()
                .map(|fill| fill.size.normalize().to_string());
            format!("{} {:?} {:?}", event.kind, fill, size(event.filled_size))
        })
        .collect()
    };
    assert_eq!(
        of(&resting),
        [
            r#"match Some("5") Some("5")"#,
            r#"match Some("3") Some("8")"#,
            r#"canceled None Some("8")"#,
        ]
    );
    assert_eq!(of(&open), [r#"open None Some("0")"#]);
    let own = of(&filled);
    assert!(
        own.len() >= 2 && own.last().unwrap().starts_with("filled"),
        "{own:?}"
    );
    let report = report(&items);
    assert!(report.is_complete(), "{:?}", report.missing);
    // Fees are not in live events, and recovered ones keep them.
    let fill = events
        .iter()
        .find(|event| matches!(event.kind, OrderKind::Match(_)))
        .unwrap();
    assert!(fill.extra.get("fee").is_some());
    assert_eq!(
        fill.origin(),
        Origin::Recovered {
            path: "/api/v1/hf/fills",
            exact: true,
            late: false
        }
    );
}

#[tokio::test]
async fn cost_of_a_recovery_is_as_reported() {
    let exchange = with_slow_reconnect(Exchange::builder()).await;
    let kucoin = client(&exchange, fast_retries());
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut orders = kucoin.recovered_with(subscribed, fast());
    let start = until_live(&mut orders).await;
    let sent = |exchange: &Exchange| {
        let stats = exchange.stats();
        stats.rest_queries.len() + stats.time_requests as usize
    };
    let (before, queries) = (sent(&exchange), exchange.stats().rest_queries.len());
    assert_eq!(before, report(&start).requests as usize);
    exchange
        .account()
        .place_market("BTC-USDT", Side::Buy, Decimal::new(1, 3))
        .unwrap();
    cut(&exchange).await;
    let items = until_live(&mut orders).await;
    assert_eq!(sent(&exchange) - before, report(&items).requests as usize);
    // The server time is not in the account's quota.
    let weight: u32 = exchange.stats().rest_queries[queries..]
        .iter()
        .map(|query| query.weight)
        .sum();
    assert_eq!(weight, report(&items).weight);
    assert!(weight < 100, "two sweeps of one symbol cost {weight}");
}

#[tokio::test]
async fn key_without_permission_is_refused_once_and_named_missing() {
    let general = KeyPermissions::General;
    let exchange = with_slow_reconnect(Exchange::builder().key_permissions(general)).await;
    let kucoin = client(&exchange, fast_retries());
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut orders = kucoin.recovered_with(subscribed, fast());
    let refusals = |exchange: &Exchange| {
        let queries = exchange.stats().rest_queries;
        queries
            .iter()
            .filter(|query| query.status == Some(403))
            .count()
    };
    let start = until_live(&mut orders).await;
    let refused = |items: &[Item]| {
        let missing = report(items).missing.iter();
        missing
            .filter(|part| matches!(part.reason, MissingReason::Refused { .. }))
            .count()
    };
    assert!(refused(&start) > 0);
    let asked = refusals(&exchange);
    cut(&exchange).await;
    let items = until_live(&mut orders).await;
    assert!(refused(&items) > 0, "{:?}", report(&items));
    assert_eq!(
        refusals(&exchange),
        asked,
        "the refused queries were asked again"
    );
}

#[tokio::test]
async fn unreachable_rest_delays_events_no_longer_than_the_hold() {
    let exchange = with_slow_reconnect(Exchange::builder()).await;
    let kucoin = client(&exchange, fast_retries());
    let mut settings = fast();
    settings.max_hold = Duration::from_secs(2);
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut orders = kucoin.recovered_with(subscribed, settings);
    until_live(&mut orders).await;
    let slow = RestFault::Slow {
        by: Duration::from_secs(20),
    };
    for _ in 0..12 {
        exchange.inject(Effect::Rest(slow.clone()));
    }
    cut(&exchange).await;
    let items = until_live(&mut orders).await;
    assert!(!report(&items).is_complete());
    let placed = exchange
        .account()
        .place_limit("KCS-USDT", Side::Buy, units(1), units(1))
        .unwrap();
    let next = timeout(Duration::from_secs(5), orders.next())
        .await
        .unwrap();
    assert!(matches!(next, Some(RecoveredItem::Event(update)) if *update.order_id == *placed));
}

#[tokio::test]
async fn other_subscription_feels_nothing_of_a_recovery() {
    let exchange = with_slow_reconnect(Exchange::builder()).await;
    let kucoin = client(&exchange, fast_retries());
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut orders = kucoin.recovered_with(subscribed, fast());
    let mut plain = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    until_live(&mut orders).await;
    for _ in 0..8 {
        exchange.inject(Effect::Rest(RestFault::Slow {
            by: Duration::from_secs(5),
        }));
    }
    exchange.inject(Effect::Cut(Cut::Reset));
    // The plain subscription has its two gaps while the recovery still waits for REST.
    let began = Instant::now();
    let recovering = tokio::spawn(async move { until_live(&mut orders).await.len() });
    assert!(plain.next().await.unwrap().is_err());
    assert!(plain.next().await.unwrap().is_err());
    exchange
        .account()
        .place_limit("KCS-USDT", Side::Buy, units(1), units(1))
        .unwrap();
    assert!(plain.next().await.unwrap().is_ok());
    assert!(!recovering.is_finished(), "after {:?}", began.elapsed());
    assert!(recovering.await.unwrap() > 1);
}

#[tokio::test]
async fn recovery_can_be_dropped_and_the_subscription_goes_on() {
    let exchange = with_slow_reconnect(Exchange::builder()).await;
    let kucoin = client(&exchange, fast_retries());
    let subscribed = kucoin.subscribe(v1::SpotOrders).await.unwrap();
    let mut plain = kucoin.recovered_with(subscribed, fast()).into_inner();
    exchange
        .account()
        .place_limit("KCS-USDT", Side::Buy, units(1), units(1))
        .unwrap();
    assert!(plain.next().await.unwrap().is_ok());
}
