//! The words that orders of spot and of futures share.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// How an order is priced: wire `orderType`.
    pub enum OrderType {
        /// At its limit price or better.
        Limit = "limit",
        /// At whatever the book gives.
        Market = "market",
    }
}

open_enum! {
    /// Which fee a trade pays: wire `feeType`.
    pub enum FeeType {
        /// The taker's fee.
        Taker = "takerFee",
        /// The maker's fee.
        Maker = "makerFee",
    }
}

open_enum! {
    /// What an order is: wire `status`.
    pub enum OrderStatus {
        /// The engine has it, and it is not in the book yet.
        New = "new",
        /// It rests in the book.
        Open = "open",
        /// It is being matched as a taker.
        Match = "match",
        /// It is over.
        Done = "done",
    }
}
