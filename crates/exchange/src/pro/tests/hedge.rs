//! Orders and positions in hedge mode name the leg.

use super::{NOW, Reported, decimal, keys, of, value};
use crate::engine::futures::PositionSide;
use crate::engine::test_util::OrderTarget;
use crate::engine::{Engine, Side};
use crate::pro::ProRenderer;

const BUY: OrderTarget = (None, "ETHUSDTM", Side::Buy);
const SELL: OrderTarget = (None, "ETHUSDTM", Side::Sell);
const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;

impl Reported {
    fn in_hedge_mode() -> Self {
        let engine = Engine::new(1, NOW).in_hedge_mode();
        let renderer = ProRenderer::new(&engine);
        Self { engine, renderer }
    }
}

/// Returns one key of each push on a topic.
fn column(pushes: &[(&'static str, String)], topic: &str, key: &str) -> Vec<String> {
    let on_topic = of(pushes, topic);
    let values = on_topic.iter().map(|data| value(data)[key].clone());
    values
        .map(|value| value.as_str().unwrap_or("none").to_owned())
        .collect()
}

#[test]
fn orders_of_a_leg_have_its_side() {
    let mut reported = Reported::in_hedge_mode();
    reported.engine.trade_on(LONG, BUY, "3500", "5");
    reported.engine.limit_on(LONG, SELL, "4000", "5").unwrap();
    reported.engine.limit_on(SHORT, SELL, "4000", "1").unwrap();
    let pushes = reported.all();
    let expected = ["LONG", "LONG", "LONG", "SHORT"];
    for topic in ["orderAll.UNIFIED", "orderAll.FUTURES"] {
        assert_eq!(column(&pushes, topic, "pS"), expected, "{topic}");
    }
    reported.engine.stop_on(LONG, SELL, "3000", "1").unwrap();
    let pushes = reported.all();
    for topic in ["orderAll.UNIFIED", "orderAll.FUTURES"] {
        assert_eq!(column(&pushes, topic, "pS"), ["LONG"], "{topic}");
    }
}

#[test]
fn legs_are_positions_with_their_own_id() {
    let mut reported = Reported::in_hedge_mode();
    reported.engine.trade_on(LONG, BUY, "3500", "5");
    reported.engine.trade_on(SHORT, SELL, "3600", "3");
    reported.engine.mark("ETHUSDTM", "3550");
    let pushes = reported.all();
    for topic in ["positionAll.UNIFIED", "position.FUTURES"] {
        let of = |key| column(&pushes, topic, key);
        assert_eq!(of("pS"), ["LONG", "SHORT", "LONG", "SHORT"]);
        assert_eq!(of("q"), ["5", "-3", "5", "-3"]);
        let ids = of("pi");
        assert_eq!((&ids[0], &ids[1]), (&ids[2], &ids[3]));
        assert_ne!(ids[0], ids[1]);
        assert_eq!(of("s"), ["ETHUSDTM"; 4]);
    }
}

#[test]
fn warning_is_about_the_leg_near_its_liquidation() {
    let mut reported = Reported::in_hedge_mode();
    reported.engine.trade_on(LONG, BUY, "3500", "5");
    reported.engine.trade_on(SHORT, SELL, "3600", "3");
    let long = reported.engine.position_on("ETHUSDTM", LONG).unwrap();
    let near = long.liquidation_price + decimal("2");
    reported.engine.mark("ETHUSDTM", &near.to_string());
    let warnings = reported.on("lw.UNIFIED");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let maintenance = reported.engine.position_on("ETHUSDTM", LONG).unwrap();
    assert_eq!(
        value(&warnings[0])["mM"],
        maintenance.maintenance_margin.to_string()
    );
    reported.engine.trade_on(LONG, SELL, "3600", "5");
    reported.engine.at(NOW + 120_000).mark("ETHUSDTM", "3100");
    assert!(reported.on("lw.UNIFIED").is_empty());
}

#[test]
fn unified_frames_in_one_way_mode_have_no_side() {
    let mut reported = Reported::new();
    reported.engine.market_order(BUY, "5").unwrap();
    let pushes = reported.all();
    for topic in [
        "orderAll.UNIFIED",
        "positionAll.UNIFIED",
        "positionAll.FUTURES",
    ] {
        let data = of(&pushes, topic);
        assert!(!data.is_empty());
        assert!(
            data.iter()
                .all(|data| !keys(data).contains(&"pS".to_owned()))
        );
    }
}
