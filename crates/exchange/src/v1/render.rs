//! Account events as V1 pushes: which fields each kind has, their JSON types, their order.
//!
//! Keys stand as in live captures: the envelope in the gateway's order, order data by the alphabet.

use rust_decimal::Decimal;

use super::topics;
use crate::engine::{
    BalanceEvent, Event, Liquidity, OrderChange, OrderEvent, Quantity, StopChange, StopEvent,
};
use crate::json::Object;

/// One frame to every subscriber of one topic.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) topic: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) data: String,
    /// The envelope's `id`, on the topics that have one.
    id: Option<String>,
}

impl Push {
    /// The whole frame, and where its data starts.
    pub(crate) fn frame(&self, user_id: &str) -> (String, usize) {
        let mut frame = Object::new()
            .word("topic", self.topic)
            .word("type", "message")
            .word("subject", self.subject)
            .maybe_string("id", self.id.as_deref())
            .string("userId", user_id)
            .word("channelType", "private")
            .json("data", &self.data)
            .end();
        frame.shrink_to_fit();
        let data_at = frame.len() - 1 - self.data.len();
        (frame, data_at)
    }
}

/// The pushes that an event makes: an order change goes out on both order topics.
pub(crate) fn pushes(event: &Event, push_time_ms: u64) -> Vec<Push> {
    match event {
        Event::Order(order) => {
            let push = |topic, data| Push {
                topic,
                subject: "orderChange",
                data,
                id: None,
            };
            let second = push(topics::ORDERS_V2, order_v2(order, push_time_ms));
            match order.change {
                OrderChange::Received => vec![second],
                _ => vec![push(topics::ORDERS, order_v1(order, push_time_ms)), second],
            }
        }
        Event::Balance(change) => vec![Push {
            topic: topics::BALANCE,
            subject: "account.balance",
            data: balance(change),
            id: Some(change.relation_event_id.to_string()),
        }],
        Event::Stop(stop) => vec![Push {
            topic: topics::STOP_ORDERS,
            subject: "stopOrder",
            data: stop_order(stop),
            id: None,
        }],
    }
}

/// Without `received`, `originSize` and `canceledSize`.
fn order_v1(order: &OrderEvent, push_time_ms: u64) -> String {
    order_data(order, push_time_ms, (None, None))
}

fn order_v2(order: &OrderEvent, push_time_ms: u64) -> String {
    let origin = match order.quantity {
        Quantity::Size { origin, .. } => Some(origin),
        Quantity::Funds { .. } => None,
    };
    let canceled = Some(order.canceled).filter(|_| order.change != OrderChange::Received);
    order_data(order, push_time_ms, (origin, canceled))
}

fn order_data(
    order: &OrderEvent,
    push_time_ms: u64,
    (origin_size, canceled_size): (Option<Decimal>, Option<Decimal>),
) -> String {
    let received = order.change == OrderChange::Received;
    let fill = order.fill.as_ref();
    let liquidity = fill.map(|fill| match fill.liquidity {
        Liquidity::Maker => ("makerFee", "maker"),
        Liquidity::Taker => ("takerFee", "taker"),
    });
    let amounts = Amounts::of(order);
    Object::new()
        .maybe_decimal("canceledSize", canceled_size)
        .maybe_string("clientOid", order.client_oid.as_deref())
        .maybe_string("feeType", liquidity.map(|words| words.0))
        .maybe_decimal("filledSize", Some(order.filled).filter(|_| !received))
        .maybe_decimal("funds", amounts.funds)
        .maybe_string("liquidity", liquidity.map(|words| words.1))
        .maybe_decimal("matchPrice", fill.map(|fill| fill.price))
        .maybe_decimal("matchSize", fill.map(|fill| fill.size))
        .maybe_decimal("oldSize", order.old_size)
        .string("orderId", &order.order_id)
        .bare("orderTime", order.order_time_ms)
        .word(
            "orderType",
            if order.price.is_some() {
                "limit"
            } else {
                "market"
            },
        )
        .maybe_decimal("originSize", origin_size)
        .maybe_decimal("price", order.price)
        .bare("pt", push_time_ms)
        .maybe_decimal("remainFunds", amounts.remain_funds)
        .maybe_decimal("remainSize", amounts.remain_size)
        .word("side", order.side.as_str())
        .maybe_decimal("size", amounts.size)
        .word("status", status(order))
        .word("symbol", order.symbol)
        .maybe_string("tradeId", fill.map(|fill| &*fill.trade_id))
        .bare("ts", nanoseconds(order.engine_time_ms))
        .word("type", order.change.as_str())
        .end()
}

fn status(order: &OrderEvent) -> &'static str {
    let taker = order
        .fill
        .as_ref()
        .is_some_and(|fill| fill.liquidity == Liquidity::Taker);
    match order.change {
        OrderChange::Received => "new",
        OrderChange::Filled | OrderChange::Canceled => "done",
        OrderChange::Match if taker => "match",
        OrderChange::Open | OrderChange::Update | OrderChange::Match => "open",
    }
}

/// Which amounts an event shows. An order by funds shows no size, and tells what is left of it in
/// base currency, always 0, only when it is done.
struct Amounts {
    size: Option<Decimal>,
    remain_size: Option<Decimal>,
    funds: Option<Decimal>,
    remain_funds: Option<Decimal>,
}

impl Amounts {
    fn of(order: &OrderEvent) -> Self {
        let received = order.change == OrderChange::Received;
        let done = order.change.is_final();
        match order.quantity {
            Quantity::Size {
                current, remain, ..
            } => Self {
                size: Some(current).filter(|_| !received),
                remain_size: Some(remain).filter(|_| !received),
                funds: None,
                remain_funds: Some(Decimal::ZERO).filter(|_| order.change == OrderChange::Canceled),
            },
            Quantity::Funds { funds, remain } => Self {
                size: None,
                remain_size: Some(Decimal::ZERO).filter(|_| done),
                funds: Some(funds),
                remain_funds: Some(remain).filter(|_| !received),
            },
        }
    }
}

fn balance(change: &BalanceEvent) -> String {
    let context = match &change.context {
        None => "{}".to_owned(),
        Some(context) => Object::new()
            .word("symbol", context.symbol)
            .string("orderId", &context.order_id)
            .maybe_string("tradeId", context.trade_id.as_deref())
            .end(),
    };
    Object::new()
        .string("accountId", &change.account_id)
        .string("currency", &change.currency)
        .decimal("total", change.available + change.hold)
        .decimal("available", change.available)
        .decimal("hold", change.hold)
        .decimal("availableChange", change.available_change)
        .decimal("holdChange", change.hold_change)
        .json("relationContext", &context)
        .word("relationEvent", change.relation_event)
        .string("relationEventId", &change.relation_event_id)
        .string("time", &change.time_ms.to_string())
        .end()
}

fn stop_order(stop: &StopEvent) -> String {
    let (kind, success, error) = match &stop.change {
        StopChange::Open => ("open", None, None),
        StopChange::Cancel => ("cancel", None, None),
        StopChange::Triggered(Ok(())) => ("triggered", Some(true), None),
        StopChange::Triggered(Err(reason)) => ("triggered", Some(false), Some(reason.as_str())),
    };
    let mut data = Object::new()
        .maybe_string("error", error)
        .string("orderId", &stop.order_id)
        .maybe_decimal("orderPrice", stop.order_price)
        .word("orderType", "stop")
        .word("side", stop.side.as_str())
        .decimal("size", stop.size)
        .word("stop", stop.kind.as_str())
        .decimal("stopPrice", stop.stop_price)
        .word("symbol", stop.symbol)
        .word("tradeType", "TRADE");
    if let Some(success) = success {
        data = data.bare("triggerSuccess", success);
    }
    data.word("type", kind)
        .bare("createdAt", stop.created_ms)
        .bare("ts", nanoseconds(stop.time_ms))
        .end()
}

/// The engine's clock ticks in milliseconds, so `ts` ends in six zeros, as most captures do.
fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests;
