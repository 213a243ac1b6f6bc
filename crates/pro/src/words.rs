//! The words that several channels share.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_decode::open_enum;

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
