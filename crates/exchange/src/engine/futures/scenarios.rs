//! Single cases with numbers worked out by hand: linear, inverse, through zero, funding, liquidation.

use rust_decimal::Decimal;

use super::super::event::{OrderChange, Side};
use super::*;

const NOW: u64 = 1_765_465_341_363;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn futures() -> Futures {
    Futures::new(1, NOW)
}

/// A resting order that is filled whole at its limit, as a maker.
fn trade(futures: &mut Futures, symbol: &str, side: Side, price: &str, size: i64) {
    let id = rest(futures, symbol, side, price, size).unwrap();
    futures.fill_resting(&id, size).unwrap();
}

fn rest(
    futures: &mut Futures,
    symbol: &str,
    side: Side,
    price: &str,
    size: i64,
) -> Result<String, Rejected> {
    let new = NewOrder {
        symbol,
        side,
        price: Some(decimal(price)),
        size,
        client_oid: None,
        origin: None,
    };
    futures.place(new).map(|id| id.to_string())
}

fn positions(futures: &mut Futures) -> Vec<(PositionChange, FuturesPosition)> {
    let events = futures.take_events().into_iter();
    events
        .filter_map(|event| match event {
            FuturesEvent::Position(change, position) => Some((change, position)),
            _ => None,
        })
        .collect()
}

fn balance(futures: &Futures, currency: SettleCurrency) -> Decimal {
    futures.wallet(currency).balance
}

#[test]
fn a_fill_through_zero_closes_one_position_and_opens_another() {
    let mut futures = futures();
    trade(&mut futures, "XBTUSDTM", Side::Buy, "67400", 10);
    let open = futures.position("XBTUSDTM").unwrap();
    assert_eq!(
        (open.open_cost, open.initial_margin, open.average_entry),
        (decimal("674"), decimal("67.4"), decimal("67400"))
    );
    assert_eq!(open.unrealised_pnl, decimal("0.187"));
    futures.take_events();
    trade(&mut futures, "XBTUSDTM", Side::Sell, "67500", 15);
    let told = positions(&mut futures);
    let closed = &told[0].1;
    assert_eq!(
        (closed.quantity, closed.average_entry),
        (0, decimal("67400"))
    );
    assert_eq!(closed.realised_gross_pnl(), decimal("1"));
    assert_eq!(closed.realised_pnl(), decimal("0.7302"));
    let short = &told[1].1;
    assert_eq!(
        (short.quantity, short.open_cost, short.average_entry),
        (-5, decimal("-337.5"), decimal("67500"))
    );
    assert_eq!(short.realised_pnl(), decimal("-0.0675"));
    assert_eq!(
        balance(&futures, SettleCurrency::Usdt),
        decimal("20000.6627")
    );
}

#[test]
fn an_inverse_contract_earns_the_coin() {
    let mut futures = futures();
    trade(&mut futures, "XBTUSDM", Side::Buy, "67000", 1_000);
    let open = futures.position("XBTUSDM").unwrap();
    assert_eq!(open.open_cost, decimal("-0.0149253731343284"));
    assert_eq!(open.average_entry, decimal("67000"));
    assert!(open.unrealised_pnl > Decimal::ZERO, "the mark is above it");
    assert!(open.liquidation_price > open.bankruptcy_price);
    trade(&mut futures, "XBTUSDM", Side::Sell, "68000", 1_000);
    let closed = futures.position("XBTUSDM").unwrap();
    assert_eq!(closed.realised_gross_pnl(), decimal("0.0002194907813872"));
    assert_eq!(
        balance(&futures, SettleCurrency::Xbt) - decimal("0.5"),
        closed.realised_pnl()
    );
    assert_eq!(
        balance(&futures, SettleCurrency::Usdt),
        Decimal::from(20_000)
    );
}

#[test]
fn an_isolated_position_is_liquidated_at_its_price_and_loses_its_margin() {
    let mut futures = futures();
    trade(&mut futures, "ETHUSDTM", Side::Buy, "3500", 100);
    rest(&mut futures, "ETHUSDTM", Side::Buy, "3400", 10).unwrap();
    let open = futures.position("ETHUSDTM").unwrap();
    assert_eq!(open.bankruptcy_price, decimal("3062.5"));
    assert_eq!(open.liquidation_price, decimal("3076.5"));
    let margin = open.isolated.unwrap().margin;
    assert_eq!(margin, decimal("439.3375"));
    let before = balance(&futures, SettleCurrency::Usdt);
    futures
        .set_mark_price("ETHUSDTM", decimal("3076.6"))
        .unwrap();
    assert_eq!(futures.position("ETHUSDTM").unwrap().quantity, 100);
    futures.take_events();
    futures
        .set_mark_price("ETHUSDTM", decimal("3076.5"))
        .unwrap();
    let events = futures.take_events();
    let orders: Vec<&OrderEvent> = events
        .iter()
        .filter_map(|event| match event {
            FuturesEvent::Order(order) => Some(order),
            _ => None,
        })
        .collect();
    let kinds: Vec<(OrderChange, TradeType)> = orders
        .iter()
        .map(|order| (order.change, order.trade_type))
        .collect();
    assert_eq!(
        kinds,
        [
            (OrderChange::Canceled, TradeType::Trade),
            (OrderChange::Match, TradeType::Liquidation),
            (OrderChange::Filled, TradeType::Liquidation),
        ]
    );
    let last = events.iter().rev().find_map(|event| match event {
        FuturesEvent::Position(change, position) => Some((*change, position.quantity)),
        _ => None,
    });
    assert_eq!(last, Some((PositionChange::Liquidation, 0)));
    assert_eq!(
        orders[0].terms.cancel_reason,
        Some(event::CancelReason::Liquidation)
    );
    assert_eq!(before - balance(&futures, SettleCurrency::Usdt), margin);
    assert!(futures.open_orders().is_empty());
}

#[test]
fn a_cross_position_has_the_whole_account_behind_it() {
    let mut futures = futures();
    trade(&mut futures, "XBTUSDTM", Side::Buy, "67400", 2_000);
    let open = futures.position("XBTUSDTM").unwrap();
    assert_eq!(open.bankruptcy_price, decimal("57448"));
    // 2 XBT are worth (134800 - 19973.04) / (1 - 0.004 - 0.0006) then: 57678.8025 each.
    assert_eq!(open.liquidation_price, decimal("57678.9"));
    let (above, below) = (decimal("57678.81"), decimal("57678.79"));
    futures.set_mark_price("XBTUSDTM", above).unwrap();
    assert_eq!(futures.position("XBTUSDTM").unwrap().quantity, 2_000);
    let wallet = futures.wallet(SettleCurrency::Usdt);
    assert!(wallet.available_margin() < Decimal::ZERO);
    assert_eq!(wallet.available(), Decimal::ZERO);
    futures.set_mark_price("XBTUSDTM", below).unwrap();
    assert_eq!(futures.position("XBTUSDTM").unwrap().quantity, 0);
    assert_eq!(balance(&futures, SettleCurrency::Usdt), decimal("0.1024"));
}

#[test]
fn margin_adds_itself_where_the_owner_wants_that() {
    let mut futures = futures();
    trade(&mut futures, "ETHUSDTM", Side::Buy, "3500", 100);
    futures.set_auto_deposit("ETHUSDTM", true).unwrap();
    futures
        .set_mark_price("ETHUSDTM", decimal("3076.5"))
        .unwrap();
    let kept = futures.position("ETHUSDTM").unwrap();
    assert_eq!(kept.quantity, 100);
    assert!(kept.risk_ratio < Decimal::new(1, 1), "{}", kept.risk_ratio);
    assert_eq!(kept.isolated.unwrap().added, decimal("437.5"));
    let reasons = positions(&mut futures).into_iter().map(|told| told.0);
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
fn funding_moves_from_long_to_short_at_a_rate_above_zero() {
    for (side, fee) in [(Side::Buy, "-0.3518320"), (Side::Sell, "0.3518320")] {
        let mut futures = futures();
        trade_at_market(&mut futures, side);
        let before = balance(&futures, SettleCurrency::Usdt);
        futures
            .settle_funding("ETHUSDTM", decimal("0.0001"))
            .unwrap();
        let position = futures.position("ETHUSDTM").unwrap();
        assert_eq!(position.funding, decimal(fee));
        assert_eq!(
            balance(&futures, SettleCurrency::Usdt) - before,
            decimal(fee)
        );
        let own = position.isolated.unwrap();
        assert_eq!(own.funding_received - own.funding_paid, decimal(fee));
    }
    let refused = futures().settle_funding("ETHUSDTM", decimal("0.0001"));
    assert!(matches!(refused, Err(Rejected::NoPosition { .. })));
}

fn trade_at_market(futures: &mut Futures, side: Side) {
    let new = NewOrder {
        symbol: "ETHUSDTM",
        side,
        price: None,
        size: 100,
        client_oid: None,
        origin: None,
    };
    futures.place(new).unwrap();
}

#[test]
fn mode_and_cross_leverage_change_only_while_nothing_is_open() {
    let mut futures = futures();
    let id = rest(&mut futures, "XBTUSDTM", Side::Buy, "60000", 1).unwrap();
    let isolate = |futures: &mut Futures| futures.set_margin_mode("XBTUSDTM", MarginMode::Isolated);
    let lever = |futures: &mut Futures| futures.set_leverage("XBTUSDTM", Decimal::from(20));
    assert!(matches!(
        isolate(&mut futures),
        Err(Rejected::NotFlat { .. })
    ));
    assert!(matches!(lever(&mut futures), Err(Rejected::NotFlat { .. })));
    futures.cancel(&id).unwrap();
    futures.take_events();
    lever(&mut futures).unwrap();
    isolate(&mut futures).unwrap();
    let events = futures.take_events();
    assert!(matches!(
        events.as_slice(),
        [
            FuturesEvent::Leverage("XBTUSDTM", MarginMode::Cross, _),
            FuturesEvent::MarginMode("XBTUSDTM", MarginMode::Isolated, _)
        ]
    ));
    assert!(matches!(
        futures.set_leverage("XBTUSDTM", Decimal::from(126)),
        Err(Rejected::Leverage { .. })
    ));
}

#[test]
fn only_what_opens_something_needs_margin() {
    let mut futures = futures();
    trade(&mut futures, "XBTUSDTM", Side::Buy, "67400", 100);
    rest(&mut futures, "XBTUSDTM", Side::Sell, "68000", 60).unwrap();
    let order_margin = |futures: &Futures| futures.wallet(SettleCurrency::Usdt).cross_order_margin;
    assert_eq!(order_margin(&futures), Decimal::ZERO);
    rest(&mut futures, "XBTUSDTM", Side::Sell, "68000", 50).unwrap();
    // 10 of the 110 open a short position: 680 USDT at leverage 10, and the fee of 0.06 %.
    assert_eq!(order_margin(&futures), decimal("68.408"));
    let much = rest(&mut futures, "XBTUSDTM", Side::Buy, "67000", 5_000);
    assert!(matches!(much, Err(Rejected::InsufficientFunds { .. })));
    let more = rest(&mut futures, "XBTUSDTM", Side::Buy, "67000", 50_000);
    assert!(matches!(more, Err(Rejected::RiskLimit { .. })));
}

#[test]
fn a_stop_looks_at_its_own_price_and_says_when_no_order_follows() {
    let mut futures = futures();
    let stop = |price_type, size| NewStop {
        side: Side::Sell,
        direction: Direction::Down,
        price_type,
        stop_price: decimal("3400"),
        order_price: None,
        size,
    };
    let last = futures.place_stop("ETHUSDTM", stop(StopPriceType::Trade, 1));
    let mark = futures.place_stop("ETHUSDTM", stop(StopPriceType::Mark, 100_000));
    futures.set_price("ETHUSDTM", decimal("3399")).unwrap();
    assert_eq!(futures.open_stops(), [mark.unwrap().to_string()]);
    futures
        .set_mark_price("ETHUSDTM", decimal("3399.999"))
        .unwrap();
    assert!(futures.open_stops().is_empty());
    let events = futures.take_events();
    let triggered: Vec<bool> = events
        .iter()
        .filter_map(|event| match event {
            FuturesEvent::Stop(stop) => match &stop.change {
                StopChange::Triggered(outcome) => Some(outcome.is_ok()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(triggered, [true, false]);
    let follower = events.iter().find_map(|event| match event {
        FuturesEvent::Order(order) => Some(order.clone()),
        _ => None,
    });
    let (follower, last) = (follower.unwrap(), last.unwrap());
    assert_ne!(follower.order_id, last);
    assert_eq!(follower.terms.origin, Some(last));
}

#[test]
fn a_risk_limit_that_does_not_fit_is_told_and_not_taken() {
    let mut futures = futures();
    futures.set_leverage("ETHUSDTM", Decimal::from(60)).unwrap();
    trade(&mut futures, "ETHUSDTM", Side::Sell, "3600", 10);
    futures.take_events();
    futures.adjust_risk_limit("ETHUSDTM", 3).unwrap();
    futures.adjust_risk_limit("ETHUSDTM", 2).unwrap();
    let outcomes: Vec<(bool, i64)> = futures
        .take_events()
        .iter()
        .filter_map(|event| match event {
            FuturesEvent::RiskLimit(limit) => Some((limit.outcome.is_ok(), limit.level)),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [(false, 3), (true, 2)]);
    let own = futures.position("ETHUSDTM").unwrap().isolated.unwrap();
    assert_eq!((own.risk_level, own.risk_limit), (2, 2_000_000));
    assert!(matches!(
        futures.adjust_risk_limit("ETHUSDTM", 0),
        Err(Rejected::RiskLevel {
            level: 0,
            levels: 4
        })
    ));
}

#[test]
fn a_withdrawal_is_held_and_then_leaves() {
    let mut futures = futures();
    let amount = decimal("150.5");
    futures
        .hold_withdrawal(SettleCurrency::Usdt, amount)
        .unwrap();
    let held = futures.wallet(SettleCurrency::Usdt);
    assert_eq!(
        (held.hold, held.available(), held.equity()),
        (amount, decimal("19849.5"), decimal("20000"))
    );
    futures.withdraw_held(SettleCurrency::Usdt, amount).unwrap();
    let left = futures.wallet(SettleCurrency::Usdt);
    assert_eq!((left.balance, left.version), (decimal("19849.5"), 3));
    assert!(futures.withdraw_held(SettleCurrency::Usdt, amount).is_err());
}
