//! Orders, fills, stop orders and balances of spot and margin.

use rust_decimal::Decimal;

use super::{Push, nanoseconds, stop_change};
use crate::engine::{
    BalanceEvent, Direction, Fill, Liquidity, Order, OrderChange, OrderEvent, Reason, StopEvent,
    StopKind, Terms, Wallet,
};
use crate::json::{Object, Plain, Raw};
use crate::v1::topics;

/// Renders a change for both order topics and, if it is a fill, for two more topics.
///
/// `received` is pushed on the second order topic only.
pub(super) fn order(event: &OrderEvent, push_time_ms: u64) -> Vec<Push> {
    let push = |topic, data| Push::private(topic, "orderChange", data);
    let mut pushes = Vec::with_capacity(4);
    if event.change != OrderChange::Received {
        pushes.push(push(topics::ORDERS, order_data(event, push_time_ms, false)));
    }
    pushes.push(push(
        topics::ORDERS_V2,
        order_data(event, push_time_ms, true),
    ));
    if let Some(fill) = &event.fill {
        let own_match = topics::of_symbol(topics::MATCHES, event.order.symbol)
            .map(|topic| Push::market(topic, "trade.l3match", trade(event, fill)));
        pushes.extend(own_match);
        let data = fill_with_fee(event, fill);
        pushes.push(Push::private(
            topics::TRADE_FILLS,
            topics::TRADE_FILLS,
            data,
        ));
    }
    pushes
}

/// Renders the data of an order change. The first topic has neither `originSize` nor `canceledSize`.
///
/// An order by funds has no size. Its remaining size in base currency, always 0, is present only when the order is
/// done.
fn order_data(event: &OrderEvent, push_time_ms: u64, second: bool) -> String {
    let OrderEvent { change, order, .. } = event;
    let received = *change == OrderChange::Received;
    let known = !received;
    let fill = event.fill.as_ref();
    let liquidity = fill.map(|fill| match fill.liquidity {
        Liquidity::Maker => ("makerFee", "maker"),
        Liquidity::Taker => ("takerFee", "taker"),
    });
    let (size, remain_size, funds, remain_funds) = match order.by_funds {
        false => (
            known.then_some(order.size - order.reduced),
            known.then_some(order.remain),
            None,
            (*change == OrderChange::Canceled).then_some(Decimal::ZERO),
        ),
        true => (
            None,
            change.is_final().then_some(Decimal::ZERO),
            Some(order.size),
            known.then_some(order.remain),
        ),
    };
    Object::new()
        .field("canceledSize", (second && known).then_some(order.canceled))
        .field("clientOid", order.client_oid.as_deref())
        .field("feeType", liquidity.map(|words| words.0))
        .field("filledSize", known.then_some(order.filled))
        .field("funds", funds)
        .field("liquidity", liquidity.map(|words| words.1))
        .field("matchPrice", fill.map(|fill| fill.price))
        .field("matchSize", fill.map(|fill| fill.size))
        .field("oldSize", event.old_size)
        .field("orderId", &*order.id)
        .field("orderTime", order.created_ns / 1_000_000)
        .field("orderType", order_type(order))
        .field(
            "originSize",
            (second && !order.by_funds).then_some(order.size),
        )
        .field("price", order.price)
        .field("pt", push_time_ms)
        .field("remainFunds", remain_funds)
        .field("remainSize", remain_size)
        .field("side", order.side.as_str())
        .field("size", size)
        .field("status", status(event))
        .field("symbol", order.symbol)
        .field("tradeId", fill.map(|fill| &*fill.trade_id))
        .field("ts", nanoseconds(event.time_ms))
        .field("type", change.as_str())
        .end()
}

fn order_type(order: &Order) -> &'static str {
    match order.price {
        Some(_) => "limit",
        None => "market",
    }
}

fn status(event: &OrderEvent) -> &'static str {
    match event.change {
        OrderChange::Received => "new",
        OrderChange::Filled | OrderChange::Canceled => "done",
        OrderChange::Match if event.is_fill_of(Liquidity::Taker) => "match",
        OrderChange::Open | OrderChange::Update | OrderChange::Match => "open",
    }
}

/// Renders a fill as a public trade: the side is the taker's, all values are text.
fn trade(event: &OrderEvent, fill: &Fill) -> String {
    let order = &event.order;
    let (own, other) = (&*order.id, fill.counter_order_id.as_deref());
    let (maker, taker, side) = match fill.liquidity {
        Liquidity::Taker => (other, Some(own), order.side),
        Liquidity::Maker => (Some(own), other, order.side.opposite()),
    };
    Object::new()
        .field("makerOrderId", maker)
        .field("price", fill.price)
        // KuCoin also sends the trade ID here since 2023.
        .field("sequence", &*fill.trade_id)
        .field("side", side.as_str())
        .field("size", fill.size)
        .field("symbol", order.symbol)
        .field("takerOrderId", taker)
        .field("time", nanoseconds(event.time_ms).to_string())
        .field("tradeId", &*fill.trade_id)
        .field("type", "match")
        .end()
}

/// Renders a fill with its fee; amounts are JSON numbers on this topic.
fn fill_with_fee(event: &OrderEvent, fill: &Fill) -> String {
    let order = &event.order;
    Object::new()
        .field("fee", Plain(fill.fee))
        .field("feeCurrency", order.fee_currency)
        .field("feeRate", Plain(fill.fee_rate))
        .field("orderId", &*order.id)
        .field("orderType", order_type(order))
        .field("price", Plain(fill.price))
        .field("side", order.side.as_str())
        .field("size", Plain(fill.size))
        .field("symbol", order.symbol)
        .field("time", nanoseconds(event.time_ms))
        .field("tradeId", &*fill.trade_id)
        .end()
}

pub(super) fn stop(event: &StopEvent) -> Push {
    let stop = &event.stop;
    let (change, success, error) = stop_change(&event.change);
    let kind = match stop.trigger.direction {
        Direction::Down => StopKind::Loss,
        Direction::Up => StopKind::Entry,
    };
    let trade_type = match stop.terms {
        Terms::Spot(Wallet::Margin) => "MARGIN_TRADE",
        Terms::Spot(Wallet::Isolated(_)) => "MARGIN_ISOLATED_TRADE",
        _ => "TRADE",
    };
    let data = Object::new()
        .field("error", error)
        .field("orderId", &*stop.id)
        .field("orderPrice", stop.order_price)
        .field("orderType", "stop")
        .field("side", stop.side.as_str())
        .field("size", stop.size)
        .field("stop", kind.as_str())
        .field("stopPrice", stop.trigger.price)
        .field("symbol", stop.symbol)
        .field("tradeType", trade_type)
        .field("triggerSuccess", success)
        .field("type", change)
        .field("createdAt", stop.created_ms)
        .field("ts", nanoseconds(event.time_ms))
        .end();
    Push::private(topics::STOP_ORDERS, "stopOrder", data)
}

/// Renders a balance change for both balance topics; only the first topic has the related trade.
pub(super) fn balance(change: &BalanceEvent) -> Vec<Push> {
    let none = Object::new().end();
    let context = change.context.as_ref().map_or(none.clone(), |context| {
        Object::new()
            .field("symbol", context.symbol)
            .field("orderId", &*context.order_id)
            .field("tradeId", context.trade_id.as_deref())
            .end()
    });
    let data = balance_data(change, &context);
    let snapshot = balance_data(change, &none);
    vec![
        Push::private(topics::BALANCE, "account.balance", data).with_id(&change.relation_event_id),
        Push::private(
            topics::BALANCE_SNAPSHOT,
            "account.snapshotBalance",
            snapshot,
        ),
    ]
}

fn balance_data(change: &BalanceEvent, context: &str) -> String {
    Object::new()
        .field("accountId", &*change.account_id)
        .field("currency", &*change.currency)
        .field("total", change.available + change.hold)
        .field("available", change.available)
        .field("hold", change.hold)
        .field("availableChange", change.available_change)
        .field("holdChange", change.hold_change)
        .field("relationContext", Raw(context))
        .field("relationEvent", relation_event(change))
        .field("relationEventId", &*change.relation_event_id)
        .field("time", change.time_ms.to_string())
        .end()
}

/// Returns `relationEvent`, account and reason: `trade.hold`, `isolated_BTC-USDT.transfer`.
fn relation_event(change: &BalanceEvent) -> String {
    let reason = match (change.wallet, change.reason) {
        (Wallet::Main, Reason::Deposit) => "deposit",
        (_, Reason::Transfer) => "transfer",
        (_, Reason::Hold) => "hold",
        // KuCoin spells it this way.
        (_, Reason::Settled) => "setted",
        // KuCoin has no value for loans.
        (_, Reason::Deposit | Reason::Borrow | Reason::Repay) => "other",
    };
    format!("{}.{reason}", change.wallet)
}
