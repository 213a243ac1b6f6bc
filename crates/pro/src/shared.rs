//! Enums and helpers that several channels share.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_decode::open_enum;

open_enum! {
    /// Type of an order: wire `oT`.
    pub enum OrderType ignoring case {
        /// `LIMIT`: fills at the limit price or better.
        Limit = "LIMIT",
        /// `MARKET`: fills at the prices of the order book.
        Market = "MARKET",
    }
}

open_enum! {
    /// Margin mode of a position or an order: wire `mM`.
    pub enum MarginMode ignoring case {
        /// `CROSS`: cross margin, secured by the whole account.
        Cross = "CROSS",
        /// `ISOLATED`: isolated margin, secured by the margin of the position only.
        Isolated = "ISOLATED",
    }
}

open_enum! {
    /// Market of an order or a leverage: wire `tT` of unified accounts.
    pub enum Market ignoring case {
        /// `SPOT`: spot trading.
        Spot = "SPOT",
        /// `FUTURES`: futures contracts.
        Futures = "FUTURES",
        /// `MARGIN`: margin trading, with borrowed funds.
        Margin = "MARGIN",
    }
}

/// Returns the ID; `None` if it is absent, empty or `0`.
///
/// KuCoin sends an empty string or `0` if there is no ID.
pub(crate) fn present_id(id: Option<&Text>) -> Option<&Text> {
    id.filter(|id| !matches!(id.as_str(), "" | "0"))
}

/// Writes amounts for a dedup key, each after a colon and without trailing zeros.
///
/// `1.0` and `1` therefore have the same key.
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
