//! One trade of an order, whichever event or row reports it.

use std::fmt;

use crate::{Decimal, Liquidity, Side, Text, Timestamp};

/// One trade of an order, as an event or a row of the exchange reports it.
///
/// It holds what the exchange says and nothing else: a fee that an event does not name is `None`. The same trade may be
/// reported several times, by several topics or after a reconnection: count each [`key()`](Self::key) once. The first
/// report of a trade may lack the fee that a later one has, such as an order event before its execution: take fills from one
/// topic, or keep the report with the fee.
///
/// Take fills from V1 or from Pro V2, not from both: in a unified account Pro V2 has order ids of its own for spot, so that
/// one trade has two keys.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fill {
    /// The market, such as `BTC-USDT` or `XBTUSDTM`.
    pub symbol: Text,
    /// The exchange's id of the order; `None` for a trade without one, such as a liquidation.
    pub order_id: Option<Text>,
    /// The exchange's id of the trade. Both orders of a trade have the same.
    pub trade_id: Text,
    /// Whether the order bought or sold.
    pub side: Side,
    /// The price of this trade, in the quote currency.
    pub price: Decimal,
    /// The size of this trade, in the base currency, of futures in contracts.
    pub size: Decimal,
    /// The fee of this trade, in [`fee_currency`](Self::fee_currency).
    pub fee: Option<Decimal>,
    /// The currency of the fee.
    pub fee_currency: Option<Text>,
    /// Whether the order took or made liquidity.
    pub liquidity: Option<Liquidity>,
    /// When it was matched, by the exchange's clock.
    pub time: Option<Timestamp>,
}

impl Fill {
    /// Returns a fill with these fields and no others.
    pub fn new(symbol: Text, trade_id: Text, side: Side, price: Decimal, size: Decimal) -> Self {
        Self {
            symbol,
            order_id: None,
            trade_id,
            side,
            price,
            size,
            fee: None,
            fee_currency: None,
            liquidity: None,
            time: None,
        }
    }

    /// Returns the key that no other fill of the same generation of streams (V1, Pro V2) has.
    pub fn key(&self) -> FillKey {
        FillKey {
            symbol: self.symbol.clone(),
            trade_id: self.trade_id.clone(),
            order_id: self.order_id.clone(),
        }
    }
}

/// The key of a fill, unique among the fills of one generation of streams (see [`Fill`]): symbol, trade id and order id.
///
/// The order id is part of it: if both orders of a trade are the account's own, each has its fill. It is displayed as
/// `BTC-USDT:11067996711960577:670fd33bf9406e0007ab3945`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FillKey {
    /// [`Fill::symbol`].
    pub symbol: Text,
    /// [`Fill::trade_id`].
    pub trade_id: Text,
    /// [`Fill::order_id`].
    pub order_id: Option<Text>,
}

impl fmt::Display for FillKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order_id = self.order_id.as_deref().unwrap_or_default();
        write!(f, "{}:{}:{order_id}", self.symbol, self.trade_id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn both_orders_of_a_trade_have_their_own_key() {
        let mut fill = Fill::new("KCS-USDT".into(), "7".into(), Side::Buy, 1.into(), 2.into());
        let mut keys = HashSet::from([fill.key()]);
        for order in ["a", "b", "a"] {
            fill.order_id = Some(order.into());
            keys.insert(fill.key());
        }
        let mut shown: Vec<_> = keys.iter().map(FillKey::to_string).collect();
        shown.sort();
        assert_eq!(shown, ["KCS-USDT:7:", "KCS-USDT:7:a", "KCS-USDT:7:b"]);
    }
}
