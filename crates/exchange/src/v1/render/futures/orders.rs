//! Orders and stop orders of the futures account as V1 data.

use super::super::nanoseconds;
use crate::engine::futures::{OrderEvent, StopChange, StopEvent, TradeType};
use crate::engine::{Liquidity, OrderChange};
use crate::json::Object;

/// Keys in the order of live captures. An `open` has no `orderType`; only what is in the book or
/// trades has a `liquidity`.
pub(super) fn order(order: &OrderEvent) -> String {
    let fill = order.fill.as_ref();
    let taker = fill.is_some_and(|fill| fill.liquidity == Liquidity::Taker);
    let order_type = match order.price {
        _ if order.change == OrderChange::Open => None,
        Some(_) => Some("limit"),
        None => Some("market"),
    };
    let mut data = Object::new().word("symbol", order.symbol);
    if let Some(order_type) = order_type {
        data = data.word("orderType", order_type);
    }
    data = data
        .word("side", order.side.as_str())
        .number_text("canceledSize", order.canceled)
        .string("orderId", &order.order_id)
        .word("positionSide", "BOTH");
    if !order.change.is_final() {
        data = data.word("liquidity", if taker { "taker" } else { "maker" });
    }
    data = data
        .word("marginMode", order.margin_mode.as_str())
        .word("type", order.change.as_str());
    if fill.is_some() {
        data = data.word("feeType", if taker { "takerFee" } else { "makerFee" });
    }
    if let Some(old_size) = order.old_size {
        data = data.number_text("oldSize", old_size);
    }
    data = data
        .bare("orderTime", order.order_time_ns)
        .number_text("size", order.size)
        .number_text("filledSize", order.filled)
        .decimal("price", order.price.unwrap_or_default());
    if let Some(fill) = fill {
        data = data
            .decimal("matchPrice", fill.price)
            .number_text("matchSize", fill.size);
    }
    data.number_text("remainSize", order.remain)
        .maybe_string("tradeId", fill.map(|fill| &*fill.trade_id))
        .maybe_string("clientOid", order.client_oid.as_deref())
        .word("tradeType", trade_type(order.trade_type))
        .word("status", status(order, taker))
        .bare("ts", nanoseconds(order.engine_time_ms))
        .end()
}

/// The last fill of a resting order is `done`, and a `filled` follows it.
fn status(order: &OrderEvent, taker: bool) -> &'static str {
    match order.change {
        OrderChange::Filled | OrderChange::Canceled => "done",
        OrderChange::Match if taker => "match",
        OrderChange::Match if order.remain == 0 => "done",
        _ => "open",
    }
}

fn trade_type(trade_type: TradeType) -> &'static str {
    match trade_type {
        TradeType::Trade => "trade",
        TradeType::Liquidation => "liquid",
    }
}

pub(super) fn stop(stop: &StopEvent) -> String {
    let (kind, success, error) = match &stop.change {
        StopChange::Open => ("open", None, None),
        StopChange::Cancel => ("cancel", None, None),
        StopChange::Triggered(Ok(())) => ("triggered", Some(true), None),
        StopChange::Triggered(Err(reason)) => ("triggered", Some(false), Some(reason.as_str())),
    };
    let mut data = Object::new()
        .maybe_string("error", error)
        .word("marginMode", stop.margin_mode.as_str())
        .string("orderId", &stop.order_id)
        .maybe_decimal("orderPrice", stop.order_price)
        .word("orderType", "stop")
        .word("positionSide", "BOTH")
        .word("side", stop.side.as_str())
        .bare("size", stop.size)
        .word("stop", stop.direction.as_str())
        .decimal("stopPrice", stop.stop_price)
        .word("stopPriceType", stop.price_type.as_str())
        .word("symbol", stop.symbol);
    if let Some(success) = success {
        data = data.bare("triggerSuccess", success);
    }
    data.word("type", kind)
        .bare("createdAt", stop.created_ms)
        .bare("ts", nanoseconds(stop.time_ms))
        .end()
}
