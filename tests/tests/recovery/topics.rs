//! All account-wide topics of a connection, on a busy account.

use std::collections::BTreeSet;
use std::time::Duration;

use kucoin_streams::{AnyTopic, Kucoin, LiveReport, Origin, RecoveredItem, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use tokio::time::timeout;

use crate::settings::fast;

/// What a busy account has shown: sources of snapshots at the start, and of recovered events and rows after a loss.
struct Seen {
    at_start: BTreeSet<String>,
    after_loss: BTreeSet<String>,
    recovered: BTreeSet<String>,
    reports: Vec<LiveReport>,
}

/// Watches all topics of a connection through one loss of two seconds.
async fn watch(ws_key: WsKey) -> Seen {
    let slow = Effect::TokenSlow {
        by: Duration::from_secs(2),
    };
    let faults = Faults::new().on_token_request(2_u64, slow);
    let builder = Exchange::builder().seed(11).event_rate(60.0).faults(faults);
    let exchange = builder.start().await.unwrap();
    // Some activity before, so that there are orders, positions and debts.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let builder = Kucoin::builder().credentials(credentials(&exchange));
    let builder = builder.hosts(hosts_of(&exchange)).config(fast_retries());
    let kucoin = builder.build().unwrap();
    let topics = AnyTopic::account_wide(ws_key);
    let subscription = kucoin.subscribe_any(topics).await.unwrap();
    let mut settings = fast();
    settings.symbols = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"]
        .map(Into::into)
        .into();
    let mut stream = kucoin.recovered_with(subscription, settings);
    let mut seen = Seen {
        at_start: BTreeSet::new(),
        after_loss: BTreeSet::new(),
        recovered: BTreeSet::new(),
        reports: Vec::new(),
    };
    while seen.reports.len() < 2 {
        let item = timeout(Duration::from_secs(30), stream.next()).await;
        match item.unwrap().unwrap() {
            RecoveredItem::Snapshot(row) if seen.reports.is_empty() => {
                seen.at_start.insert(row.source.to_owned());
            }
            RecoveredItem::Snapshot(row) => {
                seen.after_loss.insert(row.source.to_owned());
            }
            RecoveredItem::Event(update) => {
                if let Origin::Recovered { path, .. } = update.origin() {
                    seen.recovered.insert(path.to_owned());
                }
            }
            RecoveredItem::Live(report) => {
                if seen.reports.is_empty() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    exchange.inject(Effect::Cut(Cut::Reset));
                }
                seen.reports.push(report);
            }
            _ => {}
        }
    }
    for report in &seen.reports {
        assert!(report.is_complete(), "{:#?}", report.missing);
    }
    seen
}

fn has(sources: &BTreeSet<String>, wanted: &[&str]) {
    for path in wanted {
        assert!(sources.contains(*path), "{path} is not in {sources:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spot_and_margin_topics_are_recovered() {
    let seen = watch(WsKey::SpotPrivateV1).await;
    has(
        &seen.at_start,
        &[
            "/api/v1/accounts",
            "/api/v1/hf/orders/active",
            "/api/v3/margin/accounts",
        ],
    );
    has(&seen.after_loss, &["/api/v1/accounts"]);
    has(
        &seen.recovered,
        &["/api/v1/hf/accounts/ledgers", "/api/v1/hf/fills"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn futures_topics_are_recovered() {
    let seen = watch(WsKey::FuturesPrivateV1).await;
    has(
        &seen.at_start,
        &[
            "/api/v1/account-overview",
            "/api/v1/orders",
            "/api/v1/positions",
        ],
    );
    has(
        &seen.after_loss,
        &["/api/v1/account-overview", "/api/v1/positions"],
    );
    has(&seen.recovered, &["/api/v1/recentFills"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unified_topics_are_recovered() {
    let seen = watch(WsKey::PrivateProV2).await;
    has(
        &seen.at_start,
        &[
            "/api/ua/{v}/unified/account/balance",
            "/api/ua/{v}/unified/order/open-list",
            "/api/ua/{v}/unified/position/open-list",
        ],
    );
    has(
        &seen.after_loss,
        &[
            "/api/ua/{v}/unified/account/balance",
            "/api/ua/{v}/unified/position/open-list",
        ],
    );
    has(
        &seen.recovered,
        &[
            "/api/ua/{v}/account/ledger",
            "/api/ua/{v}/unified/order/execution",
        ],
    );
}
