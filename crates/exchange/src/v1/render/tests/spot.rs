//! Pushes of spot and margin: orders, fills, stop orders and balances.

use rust_decimal::Decimal;

use super::{Push, all, engine, keys, parse, pushed, value};
use crate::engine::test_util::BUY_BTC;
use crate::engine::{Direction, Side, StopPriceType, Wallet};
use crate::v1::topics;

#[test]
fn resting_order_is_reduced_filled_and_done() {
    let mut engine = engine();
    let id = engine.limit(BUY_BTC, "60000", "0.2").unwrap();
    engine.reduce_order(&id, "0.1");
    engine.fill(&id, "0.1");
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
            .any(|key| key.ends_with("Size") && *key != "originSize")
    );
    assert_eq!(value(&orders[3], "feeType"), "makerFee");
}

#[test]
fn first_order_topic_has_no_received_or_origin_size() {
    let mut engine = engine();
    let place = (Some(Wallet::Trade), "ETH-USDT", Side::Sell);
    engine.market_order(place, "0.2").unwrap();
    let orders = pushed(&mut engine, topics::ORDERS);
    for data in &orders {
        assert_ne!(value(data, "type"), "received");
        for absent in ["originSize", "canceledSize", "price", "clientOid"] {
            assert!(!keys(data).contains(&absent), "{absent}");
        }
    }
    assert_eq!(value(orders.last().unwrap(), "type"), "filled");
    assert_eq!(value(&orders[0], "status"), "match");
}

#[test]
fn buy_by_funds_shows_funds_and_ends_canceled() {
    let mut engine = engine();
    engine.buy_for_funds("BTC-USDT", "100");
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
fn balance_values_are_text_with_their_trade() {
    let mut engine = engine();
    engine
        .transfer((Wallet::Main, Wallet::Trade), "USDT", Decimal::from(5))
        .unwrap();
    engine.market_order(BUY_BTC, "0.001").unwrap();
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
        parse(data)
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, value)| value.is_string() || key == "relationContext")
    };
    assert!(changes.iter().all(strings));
}

#[test]
fn relation_event_names_the_account() {
    let mut engine = engine();
    let isolated = Wallet::Isolated("ETH-USDT");
    for wallet in [Wallet::Margin, isolated] {
        engine
            .transfer((Wallet::Main, wallet), "USDT", Decimal::from(5))
            .unwrap();
        engine.borrow(wallet, "USDT", Decimal::from(5)).unwrap();
        engine
            .market_order((Some(wallet), "ETH-USDT", Side::Buy), "0.001")
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
fn balance_snapshot_has_no_relation_context() {
    let mut engine = engine();
    engine.market_order(BUY_BTC, "0.001").unwrap();
    let pushes = all(&mut engine);
    let of = |topic| pushes.iter().filter(move |push| push.topic == topic);
    assert!(of(topics::BALANCE).count() > 2);
    for (change, snapshot) in of(topics::BALANCE).zip(of(topics::BALANCE_SNAPSHOT)) {
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
fn triggered_stop_becomes_an_order_with_a_new_id() {
    let mut engine = engine();
    let place = (Some(Wallet::Margin), "BTC-USDT", Side::Sell);
    let trigger = (Direction::Down, StopPriceType::Trade, "60000");
    let id = engine.stop(place, trigger, None, "0.01").unwrap();
    engine.price("BTC-USDT", "59999");
    let frames = all(&mut engine);
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
fn frame_has_its_data_at_the_returned_offset() {
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

#[test]
fn taker_fill_is_a_trade_without_a_user() {
    let mut engine = engine();
    let place = (Some(Wallet::Trade), "BTC-USDT", Side::Sell);
    let id = engine.market_order(place, "0.01").unwrap();
    let pushes = all(&mut engine);
    let of = |topic| pushes.iter().filter(move |push| push.topic == topic);
    assert!(of("/market/match:BTC-USDT").count() > 0);
    for push in of("/market/match:BTC-USDT") {
        let frame = parse(&push.frame("u1").0);
        let keys: Vec<&String> = frame.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert_eq!(frame["subject"], "trade.l3match");
        let data = &frame["data"];
        assert_eq!(
            (&data["side"], &data["type"]),
            (&"sell".into(), &"match".into())
        );
        assert_eq!(data["takerOrderId"], *id);
        assert_ne!(data["makerOrderId"], *id);
        assert_eq!(data["time"], "1765465341363000000");
        assert!(
            data.as_object()
                .unwrap()
                .values()
                .all(serde_json::Value::is_string)
        );
    }
}

#[test]
fn maker_fill_has_the_side_of_the_taker() {
    let mut engine = engine();
    let place = (Some(Wallet::Trade), "ETH-USDT", Side::Buy);
    let id = engine.limit(place, "3000", "0.25").unwrap();
    engine.fill(&id, "0.25");
    let trades = pushed(&mut engine, "/market/match:ETH-USDT");
    assert_eq!(trades.len(), 1);
    let data = parse(&trades[0]);
    assert_eq!(
        (&data["side"], &data["price"]),
        (&"sell".into(), &"3000".into())
    );
    assert_eq!(
        (&data["makerOrderId"], &data["size"]),
        (&(*id).into(), &"0.25".into())
    );
    assert_ne!(data["takerOrderId"], *id);
}

#[test]
fn fill_fee_is_a_number() {
    let mut engine = engine();
    let id = engine.limit(BUY_BTC, "60000", "0.12345678").unwrap();
    engine.fill(&id, "0.12345678");
    let fills = pushed(&mut engine, topics::TRADE_FILLS);
    assert_eq!(fills.len(), 1);
    let trade_id = value(&fills[0], "tradeId").as_str().unwrap().to_owned();
    assert_eq!(
        fills[0],
        format!(
            "{{\"fee\":5.92592544,\"feeCurrency\":\"USDT\",\"feeRate\":0.0008,\"orderId\":\"{id}\",\
             \"orderType\":\"limit\",\"price\":60000,\"side\":\"buy\",\"size\":0.12345678,\
             \"symbol\":\"BTC-USDT\",\"time\":1765465341363000000,\"tradeId\":\"{trade_id}\"}}"
        )
    );
}
