//! Enums that rows of several families share.

use kucoin_streams_decode::open_enum;

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderEnd {
    /// Completely filled.
    Filled,
    /// Canceled; a part may be filled.
    ///
    /// A market buy by funds ends like this even if it was filled, since the unspent rest of its funds is released.
    Canceled,
}

open_enum! {
    /// Order type: `type`, or `orderType` on fills and in a unified account.
    pub enum OrderType ignoring case {
        /// `limit`: trades at the limit price or better.
        Limit = "limit",
        /// `market`: trades at the prices of the order book.
        Market = "market",
    }
}

open_enum! {
    /// The account that an order trades from: `tradeType`.
    pub enum TradeType {
        /// `TRADE`: the spot account.
        Spot = "TRADE",
        /// `MARGIN_TRADE`: the cross-margin account.
        CrossMargin = "MARGIN_TRADE",
        /// `MARGIN_ISOLATED_TRADE`: the isolated-margin account of the market.
        IsolatedMargin = "MARGIN_ISOLATED_TRADE",
    }
}

open_enum! {
    /// Margin mode of a futures order or position: `marginMode`.
    pub enum MarginMode ignoring case {
        /// `ISOLATED`: the position has its own margin.
        Isolated = "ISOLATED",
        /// `CROSS`: positions share the margin of the account.
        Cross = "CROSS",
    }
}

open_enum! {
    /// Position side of a futures order or position: `positionSide`.
    pub enum PositionSide ignoring case {
        /// `BOTH`: the only position, in one-way mode.
        Both = "BOTH",
        /// `LONG`: the long position, in hedge mode.
        Long = "LONG",
        /// `SHORT`: the short position, in hedge mode.
        Short = "SHORT",
    }
}
