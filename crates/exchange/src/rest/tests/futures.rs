//! Futures orders and fills.

use std::collections::BTreeMap;

use super::*;
use crate::engine::test_util::OrderTarget;
use crate::engine::{NewOrder, Side};
use crate::v1::render;

pub(super) const BUY: OrderTarget = (None, "XBTUSDTM", Side::Buy);
pub(super) const SELL: OrderTarget = (None, "XBTUSDTM", Side::Sell);
pub(super) const ACTIVE: &str = "/api/v1/orders?status=active";
pub(super) const DONE: &str = "/api/v1/orders?status=done";
pub(super) const FILLS: &str = "/api/v1/fills";
pub(super) const RECENT_FILLS: &str = "/api/v1/recentFills";
const RECENT_DONE: &str = "/api/v1/recentDoneOrders";
const STOPS: &str = "/api/v1/stopOrders";

/// Places an order and fills it as a maker, at its price.
pub(super) fn trade(account: &mut Account, target: OrderTarget, price: &str, size: &str) -> String {
    let id = place(account, target, price, size);
    account.after(1, |engine| engine.fill(&id, size));
    id
}

fn place(account: &mut Account, target: OrderTarget, price: &str, size: &str) -> String {
    let placed = account.after(1, |engine| engine.limit(target, price, size));
    placed.unwrap().to_string()
}

/// Returns the data of the V1 pushes of these events on one topic.
pub(super) fn pushed(events: &[Event], topic: &str) -> Vec<Value> {
    let pushes = events.iter().flat_map(|event| render::pushes(event, NOW));
    let on_topic = pushes.filter(|push| push.topic == topic);
    on_topic
        .map(|push| serde_json::from_str(&push.data).unwrap())
        .collect()
}

pub(super) fn by_id(id: &str) -> String {
    format!("/api/v1/orders/{id}")
}

/// Reads every numbered page of a list.
fn pages(account: &mut Account, target: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for number in 1.. {
        let page = account.get(&format!("{target}&currentPage={number}"));
        rows.extend(page["items"].as_array().unwrap().clone());
        if page["totalPage"].as_u64() <= Some(number) {
            break;
        }
    }
    rows
}

/// Returns the error code and message of a query.
pub(super) fn refused(account: &mut Account, target: &str) -> (String, String) {
    let error = account.answer(target).unwrap_err();
    (error.code, error.message)
}

#[test]
fn open_order_has_the_fields_of_kucoin() {
    let mut account = Account::new();
    let id = place(&mut account, BUY, "67000", "5");
    account.after(5, |engine| engine.fill(&id, "2"));
    let row = account.get(ACTIVE)["items"][0].clone();
    let (updated, time) = (row["updatedAt"].clone(), row["orderTime"].clone());
    let created = time.as_u64().unwrap() / 1_000_000;
    let delay = updated.as_u64().unwrap() - (NOW + 6);
    assert!((1..=20).contains(&delay), "{delay}");
    let expected = format!(
        r#"{{"currentPage":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{{"id":"{id}","symbol":"XBTUSDTM","type":"limit","side":"buy","price":"67000","size":5,"value":"335","dealValue":"134","dealSize":2,"stp":"","stop":"","stopPriceType":"","stopTriggered":false,"stopPrice":null,"timeInForce":"GTC","postOnly":false,"hidden":false,"iceberg":false,"leverage":"10","forceHold":false,"closeOrder":false,"visibleSize":0,"clientOid":"mine","remark":null,"tags":"","isActive":true,"cancelExist":false,"createdAt":{created},"updatedAt":{updated},"endAt":null,"orderTime":{time},"settleCurrency":"USDT","marginMode":"CROSS","avgDealPrice":"67000","filledSize":2,"filledValue":"134","status":"open","reduceOnly":false}}]}}"#
    );
    assert_eq!(account.text(ACTIVE).unwrap(), expected);
}

#[test]
fn done_order_has_its_end_and_how_it_ended() {
    let mut account = Account::new();
    let canceled = place(&mut account, BUY, "67000", "5");
    account.after(1, |engine| engine.cancel(Host::Futures, &canceled).unwrap());
    let filled = account.after(1, |engine| {
        engine.place(NewOrder::new(None, "XBTUSDTM", Side::Buy, 3.into()))
    });
    let filled = filled.unwrap().to_string();
    let rows = account.get("/api/v1/orders")["items"].clone();
    assert_eq!(
        (&rows[0]["id"], &rows[1]["id"]),
        (&filled.into(), &canceled.into())
    );
    for (row, cancel, size, kind) in [(&rows[0], false, 3, "market"), (&rows[1], true, 0, "limit")]
    {
        assert_eq!(
            [
                &row["cancelExist"],
                &row["dealSize"],
                &row["type"],
                &row["status"],
                &row["isActive"]
            ],
            [
                &Value::from(cancel),
                &size.into(),
                &kind.into(),
                &"done".into(),
                &false.into()
            ],
        );
        assert!(
            row["endAt"].is_u64() && row["endAt"] == row["updatedAt"],
            "{row}"
        );
        assert_eq!(account.get(&by_id(row["id"].as_str().unwrap())), *row);
    }
    assert_eq!(
        (&rows[0]["price"], &rows[0]["value"]),
        (&"0".into(), &rows[0]["dealValue"])
    );
    assert_eq!(account.column(ACTIVE, "id"), Vec::<Value>::new());
}

#[test]
fn average_price_of_an_inverse_contract_is_harmonic() {
    let mut account = Account::new();
    let target = (None, "XBTUSDM", Side::Buy);
    let id = account.after(1, |engine| engine.market_order(target, "1000").unwrap());
    let order = account.get(&by_id(&id));
    let fills = account.get(RECENT_FILLS);
    let sum = |key: &str| -> Decimal {
        let fills = fills.as_array().unwrap().iter();
        fills.map(|fill| amount(&fill[key])).sum()
    };
    assert_eq!(sum("value"), amount(&order["dealValue"]));
    assert!(sum("value") < decimal("0.0149"), "1000 USD in XBT");
    let average = (Decimal::from(1_000) / sum("value")).round_dp(4);
    assert_eq!(amount(&order["avgDealPrice"]), average.normalize());
    assert_eq!(order["settleCurrency"], "XBT");
}

#[test]
fn fill_has_the_trade_and_time_of_its_push() {
    let mut account = Account::new();
    let id = place(&mut account, BUY, "67000", "2");
    account.now_ms += 1;
    account.engine.at(account.now_ms).fill(&id, "2");
    let events = account.publish();
    let orders = pushed(&events, "/contractMarket/tradeOrders");
    let push = orders.iter().find(|push| push["type"] == "match").unwrap();
    let (trade, time) = (
        push["tradeId"].as_str().unwrap(),
        push["ts"].as_u64().unwrap(),
    );
    let created = time / 1_000_000 + 172;
    let expected = format!(
        r#"{{"symbol":"XBTUSDTM","tradeId":"{trade}","orderId":"{id}","side":"buy","liquidity":"maker","forceTaker":false,"price":"67000","size":2,"value":"134","openFeePay":"0.0268","closeFeePay":"0","stop":"","feeRate":"0.00020","fixFee":"0","feeCurrency":"USDT","subTradeType":null,"marginMode":"CROSS","openFeeTaxPay":"0","closeFeeTaxPay":"0","displayType":"limit","fee":"0.0268","settleCurrency":"USDT","orderType":"limit","tradeType":"trade","tradeTime":{time},"createdAt":{created}}}"#
    );
    assert_eq!(account.text(RECENT_FILLS).unwrap(), format!("[{expected}]"));
    let page = format!(
        r#"{{"currentPage":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{expected}]}}"#
    );
    assert_eq!(account.text(FILLS).unwrap(), page);
}

#[test]
fn fee_of_a_fill_through_zero_is_split() {
    let mut account = Account::new();
    trade(&mut account, BUY, "67000", "2");
    trade(&mut account, SELL, "68000", "5");
    let fill = account.get(RECENT_FILLS)[0].clone();
    let parts = ["closeFeePay", "openFeePay", "fee"].map(|key| amount(&fill[key]));
    assert_eq!(parts, ["0.0272", "0.0408", "0.068"].map(decimal));
}

#[test]
fn liquidation_has_its_own_trade_type() {
    let mut account = Account::new();
    let target = (None, "ETHUSDTM", Side::Buy);
    trade(&mut account, target, "3500", "100");
    account.after(1, |engine| engine.mark("ETHUSDTM", "3000"));
    let types = account.column(RECENT_FILLS, "tradeType");
    assert_eq!(types, ["liquid", "trade"]);
    let of_type = |kinds| format!("{FILLS}?tradeTypes={kinds}");
    assert_eq!(account.column(&of_type("liquid,adl"), "side"), ["sell"]);
    assert_eq!(
        account.column(&of_type("trade,liquid"), "side"),
        ["sell", "buy"]
    );
    assert_eq!(account.column(&of_type("settlement"), "side").len(), 0);
}

#[test]
fn unknown_order_is_an_error() {
    let mut account = Account::new();
    place(&mut account, BUY, "67000", "5");
    for target in [
        by_id("530387137732231168"),
        "/api/v1/orders/byClientOid?clientOid=no".into(),
    ] {
        let expected = (
            "100001".to_owned(),
            "error.getOrder.orderNotExist".to_owned(),
        );
        assert_eq!(refused(&mut account, &target), expected);
    }
    assert!(
        account
            .text("/api/v1/orders/byClientOid?clientOid=mine")
            .is_ok()
    );
}

#[test]
fn recent_lists_have_24_hours_and_1000_rows() {
    let mut account = Account::new();
    trade(&mut account, BUY, "67000", "1");
    let counts = |account: &mut Account| {
        [(RECENT_FILLS, "tradeId"), (RECENT_DONE, "id")].map(|it| account.column(it.0, it.1).len())
    };
    account.now_ms += DAY_MS;
    assert_eq!(counts(&mut account), [1, 1]);
    account.now_ms += 1;
    assert_eq!(counts(&mut account), [0, 0]);
    let week = format!(
        "?startAt={}&endAt={}",
        account.now_ms - 2 * DAY_MS,
        account.now_ms
    );
    assert_eq!(
        account.column(&format!("{FILLS}{week}"), "tradeId").len(),
        1
    );
    for number in 0..1_002 {
        let target = if number % 2 == 0 { BUY } else { SELL };
        account.after(0, |engine| engine.market_order(target, "1").unwrap());
    }
    assert_eq!(counts(&mut account), [1_000, 1_000]);
    for (list, symbol, rows) in [
        (RECENT_FILLS, "XBTUSDTM", 1_000),
        (RECENT_FILLS, "ETHUSDTM", 0),
        (RECENT_DONE, "ETHUSDTM", 0),
    ] {
        let target = format!("{list}?symbol={symbol}");
        assert_eq!(account.column(&target, "symbol").len(), rows, "{target}");
    }
}

#[test]
fn span_and_default_times_are_those_of_kucoin() {
    let mut account = Account::new();
    let id = trade(&mut account, BUY, "67000", "1");
    let filled = account.now_ms;
    let week = 7 * DAY_MS;
    account.now_ms += 3 * DAY_MS;
    let rows = |account: &mut Account, target: String| account.column(&target, "symbol").len();
    for (query, expected) in [
        (String::new(), 0),
        // With a start only, the list ends 24 hours later.
        (format!("?startAt={}", filled - DAY_MS), 1),
        (format!("?startAt={}", filled - DAY_MS - 1), 0),
        (format!("?startAt={filled}&endAt={filled}"), 1),
        (format!("?startAt={}&endAt={}", filled, filled + week), 1),
        // Seconds find nothing.
        (
            format!("?startAt={}&endAt={}", filled / 1_000, filled / 1_000),
            0,
        ),
        (format!("?orderId={id}"), 1),
    ] {
        assert_eq!(
            rows(&mut account, format!("{FILLS}{query}")),
            expected,
            "{query}"
        );
    }
    // Done orders are filtered by the time at which they were placed.
    for (start, expected) in [(filled - 2, 1), (filled, 0)] {
        let done = format!("{DONE}&startAt={start}&endAt={}", account.now_ms);
        assert_eq!(rows(&mut account, done), expected, "{start}");
    }
    for list in [
        "/api/v1/fills?",
        "/api/v1/orders?status=done&",
        "/api/v1/orders?",
    ] {
        let long = format!("{list}startAt={}&endAt={}", filled, filled + week + 1);
        let message = account.text(&long).unwrap_err();
        assert!(
            message.contains("startAt and endAt must be at most 168 h apart"),
            "{message}"
        );
    }
    let any = format!("{ACTIVE}&startAt=1&endAt={}", account.now_ms);
    assert!(account.text(&any).is_ok(), "open orders of any span");
}

#[test]
fn parameter_errors_name_the_parameter() {
    let mut account = Account::new();
    for (target, message) in [
        (
            "/api/v1/orders?status=open",
            "status must be one of active, done",
        ),
        ("/api/v1/orders?symbol=BTC-USDT", "symbol does not exist"),
        ("/api/v1/orders?side=up", "side must be one of buy, sell"),
        (
            "/api/v1/orders?type=stop",
            "type must be one of limit, market, limit_stop",
        ),
        (
            "/api/v1/orders?pageSize=1001",
            "pageSize must be from 1 to 1000",
        ),
        ("/api/v1/orders/byClientOid", "clientOid is required"),
        (
            "/api/v1/stopOrders?pageSize=0",
            "pageSize must be from 1 to 1000",
        ),
        ("/api/v1/recentFills?symbol=X", "symbol does not exist"),
        ("/api/v1/position", "symbol is required"),
        (
            "/api/v1/positions?currency=BTC",
            "currency must be XBT or USDT",
        ),
        (
            "/api/v1/history-positions?limit=201",
            "limit must be from 1 to 200",
        ),
        (
            "/api/v1/account-overview?currency=EUR",
            "currency must be XBT or USDT",
        ),
        (
            "/api/v1/transaction-history?maxCount=51",
            "maxCount must be from 1 to 50",
        ),
        (
            "/api/v1/transaction-history?type=Bonus",
            "type must be one of RealizedPNL",
        ),
        (
            "/api/v1/transaction-history?startAt=0&endAt=86400000",
            "startAt and endAt",
        ),
        ("/api/v1/funding-history", "symbol is required"),
        (
            "/api/v1/funding-history?symbol=XBTUSDTM&maxCount=101",
            "maxCount must be",
        ),
        ("/api/v2/position/getMarginMode", "symbol is required"),
        (
            "/api/v2/getCrossUserLeverage?symbol=ABC",
            "symbol does not exist",
        ),
    ] {
        let refused = account.text(target).unwrap_err();
        assert!(refused.contains(message), "{target}: {refused}");
    }
}

#[test]
fn pages_have_up_to_1000_orders() {
    let mut account = Account::new();
    let ids: Vec<String> = (0..5)
        .map(|_| place(&mut account, BUY, "67000", "1"))
        .collect();
    let page = |account: &mut Account, number| {
        account.column(&format!("{ACTIVE}&pageSize=2&currentPage={number}"), "id")
    };
    let mut newest: Vec<Value> = ids.iter().rev().map(|id| id.as_str().into()).collect();
    let pages = [1, 2, 3, 4].map(|number| page(&mut account, number));
    assert_eq!(pages.concat(), newest);
    let total = account.get(&format!("{ACTIVE}&pageSize=2"));
    assert_eq!(
        (&total["totalNum"], &total["totalPage"]),
        (&5.into(), &3.into())
    );
    account.after(1, |engine| engine.cancel(Host::Futures, &ids[4]).unwrap());
    newest.remove(0);
    assert_eq!(
        account.column(&format!("{ACTIVE}&pageSize=1000"), "id"),
        newest
    );
    for (filter, rows) in [
        ("side=sell", 0),
        ("side=buy", 4),
        ("type=market", 0),
        ("symbol=ETHUSDTM", 0),
    ] {
        assert_eq!(
            account.column(&format!("{ACTIVE}&{filter}"), "id").len(),
            rows,
            "{filter}"
        );
    }
}

#[test]
fn orders_and_fills_agree_after_random_activity() {
    let mut account = Account::new();
    let mut pushes = Vec::new();
    for _ in 0..1_500 {
        account.now_ms += 3;
        account.engine.at(account.now_ms).step_on(Host::Futures);
        let events = account.publish();
        pushes.extend(pushed(&events, "/contractMarket/tradeOrders"));
    }
    let fills = pages(&mut account, &format!("{FILLS}?pageSize=500"));
    let matches: Vec<&Value> = pushes
        .iter()
        .filter(|push| push["type"] == "match")
        .collect();
    assert!(
        fills.len() > 300 && fills.len() == matches.len(),
        "{}",
        fills.len()
    );
    let mut by_order: BTreeMap<String, [Decimal; 2]> = BTreeMap::new();
    for (fill, push) in fills.iter().rev().zip(matches) {
        for (key, pushed) in [
            ("tradeId", "tradeId"),
            ("orderId", "orderId"),
            ("symbol", "symbol"),
            ("side", "side"),
            ("price", "matchPrice"),
            ("liquidity", "liquidity"),
            ("tradeTime", "ts"),
            ("tradeType", "tradeType"),
            ("marginMode", "marginMode"),
            ("orderType", "orderType"),
        ] {
            assert_eq!(fill[key], push[pushed], "{key} of {fill}");
        }
        assert_eq!(fill["size"].to_string(), text(&push["matchSize"]));
        let fees = [&fill["openFeePay"], &fill["closeFeePay"]].map(amount);
        assert_eq!(fees[0] + fees[1], amount(&fill["fee"]));
        let sums = by_order.entry(text(&fill["orderId"])).or_default();
        sums[0] += decimal(&fill["size"].to_string());
        sums[1] += amount(&fill["value"]);
    }
    let last: BTreeMap<String, &Value> =
        pushes.iter().map(|it| (text(&it["orderId"]), it)).collect();
    let mut seen = 0;
    for list in [ACTIVE, DONE] {
        for order in &pages(&mut account, &format!("{list}&pageSize=500")) {
            let sums = by_order.remove(&text(&order["id"])).unwrap_or_default();
            assert_eq!(
                sums[0].to_string(),
                order["dealSize"].to_string(),
                "{order}"
            );
            assert_eq!(sums[1], amount(&order["dealValue"]), "{order}");
            let push = last[&text(&order["id"])];
            assert_eq!(order["orderTime"], push["orderTime"]);
            assert_eq!(order["clientOid"], push["clientOid"]);
            assert_eq!(order["dealSize"].to_string(), text(&push["filledSize"]));
            assert_eq!(order["status"], push["status"], "{order} {push}");
            assert_eq!(order["cancelExist"], push["type"] == "canceled");
            if list == ACTIVE {
                let left = order["size"].as_u64().unwrap() - order["dealSize"].as_u64().unwrap();
                assert_eq!(left.to_string(), text(&push["remainSize"]), "{order}");
            }
            assert_eq!(account.get(&by_id(&text(&order["id"]))), *order);
            seen += 1;
        }
    }
    assert_eq!(seen, last.len());
    assert!(by_order.is_empty(), "fills without an order: {by_order:?}");
    let stops = account.column(STOPS, "id");
    let mut stops: Vec<String> = stops.iter().map(text).collect();
    stops.reverse();
    assert_eq!(stops, account.engine.open_stops(Host::Futures));
}
