//! The words that the topics of the futures host share.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// What secures a position: wire `marginMode`.
    pub enum MarginMode ignoring case {
        /// The margin of the position alone.
        Isolated = "ISOLATED",
        /// The whole futures account of the settle currency.
        Cross = "CROSS",
    }
}

open_enum! {
    /// Which of a contract's positions: wire `positionSide`.
    pub enum PositionSide ignoring case {
        /// The one position of one-way mode.
        Both = "BOTH",
        /// The long position of hedge mode.
        Long = "LONG",
        /// The short position of hedge mode.
        Short = "SHORT",
    }
}
