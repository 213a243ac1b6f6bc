//! Enums that several futures topics share.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// Margin mode of a position: `marginMode`.
    pub enum MarginMode ignoring case {
        /// `ISOLATED`: only the position's own margin secures the position.
        Isolated = "ISOLATED",
        /// `CROSS`: the futures balance of the settlement currency secures all cross-margin positions.
        Cross = "CROSS",
    }
}

open_enum! {
    /// Position side, which distinguishes the positions of one contract: `positionSide`.
    pub enum PositionSide ignoring case {
        /// `BOTH`: the only position, in one-way mode.
        Both = "BOTH",
        /// `LONG`: the long leg, in hedge mode.
        Long = "LONG",
        /// `SHORT`: the short leg, in hedge mode.
        Short = "SHORT",
    }
}
