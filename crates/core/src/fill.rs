//! A fill: one trade of an order.

use std::fmt;

use crate::{Decimal, Liquidity, Side, Text, Timestamp};

/// A fill: one trade of an order.
///
/// The same fill can be reported several times, by several topics or after a reconnect: count each [`key()`](Self::key)
/// once. Fields that KuCoin does not send are `None`: an order event has no fee, but its execution event, which comes
/// later, can have the fee. Therefore use the fills of one topic, or keep the report that has the fee.
///
/// Use the fills of V1 or of Pro V2, but not both. In a unified account, V1 and Pro V2 have different order IDs for the
/// same spot order, so the same fill has two keys.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fill {
    /// Symbol, such as `BTC-USDT` or `XBTUSDTM`.
    pub symbol: Text,
    /// Order ID; `None` for a fill without an order, such as a liquidation.
    pub order_id: Option<Text>,
    /// Trade ID. Both orders of a trade have the same trade ID.
    pub trade_id: Text,
    /// Buy or sell.
    pub side: Side,
    /// Fill price, in the quote currency.
    pub price: Decimal,
    /// Fill size, in the base currency or in contracts (futures).
    pub size: Decimal,
    /// Fee of this fill, in [`fee_currency`](Self::fee_currency); `None` if KuCoin does not send it.
    pub fee: Option<Decimal>,
    /// Currency of the fee; `None` if KuCoin does not send it.
    pub fee_currency: Option<Text>,
    /// Maker or taker; `None` if KuCoin does not send it.
    pub liquidity: Option<Liquidity>,
    /// Match time, by KuCoin's clock; `None` if KuCoin does not send it.
    pub time: Option<Timestamp>,
}

impl Fill {
    /// Creates a fill without the optional fields.
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

    /// Returns the key of the fill, unique among the fills of one protocol (V1 or Pro V2).
    pub fn key(&self) -> FillKey {
        FillKey::new(
            self.symbol.clone(),
            self.trade_id.clone(),
            self.order_id.clone(),
        )
    }
}

/// Key of a fill: symbol, trade ID and order ID.
///
/// The key is unique among the fills of one protocol, see [`Fill`]. It includes the order ID since both orders of a
/// trade can belong to the account. `Display` writes it as `BTC-USDT:11067996711960577:670fd33bf9406e0007ab3945`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FillKey {
    /// Symbol: see [`Fill::symbol`].
    pub symbol: Text,
    /// Trade ID: see [`Fill::trade_id`].
    pub trade_id: Text,
    /// Order ID: see [`Fill::order_id`]; `None` for a fill without an order.
    pub order_id: Option<Text>,
}

impl FillKey {
    /// Creates the key of a fill.
    pub fn new(symbol: Text, trade_id: Text, order_id: Option<Text>) -> Self {
        Self {
            symbol,
            trade_id,
            order_id,
        }
    }
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
    fn both_orders_of_a_trade_have_different_keys() {
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
