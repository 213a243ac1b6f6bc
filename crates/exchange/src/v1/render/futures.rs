//! Orders, positions, wallets and settings of the futures account.

use super::{Push, nanoseconds, stop_change};
use crate::engine::futures::{IsolatedMargin, MarginMode, PositionSide, PositionState, ratio};
use crate::engine::{
    Event, FundingEvent, Liquidity, OrderChange, OrderEvent, PositionChange, StopEvent, Terms,
    WalletEvent,
};
use crate::json::{Number, Object, Raw, Stripped};
use crate::v1::topics::{futures as topics, of_symbol};

/// Renders an order change for two topics, the topic of all contracts first.
pub(super) fn order(event: &OrderEvent) -> Vec<Push> {
    let all = Push::private(topics::ORDERS, "orderChange", order_data(event));
    let one = of_symbol(topics::ORDERS_OF, event.order.symbol)
        .map(|topic| Push::private(topic, "symbolOrderChange", all.data.clone()));
    std::iter::once(all).chain(one).collect()
}

/// Renders the data of an order change, with keys in the order of live captures.
///
/// An `open` has no `orderType`. Only orders in the book and fills have a `liquidity`.
fn order_data(event: &OrderEvent) -> String {
    let (change, order) = (event.change, &event.order);
    let fill = event.fill.as_ref();
    let (liquidity, fee_type) = match event.is_fill_of(Liquidity::Taker) {
        true => ("taker", "takerFee"),
        false => ("maker", "makerFee"),
    };
    let order_type = match order.price {
        Some(_) => "limit",
        None => "market",
    };
    let trade_type = match order.terms {
        Terms::Futures {
            liquidation: true, ..
        } => "liquid",
        _ => "trade",
    };
    Object::new()
        .field("symbol", order.symbol)
        .field(
            "orderType",
            (change != OrderChange::Open).then_some(order_type),
        )
        .field("side", order.side.as_str())
        .field("canceledSize", order.canceled)
        .field("orderId", &**order.classic_id())
        .field("positionSide", position_side(order.terms))
        .field("liquidity", (!change.is_final()).then_some(liquidity))
        .field("marginMode", margin_mode(order.terms))
        .field("type", change.as_str())
        .field("feeType", fill.map(|_| fee_type))
        .field("oldSize", event.old_size)
        .field("orderTime", order.created_ns)
        .field("size", order.size)
        .field("filledSize", order.filled)
        .field("price", order.price.unwrap_or_default())
        .field("matchPrice", fill.map(|fill| fill.price))
        .field("matchSize", fill.map(|fill| fill.size))
        .field("remainSize", order.remain)
        .field("tradeId", fill.map(|fill| &*fill.trade_id))
        .field("clientOid", order.client_oid.as_deref())
        .field("tradeType", trade_type)
        .field("status", status(event))
        .field("ts", nanoseconds(event.time_ms))
        .end()
}

fn margin_mode(terms: Terms) -> Option<&'static str> {
    match terms {
        Terms::Futures { margin_mode, .. } => Some(margin_mode.as_str()),
        Terms::Spot(_) => None,
    }
}

fn position_side(terms: Terms) -> Option<&'static str> {
    terms.position_side().map(PositionSide::as_str)
}

/// Returns the `status`: the last fill of a resting order has `done`, and a `filled` follows.
fn status(event: &OrderEvent) -> &'static str {
    match event.change {
        OrderChange::Filled | OrderChange::Canceled => "done",
        OrderChange::Match if event.is_fill_of(Liquidity::Taker) => "match",
        OrderChange::Match if event.order.remain.is_zero() => "done",
        _ => "open",
    }
}

pub(super) fn stop(event: &StopEvent) -> Push {
    let stop = &event.stop;
    let (change, success, error) = stop_change(&event.change);
    let data = Object::new()
        .field("error", error)
        .field("marginMode", margin_mode(stop.terms))
        .field("orderId", &*stop.id)
        .field("orderPrice", stop.order_price)
        .field("orderType", "stop")
        .field("positionSide", position_side(stop.terms))
        .field("side", stop.side.as_str())
        .field("size", Number(stop.size))
        .field("stop", stop.trigger.direction.as_str())
        .field("stopPrice", stop.trigger.price)
        .field("stopPriceType", stop.trigger.price_type.as_str())
        .field("symbol", stop.symbol)
        .field("triggerSuccess", success)
        .field("type", change)
        .field("createdAt", stop.created_ms)
        .field("ts", nanoseconds(event.time_ms))
        .end();
    let push = Push::private(topics::STOP_ORDERS, "stopOrder", data);
    push.with_id(event.event_id.as_deref().unwrap_or_default())
}

/// Renders account events other than orders.
pub(super) fn account(event: &Event) -> Vec<Push> {
    match event {
        Event::Position(change, position) => {
            let data = match change {
                PositionChange::MarkPrice => mark_price(position),
                _ => position_data(*change, position),
            };
            of_position(position.symbol, "position.change", data)
        }
        Event::Funding(funding) => of_position(
            funding.symbol,
            "position.settlement",
            settlement_data(funding),
        ),
        // Also without a symbol.
        Event::RiskLimit(limit) => {
            let reason = limit.outcome.as_ref().err();
            let data = Object::new()
                .field("success", limit.outcome.is_ok())
                .field("riskLimitLevel", limit.level)
                .field("msg", reason.map_or("", String::as_str))
                .end();
            of_position(limit.symbol, "position.adjustRiskLimit", data)
        }
        Event::Wallet(change) => {
            let data = wallet_data(change);
            let push = Push::private(topics::WALLET, "walletBalance.change", data);
            vec![push.with_id(&change.event_id)]
        }
        Event::MarginMode(symbol, mode, _) => {
            let data = Object::new().field(symbol, mode.as_str()).end();
            vec![Push::private(topics::MARGIN_MODE, "user.config", data)]
        }
        Event::Leverage(symbol, MarginMode::Cross, leverage) => {
            let value = Object::new().field("leverage", *leverage).end();
            let data = Object::new().field(symbol, Raw(&value)).end();
            vec![Push::private(topics::CROSS_LEVERAGE, "user.config", data)]
        }
        // V1 has no topic for the leverage of isolated orders.
        _ => Vec::new(),
    }
}

fn of_position(symbol: &str, subject: &'static str, data: String) -> Vec<Push> {
    let one = of_symbol(topics::POSITION_OF, symbol)
        .map(|topic| Push::private(topic, subject, data.clone()));
    let all = Push::private(topics::POSITIONS, subject, data);
    std::iter::once(all).chain(one).collect()
}

/// Renders a complete position, in JSON numbers.
///
/// A cross position has no fields about its own margin.
fn position_data(change: PositionChange, position: &PositionState) -> String {
    let own = position.isolated.as_ref();
    let amount = |of: fn(&IsolatedMargin) -> rust_decimal::Decimal| own.map(|own| Number(of(own)));
    let realised_cost = position.realised_gross_cost + position.commission();
    Object::new()
        .field("symbol", position.symbol)
        .field("maintMarginReq", Number(position.maintenance_rate))
        .field("riskLimit", own.map(|own| own.risk_limit))
        .field("realLeverage", own.map(|_| Number(position.leverage)))
        .field("crossMode", position.margin_mode == MarginMode::Cross)
        .field("delevPercentage", Number(position.deleverage))
        .field("openingTimestamp", position.opened_ms)
        .field("autoDeposit", own.map(|own| own.auto_deposit))
        .field("currentTimestamp", position.time_ms)
        .field("currentQty", position.quantity)
        .field("currentCost", Number(position.current_cost))
        .field("currentComm", Number(position.commission()))
        .field("unrealisedCost", Number(position.open_cost))
        .field("realisedCost", Number(realised_cost))
        .field("isOpen", position.quantity != 0)
        .field("markPrice", Number(position.mark_price))
        .field("markValue", Number(position.mark_value))
        .field("posCost", Number(position.open_cost))
        .field("posCross", amount(|own| own.added))
        .field("posInit", Number(position.initial_margin))
        .field("posComm", amount(|own| own.closing_fee))
        .field("posLoss", amount(|own| own.funding_paid))
        .field("posMargin", amount(|own| own.margin))
        .field("posFunding", amount(|own| own.funding_received))
        .field("posMaint", Number(position.maintenance_margin))
        .field("maintMargin", margin_left(position))
        .field("avgEntryPrice", Number(position.average_entry))
        .field("liquidationPrice", Number(position.liquidation_price))
        .field("bankruptPrice", Number(position.bankruptcy_price))
        .field("settleCurrency", position.settle_currency.as_str())
        .field("changeReason", reason(change))
        .field("riskLimitLevel", own.map(|own| own.risk_level))
        .field("realisedGrossCost", Number(position.realised_gross_cost))
        .field("realisedGrossPnl", Number(position.realised_gross_pnl()))
        .field("realisedPnl", Number(position.realised_pnl()))
        .field("unrealisedPnl", Number(position.unrealised_pnl))
        .field("unrealisedPnlPcnt", return_on_cost(position))
        .field("unrealisedRoePcnt", return_on_margin(position))
        .field("leverage", Stripped(position.leverage))
        .field("marginMode", position.margin_mode.as_str())
        .field("positionSide", position.position_side.as_str())
        // Only users in some countries are taxed; this account is not.
        .field("tax", 0_u8)
        .field("dealComm", Number(-position.fees))
        .field("fundingFee", Number(position.funding))
        .end()
}

/// Renders the partial update of a mark price change, without quantity and costs.
///
/// In hedge mode it names the leg and its margin mode.
fn mark_price(position: &PositionState) -> String {
    let own = position.isolated.as_ref();
    let side = position.position_side.of_leg();
    Object::new()
        .field("symbol", position.symbol)
        .field("markPrice", Number(position.mark_price))
        .field("markValue", Number(position.mark_value))
        .field("maintMargin", margin_left(position))
        .field("realLeverage", own.map(|_| Number(position.leverage)))
        .field("unrealisedPnl", Number(position.unrealised_pnl))
        .field("unrealisedRoePcnt", return_on_margin(position))
        .field("unrealisedPnlPcnt", return_on_cost(position))
        .field("delevPercentage", Number(position.deleverage))
        .field("currentTimestamp", position.time_ms)
        .field("settleCurrency", position.settle_currency.as_str())
        .field("changeReason", reason(PositionChange::MarkPrice))
        .field("marginMode", side.map(|_| position.margin_mode.as_str()))
        .field("positionSide", side)
        .end()
}

/// Returns the margin of an isolated position including its unrealised PnL.
fn margin_left(position: &PositionState) -> Option<Number> {
    let own = position.isolated.as_ref()?;
    Some(Number(own.margin + position.unrealised_pnl))
}

fn return_on_cost(position: &PositionState) -> Number {
    Number(ratio(position.unrealised_pnl, position.open_cost))
}

fn return_on_margin(position: &PositionState) -> Number {
    Number(ratio(position.unrealised_pnl, position.initial_margin))
}

fn reason(change: PositionChange) -> &'static str {
    match change {
        PositionChange::Trade => "positionChange",
        PositionChange::Margin => "marginChange",
        PositionChange::RiskLimit => "changeRiskLimit",
        PositionChange::AutoDeposit => "autoAppendMarginStatusChange",
        PositionChange::Liquidation => "liquidation",
        PositionChange::MarkPrice => "markPriceChange",
    }
}

/// Renders the data of a funding settlement, which has no symbol.
///
/// As at KuCoin, a client on `/contract/positionAll` cannot know the contract.
fn settlement_data(funding: &FundingEvent) -> String {
    Object::new()
        .field("markPrice", Number(funding.mark_price))
        .field("qty", funding.quantity)
        .field("positionSide", funding.position_side.as_str())
        .field("settleCurrency", funding.settle.as_str())
        .field("fundingTime", funding.time_ms)
        .field("marginMode", funding.margin_mode.as_str())
        .field("fundingFee", Number(funding.fee))
        .field("fundingRate", Number(funding.rate))
        .field("ts", nanoseconds(funding.time_ms))
        .end()
}

/// Renders the balance in one currency; every value is text.
fn wallet_data(change: &WalletEvent) -> String {
    let wallet = &change.wallet;
    Object::new()
        .field("crossPosMargin", wallet.cross_position_margin)
        .field("isolatedOrderMargin", wallet.isolated_order_margin)
        .field("holdBalance", wallet.hold)
        .field("equity", wallet.equity())
        .field("version", wallet.version.to_string())
        .field("availableBalance", wallet.available())
        .field("isolatedPosMargin", wallet.isolated_position_margin)
        .field("maxWithdrawAmount", wallet.max_withdraw())
        .field("walletBalance", wallet.balance)
        .field("isolatedFundingFeeMargin", wallet.isolated_funding_margin)
        .field("crossUnPnl", wallet.cross_unrealised_pnl)
        .field("totalCrossMargin", wallet.total_cross_margin())
        .field("currency", wallet.currency.as_str())
        .field("isolatedUnPnl", wallet.isolated_unrealised_pnl)
        .field("crossOrderMargin", wallet.cross_order_margin)
        .field("availableMargin", wallet.available_margin())
        .field("timestamp", change.time_ms.to_string())
        .end()
}
