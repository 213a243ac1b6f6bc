//! Futures rows in hedge mode: one row per leg, and the leg of orders, fills and funding.

use super::futures::{ACTIVE, DONE, FILLS, by_id, pushed};
use super::*;
use crate::engine::Side;
use crate::engine::futures::PositionSide;
use crate::engine::test_util::OrderTarget;

const BUY: OrderTarget = (None, "ETHUSDTM", Side::Buy);
const SELL: OrderTarget = (None, "ETHUSDTM", Side::Sell);
const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;
const POSITIONS: &str = "/api/v1/positions";
const CLOSED: &str = "/api/v1/history-positions";

impl Account {
    pub(super) fn in_hedge_mode() -> Self {
        let account = Self::new();
        Self {
            engine: Engine::new(1, NOW).in_hedge_mode(),
            ..account
        }
    }

    /// Fills an order on a leg as a maker; returns its ID.
    fn trade_on(
        &mut self,
        leg: PositionSide,
        target: OrderTarget,
        price: &str,
        size: &str,
    ) -> String {
        let id = self.after(1, |engine| engine.trade_on(leg, target, price, size));
        id.to_string()
    }

    /// Returns these columns of a list, each row as text.
    fn columns(&mut self, target: &str, keys: &[&str]) -> Vec<String> {
        let columns: Vec<_> = keys.iter().map(|key| self.column(target, key)).collect();
        let rows = 0..columns[0].len();
        rows.map(|row| {
            let cells = columns.iter().map(|column| column[row].to_string());
            cells.collect::<Vec<_>>().join(" ").replace('"', "")
        })
        .collect()
    }
}

/// Opens 5 contracts of the long leg and 3 of the short one.
fn hedged() -> Account {
    let mut account = Account::in_hedge_mode();
    account.trade_on(LONG, BUY, "3500", "5");
    account.trade_on(SHORT, SELL, "3600", "3");
    account
}

#[test]
fn positions_list_has_one_row_per_leg() {
    let mut account = Account::in_hedge_mode();
    assert!(account.column(POSITIONS, "id").is_empty());
    account.trade_on(SHORT, SELL, "3600", "3");
    let keys = ["positionSide", "currentQty", "avgEntryPrice", "isOpen"];
    assert_eq!(account.columns(POSITIONS, &keys), ["SHORT -3 3600 true"]);
    let one = "/api/v1/position?symbol=ETHUSDTM";
    assert_eq!(account.get(one)["positionSide"], "SHORT");
    account.trade_on(LONG, BUY, "3500", "5");
    assert_eq!(
        account.columns(POSITIONS, &keys),
        ["LONG 5 3500 true", "SHORT -3 3600 true"]
    );
    assert_eq!(account.get(one)["positionSide"], "LONG");
    let ids = account.column(POSITIONS, "id");
    assert_ne!(ids[0], ids[1]);
    account.trade_on(LONG, SELL, "3600", "5");
    assert_eq!(
        account.columns(POSITIONS, &keys),
        ["LONG 0 0 false", "SHORT -3 3600 true"]
    );
    assert_eq!(account.get(one)["positionSide"], "SHORT");
}

#[test]
fn orders_and_fills_name_their_leg() {
    let mut account = hedged();
    let open = account.after(1, |engine| engine.limit_on(SHORT, BUY, "3000", "3"));
    let open = open.unwrap().to_string();
    let stop = account.after(1, |engine| engine.stop_on(LONG, SELL, "3000", "5"));
    let keys = ["side", "positionSide"];
    assert_eq!(account.columns(ACTIVE, &keys), ["buy SHORT"]);
    assert_eq!(account.get(&by_id(&open))["positionSide"], "SHORT");
    assert_eq!(account.get(&by_id(&stop.unwrap()))["positionSide"], "LONG");
    let newest_first = ["sell SHORT", "buy LONG"];
    for list in [DONE, FILLS, "/api/v1/recentFills"] {
        assert_eq!(account.columns(list, &keys), newest_first, "{list}");
    }
}

#[test]
fn closed_positions_and_funding_name_their_leg() {
    let mut account = hedged();
    account.now_ms += 1;
    let engine = account.engine.at(account.now_ms);
    engine
        .settle_funding("ETHUSDTM", decimal("0.0001"))
        .unwrap();
    let events = account.publish();
    let topic = "/contract/position:ETHUSDTM";
    let mut pushes = pushed(&events, topic);
    pushes.retain(|push| push["fundingTime"].is_u64());
    let page = account.get("/api/v1/funding-history?symbol=ETHUSDTM");
    let rows = page["dataList"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (row, push) in rows.iter().rev().zip(&pushes) {
        let context: Value = serde_json::from_str(&text(&row["context"])).unwrap();
        assert_eq!(context["positionSide"], push["positionSide"]);
        assert_eq!(row["positionQty"], push["qty"]);
        assert_eq!(row["funding"], push["fundingFee"]);
    }
    assert!(account.column(CLOSED, "side").is_empty());
    account.trade_on(SHORT, BUY, "3500", "3");
    account.trade_on(LONG, SELL, "3600", "5");
    assert_eq!(
        account.columns(CLOSED, &["side", "type", "openPrice", "closePrice"]),
        ["LONG CLOSE_LONG 3500 3600", "SHORT CLOSE_SHORT 3600 3500"]
    );
}

#[test]
fn closed_and_open_legs_agree_with_the_balance() {
    let mut account = Account::in_hedge_mode();
    let mut fills = BTreeMap::<String, usize>::new();
    for _ in 0..2_000 {
        account.now_ms += 1_000;
        account.engine.at(account.now_ms).step_on(Host::Futures);
        let events = account.publish();
        for push in pushed(&events, "/contractMarket/tradeOrders") {
            if push["type"] == "match" {
                *fills.entry(text(&push["positionSide"])).or_default() += 1;
            }
        }
    }
    let closed = account.get(&format!("{CLOSED}?limit=200"));
    assert_eq!(closed["totalPage"], 1);
    let mut sum = BTreeMap::<String, Decimal>::new();
    for row in closed["items"].as_array().unwrap() {
        *sum.entry(text(&row["settleCurrency"])).or_default() += amount(&row["pnl"]);
    }
    for state in account.engine.positions().filter(|it| it.quantity != 0) {
        let currency = state.settle_currency.as_str().to_owned();
        *sum.entry(currency).or_default() += state.realised_pnl();
    }
    let mut booked = BTreeMap::<String, Decimal>::new();
    for row in account.history.bookings.all() {
        if row.value.symbol.is_some() {
            let currency = row.value.currency.as_str().to_owned();
            *booked.entry(currency).or_default() += row.value.amount;
        }
    }
    assert_eq!(booked, sum);
    let mut listed = BTreeMap::<String, usize>::new();
    for page in 1.. {
        let rows = account.column(
            &format!("{FILLS}?currentPage={page}&pageSize=1000&startAt={NOW}"),
            "positionSide",
        );
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            *listed.entry(text(row)).or_default() += 1;
        }
    }
    assert_eq!(listed, fills);
    assert_eq!(fills.keys().collect::<Vec<_>>(), ["LONG", "SHORT"]);
}
