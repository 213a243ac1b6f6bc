//! Examples with numbers calculated by hand: linear and inverse contracts, reversal through zero, funding,
//! liquidation.

use rust_decimal::Decimal;

use super::*;
use crate::engine::event::{Direction, OrderEvent, StopChange, StopPriceType, Text};
use crate::engine::test_util::decimal;

const NOW: u64 = 1_765_465_341_363;

fn engine() -> Engine {
    Engine::new(1, NOW)
}

/// Places a resting order and fills it completely at its limit, as a maker.
fn trade(engine: &mut Engine, symbol: &'static str, side: Side, price: &str, size: &str) {
    let id = rest(engine, symbol, side, price, size).unwrap();
    engine.fill(&id, size);
}

fn rest(
    engine: &mut Engine,
    symbol: &'static str,
    side: Side,
    price: &str,
    size: &str,
) -> Result<Text, Rejected> {
    engine.limit((None, symbol, side), price, size)
}

fn positions(engine: &mut Engine) -> Vec<(PositionChange, PositionState)> {
    let events = engine.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Position(change, position) => Some((change, position)),
            _ => None,
        })
        .collect()
}

fn balance(engine: &Engine, currency: SettleCurrency) -> Decimal {
    engine.futures_wallet(currency).balance
}

#[test]
fn fill_through_zero_closes_and_opens_a_position() {
    let mut engine = engine();
    trade(&mut engine, "XBTUSDTM", Side::Buy, "67400", "10");
    let open = engine.position("XBTUSDTM").unwrap();
    assert_eq!(
        (open.open_cost, open.initial_margin, open.average_entry),
        (decimal("674"), decimal("67.4"), decimal("67400"))
    );
    assert_eq!(open.unrealised_pnl, decimal("0.187"));
    engine.take_events();
    trade(&mut engine, "XBTUSDTM", Side::Sell, "67500", "15");
    let reported = positions(&mut engine);
    let closed = &reported[0].1;
    assert_eq!(
        (closed.quantity, closed.average_entry),
        (0, decimal("67400"))
    );
    assert_eq!(closed.realised_gross_pnl(), decimal("1"));
    assert_eq!(closed.realised_pnl(), decimal("0.7302"));
    let short = &reported[1].1;
    assert_eq!(
        (short.quantity, short.open_cost, short.average_entry),
        (-5, decimal("-337.5"), decimal("67500"))
    );
    assert_eq!(short.realised_pnl(), decimal("-0.0675"));
    assert_eq!(
        balance(&engine, SettleCurrency::Usdt),
        decimal("20000.6627")
    );
}

#[test]
fn inverse_contract_settles_in_coin() {
    let mut engine = engine();
    trade(&mut engine, "XBTUSDM", Side::Buy, "67000", "1000");
    let open = engine.position("XBTUSDM").unwrap();
    assert_eq!(open.open_cost, decimal("-0.0149253731343284"));
    assert_eq!(open.average_entry, decimal("67000"));
    assert!(open.unrealised_pnl > Decimal::ZERO, "the mark is above it");
    assert!(open.liquidation_price > open.bankruptcy_price);
    trade(&mut engine, "XBTUSDM", Side::Sell, "68000", "1000");
    let closed = engine.position("XBTUSDM").unwrap();
    assert_eq!(closed.realised_gross_pnl(), decimal("0.0002194907813872"));
    assert_eq!(
        balance(&engine, SettleCurrency::Xbt) - decimal("0.5"),
        closed.realised_pnl()
    );
    assert_eq!(
        balance(&engine, SettleCurrency::Usdt),
        Decimal::from(20_000)
    );
}

#[test]
fn liquidated_isolated_position_loses_its_margin() {
    let mut engine = engine();
    trade(&mut engine, "ETHUSDTM", Side::Buy, "3500", "100");
    rest(&mut engine, "ETHUSDTM", Side::Buy, "3400", "10").unwrap();
    let open = engine.position("ETHUSDTM").unwrap();
    assert_eq!(open.bankruptcy_price, decimal("3062.5"));
    assert_eq!(open.liquidation_price, decimal("3076.5"));
    let margin = open.isolated.unwrap().margin;
    assert_eq!(margin, decimal("439.3375"));
    let before = balance(&engine, SettleCurrency::Usdt);
    engine.mark("ETHUSDTM", "3076.6");
    assert_eq!(engine.position("ETHUSDTM").unwrap().quantity, 100);
    engine.take_events();
    engine.mark("ETHUSDTM", "3076.5");
    let events = engine.take_events();
    let orders: Vec<&OrderEvent> = events
        .iter()
        .filter_map(|event| match event {
            Event::Order(order) => Some(order),
            _ => None,
        })
        .collect();
    let forced = |event: &OrderEvent| match event.order.terms {
        Terms::Futures { liquidation, .. } => liquidation,
        Terms::Spot(_) => false,
    };
    let kinds = orders.iter().map(|event| (event.change, forced(event)));
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            (OrderChange::Canceled, false),
            (OrderChange::Match, true),
            (OrderChange::Filled, true),
        ]
    );
    let last = events.iter().rev().find_map(|event| match event {
        Event::Position(change, position) => Some((*change, position.quantity)),
        _ => None,
    });
    assert_eq!(last, Some((PositionChange::Liquidation, 0)));
    assert_eq!(
        orders[0].order.cancel_reason,
        Some(CancelReason::Liquidation)
    );
    assert_eq!(before - balance(&engine, SettleCurrency::Usdt), margin);
    assert!(engine.open_orders(Host::Futures).is_empty());
}

#[test]
fn cross_position_uses_the_whole_balance() {
    let mut engine = engine();
    trade(&mut engine, "XBTUSDTM", Side::Buy, "67400", "2000");
    let open = engine.position("XBTUSDTM").unwrap();
    assert_eq!(open.bankruptcy_price, decimal("57448"));
    // 2 XBT are worth (134800 - 19973.04) / (1 - 0.004 - 0.0006) then: 57678.8025 each.
    assert_eq!(open.liquidation_price, decimal("57678.9"));
    let (above, below) = (decimal("57678.81"), decimal("57678.79"));
    engine.set_mark_price("XBTUSDTM", above).unwrap();
    assert_eq!(engine.position("XBTUSDTM").unwrap().quantity, 2_000);
    let wallet = engine.futures_wallet(SettleCurrency::Usdt);
    assert!(wallet.available_margin() < Decimal::ZERO);
    assert_eq!(wallet.available(), Decimal::ZERO);
    engine.set_mark_price("XBTUSDTM", below).unwrap();
    assert_eq!(engine.position("XBTUSDTM").unwrap().quantity, 0);
    assert_eq!(balance(&engine, SettleCurrency::Usdt), decimal("0.1024"));
}

#[test]
fn auto_deposit_adds_margin_before_liquidation() {
    let mut engine = engine();
    trade(&mut engine, "ETHUSDTM", Side::Buy, "3500", "100");
    engine.set_auto_deposit("ETHUSDTM", true).unwrap();
    engine.mark("ETHUSDTM", "3076.5");
    let kept = engine.position("ETHUSDTM").unwrap();
    assert_eq!(kept.quantity, 100);
    assert!(kept.risk_ratio < Decimal::new(1, 1), "{}", kept.risk_ratio);
    assert_eq!(kept.isolated.unwrap().added, decimal("437.5"));
    let reasons = positions(&mut engine)
        .into_iter()
        .map(|reported| reported.0);
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            PositionChange::Trade,
            PositionChange::AutoDeposit,
            PositionChange::MarkPrice,
            PositionChange::Margin
        ]
    );
}

#[test]
fn longs_pay_shorts_at_positive_funding_rate() {
    for (side, fee) in [(Side::Buy, "-0.3518320"), (Side::Sell, "0.3518320")] {
        let mut engine = engine();
        let place = (None, "ETHUSDTM", side);
        engine.market_order(place, "100").unwrap();
        let before = balance(&engine, SettleCurrency::Usdt);
        engine
            .settle_funding("ETHUSDTM", decimal("0.0001"))
            .unwrap();
        let position = engine.position("ETHUSDTM").unwrap();
        assert_eq!(position.funding, decimal(fee));
        assert_eq!(
            balance(&engine, SettleCurrency::Usdt) - before,
            decimal(fee)
        );
        let own = position.isolated.unwrap();
        assert_eq!(own.funding_received - own.funding_paid, decimal(fee));
    }
    let refused = engine().settle_funding("ETHUSDTM", decimal("0.0001"));
    assert!(matches!(refused, Err(Rejected::NoPosition { .. })));
}

#[test]
fn mode_and_cross_leverage_need_a_flat_contract() {
    let mut engine = engine();
    let id = rest(&mut engine, "XBTUSDTM", Side::Buy, "60000", "1").unwrap();
    let isolate = |engine: &mut Engine| engine.set_margin_mode("XBTUSDTM", MarginMode::Isolated);
    let lever = |engine: &mut Engine| engine.set_leverage("XBTUSDTM", Decimal::from(20));
    assert!(matches!(
        isolate(&mut engine),
        Err(Rejected::NotFlat { .. })
    ));
    assert!(matches!(lever(&mut engine), Err(Rejected::NotFlat { .. })));
    engine.cancel(Host::Futures, &id).unwrap();
    engine.take_events();
    lever(&mut engine).unwrap();
    isolate(&mut engine).unwrap();
    let events = engine.take_events();
    assert!(matches!(
        events.as_slice(),
        [
            Event::Leverage("XBTUSDTM", MarginMode::Cross, _),
            Event::MarginMode("XBTUSDTM", MarginMode::Isolated, _)
        ]
    ));
    assert!(matches!(
        engine.set_leverage("XBTUSDTM", Decimal::from(126)),
        Err(Rejected::Leverage { .. })
    ));
}

#[test]
fn only_opening_orders_need_margin() {
    let mut engine = engine();
    trade(&mut engine, "XBTUSDTM", Side::Buy, "67400", "100");
    rest(&mut engine, "XBTUSDTM", Side::Sell, "68000", "60").unwrap();
    let order_margin = |engine: &Engine| {
        engine
            .futures_wallet(SettleCurrency::Usdt)
            .cross_order_margin
    };
    assert_eq!(order_margin(&engine), Decimal::ZERO);
    rest(&mut engine, "XBTUSDTM", Side::Sell, "68000", "50").unwrap();
    // 10 of the 110 open a short position: 680 USDT at leverage 10, and the fee of 0.06 %.
    assert_eq!(order_margin(&engine), decimal("68.408"));
    let much = rest(&mut engine, "XBTUSDTM", Side::Buy, "67000", "5000");
    assert!(matches!(much, Err(Rejected::InsufficientFunds { .. })));
    let more = rest(&mut engine, "XBTUSDTM", Side::Buy, "67000", "50000");
    assert!(matches!(more, Err(Rejected::RiskLimit { .. })));
}

#[test]
fn stop_uses_its_price_type_and_reports_rejection() {
    let mut engine = engine();
    let mut stop = |price_type, size| {
        let place = (None, "ETHUSDTM", Side::Sell);
        let trigger = (Direction::Down, price_type, "3400");
        engine.stop(place, trigger, None, size)
    };
    let last = stop(StopPriceType::Trade, "1");
    let mark = stop(StopPriceType::Mark, "100000");
    engine
        .set_price(Host::Futures, "ETHUSDTM", decimal("3399"))
        .unwrap();
    assert_eq!(
        engine.open_stops(Host::Futures),
        [mark.unwrap().to_string()]
    );
    engine.mark("ETHUSDTM", "3399.999");
    assert!(engine.open_stops(Host::Futures).is_empty());
    let events = engine.take_events();
    let triggered: Vec<bool> = events
        .iter()
        .filter_map(|event| match event {
            Event::Stop(stop) => match &stop.change {
                StopChange::Triggered(outcome) => Some(outcome.is_ok()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(triggered, [true, false]);
    let follower = events.iter().find_map(|event| match event {
        Event::Order(order) => Some(order.clone()),
        _ => None,
    });
    let (follower, last) = (follower.unwrap(), last.unwrap());
    assert_ne!(follower.order.id, last);
    assert_eq!(follower.order.origin, Some(last));
}

#[test]
fn refused_risk_limit_is_reported_and_not_applied() {
    let mut engine = engine();
    engine.set_leverage("ETHUSDTM", Decimal::from(60)).unwrap();
    trade(&mut engine, "ETHUSDTM", Side::Sell, "3600", "10");
    engine.take_events();
    engine.adjust_risk_limit("ETHUSDTM", 3).unwrap();
    engine.adjust_risk_limit("ETHUSDTM", 2).unwrap();
    let outcomes: Vec<(bool, i64)> = engine
        .take_events()
        .iter()
        .filter_map(|event| match event {
            Event::RiskLimit(limit) => Some((limit.outcome.is_ok(), limit.level)),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [(false, 3), (true, 2)]);
    let own = engine.position("ETHUSDTM").unwrap().isolated.unwrap();
    assert_eq!((own.risk_level, own.risk_limit), (2, 2_000_000));
    assert!(matches!(
        engine.adjust_risk_limit("ETHUSDTM", 0),
        Err(Rejected::RiskLevel {
            level: 0,
            levels: 4
        })
    ));
}

#[test]
fn withdrawal_is_held_then_withdrawn() {
    let mut engine = engine();
    let amount = decimal("150.5");
    engine
        .hold_withdrawal(SettleCurrency::Usdt, amount)
        .unwrap();
    let held = engine.futures_wallet(SettleCurrency::Usdt);
    assert_eq!(
        (held.hold, held.available(), held.equity()),
        (amount, decimal("19849.5"), decimal("20000"))
    );
    engine.withdraw_held(SettleCurrency::Usdt, amount).unwrap();
    let left = engine.futures_wallet(SettleCurrency::Usdt);
    assert_eq!((left.balance, left.version), (decimal("19849.5"), 3));
    assert!(engine.withdraw_held(SettleCurrency::Usdt, amount).is_err());
}
