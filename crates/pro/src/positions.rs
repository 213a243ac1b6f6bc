//! Futures positions: channels `position` (one contract) and `positionAll`.

use kucoin_streams_core::{Decimal, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::event;

use crate::orders::PositionSide;
use crate::push::PushData;
use crate::shared::{MarginMode, key_amounts};
use crate::topic::topic;
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Topic for futures positions: channel `positionAll` (all contracts) or `position` (one contract).
    ///
    /// If you subscribe to both, you get the contract's events twice, with equal dedup keys.
    pub struct Positions: Position
}

impl Positions {
    /// Returns the topic for the positions of all contracts: channel `positionAll`.
    ///
    /// # Errors
    /// Returns [`RequestError::TradeTypeNotOffered`] unless the trade type is unified or futures.
    pub fn all(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::PositionAll, trade_type).map(Self::from_request)
    }

    /// Returns the topic for the position of one contract: channel `position`.
    ///
    /// # Errors
    /// Returns [`RequestError::TradeTypeNotOffered`] unless the trade type is unified or futures, and
    /// [`RequestError::InvalidSymbol`] if `symbol` cannot be a contract.
    pub fn symbol(trade_type: TradeType, symbol: &str) -> Result<Self, RequestError> {
        ChannelRequest::for_symbol(Channel::Position, trade_type, symbol).map(Self::from_request)
    }
}

event! {
    /// State of a futures position after a change.
    ///
    /// Amounts are in the settlement currency, prices in the quote currency.
    pub struct Position {
        /// Position ID: `pi`.
        pub position_id: Option<Text> = "pi" as "positionId",
        /// Contract, such as `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Margin mode: `mM`.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Position side: `pS`; documented for orders only.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Position size, in contracts, negative if short: `q`; `0` is expected for a closed position.
        pub size: Option<Decimal> = "q" as "size",
        /// Average entry price, in the quote currency: `eP`.
        pub entry_price: Option<Decimal> = "eP" as "entryPrice",
        /// Position value at the mark price: `pV`.
        pub position_value: Option<Decimal> = "pV" as "positionValue",
        /// Mark price, in the quote currency: `mP`.
        pub mark_price: Option<Decimal> = "mP" as "markPrice",
        /// Estimated liquidation price, in the quote currency: `lP`.
        pub liquidation_price: Option<Decimal> = "lP" as "liquidationPrice",
        /// Bankruptcy price, in the quote currency: `bP`.
        pub bankrupt_price: Option<Decimal> = "bP" as "bankruptPrice",
        /// Leverage: `l`.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Unrealised profit and loss, up to 20 decimals: `uPL`.
        pub unrealised_pnl: Option<Decimal> = "uPL" as "unrealisedPnl",
        /// Realised profit and loss, up to 20 decimals: `rPL`.
        pub realised_pnl: Option<Decimal> = "rPL" as "realisedPnl",
        /// Initial margin: `iM`.
        pub initial_margin: Option<Decimal> = "iM" as "initialMargin",
        /// Maintenance margin rate, as a fraction: `mmr`.
        pub maint_margin_rate: Option<Decimal> = "mmr" as "maintMarginRate",
        /// Maintenance margin: `mtM`.
        pub maint_margin: Option<Decimal> = "mtM" as "maintMargin",
        /// Position margin: `pM`; documented since June 2026, not seen in a capture.
        pub position_margin: Option<Decimal> = "pM" as "positionMargin",
        /// Risk ratio, as a fraction: `r`; only with isolated margin.
        pub risk_ratio: Option<Decimal> = "r" as "riskRatio",
        /// Percentile in the auto-deleveraging (ADL) queue, from 0 to 1: `adl`; documented since May 2026.
        pub adl_percentage: Option<Decimal> = "adl" as "adlPercentage",
        /// Opening time: `O`, in nanoseconds on the wire.
        pub created_at: Option<Timestamp> = "O" as "createdAt",
        /// Update time: `U`, in nanoseconds on the wire.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

impl PushData for Position {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Dedup key: symbol, position ID, side, margin mode, update time and the amounts.
///
/// The bankruptcy price and the maintenance margin rate are not part of the key. The amounts are part of
/// the key, because they can move with the mark price while the update time stays the same. If the amounts move back,
/// the key repeats: treat equal keys as one event only if they arrive close together.
impl Event for Position {
    fn dedup_key(&self) -> String {
        let amounts = key_amounts([
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
            "{}:{}:{}:{}:{}{amounts}",
            self.symbol,
            self.position_id.as_deref().unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.updated_at.unwrap_or_default(),
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
