//! Futures positions: channel `position` of one contract and `positionAll` of all.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::event;

use crate::orders::PositionSide;
use crate::push::Data;
use crate::topic::topic;
use crate::words::{MarginMode, plain};
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Every change of every futures position, or of that of one contract: channel `positionAll` or `position`.
    ///
    /// Both together give the contract's events twice, with equal identities.
    pub struct Positions: Position
}

impl Positions {
    /// Positions of all contracts: channel `positionAll`.
    ///
    /// # Errors
    /// [`RequestError::TradeTypeNotOffered`] where the trade type has no positions: all but unified and futures.
    pub fn all(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::PositionAll, trade_type).map(Self::of)
    }

    /// The position of one contract: channel `position`.
    ///
    /// # Errors
    /// [`RequestError::TradeTypeNotOffered`] as [`all`](Self::all); [`RequestError::InvalidSymbol`] where the text
    /// cannot be a contract.
    pub fn symbol(trade_type: TradeType, symbol: &str) -> Result<Self, RequestError> {
        ChannelRequest::for_symbol(Channel::Position, trade_type, symbol).map(Self::of)
    }
}

event! {
    /// A futures position after a change. Amounts are in the settle currency, prices in the quote currency.
    pub struct Position {
        /// The exchange's id of the position: `pi`.
        pub position_id: Option<Text> = "pi" as "positionId",
        /// The contract, such as `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Cross or isolated margin: `mM`.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Which position of the contract: `pS`, not documented of this channel; orders have it.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// The size in contracts, negative where it is short: `q`. Zero is expected of a closed position.
        pub size: Option<Decimal> = "q" as "size",
        /// The average price of entry: `eP`.
        pub entry_price: Option<Decimal> = "eP" as "entryPrice",
        /// The value at the mark price: `pV`.
        pub position_value: Option<Decimal> = "pV" as "positionValue",
        /// The mark price: `mP`.
        pub mark_price: Option<Decimal> = "mP" as "markPrice",
        /// The price of liquidation, as the exchange estimates it: `lP`.
        pub liquidation_price: Option<Decimal> = "lP" as "liquidationPrice",
        /// The price of bankruptcy: `bP`.
        pub bankrupt_price: Option<Decimal> = "bP" as "bankruptPrice",
        /// The leverage: `l`.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Profit or loss at the mark price, up to 20 decimals: `uPL`.
        pub unrealised_pnl: Option<Decimal> = "uPL" as "unrealisedPnl",
        /// Profit or loss that was realised, up to 20 decimals: `rPL`.
        pub realised_pnl: Option<Decimal> = "rPL" as "realisedPnl",
        /// The initial margin: `iM`.
        pub initial_margin: Option<Decimal> = "iM" as "initialMargin",
        /// The rate of maintenance margin, as a fraction: `mmr`.
        pub maint_margin_rate: Option<Decimal> = "mmr" as "maintMarginRate",
        /// The maintenance margin: `mtM`.
        pub maint_margin: Option<Decimal> = "mtM" as "maintMargin",
        /// The margin that the position holds: `pM`, documented since June 2026 and not seen in a capture.
        pub position_margin: Option<Decimal> = "pM" as "positionMargin",
        /// The ratio of risk, as a fraction; of isolated margin only: `r`.
        pub risk_ratio: Option<Decimal> = "r" as "riskRatio",
        /// The rank in the queue of automatic deleveraging, from 0 to 1: `adl`, documented since May 2026.
        pub adl_percentage: Option<Decimal> = "adl" as "adlPercentage",
        /// When it was opened: `O`, sent in nanoseconds.
        pub created_at: Option<Timestamp> = "O" as "createdAt",
        /// When it changed: `U`, sent in nanoseconds.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

impl Data for Position {
    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Symbol, position id, side, margin mode and time, and all that was reached: it may move with the mark price while the time
/// stands. So a position that moves there and back has an identity again: take equal identities for one event only
/// where they come close together.
impl Event for Position {
    fn dedup_key(&self) -> String {
        let reached = plain([
            self.size,
            self.entry_price,
            self.position_value,
            self.mark_price,
            self.liquidation_price,
            self.leverage,
            self.unrealised_pnl,
            self.realised_pnl,
            self.initial_margin,
            self.maint_margin,
            self.position_margin,
            self.risk_ratio,
            self.adl_percentage,
        ]);
        format!(
            "{}:{}:{}:{}:{}{reached}",
            self.symbol,
            self.position_id.as_deref().unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.updated_at.unwrap_or_default(),
        )
    }
}
