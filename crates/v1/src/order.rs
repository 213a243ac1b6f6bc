//! Enums that spot and futures orders share.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// Order type: `orderType`.
    pub enum OrderType {
        /// `limit`: trades at the limit price or better.
        Limit = "limit",
        /// `market`: trades at the prices of the order book.
        Market = "market",
    }
}

open_enum! {
    /// Fee type of a fill: `feeType`.
    pub enum FeeType {
        /// `takerFee`: the taker fee.
        Taker = "takerFee",
        /// `makerFee`: the maker fee.
        Maker = "makerFee",
    }
}

open_enum! {
    /// Order status: `status`.
    pub enum OrderStatus {
        /// `new`: received by the matching engine, not in the order book yet.
        New = "new",
        /// `open`: in the order book.
        Open = "open",
        /// `match`: being matched as the taker.
        Match = "match",
        /// `done`: filled or canceled.
        Done = "done",
    }
}
