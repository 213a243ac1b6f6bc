//! The number of requests and the weight of a recovery, as the documentation states them.

use crate::bench::{Bench, spot};

/// Returns the requests and the weights of the first snapshot and of a recovery without news.
fn cost(mut bench: Bench) -> [(u32, u32); 2] {
    bench.run_until(5_000);
    bench.outage(10_000, 15_000);
    bench.run_until(60_000);
    let reports = bench.reports();
    assert_eq!(reports.len(), 2);
    let costs = reports.iter().map(|report| {
        // All names of symbols are known, but those of a unified account.
        assert!(report.missing.is_empty(), "{:?}", report.missing);
        (report.requests, report.weight)
    });
    let costs: Vec<_> = costs.collect();
    [costs[0], costs[1]]
}

/// Fifty open orders on ten symbols.
fn spot_orders() -> Vec<String> {
    let orders = (0..50).map(|number| {
        let row = spot::row(&format!("o{number}"), "open", -60_000, "0");
        row.replace("BTC-USDT", &format!("S{}-USDT", number % 10))
    });
    orders.collect()
}

#[test]
fn spot_orders_stops_and_balances() {
    let topics = [
        "/spotMarket/tradeOrdersV2",
        "/spotMarket/advancedOrders",
        "/account/balance",
    ];
    let mut bench = Bench::new(&topics);
    bench.on(spot::ACTIVE, spot_orders());
    assert_eq!(cost(bench), [(13, 93), (55, 139)]);

    let mut bench = Bench::new(&topics[..1]);
    bench.on(spot::ACTIVE, spot_orders());
    assert_eq!(cost(bench), [(4, 10), (48, 98)]);
}

#[test]
fn futures_orders_stops_positions_and_wallet() {
    let bench = Bench::new(&[
        "/contractMarket/tradeOrders",
        "/contractMarket/advancedOrders",
        "/contract/positionAll",
        "/contractAccount/wallet",
    ]);
    assert_eq!(cost(bench), [(6, 20), (12, 44)]);
}

#[test]
fn unified_orders_executions_positions_and_balance_of_ten_symbols() {
    let mut settings = kucoin_streams_recovery::RecoverySettings::default();
    settings.symbols = (0..10)
        .map(|number| format!("S{number}-USDT").into())
        .collect();
    let topics = [
        "orderAll?tradeType=UNIFIED",
        "execution?tradeType=UNIFIED",
        "positionAll?tradeType=UNIFIED",
        "balance?accountType=UNIFIED",
    ];
    let bench = Bench::with(&topics, settings);
    assert_eq!(cost(bench), [(46, 181), (115, 454)]);
}
