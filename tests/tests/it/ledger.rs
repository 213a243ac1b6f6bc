//! The delivery ledger is always consistent and matches the pushes of the exchange.

use std::time::Duration;

use kucoin_streams::v1::{Balances, FuturesSymbolPosition, SpotOrders};
use kucoin_streams::{GapReason, Subscription, Topic, TopicLedger};
use kucoin_streams_exchange::{Exchange, Faults};

use crate::independent_exchange::order;
use crate::setup::*;
use crate::simulated::{client, client_with, exchange};

/// Returns the ledger of a subscription of one topic.
#[track_caller]
fn ledger<T: Topic>(subscription: &Subscription<T>) -> TopicLedger {
    let mut topics = subscription.ledger();
    assert_eq!(topics.len(), 1);
    let ledger = topics.remove(0);
    assert!(ledger.is_consistent(), "{ledger:?}");
    ledger
}

/// Returns the number of pushes of the exchange, over all connections.
fn pushed(exchange: &Exchange) -> u64 {
    let stats = exchange.stats();
    stats
        .connections
        .iter()
        .map(|connection| connection.pushed)
        .sum()
}

/// Makes this number of balance pushes.
fn deposit(exchange: &Exchange, times: u64) {
    for amount in 1..=times {
        exchange.account().deposit("USDT", amount.into()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn ledger_counts_every_delivered_push() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    assert_eq!(ledger(&balances).topic, BALANCE);
    assert_eq!(ledger(&balances).received, 0);
    deposit(&exchange, 20);
    for delivered in 1..=20 {
        event(&mut balances).await;
        assert_eq!(ledger(&balances).delivered, delivered);
    }
    let ledger = ledger(&balances);
    assert_eq!((ledger.received, ledger.queued), (pushed(&exchange), 0));
    let json = serde_json::to_value(&ledger).unwrap();
    assert_eq!(json["delivered"], 20);
}

#[tokio::test(start_paused = true)]
async fn undecodable_and_other_frames_have_their_own_counters() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let topic = FuturesSymbolPosition::new("XBTUSDTM").unwrap();
    let mut positions = soon(kucoin.subscribe(topic)).await.unwrap();
    let push = |symbol: &str, data: &str| {
        let frame = format!(
            r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.change","data":{{"symbol":"{symbol}"{data}}}}}"#
        );
        assert_eq!(exchange.push_raw("/contract/position:XBTUSDTM", &frame), 1);
    };
    push(
        "ETHUSDTM",
        r#","currentQty":1,"changeReason":"positionChange""#,
    );
    push("XBTUSDTM", r#","currentQty":}"#);
    push(
        "XBTUSDTM",
        r#","currentQty":2,"changeReason":"positionChange""#,
    );
    let gap = next(&mut positions).await.unwrap_err();
    assert!(
        matches!(gap.reason, GapReason::Undecodable { .. }),
        "{gap:?}"
    );
    event(&mut positions).await;
    let ledger = ledger(&positions);
    assert_eq!(
        (
            ledger.received,
            ledger.other,
            ledger.undecodable,
            ledger.delivered
        ),
        (3, 1, 1, 1)
    );
}

/// Returns a balance push padded to this number of bytes.
fn long_balance(bytes: usize) -> String {
    let frame = |padding: &str| {
        format!(
            r#"{{"topic":"{BALANCE}","type":"message","subject":"account.balance","data":{{"currency":"USDT","total":"1","padding":"{padding}"}}}}"#
        )
    };
    frame(&"x".repeat(bytes - frame("").len()))
}

#[tokio::test(start_paused = true)]
async fn queue_is_bounded_in_bytes() {
    const BYTES: usize = 500_000;
    const PUSHED: u64 = 40;
    let exchange = exchange(Faults::new()).await;
    let config = fast_retries().with_backpressure_timeout(Duration::ZERO);
    // 16 MiB by default.
    let fitting = (config.queue_bytes / BYTES) as u64;
    assert_eq!(fitting, 33);
    let kucoin = client_with(&exchange, config);
    let mut slow = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    for pushed in 1..=PUSHED {
        assert_eq!(exchange.push_raw(BALANCE, &long_balance(BYTES)), 1);
        // An event of another subscription after each frame shows that the frame was received and delays no other
        // subscription.
        assert_eq!(exchange.push_raw(ORDERS, &order(pushed)), 1);
        event(&mut orders).await;
        let ledger = ledger(&slow);
        assert_eq!(
            (ledger.received, ledger.queued),
            (pushed, pushed.min(fitting))
        );
        assert_eq!(ledger.overflowed, pushed.saturating_sub(fitting));
    }
    for _ in 0..fitting {
        event(&mut slow).await;
    }
    let missed = PUSHED - fitting;
    assert_eq!(
        gap(&mut slow).await.reason,
        GapReason::Overflowed { missed }
    );
    // The queue has room again.
    assert_eq!(exchange.push_raw(BALANCE, &long_balance(BYTES)), 1);
    event(&mut slow).await;
    let ledger = ledger(&slow);
    assert_eq!((ledger.delivered, ledger.overflowed), (fitting + 1, missed));
}
