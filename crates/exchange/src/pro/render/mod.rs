//! What is told as Pro V2 data: which fields each form has, their JSON types, their order.
//!
//! The unified form has every field, empty text for none; the forms of the classic accounts have
//! fewer. Keys stand as in live captures.

pub(super) mod balances;
pub(super) mod executions;
pub(super) mod orders;
pub(super) mod positions;
pub(super) mod settings;

use super::order::Order;
use crate::engine::{Liquidity, Side};
use crate::json::Object;

/// The value of an optional field that tells nothing.
const NONE: &str = "";

fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

fn order_type(order: &Order) -> &'static str {
    match order.price {
        Some(_) => "LIMIT",
        None => "MARKET",
    }
}

fn liquidity(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Maker => "MAKER",
        Liquidity::Taker => "TAKER",
    }
}

impl Object {
    /// Optional text as the unified form writes it.
    fn text(self, key: &'static str, value: Option<&str>) -> Self {
        self.string(key, value.unwrap_or(NONE))
    }
}
