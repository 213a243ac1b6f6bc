//! Executions: `execution` with the fee, `execution.lite` without.

use std::borrow::Cow;

use super::{NONE, liquidity, order_type, side};
use crate::json::Object;
use crate::pro::order::{Fill, Order, unified_id};

/// What an execution that closes a position by force has in place of an order's id.
const NO_ORDER: &str = "0";

/// In the form of the unified account.
pub(in crate::pro) fn unified(order: &Order, fill: &Fill) -> String {
    let closed_pnl = fill.closed_pnl.map(|profit| profit.normalize().to_string());
    Object::new()
        .string("oi", &unified_id(order_id(order, fill)))
        .word("s", order.symbol)
        .word("S", side(order.side))
        .word("oT", kind(order, fill))
        .decimal("p", fill.price)
        .decimal("q", fill.size)
        .string("ti", &fill.trade_id)
        .bare("E", order.updated_ns)
        .word("lR", liquidity(fill.liquidity))
        .decimal("f", fill.fee)
        .word("fC", order.fee_currency)
        .word("fT", if fill.liquidation { "LIQUID" } else { "NORMAL" })
        .text("ci", order.client_oid.as_deref())
        .text("fP", closed_pnl.as_deref())
        .end()
}

/// In the form of the classic accounts.
pub(in crate::pro) fn classic(order: &Order, fill: &Fill) -> String {
    Object::new()
        .bare("E", order.updated_ns)
        .word("S", side(order.side))
        .decimal("f", fill.fee)
        .decimal("p", fill.price)
        .decimal("q", fill.size)
        .word("s", order.symbol)
        .word("fC", order.fee_currency)
        .word("lR", liquidity(fill.liquidity))
        .word("oT", kind(order, fill))
        .string("oi", classic_order_id(order, fill))
        .string("ti", &fill.trade_id)
        .end()
}

/// The lite form, which is one for all accounts but for the ids of triggered futures orders.
pub(in crate::pro) fn lite(order: &Order, fill: &Fill, classic: bool) -> String {
    let id = if classic {
        Cow::Borrowed(classic_order_id(order, fill))
    } else {
        unified_id(order_id(order, fill))
    };
    let data = Object::new()
        .bare("E", order.updated_ns)
        .word("S", side(order.side))
        .decimal("p", fill.price)
        .decimal("q", fill.size)
        .word("s", order.symbol)
        .word("lR", liquidity(fill.liquidity))
        .word("oT", kind(order, fill))
        .string("oi", &id);
    // A number in spot and margin, of more digits than a double keeps.
    match order.futures {
        Some(_) => data.string("ti", &fill.trade_id),
        None => data.bare("ti", &fill.trade_id),
    }
    .end()
}

fn order_id<'a>(order: &'a Order, fill: &Fill) -> &'a str {
    if fill.liquidation {
        NO_ORDER
    } else {
        &order.id
    }
}

/// A triggered order of the classic futures account goes on under the id of its conditional order.
fn classic_order_id<'a>(order: &'a Order, fill: &Fill) -> &'a str {
    match &order.origin {
        Some(origin) if order.futures.is_some() => origin,
        _ => order_id(order, fill),
    }
}

fn kind(order: &Order, fill: &Fill) -> &'static str {
    if fill.liquidation {
        NONE
    } else {
        order_type(order)
    }
}
