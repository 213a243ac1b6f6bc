//! Pushes of the futures account, field by field, against the shapes of live captures: positions,
//! wallets and settings here, orders beside.

mod orders;

use serde_json::{Value, json};

use super::*;
use crate::Decimal;
use crate::engine::Side;
use crate::engine::futures::{Futures, NewOrder};

const NOW: u64 = 1_765_465_341_363;

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

fn futures() -> Futures {
    Futures::new(1, NOW)
}

fn order(symbol: &str, side: Side, price: Option<i64>, size: i64) -> NewOrder<'_> {
    NewOrder {
        symbol,
        side,
        price: price.map(Decimal::from),
        size,
        client_oid: Some("mine".into()),
        origin: None,
    }
}

fn parse(data: &str) -> Value {
    serde_json::from_str(data).unwrap()
}

/// The data of the pushes on one topic, and that it is JSON.
fn told(futures: &mut Futures, topic: &str) -> Vec<(&'static str, String)> {
    let events = futures.take_events();
    let pushes = events.iter().flat_map(pushes);
    pushes
        .filter(|push| push.topic == topic)
        .map(|push| (push.subject, push.data))
        .collect()
}

/// The keys in their order; nothing in these data is nested.
fn keys(data: &str) -> Vec<&str> {
    data.trim_matches(['{', '}'])
        .split(',')
        .map(|field| field.split(':').next().unwrap().trim_matches('"'))
        .collect()
}

fn wanted(keys: &str) -> Vec<&str> {
    keys.split_whitespace().collect()
}

#[test]
fn a_cross_position_has_no_margin_of_its_own_and_leverage_ten_has_an_exponent() {
    let mut futures = futures();
    futures
        .place(order("XBTUSDTM", Side::Buy, Some(68_000), 10))
        .unwrap();
    let positions = told(&mut futures, topics::POSITIONS);
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
fn an_isolated_position_has_all_fields_and_closed_it_keeps_its_entry() {
    let mut futures = futures();
    let id = futures
        .place(order("XBTUSDM", Side::Sell, Some(68_000), 100))
        .unwrap();
    futures.fill_resting(&id, 100).unwrap();
    futures.add_margin("XBTUSDM", Decimal::new(1, 8)).unwrap();
    let one = told(&mut futures, "/contract/position:XBTUSDM");
    let (_, data) = one.last().unwrap();
    assert_eq!(keys(data), wanted(ISOLATED_KEYS));
    assert!(data.contains("\"posCross\":1E-8,"), "{data}");
    assert!(
        data.contains("\"markValue\":0.00148"),
        "short and inverse: {data}"
    );
    assert_eq!(parse(data)["changeReason"], "marginChange");
    futures
        .place(order("XBTUSDM", Side::Buy, None, 100))
        .unwrap();
    let one = told(&mut futures, "/contract/position:XBTUSDM");
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
fn a_mark_price_is_a_patch_that_names_its_symbol() {
    let mut futures = futures();
    for (symbol, own) in [("XBTUSDTM", false), ("ETHUSDTM", true)] {
        futures.place(order(symbol, Side::Buy, None, 1)).unwrap();
        futures.take_events();
        let (last, _) = futures.prices(symbol).unwrap();
        futures.set_mark_price(symbol, last + Decimal::ONE).unwrap();
        let all = told(&mut futures, topics::POSITIONS);
        let data = parse(&all[0].1);
        assert_eq!(data["symbol"], symbol);
        assert_eq!(data["changeReason"], "markPriceChange");
        assert!(data["currentQty"].is_null() && data["avgEntryPrice"].is_null());
        assert_eq!(data["maintMargin"].is_number(), own);
        assert_eq!(data["realLeverage"].is_number(), own);
    }
}

#[test]
fn a_wallet_is_all_text_and_its_parts_add_up() {
    let mut futures = futures();
    futures
        .place(order("XBTUSDTM", Side::Buy, None, 20))
        .unwrap();
    futures
        .place(order("ETHUSDTM", Side::Sell, None, 20))
        .unwrap();
    futures
        .place(order("XBTUSDTM", Side::Buy, Some(60_000), 5))
        .unwrap();
    futures
        .place(order("ETHUSDTM", Side::Sell, Some(4_000), 5))
        .unwrap();
    let wallets = told(&mut futures, topics::WALLET);
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
fn funding_and_risk_limit_name_no_symbol() {
    let mut futures = futures();
    futures
        .place(order("XBTUSDTM", Side::Sell, None, 3))
        .unwrap();
    futures.take_events();
    futures
        .settle_funding("XBTUSDTM", Decimal::new(-23, 6))
        .unwrap();
    futures.adjust_risk_limit("XBTUSDTM", 2).unwrap();
    let pushes = told(&mut futures, topics::POSITIONS);
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
    // 3 contracts of 0.001 at 67418.7, received by the short side at a rate below zero is paid.
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
    let mut futures = futures();
    futures.set_leverage("XBTUSDTM", Decimal::from(20)).unwrap();
    futures.set_leverage("ETHUSDTM", Decimal::from(20)).unwrap();
    futures
        .set_margin_mode("ETHUSDTM", MarginMode::Cross)
        .unwrap();
    let events = futures.take_events();
    let pushes: Vec<Push> = events.iter().flat_map(pushes).collect();
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
