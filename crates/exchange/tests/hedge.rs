//! Hedge mode over real connections: two legs per contract in streams, REST queries and the account's handle.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use kucoin_streams_exchange::{
    Decimal, Direction, Exchange, PositionSide, Rejected, Side, StopPriceType,
};
use serde_json::Value;
use support::*;

const ORDERS: &str = "/contractMarket/tradeOrders";
const POSITIONS: &str = "/contract/positionAll";
const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;

async fn hedged() -> Exchange {
    let builder = Exchange::builder().hedge_mode(true);
    builder.start().await.unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn sides(pushes: &[Value]) -> BTreeSet<&str> {
    let sides = pushes.iter().map(|push| push["positionSide"].as_str());
    sides.map(Option::unwrap_or_default).collect()
}

#[tokio::test]
async fn orders_change_only_their_leg() {
    let exchange = hedged().await;
    let mut socket = Socket::subscribed(&exchange, &[ORDERS]).await;
    let account = exchange.account().futures();
    let (long, short) = (account.leg(LONG), account.leg(SHORT));
    let buy = long.place_limit_as("mine", "XBTUSDTM", Side::Buy, decimal("60000"), 7);
    account.fill(&buy.unwrap(), 7).unwrap();
    short.place_market("XBTUSDTM", Side::Sell, 3).unwrap();
    let quantities = || {
        [&long, &short].map(|leg| {
            let state = leg.position("XBTUSDTM").unwrap();
            assert_eq!(state.position_side, leg.side());
            state.quantity
        })
    };
    assert_eq!(quantities(), [7, -3]);
    short
        .place_limit("XBTUSDTM", Side::Buy, decimal("60000"), 2)
        .unwrap();
    assert_eq!(
        short.place_market("XBTUSDTM", Side::Buy, 2).unwrap_err(),
        Rejected::ExceedsPosition {
            symbol: "XBTUSDTM".to_owned(),
            side: SHORT,
            closable: Decimal::ONE,
        }
    );
    short.place_market("XBTUSDTM", Side::Buy, 1).unwrap();
    long.place_market("XBTUSDTM", Side::Sell, 7).unwrap();
    assert_eq!(quantities(), [0, -2]);
    for entry in exchange.truth().of_topic(ORDERS) {
        let frame = socket.text().await;
        assert_eq!(frame, *entry.frame);
        let data = field(&frame, "data");
        let of_long = data["clientOid"] == "mine" || data["size"] == "7";
        let side = if of_long { "LONG" } else { "SHORT" };
        assert_eq!(data["positionSide"], side, "{frame}");
    }
}

#[tokio::test]
async fn stop_order_changes_its_leg() {
    let exchange = hedged().await;
    let account = exchange.account().futures();
    account
        .leg(LONG)
        .place_market("ETHUSDTM", Side::Buy, 5)
        .unwrap();
    let terms = (Side::Sell, Direction::Down, StopPriceType::Mark);
    let prices = (decimal("3400"), None);
    let stop = account
        .leg(LONG)
        .place_stop_as("s-1", "ETHUSDTM", terms, prices, 5);
    let open = account
        .leg(SHORT)
        .place_stop("ETHUSDTM", terms, prices, 2)
        .unwrap();
    assert_eq!(account.open_stops(), [stop.unwrap(), open]);
    account.set_mark_price("ETHUSDTM", decimal("3399")).unwrap();
    let liquidated = pushed(&exchange.truth(), ORDERS);
    assert!(liquidated.iter().all(|push| push["tradeType"] == "trade"));
    let quantity = |side| account.position_of("ETHUSDTM", side).unwrap().quantity;
    assert_eq!((quantity(LONG), quantity(SHORT)), (0, -2));
}

#[tokio::test]
async fn margin_belongs_to_one_leg() {
    let exchange = hedged().await;
    let account = exchange.account().futures();
    for (leg, side) in [(LONG, Side::Buy), (SHORT, Side::Sell)] {
        account.leg(leg).place_market("ETHUSDTM", side, 5).unwrap();
    }
    account
        .leg(SHORT)
        .add_margin("ETHUSDTM", decimal("20"))
        .unwrap();
    account
        .leg(SHORT)
        .set_auto_deposit("ETHUSDTM", true)
        .unwrap();
    let added = |side| {
        let state = account.position_of("ETHUSDTM", side).unwrap();
        state.isolated.unwrap().added
    };
    assert_eq!((added(LONG), added(SHORT)), (Decimal::ZERO, decimal("20")));
    let wrong = PositionSide::Both;
    assert_eq!(
        account.add_margin("ETHUSDTM", decimal("20")).unwrap_err(),
        Rejected::PositionSide { side: wrong }
    );
}

#[tokio::test]
async fn random_activity_trades_both_legs_in_every_stream() {
    let builder = Exchange::builder().seed(7).hedge_mode(true);
    let exchange = builder.queue_capacity(65_536).start().await.unwrap();
    let stops = "/contractMarket/advancedOrders";
    let topics = [ORDERS, stops, POSITIONS];
    let mut socket = Socket::subscribed(&exchange, &topics).await;
    exchange.account().step(4_000);
    let truth = exchange.truth().snapshot();
    for entry in truth.iter().filter(|entry| topics.contains(&entry.topic)) {
        assert_eq!(socket.text().await, *entry.frame);
    }
    let both: BTreeSet<&str> = ["LONG", "SHORT"].into();
    for topic in topics {
        let mut pushes = pushed(&exchange.truth(), topic);
        // The result of a risk limit request has no side.
        pushes.retain(|push| push["success"].is_null());
        assert_eq!(sides(&pushes), both, "{topic}");
    }
}

#[tokio::test]
async fn rest_lists_both_legs_of_a_contract() {
    let exchange = hedged().await;
    let account = exchange.account().futures();
    for (leg, side) in [(LONG, Side::Buy), (SHORT, Side::Sell)] {
        account.leg(leg).place_market("XBTUSDTM", side, 4).unwrap();
    }
    let rows = data(&exchange, "/api/v1/positions").await;
    let rows = rows.as_array().unwrap();
    let row = |row: &Value| {
        (
            row["positionSide"].to_string(),
            row["currentQty"].to_string(),
        )
    };
    assert_eq!(
        rows.iter().map(row).collect::<Vec<_>>(),
        [("LONG", "4"), ("SHORT", "-4")]
            .map(|(side, size)| (format!("\"{side}\""), size.to_owned()))
    );
    let unified = data(&exchange, "/api/ua/v1/unified/position/open-list").await;
    let ids: BTreeSet<String> = (unified.as_array().unwrap().iter())
        .map(|row| row["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn one_way_mode_is_the_default_and_has_no_legs() {
    let exchange = Exchange::builder().start().await.unwrap();
    let account = exchange.account().futures();
    let both = account.leg(PositionSide::Both);
    both.place_market("XBTUSDTM", Side::Buy, 1).unwrap();
    assert_eq!(account.position("XBTUSDTM").unwrap().quantity, 1);
    assert_eq!(
        account
            .leg(LONG)
            .place_market("XBTUSDTM", Side::Buy, 1)
            .unwrap_err(),
        Rejected::PositionSide { side: LONG }
    );
    let pushes = pushed(&exchange.truth(), ORDERS);
    assert_eq!(sides(&pushes), ["BOTH"].into());
}
