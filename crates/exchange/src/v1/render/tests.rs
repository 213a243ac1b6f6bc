//! Pushes, field by field, against the shapes of live captures.

use rust_decimal::Decimal;

use super::*;
use crate::engine::{Engine, Side, StopKind, Wallet};
use crate::v1::topics;

const NOW: u64 = 1_765_465_341_363;

fn keys(data: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

fn pushed(engine: &mut Engine, topic: &str) -> Vec<String> {
    let events = engine.take_events();
    let pushes = events.iter().flat_map(|event| pushes(event, NOW + 1));
    pushes
        .filter(|push| push.topic == topic)
        .map(|push| push.data)
        .collect()
}

fn value(data: &str, key: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(data).unwrap()[key].clone()
}

#[test]
fn a_resting_order_that_is_cut_filled_and_done() {
    let mut engine = Engine::new(1, NOW);
    let price = Decimal::from(60_000);
    let id = engine
        .place_limit(
            NOW,
            (Wallet::Trade, "BTC-USDT", Side::Buy),
            (price, Decimal::new(2, 1)),
            Some("mine".into()),
        )
        .unwrap();
    engine.reduce(NOW, &id, Decimal::new(1, 1)).unwrap();
    engine.fill_resting(NOW, &id, Decimal::new(1, 1)).unwrap();
    let orders = pushed(&mut engine, topics::ORDERS_V2);
    let shape: Vec<(String, String)> = orders
        .iter()
        .map(|data| {
            let text = |key| value(data, key).as_str().unwrap().to_owned();
            (text("type"), text("status"))
        })
        .collect();
    let expected = [
        ("received", "new"),
        ("open", "open"),
        ("update", "open"),
        ("match", "open"),
        ("filled", "done"),
    ];
    assert_eq!(
        shape,
        expected.map(|(kind, status)| (kind.to_owned(), status.to_owned()))
    );
    assert_eq!(
        orders[2],
        format!(
            "{{\"canceledSize\":\"0.1\",\"clientOid\":\"mine\",\"filledSize\":\"0\",\"oldSize\":\"0.2\",\
             \"orderId\":\"{id}\",\"orderTime\":1765465341363,\"orderType\":\"limit\",\"originSize\":\"0.2\",\
             \"price\":\"60000\",\"pt\":1765465341364,\"remainSize\":\"0.1\",\"side\":\"buy\",\"size\":\"0.1\",\
             \"status\":\"open\",\"symbol\":\"BTC-USDT\",\"ts\":1765465341363000000,\"type\":\"update\"}}"
        )
    );
    assert!(
        !keys(&orders[0])
            .iter()
            .any(|key| key.ends_with("Size") && key != "originSize")
    );
    assert_eq!(value(&orders[3], "feeType"), "makerFee");
}

#[test]
fn the_first_version_has_no_received_and_no_origin_size() {
    let mut engine = Engine::new(1, NOW);
    let size = Decimal::new(2, 1);
    engine
        .place_market(NOW, (Wallet::Trade, "ETH-USDT", Side::Sell), size, None)
        .unwrap();
    let orders = pushed(&mut engine, topics::ORDERS);
    for data in &orders {
        assert_ne!(value(data, "type"), "received");
        assert!(
            !keys(data)
                .iter()
                .any(|key| key == "originSize" || key == "canceledSize" || key == "price")
        );
        assert!(!keys(data).iter().any(|key| key == "clientOid"));
    }
    assert_eq!(value(orders.last().unwrap(), "type"), "filled");
    assert_eq!(value(&orders[0], "status"), "match");
}

#[test]
fn a_buy_by_funds_shows_funds_and_ends_canceled() {
    let mut engine = Engine::new(1, NOW);
    engine
        .place_market_funds(NOW, (Wallet::Trade, "BTC-USDT"), Decimal::from(100), None)
        .unwrap();
    let orders = pushed(&mut engine, topics::ORDERS_V2);
    assert!(orders.iter().all(|data| value(data, "funds") == "100"));
    assert!(
        orders
            .iter()
            .all(|data| value(data, "originSize").is_null() && value(data, "size").is_null())
    );
    assert!(value(&orders[1], "remainSize").is_null());
    let last = orders.last().unwrap();
    assert_eq!(
        (value(last, "type"), value(last, "status")),
        ("canceled".into(), "done".into())
    );
    assert_eq!(
        (value(last, "remainSize"), value(last, "remainFunds")),
        ("0".into(), "0".into())
    );
    assert_ne!(value(last, "filledSize"), "0");
}

#[test]
fn a_balance_is_all_text_and_tells_its_trade() {
    let mut engine = Engine::new(1, NOW);
    engine
        .transfer(NOW, (Wallet::Main, Wallet::Trade), "USDT", Decimal::from(5))
        .unwrap();
    engine
        .place_market(
            NOW,
            (Wallet::Trade, "BTC-USDT", Side::Buy),
            Decimal::new(1, 3),
            None,
        )
        .unwrap();
    let changes = pushed(&mut engine, topics::BALANCE);
    assert_eq!(value(&changes[0], "relationEvent"), "main.transfer");
    assert_eq!(value(&changes[0], "relationContext"), serde_json::json!({}));
    assert_eq!(value(&changes[0], "time"), "1765465341363");
    assert_eq!(value(&changes[1], "relationEvent"), "trade.transfer");
    let settled = changes
        .iter()
        .find(|data| value(data, "relationEvent") == "trade.setted")
        .unwrap();
    assert!(value(settled, "relationContext")["tradeId"].is_string());
    let strings = |data: &String| {
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        data.as_object()
            .unwrap()
            .iter()
            .all(|(key, value)| value.is_string() || key == "relationContext")
    };
    assert!(changes.iter().all(strings));
}

#[test]
fn every_account_has_its_own_relation_events() {
    let mut engine = Engine::new(1, NOW);
    let isolated = Wallet::Isolated("ETH-USDT");
    for wallet in [Wallet::Margin, isolated] {
        engine
            .transfer(NOW, (Wallet::Main, wallet), "USDT", Decimal::from(5))
            .unwrap();
        engine
            .borrow(NOW, (wallet, "USDT"), Decimal::from(5))
            .unwrap();
        engine
            .place_market(
                NOW,
                (wallet, "ETH-USDT", Side::Buy),
                Decimal::new(1, 3),
                None,
            )
            .unwrap();
    }
    let mut events: Vec<String> = pushed(&mut engine, topics::BALANCE)
        .iter()
        .map(|data| value(data, "relationEvent").as_str().unwrap().to_owned())
        .collect();
    events.sort_unstable();
    events.dedup();
    let expected = [
        "isolated_ETH-USDT.hold",
        "isolated_ETH-USDT.other",
        "isolated_ETH-USDT.setted",
        "isolated_ETH-USDT.transfer",
        "main.transfer",
        "margin.hold",
        "margin.other",
        "margin.setted",
        "margin.transfer",
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_snapshot_of_a_balance_is_the_change_without_its_context() {
    let mut engine = Engine::new(1, NOW);
    let place = (Wallet::Trade, "BTC-USDT", Side::Buy);
    engine
        .place_market(NOW, place, Decimal::new(1, 3), None)
        .unwrap();
    let events = engine.take_events();
    let pushes: Vec<Push> = events.iter().flat_map(|event| pushes(event, NOW)).collect();
    let of = |topic| pushes.iter().filter(move |push| push.topic == topic);
    assert!(of(topics::BALANCE).count() > 2);
    for (change, snapshot) in of(topics::BALANCE).zip(of(topics::BALANCE_SNAPSHOT)) {
        let parse = |data: &str| serde_json::from_str::<serde_json::Value>(data).unwrap();
        let mut expected = parse(&change.data);
        assert!(expected["relationContext"]["orderId"].is_string());
        expected["relationContext"] = serde_json::json!({});
        assert_eq!(parse(&snapshot.data), expected);
        assert_eq!(snapshot.subject, "account.snapshotBalance");
        assert!(snapshot.id.is_none());
    }
    assert_eq!(
        of(topics::BALANCE).count(),
        of(topics::BALANCE_SNAPSHOT).count()
    );
}

#[test]
fn a_stop_order_opens_triggers_and_goes_on_under_a_new_id() {
    let mut engine = Engine::new(1, NOW);
    let stop = Decimal::from(60_000);
    let asked = (Wallet::Margin, "BTC-USDT", Side::Sell);
    let id = engine
        .place_stop(NOW, asked, StopKind::Loss, (stop, None), Decimal::new(1, 2))
        .unwrap();
    engine
        .set_price(NOW, "BTC-USDT", Decimal::from(59_999))
        .unwrap();
    let events = engine.take_events();
    let frames: Vec<Push> = events.iter().flat_map(|event| pushes(event, NOW)).collect();
    let stops: Vec<&Push> = frames
        .iter()
        .filter(|push| push.topic == topics::STOP_ORDERS)
        .collect();
    assert_eq!(
        (value(&stops[0].data, "type"), value(&stops[1].data, "type")),
        ("open".into(), "triggered".into())
    );
    assert_eq!(value(&stops[1].data, "triggerSuccess"), true);
    assert_eq!(value(&stops[1].data, "tradeType"), "MARGIN_TRADE");
    assert!(
        value(&stops[1].data, "orderPrice").is_null(),
        "a market stop has no order price"
    );
    let order = frames
        .iter()
        .find(|push| push.topic == topics::ORDERS)
        .unwrap();
    assert_ne!(value(&order.data, "orderId").as_str().unwrap(), &*id);
}

#[test]
fn a_frame_holds_its_data_where_it_says() {
    let push =
        Push::private(topics::BALANCE, "account.balance", "{\"a\":1}".to_owned()).with_id("9");
    let (frame, data_at) = push.frame("u1");
    assert_eq!(&frame[data_at..frame.len() - 1], "{\"a\":1}");
    assert_eq!(
        frame,
        "{\"topic\":\"/account/balance\",\"type\":\"message\",\"subject\":\"account.balance\",\"id\":\"9\",\
         \"userId\":\"u1\",\"channelType\":\"private\",\"data\":{\"a\":1}}"
    );
}
