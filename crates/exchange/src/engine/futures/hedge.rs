//! Examples of hedge mode with numbers calculated by hand: two legs per contract, closing orders, funding, liquidation.

use rust_decimal::Decimal;

use super::*;
use crate::engine::event::{StopChange, Text};
use crate::engine::test_util::decimal;

const NOW: u64 = 1_765_465_341_363;
const LONG: PositionSide = PositionSide::Long;
const SHORT: PositionSide = PositionSide::Short;
const ETH: &str = "ETHUSDTM";
const XBT: &str = "XBTUSDTM";

fn engine() -> Engine {
    Engine::new(1, NOW).in_hedge_mode()
}

/// Places a resting order on a leg.
fn rest(
    engine: &mut Engine,
    (symbol, leg): (&'static str, PositionSide),
    side: Side,
    price: &str,
    size: &str,
) -> Result<Text, Rejected> {
    engine.limit_on(leg, (None, symbol, side), price, size)
}

/// Places a resting order on a leg and fills it completely at its limit, as a maker.
fn trade(
    engine: &mut Engine,
    (symbol, leg): (&'static str, PositionSide),
    side: Side,
    price: &str,
    size: &str,
) {
    engine.trade_on(leg, (None, symbol, side), price, size);
}

/// Opens 10 contracts of each leg of XBTUSDTM in cross mode, at 67400 and 67500.
fn open_both(engine: &mut Engine) {
    trade(engine, (XBT, LONG), Side::Buy, "67400", "10");
    trade(engine, (XBT, SHORT), Side::Sell, "67500", "10");
}

fn state(engine: &Engine, symbol: &str, leg: PositionSide) -> PositionState {
    engine.position_on(symbol, leg).unwrap()
}

/// Returns the side and quantity of each position reported since the last call.
fn reported(engine: &mut Engine, wanted: PositionChange) -> Vec<(PositionSide, i64)> {
    let events = engine.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Position(change, position) if change == wanted => {
                Some((position.position_side, position.quantity))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn legs_of_a_contract_are_separate_positions() {
    let mut engine = engine();
    open_both(&mut engine);
    let (long, short) = (state(&engine, XBT, LONG), state(&engine, XBT, SHORT));
    assert_eq!((long.quantity, short.quantity), (10, -10));
    assert_eq!(
        (long.average_entry, short.average_entry),
        (decimal("67400"), decimal("67500"))
    );
    assert_eq!(
        (long.initial_margin, short.initial_margin),
        (decimal("67.4"), decimal("67.5"))
    );
    // At the mark price of 67418.7.
    assert_eq!(
        (long.unrealised_pnl, short.unrealised_pnl),
        (decimal("0.187"), decimal("0.813"))
    );
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert_eq!(wallet.cross_position_margin, decimal("134.9"));
    assert_eq!(wallet.cross_unrealised_pnl, decimal("1"));
    trade(&mut engine, (XBT, LONG), Side::Sell, "67600", "4");
    let (long, short) = (state(&engine, XBT, LONG), state(&engine, XBT, SHORT));
    assert_eq!((long.quantity, short.quantity), (6, -10));
    assert_eq!(long.realised_gross_pnl(), decimal("0.8"));
    assert_eq!(short.realised_gross_pnl(), Decimal::ZERO);
}

#[test]
fn order_that_closes_more_than_is_open_is_rejected() {
    let mut engine = engine();
    open_both(&mut engine);
    let resting = rest(&mut engine, (XBT, LONG), Side::Sell, "68000", "7").unwrap();
    engine.take_events();
    let refused = rest(&mut engine, (XBT, LONG), Side::Sell, "68000", "4").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "only 3 contracts of the LONG leg of XBTUSDTM can be closed"
    );
    let refused = rest(&mut engine, (XBT, SHORT), Side::Buy, "67000", "11").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "only 10 contracts of the SHORT leg of XBTUSDTM can be closed"
    );
    assert!(engine.take_events().is_empty());
    engine.cancel(Host::Futures, &resting).unwrap();
    rest(&mut engine, (XBT, LONG), Side::Sell, "68000", "10").unwrap();
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert_eq!(wallet.cross_order_margin, Decimal::ZERO, "closing is free");
    rest(&mut engine, (XBT, SHORT), Side::Sell, "68000", "1").unwrap();
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert!(wallet.cross_order_margin > Decimal::ZERO);
}

#[test]
fn side_of_the_other_position_mode_is_rejected() {
    let mut hedge = engine();
    let mut one_way = Engine::new(1, NOW);
    let expected = |side: PositionSide| Rejected::PositionSide { side };
    let both = PositionSide::Both;
    assert_eq!(hedge.position(XBT).unwrap_err(), expected(both));
    assert_eq!(
        rest(&mut hedge, (XBT, both), Side::Buy, "60000", "1").unwrap_err(),
        expected(both)
    );
    assert_eq!(
        hedge.set_auto_deposit(ETH, true).unwrap_err(),
        expected(both)
    );
    assert_eq!(
        rest(&mut one_way, (XBT, LONG), Side::Buy, "60000", "1").unwrap_err(),
        expected(LONG)
    );
    assert_eq!(
        one_way.position_on(XBT, SHORT).unwrap_err(),
        expected(SHORT)
    );
}

#[test]
fn funding_is_settled_on_each_open_leg() {
    let mut engine = engine();
    open_both(&mut engine);
    trade(&mut engine, (XBT, LONG), Side::Sell, "67600", "4");
    let before = engine.futures_wallet(SettleCurrency::Usdt).balance;
    engine.take_events();
    engine.settle_funding(XBT, decimal("0.0001")).unwrap();
    let settled: Vec<_> = (engine.take_events().into_iter())
        .filter_map(|event| match event {
            Event::Funding(funding) => Some((funding.position_side, funding.quantity, funding.fee)),
            _ => None,
        })
        .collect();
    // 67418.7 times 0.001 times 0.0001 per contract: the long leg pays, the short leg receives.
    let (paid, received) = (decimal("-0.040451220"), decimal("0.067418700"));
    assert_eq!(settled, [(LONG, 6, paid), (SHORT, -10, received)]);
    assert_eq!(state(&engine, XBT, LONG).funding, paid);
    assert_eq!(state(&engine, XBT, SHORT).funding, received);
    let after = engine.futures_wallet(SettleCurrency::Usdt).balance;
    assert_eq!(after - before, paid + received);
}

#[test]
fn mark_price_and_risk_limit_are_reported_for_both_legs() {
    let mut engine = engine();
    open_both(&mut engine);
    engine.take_events();
    engine.mark(XBT, "67000");
    let expected = [(LONG, 10), (SHORT, -10)];
    assert_eq!(reported(&mut engine, PositionChange::MarkPrice), expected);
    engine.adjust_risk_limit(XBT, 2).unwrap();
    assert_eq!(reported(&mut engine, PositionChange::RiskLimit), expected);
    trade(&mut engine, (XBT, SHORT), Side::Buy, "67000", "10");
    engine.take_events();
    engine.mark(XBT, "67100");
    assert_eq!(
        reported(&mut engine, PositionChange::MarkPrice),
        [(LONG, 10)]
    );
}

#[test]
fn settings_apply_to_both_legs_and_need_both_closed() {
    let mut engine = engine();
    trade(&mut engine, (XBT, SHORT), Side::Sell, "67500", "10");
    let isolated = MarginMode::Isolated;
    let refused = Rejected::NotFlat { symbol: XBT.into() };
    assert_eq!(
        engine.set_margin_mode(XBT, isolated).unwrap_err(),
        refused.clone()
    );
    assert_eq!(engine.set_leverage(XBT, decimal("5")).unwrap_err(), refused);
    trade(&mut engine, (XBT, SHORT), Side::Buy, "67400", "10");
    engine.set_margin_mode(XBT, isolated).unwrap();
    engine.set_leverage(XBT, decimal("4")).unwrap();
    open_both(&mut engine);
    let (long, short) = (state(&engine, XBT, LONG), state(&engine, XBT, SHORT));
    assert_eq!([long.margin_mode, short.margin_mode], [isolated; 2]);
    assert_eq!(
        (long.initial_margin, short.initial_margin),
        (decimal("168.5"), decimal("168.75"))
    );
}

#[test]
fn margin_is_added_to_one_leg() {
    let mut engine = engine();
    trade(&mut engine, (ETH, LONG), Side::Buy, "3500", "100");
    trade(&mut engine, (ETH, SHORT), Side::Sell, "3520", "100");
    let margin = |engine: &Engine, leg| state(engine, ETH, leg).isolated.unwrap();
    let before = margin(&engine, LONG);
    engine.add_margin_on((ETH, SHORT), decimal("50")).unwrap();
    engine.set_auto_deposit_on((ETH, SHORT), true).unwrap();
    assert_eq!(margin(&engine, LONG), before);
    let short = margin(&engine, SHORT);
    assert_eq!((short.added, short.auto_deposit), (decimal("50"), true));
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert_eq!(
        wallet.isolated_position_margin,
        before.margin + short.margin
    );
}

#[test]
fn isolated_leg_is_liquidated_without_the_other_leg() {
    let mut engine = engine();
    trade(&mut engine, (ETH, LONG), Side::Buy, "3500", "100");
    trade(&mut engine, (ETH, SHORT), Side::Sell, "3520", "100");
    rest(&mut engine, (ETH, LONG), Side::Sell, "4000", "100").unwrap();
    let kept = rest(&mut engine, (ETH, SHORT), Side::Buy, "2000", "100").unwrap();
    let short = state(&engine, ETH, SHORT);
    engine.take_events();
    let price = state(&engine, ETH, LONG).liquidation_price;
    engine.mark(ETH, &price.to_string());
    assert_eq!(
        reported(&mut engine, PositionChange::Liquidation),
        [(LONG, 0)]
    );
    let after = state(&engine, ETH, SHORT);
    assert_eq!((after.quantity, after.isolated), (-100, short.isolated));
    assert_eq!(engine.open_orders(Host::Futures), [kept.to_string()]);
    assert_eq!(state(&engine, ETH, LONG).initial_margin, Decimal::ZERO);
}

#[test]
fn cross_account_with_equal_legs_survives_what_liquidates_one() {
    let mut engine = engine();
    engine.set_leverage(XBT, decimal("50")).unwrap();
    trade(&mut engine, (XBT, LONG), Side::Buy, "67400", "3000");
    trade(&mut engine, (XBT, SHORT), Side::Sell, "67420", "3000");
    engine.take_events();
    engine.mark(XBT, "60000");
    assert_eq!(reported(&mut engine, PositionChange::Liquidation), []);
    trade(&mut engine, (XBT, SHORT), Side::Buy, "67400", "3000");
    assert_eq!(
        reported(&mut engine, PositionChange::Liquidation),
        [(LONG, 0)]
    );
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert!(wallet.balance >= Decimal::ZERO, "{wallet:?}");
}

#[test]
fn stop_order_closes_its_leg_or_fails_if_too_large() {
    let mut engine = engine();
    open_both(&mut engine);
    let sell = (None, XBT, Side::Sell);
    engine.stop_on(LONG, sell, "67000", "6").unwrap();
    engine.stop_on(LONG, sell, "67000", "5").unwrap();
    engine.take_events();
    engine.mark(XBT, "66900");
    let triggered: Vec<_> = (engine.take_events().into_iter())
        .filter_map(|event| match event {
            Event::Stop(event) => match event.change {
                StopChange::Triggered(outcome) => Some(outcome.err()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let failed = "only 4 contracts of the LONG leg of XBTUSDTM can be closed";
    assert_eq!(triggered, [None, Some(failed.to_owned())]);
    assert_eq!(state(&engine, XBT, LONG).quantity, 4);
    assert_eq!(state(&engine, XBT, SHORT).quantity, -10);
}
