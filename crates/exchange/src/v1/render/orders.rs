//! Order changes on both order topics, and each fill on the topics that tell fills.

use rust_decimal::Decimal;

use super::{Push, fills, nanoseconds, order_type};
use crate::engine::{Liquidity, OrderChange, OrderEvent, Quantity};
use crate::json::Object;
use crate::v1::topics;

/// A change goes out on both order topics, `received` on the second only; a fill on two more.
pub(super) fn pushes(order: &OrderEvent, push_time_ms: u64) -> Vec<Push> {
    let push = |topic, data| Push::private(topic, "orderChange", data);
    let second = push(topics::ORDERS_V2, order_v2(order, push_time_ms));
    let mut pushes = match order.change {
        OrderChange::Received => vec![second],
        _ => vec![push(topics::ORDERS, order_v1(order, push_time_ms)), second],
    };
    if let Some(fill) = &order.fill {
        pushes.extend(fills::pushes(order, fill));
    }
    pushes
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
        .word("orderType", order_type(order))
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
