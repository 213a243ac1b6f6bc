//! Pushes of the futures account: orders, positions, wallets and settings.

use serde_json::{Value, json};

use super::{NOW, all, engine, keys, parse};
use crate::Decimal;
use crate::engine::futures::MarginMode;
use crate::engine::test_util::OrderTarget;
use crate::engine::{Direction, Engine, Host, Side, StopPriceType};
use crate::v1::topics::futures as topics;

const CROSS_KEYS: &str = "symbol maintMarginReq crossMode delevPercentage openingTimestamp \
    currentTimestamp currentQty currentCost currentComm unrealisedCost realisedCost isOpen markPrice \
    markValue posCost posInit posMaint avgEntryPrice liquidationPrice bankruptPrice settleCurrency \
    changeReason realisedGrossCost realisedGrossPnl realisedPnl unrealisedPnl unrealisedPnlPcnt \
    unrealisedRoePcnt leverage marginMode positionSide tax dealComm fundingFee";
const ISOLATED_KEYS: &str = "symbol maintMarginReq riskLimit realLeverage crossMode delevPercentage \
    openingTimestamp autoDeposit currentTimestamp currentQty currentCost currentComm unrealisedCost \
    realisedCost isOpen markPrice markValue posCost posCross posInit posComm posLoss posMargin posFunding \
    posMaint maintMargin avgEntryPrice liquidationPrice bankruptPrice settleCurrency changeReason \
    riskLimitLevel realisedGrossCost realisedGrossPnl realisedPnl unrealisedPnl unrealisedPnlPcnt \
    unrealisedRoePcnt leverage marginMode positionSide tax dealComm fundingFee";

/// Returns subject and data of the pushes on one topic since the last call.
fn pushed(engine: &mut Engine, topic: &str) -> Vec<(&'static str, String)> {
    let on_topic = all(engine).into_iter().filter(|push| push.topic == topic);
    on_topic.map(|push| (push.subject, push.data)).collect()
}

fn contract(symbol: &'static str, side: Side) -> OrderTarget {
    (None, symbol, side)
}

fn wanted(keys: &str) -> Vec<&str> {
    keys.split_whitespace().collect()
}

#[test]
fn cross_position_has_no_own_margin_fields() {
    let mut engine = engine();
    engine
        .limit(contract("XBTUSDTM", Side::Buy), "68000", "10")
        .unwrap();
    let positions = pushed(&mut engine, topics::POSITIONS);
    let (subject, data) = positions.last().unwrap();
    assert_eq!(*subject, "position.change");
    assert_eq!(keys(data), wanted(CROSS_KEYS));
    assert!(data.contains("\"leverage\":1E+1,"), "{data}");
    let data = parse(data);
    assert_eq!(data["changeReason"], "positionChange");
    assert_eq!(data["currentQty"], 10);
    assert_eq!(data["isOpen"], true);
    let texts = [
        "symbol",
        "settleCurrency",
        "changeReason",
        "marginMode",
        "positionSide",
    ];
    let flags = ["crossMode", "isOpen"];
    for (key, value) in data.as_object().unwrap() {
        let right = match &**key {
            key if texts.contains(&key) => value.is_string(),
            key if flags.contains(&key) => value.is_boolean(),
            _ => value.is_number(),
        };
        assert!(right, "{key}: {value}");
    }
}

#[test]
fn isolated_position_has_all_fields_and_keeps_its_entry() {
    let mut engine = engine();
    let id = engine
        .limit(contract("XBTUSDM", Side::Sell), "68000", "100")
        .unwrap();
    engine.fill(&id, "100");
    engine.add_margin("XBTUSDM", Decimal::new(1, 8)).unwrap();
    let one = pushed(&mut engine, "/contract/position:XBTUSDM");
    let (_, data) = one.last().unwrap();
    assert_eq!(keys(data), wanted(ISOLATED_KEYS));
    assert!(data.contains("\"posCross\":1E-8,"), "{data}");
    assert!(
        data.contains("\"markValue\":0.00148"),
        "short and inverse: {data}"
    );
    assert_eq!(parse(data)["changeReason"], "marginChange");
    engine
        .market_order(contract("XBTUSDM", Side::Buy), "100")
        .unwrap();
    let one = pushed(&mut engine, "/contract/position:XBTUSDM");
    let closed = parse(&one.last().unwrap().1);
    assert_eq!(
        (&closed["isOpen"], &closed["currentQty"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(closed["avgEntryPrice"], 68_000);
    for key in [
        "markValue",
        "posCost",
        "posMargin",
        "posMaint",
        "liquidationPrice",
        "unrealisedPnl",
    ] {
        assert_eq!(closed[key], 0, "{key}");
    }
}

#[test]
fn mark_price_update_is_partial_and_has_its_symbol() {
    let mut engine = engine();
    for (symbol, own) in [("XBTUSDTM", false), ("ETHUSDTM", true)] {
        engine
            .market_order(contract(symbol, Side::Buy), "1")
            .unwrap();
        engine.take_events();
        let last = engine.last_price(Host::Futures, symbol).unwrap();
        engine.set_mark_price(symbol, last + Decimal::ONE).unwrap();
        let all = pushed(&mut engine, topics::POSITIONS);
        let data = parse(&all[0].1);
        assert_eq!(data["symbol"], symbol);
        assert_eq!(data["changeReason"], "markPriceChange");
        assert!(data["currentQty"].is_null() && data["avgEntryPrice"].is_null());
        assert_eq!(data["maintMargin"].is_number(), own);
        assert_eq!(data["realLeverage"].is_number(), own);
    }
}

#[test]
fn wallet_values_are_text_and_add_up() {
    let mut engine = engine();
    engine
        .market_order(contract("XBTUSDTM", Side::Buy), "20")
        .unwrap();
    engine
        .market_order(contract("ETHUSDTM", Side::Sell), "20")
        .unwrap();
    engine
        .limit(contract("XBTUSDTM", Side::Buy), "60000", "5")
        .unwrap();
    engine
        .limit(contract("ETHUSDTM", Side::Sell), "4000", "5")
        .unwrap();
    let wallets = pushed(&mut engine, topics::WALLET);
    let mut version = 1;
    for (subject, data) in &wallets {
        assert_eq!(*subject, "walletBalance.change");
        let data = parse(data);
        assert!(data.as_object().unwrap().values().all(Value::is_string));
        version += 1;
        assert_eq!(data["version"], version.to_string());
        let number = |key: &str| data[key].as_str().unwrap().parse::<Decimal>().unwrap();
        assert_eq!(
            number("equity"),
            number("walletBalance") + number("crossUnPnl") + number("isolatedUnPnl")
        );
        let isolated = number("isolatedPosMargin")
            + number("isolatedOrderMargin")
            + number("isolatedFundingFeeMargin");
        assert_eq!(
            number("totalCrossMargin"),
            number("walletBalance") + number("crossUnPnl") - number("holdBalance") - isolated
        );
        assert_eq!(
            number("availableBalance"),
            number("totalCrossMargin") - number("crossPosMargin") - number("crossOrderMargin")
        );
    }
    let last = parse(&wallets.last().unwrap().1);
    for key in [
        "crossPosMargin",
        "crossOrderMargin",
        "isolatedPosMargin",
        "isolatedOrderMargin",
    ] {
        assert_ne!(last[key], "0", "{key}");
    }
}

#[test]
fn funding_and_risk_limit_have_no_symbol() {
    let mut engine = engine();
    engine
        .market_order(contract("XBTUSDTM", Side::Sell), "3")
        .unwrap();
    engine.take_events();
    engine
        .settle_funding("XBTUSDTM", Decimal::new(-23, 6))
        .unwrap();
    engine.adjust_risk_limit("XBTUSDTM", 2).unwrap();
    let pushes = pushed(&mut engine, topics::POSITIONS);
    let subjects: Vec<&str> = pushes.iter().map(|push| push.0).collect();
    let expected = [
        "position.settlement",
        "position.change",
        "position.adjustRiskLimit",
        "position.change",
    ];
    assert_eq!(subjects, expected);
    let funding = parse(&pushes[0].1);
    assert_eq!(funding["ts"], json!(NOW * 1_000_000));
    assert_eq!(funding["fundingTime"], json!(NOW));
    assert!(funding["symbol"].is_null());
    assert!(
        pushes[0].1.contains("\"fundingRate\":-0.000023,"),
        "{}",
        pushes[0].1
    );
    // 3 contracts of 0.001 at 67418.7; at a negative rate, shorts pay longs.
    assert!(
        pushes[0].1.contains("\"fundingFee\":-0.0046518903,"),
        "{}",
        pushes[0].1
    );
    assert_eq!(
        pushes[2].1,
        r#"{"success":true,"riskLimitLevel":2,"msg":""}"#
    );
    assert_eq!(parse(&pushes[3].1)["changeReason"], "changeRiskLimit");
}

#[test]
fn settings_are_keyed_by_their_symbol() {
    let mut engine = engine();
    engine.set_leverage("XBTUSDTM", Decimal::from(20)).unwrap();
    engine.set_leverage("ETHUSDTM", Decimal::from(20)).unwrap();
    engine
        .set_margin_mode("ETHUSDTM", MarginMode::Cross)
        .unwrap();
    let pushes = all(&mut engine);
    let shape: Vec<(&str, &str, &str)> = pushes
        .iter()
        .map(|push| (push.topic, push.subject, &*push.data))
        .collect();
    assert_eq!(
        shape,
        [
            (
                "/contract/crossLeverage",
                "user.config",
                r#"{"XBTUSDTM":{"leverage":"20"}}"#
            ),
            (
                "/contract/marginMode",
                "user.config",
                r#"{"ETHUSDTM":"CROSS"}"#
            ),
        ]
    );
}

#[test]
fn resting_order_is_reduced_filled_in_parts_and_done() {
    let mut engine = engine();
    let id = engine
        .limit(contract("XBTUSDTM", Side::Buy), "67000", "13")
        .unwrap();
    engine.reduce_order(&id, "3");
    engine.fill(&id, "4");
    engine.fill(&id, "6");
    let orders = pushed(&mut engine, topics::ORDERS);
    let shape: Vec<(Value, Value, Value)> = orders
        .iter()
        .map(|(_, data)| {
            let data = parse(data);
            (
                data["type"].clone(),
                data["status"].clone(),
                data["remainSize"].clone(),
            )
        })
        .collect();
    let expected = [
        ("open", "open", "13"),
        ("update", "open", "10"),
        ("match", "open", "6"),
        ("match", "done", "0"),
        ("filled", "done", "0"),
    ];
    assert_eq!(
        shape,
        expected.map(|(kind, status, left)| (json!(kind), json!(status), json!(left)))
    );
    let time = parse(&orders[0].1)["orderTime"].as_u64().unwrap();
    assert_eq!(time / 1_000_000, NOW - 1);
    assert_eq!(
        orders[1].1,
        format!(
            "{{\"symbol\":\"XBTUSDTM\",\"orderType\":\"limit\",\"side\":\"buy\",\"canceledSize\":\"3\",\
             \"orderId\":\"{id}\",\"positionSide\":\"BOTH\",\"liquidity\":\"maker\",\"marginMode\":\"CROSS\",\
             \"type\":\"update\",\"oldSize\":\"13\",\"orderTime\":{time},\"size\":\"13\",\"filledSize\":\"0\",\
             \"price\":\"67000\",\"remainSize\":\"10\",\"clientOid\":\"mine\",\"tradeType\":\"trade\",\
             \"status\":\"open\",\"ts\":1765465341363000000}}"
        )
    );
    assert!(
        !keys(&orders[0].1).contains(&"orderType"),
        "{}",
        orders[0].1
    );
    let filled = parse(&orders[3].1);
    assert_eq!(
        (
            &filled["feeType"],
            &filled["matchSize"],
            &filled["matchPrice"]
        ),
        (&json!("makerFee"), &json!("6"), &json!("67000"))
    );
    assert!(!keys(&orders[4].1).contains(&"liquidity"));
}

#[test]
fn market_order_has_price_zero_and_fills_as_taker() {
    let mut engine = engine();
    engine
        .market_order(contract("ETHUSDTM", Side::Sell), "5")
        .unwrap();
    let orders = pushed(&mut engine, "/contractMarket/tradeOrders:ETHUSDTM");
    assert!(
        orders
            .iter()
            .all(|(subject, _)| *subject == "symbolOrderChange")
    );
    let (last, fills) = orders.split_last().unwrap();
    for (_, data) in fills {
        let data = parse(data);
        assert_eq!(data["type"], "match");
        assert_eq!(data["status"], "match");
        assert_eq!(data["liquidity"], "taker");
        assert_eq!(data["price"], "0");
        assert_eq!(data["orderType"], "market");
    }
    let last = parse(&last.1);
    assert_eq!(
        (&last["type"], &last["filledSize"], &last["marginMode"]),
        (&json!("filled"), &json!("5"), &json!("ISOLATED"))
    );
}

#[test]
fn stop_order_has_numeric_size_id_and_result() {
    let mut engine = engine();
    let mut stop = |order_price, size| {
        let trigger = (Direction::Up, StopPriceType::Index, "3600");
        let place = contract("ETHUSDTM", Side::Buy);
        engine.stop(place, trigger, order_price, size).unwrap()
    };
    stop(Some("3610"), "2");
    stop(None, "100000");
    let id = stop(None, "1");
    engine.cancel_stop(Host::Futures, &id).unwrap();
    engine.mark("ETHUSDTM", "3600");
    let mut frames = all(&mut engine);
    frames.retain(|push| push.topic == topics::STOP_ORDERS);
    let data: Vec<Value> = frames.iter().map(|push| parse(&push.data)).collect();
    let kinds: Vec<&Value> = data.iter().map(|data| &data["type"]).collect();
    assert_eq!(
        kinds,
        ["open", "open", "open", "cancel", "triggered", "triggered"]
    );
    assert_eq!(data[0]["size"], 2);
    assert_eq!(data[0]["orderPrice"], "3610");
    assert_eq!(data[0]["stopPriceType"], "IP");
    assert_eq!(data[0]["stop"], "up");
    assert!(!data[1].as_object().unwrap().contains_key("orderPrice"));
    assert_eq!(data[4]["triggerSuccess"], true);
    assert_eq!(data[5]["triggerSuccess"], false);
    assert!(data[5]["error"].as_str().unwrap().contains("risk limit"));
    let (frame, _) = frames[0].frame("u1");
    assert_eq!(parse(&frame)["id"].as_str().unwrap().len(), 24);
}

#[test]
fn liquidation_is_marked() {
    let mut engine = engine();
    engine
        .market_order(contract("ETHUSDTM", Side::Buy), "100")
        .unwrap();
    engine.take_events();
    engine.mark("ETHUSDTM", "2000");
    let pushes = all(&mut engine);
    let data = |topic: &str| -> Vec<Value> {
        let wanted = pushes.iter().filter(|push| push.topic == topic);
        wanted.map(|push| parse(&push.data)).collect()
    };
    let orders = data(topics::ORDERS);
    assert_eq!(orders.len(), 2);
    for (order, kind) in orders.iter().zip(["match", "filled"]) {
        assert_eq!(
            (&order["type"], &order["tradeType"]),
            (&json!(kind), &json!("liquid"))
        );
    }
    let position = data(topics::POSITIONS).pop().unwrap();
    assert_eq!(position["changeReason"], "liquidation");
    assert_eq!(position["isOpen"], false);
}
