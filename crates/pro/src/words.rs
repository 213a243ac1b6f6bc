//! The words that several channels share.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_decode::open_enum;

open_enum! {
    /// Buy or sell: wire `S`.
    pub enum Side ignoring case {
        /// Buys the base currency, or contracts.
        Buy = "BUY",
        /// Sells the base currency, or contracts.
        Sell = "SELL",
    }
}

open_enum! {
    /// How an order is priced: wire `oT`.
    pub enum OrderType ignoring case {
        /// At its limit price or better.
        Limit = "LIMIT",
        /// At whatever the book gives.
        Market = "MARKET",
    }
}

open_enum! {
    /// Which side of a trade the order was: wire `lR`.
    pub enum Liquidity ignoring case {
        /// It rested in the book.
        Maker = "MAKER",
        /// It took liquidity from the book.
        Taker = "TAKER",
    }
}

open_enum! {
    /// What secures a position: wire `mM`.
    pub enum MarginMode ignoring case {
        /// The whole account.
        Cross = "CROSS",
        /// The margin of the position alone.
        Isolated = "ISOLATED",
    }
}

open_enum! {
    /// What is traded: wire `tT` of events of a unified account.
    pub enum Market ignoring case {
        /// Currencies, with one's own.
        Spot = "SPOT",
        /// Contracts.
        Futures = "FUTURES",
        /// Currencies, with borrowed ones.
        Margin = "MARGIN",
    }
}

/// One trade of an order, complete.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fill {
    /// The exchange's id of the trade: wire `ti`, to the digit. Both sides of a trade have the same.
    pub trade_id: Text,
    /// The price of this trade: wire `ls` of orders, `p` of executions.
    pub price: Decimal,
    /// The size of this trade: wire `lS` of orders, `q` of executions.
    pub size: Decimal,
}

impl Fill {
    /// A trade that has all of them.
    pub(crate) fn told(
        trade_id: Option<&Text>,
        price: Option<Decimal>,
        size: Option<Decimal>,
    ) -> Option<Self> {
        Some(Self {
            trade_id: trade_id?.clone(),
            price: price?,
            size: size?,
        })
    }
}

/// An id that is one: KuCoin writes nothing or `0` where there is none.
pub(crate) fn real(id: Option<&Text>) -> Option<&Text> {
    id.filter(|id| !matches!(id.as_str(), "" | "0"))
}

/// Amounts as every spelling of them is written, with a colon before each; for identities.
pub(crate) fn plain<const N: usize>(amounts: [Option<Decimal>; N]) -> String {
    let mut plain = String::new();
    for amount in amounts {
        plain.push(':');
        if let Some(amount) = amount {
            plain.push_str(&amount.normalize().to_string());
        }
    }
    plain
}
