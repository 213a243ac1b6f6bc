//! The delivery ledger balances whatever happens, and agrees with what the exchange says that it pushed.

use std::time::Duration;

use kucoin_streams::v1::{Balances, FuturesSymbolPosition, SpotOrders};
use kucoin_streams::{
    CloseReason, GapReason, SlowConsumer, Subscription, Topic, TopicLedger, WsKey,
};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults, Stats};

use crate::independent_exchange::order;
use crate::rig::*;
use crate::simulated::{client, client_with, exchange};

/// The ledger of a subscription of one topic.
#[track_caller]
fn ledger<T: Topic>(subscription: &Subscription<T>) -> TopicLedger {
    let mut topics = subscription.ledger();
    assert_eq!(topics.len(), 1);
    let ledger = topics.remove(0);
    assert!(ledger.balances(), "{ledger:?}");
    ledger
}

/// How many pushes the exchange has sent, over all connections.
fn pushed(exchange: &Exchange) -> u64 {
    let stats = exchange.stats();
    stats
        .connections
        .iter()
        .map(|connection| connection.pushed)
        .sum()
}

/// Makes so many pushes of balances.
fn deposit(exchange: &Exchange, times: u64) {
    for amount in 1..=times {
        exchange.account().deposit("USDT", amount.into()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_out_is_what_was_pushed() {
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
async fn event_pushed_twice_is_delivered_twice() {
    let twice = Effect::DuplicateFrame { count: Some(3) };
    let exchange = exchange(Faults::new().on_connection(1, twice)).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    deposit(&exchange, 5);
    for _ in 0..8 {
        event(&mut balances).await;
    }
    let ledger = ledger(&balances);
    assert_eq!((ledger.delivered, ledger.duplicates), (8, 0));
    assert_eq!(ledger.received, pushed(&exchange));
}

#[tokio::test(start_paused = true)]
async fn a_loss_and_its_mending_leave_nothing_unaccounted_for() {
    let exchange = exchange(Faults::new()).await;
    let kucoin = client(&exchange);
    let mut told = Told::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    deposit(&exchange, 3);
    for _ in 0..3 {
        event(&mut balances).await;
    }
    exchange.inject(Effect::Cut(Cut::Eof));
    told.reconnected().await;
    deposit(&exchange, 4);
    outage(&mut balances).await;
    for _ in 0..4 {
        event(&mut balances).await;
    }
    let ledger = ledger(&balances);
    assert_eq!((ledger.received, ledger.delivered), (7, 7));
    assert_eq!(ledger.received, pushed(&exchange));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_counts_what_both_connections_brought() {
    let exchange = exchange(Faults::new()).await;
    let mut config = quick();
    config.session.overlap = Duration::from_millis(300);
    let kucoin = client_with(&exchange, config);
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let meanwhile = async {
        let both = |stats: &Stats| {
            let mut connections = stats.connections.iter();
            stats.connections.len() == 2 && connections.all(|known| known.topics == [ORDERS])
        };
        soon(exchange.wait_until(both)).await;
        exchange.account().step(30);
    };
    let (rotated, ()) =
        soon(async { tokio::join!(kucoin.rotate(WsKey::SpotPrivateV1), meanwhile) }).await;
    rotated.unwrap();
    exchange.account().step(30);
    let truth = truth_of(&exchange, ORDERS);
    assert_eq!(all_events(&mut orders, &exchange, ORDERS).await, truth);
    let ledger = ledger(&orders);
    assert_eq!(ledger.delivered, exchange.truth().total_of(ORDERS));
    assert!(ledger.duplicates > 0, "{ledger:?}");
    assert_eq!(ledger.received, ledger.delivered + ledger.duplicates);
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_is_counted_as_its_gap_counts_it() {
    let exchange = exchange(Faults::new()).await;
    let config = quick()
        .with_queue_capacity(8)
        .with_backpressure_timeout(Duration::ZERO);
    let kucoin = client_with(&exchange, config);
    let mut slow = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut quick = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    deposit(&exchange, 50);
    let account = exchange.account();
    let price = account.last_price("BTC-USDT").unwrap();
    let order = account.place_market_funds("BTC-USDT", 20.into());
    order.unwrap_or_else(|rejected| panic!("at {price}: {rejected:?}"));
    // What comes behind them on the same connection says that all of them are in the queue.
    event(&mut quick).await;
    let before = ledger(&slow);
    assert_eq!(before.queued, 8);
    assert_eq!(before.overflowed, before.received - 8);
    assert!(before.overflowed >= 42);
    let mut missed = 0;
    let mut delivered = 0;
    while ledger(&slow).queued > 0 || missed == 0 {
        match next(&mut slow).await {
            Ok(_) => delivered += 1,
            Err(gap) => match gap.reason {
                GapReason::Overflowed { missed: more } => missed += more,
                other => panic!("another gap: {other:?}"),
            },
        }
    }
    let after = ledger(&slow);
    assert_eq!((after.overflowed, after.delivered), (missed, delivered));
}

#[tokio::test(start_paused = true)]
async fn ledger_of_a_disconnected_slow_consumer_is_consistent() {
    let exchange = exchange(Faults::new()).await;
    let config = quick()
        .with_queue_capacity(4)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let kucoin = client_with(&exchange, config);
    let mut slow = soon(kucoin.subscribe(Balances)).await.unwrap();
    let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    deposit(&exchange, 10);
    soon(exchange.wait_until(|stats| stats.connections[0].topics == [ORDERS])).await;
    for _ in 0..4 {
        event(&mut slow).await;
    }
    let gap = next(&mut slow).await.unwrap_err();
    assert_eq!(gap.reason, GapReason::Overflowed { missed: 1 });
    assert!(soon(slow.next()).await.is_none());
    assert_eq!(slow.end_reason(), Some(CloseReason::SlowConsumer));
    let ledger = ledger(&slow);
    assert_eq!((ledger.delivered, ledger.overflowed), (4, 1));
    assert_eq!(orders.end_reason(), None);
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

/// A push of a balance, padded to this many bytes.
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
    let config = quick().with_backpressure_timeout(Duration::ZERO);
    // By default 16 MiB.
    let fitting = (config.queue_bytes / BYTES) as u64;
    assert_eq!(fitting, 33);
    let kucoin = client_with(&exchange, config);
    let mut slow = soon(kucoin.subscribe(Balances)).await.unwrap();
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    for pushed in 1..=PUSHED {
        assert_eq!(exchange.push_raw(BALANCE, &long_balance(BYTES)), 1);
        // An event of another subscription after each shows that the frame is in, and that it delays no other.
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
    // There is room again.
    assert_eq!(exchange.push_raw(BALANCE, &long_balance(BYTES)), 1);
    event(&mut slow).await;
    let ledger = ledger(&slow);
    assert_eq!((ledger.delivered, ledger.overflowed), (fitting + 1, missed));
}
