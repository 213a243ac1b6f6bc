//! Futures stop orders, and the orders that they become.

use super::futures::{ACTIVE, DONE, FILLS, RECENT_FILLS, by_id, pushed, refused};
use super::*;
use crate::engine::{Direction, NewStop, Side, StopPriceType, Trigger};

const STOPS: &str = "/api/v1/stopOrders";

/// Places a stop order of one contract that sells if the last price falls to 60000.
fn place_stop(account: &mut Account, client_oid: &str, order_price: Option<&str>) -> String {
    let new = NewStop {
        wallet: None,
        symbol: "XBTUSDTM",
        side: Side::Sell,
        trigger: Trigger {
            direction: Direction::Down,
            price_type: StopPriceType::Trade,
            price: decimal("60000"),
        },
        order_price: order_price.map(decimal),
        size: Decimal::ONE,
        client_oid: Some(client_oid.into()),
    };
    let placed = account.after(1, |engine| engine.place_stop(new));
    placed.unwrap().to_string()
}

fn set_price(account: &mut Account, price: &str) {
    let price = decimal(price);
    account.after(1, |engine| {
        engine.set_price(Host::Futures, "XBTUSDTM", price).unwrap();
    });
}

#[test]
fn stop_order_is_listed_until_it_triggers() {
    let mut account = Account::new();
    let id = place_stop(&mut account, "f-9", Some("59900"));
    let created = NOW + 1;
    let expected = format!(
        r#"{{"currentPage":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{{"id":"{id}","symbol":"XBTUSDTM","type":"limit","side":"sell","price":"59900","size":1,"value":"59.9","dealValue":"0","dealSize":0,"stp":"","stop":"down","stopPriceType":"TP","stopTriggered":false,"stopPrice":"60000","timeInForce":"GTC","postOnly":false,"hidden":false,"iceberg":false,"leverage":"10","forceHold":false,"closeOrder":false,"visibleSize":0,"clientOid":"f-9","remark":null,"tags":"","isActive":true,"cancelExist":false,"createdAt":{created},"updatedAt":{created},"endAt":null,"orderTime":{created}000000,"settleCurrency":"USDT","marginMode":"CROSS","avgDealPrice":"0","filledSize":0,"filledValue":"0","status":"open","reduceOnly":false}}]}}"#
    );
    assert_eq!(account.text(STOPS).unwrap(), expected);
    assert_eq!(account.column(ACTIVE, "id").len(), 0);
    set_price(&mut account, "60000");
    assert_eq!(account.column(STOPS, "id").len(), 0);
    assert_eq!(account.column(DONE, "id"), [&*id]);
}

#[test]
fn triggered_stop_order_keeps_its_id_as_an_order() {
    let mut account = Account::new();
    let id = place_stop(&mut account, "f-9", Some("70000"));
    let before = account.get(&by_id(&id));
    assert_eq!(
        (&before["status"], &before["stopTriggered"]),
        (&"open".into(), &false.into())
    );
    account.now_ms += 1;
    let price = decimal("60000");
    let engine = account.engine.at(account.now_ms);
    engine.set_price(Host::Futures, "XBTUSDTM", price).unwrap();
    let events = account.publish();
    let pushes = pushed(&events, "/contractMarket/tradeOrders");
    assert_eq!(
        (
            &pushes[0]["orderId"],
            &pushes[0]["clientOid"],
            &pushes[0]["type"]
        ),
        (&id.as_str().into(), &"f-9".into(), &"open".into())
    );
    let row = account.get(&by_id(&id));
    assert_eq!(
        [
            &row["status"],
            &row["stopTriggered"],
            &row["stop"],
            &row["stopPrice"],
            &row["price"]
        ],
        [
            &Value::from("open"),
            &true.into(),
            &"down".into(),
            &"60000".into(),
            &"70000".into()
        ]
    );
    assert_eq!(account.get(ACTIVE)["items"][0], row);
    let found = account.get("/api/v1/orders/byClientOid?clientOid=f-9");
    assert_eq!(found, row);
    account.after(1, |engine| {
        engine
            .fill_resting(Host::Futures, &id, Decimal::ONE)
            .unwrap()
    });
    assert_eq!(account.column(RECENT_FILLS, "orderId"), [&*id]);
    assert_eq!(account.column(RECENT_FILLS, "displayType"), ["limit_stop"]);
    let of_order = format!("{FILLS}?orderId={id}");
    assert_eq!(account.column(&of_order, "orderId"), [&*id]);
    for (kind, rows) in [("limit_stop", 1), ("limit", 0), ("market_stop", 0)] {
        let done = format!("{DONE}&type={kind}");
        assert_eq!(account.column(&done, "id").len(), rows, "{kind}");
    }
}

#[test]
fn ended_stop_order_is_found_by_its_ids() {
    let mut account = Account::new();
    let canceled = place_stop(&mut account, "canceled", None);
    account.after(1, |engine| {
        engine.cancel_stop(Host::Futures, &canceled).unwrap()
    });
    let target = (None, "XBTUSDTM", Side::Sell);
    let trigger = (Direction::Down, StopPriceType::Trade, "66000");
    // Too large for the margin of the account.
    let rejected = account.after(1, |engine| engine.stop(target, trigger, None, "900000"));
    let rejected = rejected.unwrap().to_string();
    set_price(&mut account, "65000");
    for (id, triggered, kind) in [(&canceled, false, "market"), (&rejected, true, "market")] {
        let row = account.get(&by_id(id));
        assert_eq!(
            [
                &row["status"],
                &row["cancelExist"],
                &row["stopTriggered"],
                &row["type"]
            ],
            [
                &Value::from("done"),
                &true.into(),
                &triggered.into(),
                &kind.into()
            ],
        );
        assert!(row["endAt"].is_u64());
    }
    let found = account.get("/api/v1/orders/byClientOid?clientOid=canceled");
    assert_eq!(found["id"], *canceled);
    assert_eq!(account.column(DONE, "id").len(), 0);
    account.now_ms += 2 * DAY_MS + 2;
    assert_eq!(refused(&mut account, &by_id(&canceled)).0, "100001");
}

#[test]
fn triggered_order_that_is_not_visible_yet_is_open() {
    let mut account = Account::new();
    let id = place_stop(&mut account, "f-9", Some("70000"));
    account.now_ms += 1;
    let price = decimal("60000");
    let engine = account.engine.at(account.now_ms);
    engine.set_price(Host::Futures, "XBTUSDTM", price).unwrap();
    for event in account.engine.take_events() {
        let lag_ms = if matches!(event, Event::Order(_)) {
            500
        } else {
            0
        };
        account.history.delays.lag_ms = (lag_ms, lag_ms);
        account.history.record(event);
    }
    for active in [0, 1] {
        let row = account.get(&by_id(&id));
        assert_eq!(
            (&row["status"], &row["stopTriggered"]),
            (&"open".into(), &true.into())
        );
        assert_eq!(account.column(ACTIVE, "id").len(), active);
        assert_eq!(account.column(STOPS, "id").len(), 0);
        account.now_ms += 500;
    }
}
