//! Pushes in hedge mode name the leg.

use serde_json::Value;

use super::{NOW, all, engine, keys, parse};
use crate::engine::futures::PositionSide;
use crate::engine::test_util::{OrderTarget, decimal};
use crate::engine::{Engine, Side};
use crate::v1::topics::futures as topics;

const BUY: OrderTarget = (None, "XBTUSDTM", Side::Buy);
const SELL: OrderTarget = (None, "XBTUSDTM", Side::Sell);
const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;

/// Opens 10 contracts of the long leg and 4 of the short one.
fn hedged() -> Engine {
    let mut engine = Engine::new(1, NOW).in_hedge_mode();
    engine.trade_on(LONG, BUY, "67000", "10");
    engine.trade_on(SHORT, SELL, "68000", "4");
    engine
}

/// Returns subject and data of the pushes on one topic since the last call.
fn pushed(engine: &mut Engine, topic: &str) -> Vec<(&'static str, Value)> {
    let on_topic = all(engine).into_iter().filter(|push| push.topic == topic);
    on_topic
        .map(|push| (push.subject, parse(&push.data)))
        .collect()
}

/// Returns these keys of each push.
fn values(pushes: &[(&'static str, Value)], keys: &[&str]) -> Vec<String> {
    let of = |data: &Value| keys.iter().map(|key| data[*key].to_string()).collect();
    let rows: Vec<Vec<String>> = pushes.iter().map(|push| of(&push.1)).collect();
    rows.iter()
        .map(|row| row.join(" ").replace('"', ""))
        .collect()
}

#[test]
fn orders_and_stop_orders_name_their_leg() {
    let mut engine = hedged();
    let orders = pushed(&mut engine, topics::ORDERS);
    assert_eq!(
        values(&orders, &["type", "side", "positionSide"]),
        [
            "open buy LONG",
            "match buy LONG",
            "filled buy LONG",
            "open sell SHORT",
            "match sell SHORT",
            "filled sell SHORT",
        ]
    );
    engine.stop_on(LONG, SELL, "66000", "10").unwrap();
    engine.stop_on(SHORT, BUY, "66000", "4").unwrap();
    engine.mark("XBTUSDTM", "65000");
    let events = all(&mut engine);
    let of = |topic: &str| {
        let on_topic = events.iter().filter(|push| push.topic == topic);
        on_topic
            .map(|push| (push.subject, parse(&push.data)))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values(&of(topics::STOP_ORDERS), &["type", "side", "positionSide"]),
        [
            "open sell LONG",
            "open buy SHORT",
            "triggered sell LONG",
            "triggered buy SHORT",
        ]
    );
    let sides = values(&of(topics::ORDERS), &["side", "positionSide"]);
    assert!(sides.contains(&"sell LONG".to_owned()) && sides.contains(&"buy SHORT".to_owned()));
    assert!(!sides.contains(&"sell SHORT".to_owned()) && !sides.contains(&"buy LONG".to_owned()));
}

#[test]
fn each_leg_has_its_own_position_frames() {
    let mut engine = hedged();
    let keys = ["changeReason", "currentQty", "positionSide"];
    assert_eq!(
        values(&pushed(&mut engine, topics::POSITIONS), &keys),
        ["positionChange 10 LONG", "positionChange -4 SHORT"]
    );
    engine.adjust_risk_limit("XBTUSDTM", 2).unwrap();
    let one = pushed(&mut engine, "/contract/position:XBTUSDTM");
    assert_eq!(
        values(&one, &keys),
        [
            "null null null",
            "changeRiskLimit 10 LONG",
            "changeRiskLimit -4 SHORT"
        ]
    );
}

#[test]
fn each_leg_has_its_own_settlement() {
    let mut engine = hedged();
    engine.take_events();
    let rate = decimal("0.0001");
    engine.settle_funding("XBTUSDTM", rate).unwrap();
    let mut pushes = pushed(&mut engine, topics::POSITIONS);
    pushes.retain(|push| push.0 == "position.settlement");
    assert_eq!(
        values(&pushes, &["qty", "marginMode", "positionSide"]),
        ["10 CROSS LONG", "-4 CROSS SHORT"]
    );
}

#[test]
fn mark_price_update_of_a_leg_names_it() {
    let mut engine = hedged();
    engine.take_events();
    engine.mark("XBTUSDTM", "67000");
    let updates = pushed(&mut engine, topics::POSITIONS);
    assert_eq!(
        values(
            &updates,
            &["changeReason", "currentQty", "marginMode", "positionSide"]
        ),
        [
            "markPriceChange null CROSS LONG",
            "markPriceChange null CROSS SHORT"
        ]
    );
}

#[test]
fn mark_price_update_in_one_way_mode_names_no_side() {
    let mut engine = engine();
    engine.market_order(BUY, "1").unwrap();
    engine.take_events();
    engine.mark("XBTUSDTM", "67000");
    let pushes = all(&mut engine);
    let keys = keys(&pushes[0].data);
    assert!(keys.contains(&"markPrice"));
    assert!(!keys.contains(&"positionSide") && !keys.contains(&"marginMode"));
}
