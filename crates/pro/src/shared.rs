//! Enums and helpers that several channels share.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_decode::open_enum;

open_enum! {
    /// Type of an order: wire `oT`.
    pub enum OrderType ignoring case {
        /// Limit order: fills at its price or better.
        Limit = "LIMIT",
        /// Market order: fills at the prices of the order book.
        Market = "MARKET",
    }
}

open_enum! {
    /// Margin mode of a position or an order: wire `mM`.
    pub enum MarginMode ignoring case {
        /// Cross margin: the whole account.
        Cross = "CROSS",
        /// Isolated margin: the margin of the position only.
        Isolated = "ISOLATED",
    }
}

open_enum! {
    /// Market of an order or a leverage: wire `tT` of unified accounts.
    pub enum Market ignoring case {
        /// Spot trading.
        Spot = "SPOT",
        /// Futures contracts.
        Futures = "FUTURES",
        /// Margin trading, with borrowed funds.
        Margin = "MARGIN",
    }
}

/// Returns an ID that is present: KuCoin sends an empty string or `0` for an absent one.
pub(crate) fn present_id(id: Option<&Text>) -> Option<&Text> {
    id.filter(|id| !matches!(id.as_str(), "" | "0"))
}

/// Writes amounts for a dedup key: a colon before each, without trailing zeros, so that `1.0` equals `1`.
pub(crate) fn key_amounts<const N: usize>(amounts: [Option<Decimal>; N]) -> String {
    let mut key = String::new();
    for amount in amounts {
        key.push(':');
        if let Some(amount) = amount {
            key.push_str(&amount.normalize().to_string());
        }
    }
    key
}
