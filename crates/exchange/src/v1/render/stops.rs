//! Stop orders on their topic.

use super::{Push, nanoseconds};
use crate::engine::{StopChange, StopEvent, Wallet};
use crate::json::Object;
use crate::v1::topics;

pub(super) fn push(stop: &StopEvent) -> Push {
    Push::private(topics::STOP_ORDERS, "stopOrder", stop_order(stop))
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
        .word("tradeType", trade_type(stop.wallet));
    if let Some(success) = success {
        data = data.bare("triggerSuccess", success);
    }
    data.word("type", kind)
        .bare("createdAt", stop.created_ms)
        .bare("ts", nanoseconds(stop.time_ms))
        .end()
}

fn trade_type(wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Main | Wallet::Trade => "TRADE",
        Wallet::Margin => "MARGIN_TRADE",
        Wallet::Isolated(_) => "MARGIN_ISOLATED_TRADE",
    }
}
