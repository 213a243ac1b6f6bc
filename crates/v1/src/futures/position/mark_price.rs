//! What the mark price changes about a position: a patch, with nothing in it that did not change.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::event;

use super::FuturesPositionChangeReason;
use crate::futures::{MarginMode, PositionSide};

event! {
    /// What a new mark price changes about a position: subject `position.change`, with the reason
    /// `markPriceChange` or none, and without a quantity.
    ///
    /// It is a patch of the last [`FuturesPositionChange`](crate::FuturesPositionChange), which
    /// [`apply`](crate::FuturesPositionChange::apply) brings up to date. Amounts are in the settle currency.
    pub struct FuturesMarkPriceChange {
        /// The contract, such as `XBTUSDTM`: `symbol`, which captures have and published examples lack; then it is
        /// the symbol of the topic.
        pub symbol: Option<Text> = "symbol",
        /// Why it changed: `changeReason`. Missing on published examples.
        pub reason: Option<FuturesPositionChangeReason> = "changeReason",
        /// Which of the contract's positions: `positionSide`. On no known frame of this kind yet.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Isolated or cross margin: `marginMode`. On no known frame of this kind yet.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// The mark price, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// What the position is worth at the mark price, below zero where it is short: `markValue`.
        pub mark_value: Option<Decimal> = "markValue",
        /// The margin with profit that is not realised: `maintMargin`.
        pub maintenance_margin: Option<Decimal> = "maintMargin",
        /// The average entry price, in the quote currency: `avgEntryPrice`. On some frames only.
        pub average_entry_price: Option<Decimal> = "avgEntryPrice",
        /// The leverage that was set: `leverage`. On some frames only.
        pub leverage: Option<Decimal> = "leverage",
        /// The leverage that there is: `realLeverage`.
        pub real_leverage: Option<Decimal> = "realLeverage",
        /// Profit at the mark price that is not realised: `unrealisedPnl`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPnl",
        /// The same as a fraction of the position's value, 0.01 for one per cent: `unrealisedPnlPcnt`.
        pub unrealised_pnl_fraction: Option<Decimal> = "unrealisedPnlPcnt",
        /// The same as a fraction of what was put in, return on equity: `unrealisedRoePcnt`.
        pub unrealised_roe_fraction: Option<Decimal> = "unrealisedRoePcnt",
        /// Where it stands in the queue of automatic deleveraging, 1 for the first in it: `delevPercentage`.
        pub deleverage_fraction: Option<Decimal> = "delevPercentage",
        /// The settle currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// When it changed: `currentTimestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "currentTimestamp",
    }
}

/// Symbol, side, margin mode, reason, time, mark price and profit.
impl Event for FuturesMarkPriceChange {
    fn dedup_key(&self) -> String {
        let [price, profit] = [self.mark_price, self.unrealised_pnl]
            .map(|amount| amount.unwrap_or_default().normalize());
        format!(
            "{}:{}:{}:{}:{}:{price}:{profit}",
            self.symbol.as_deref().unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.reason
                .as_ref()
                .map_or("", FuturesPositionChangeReason::as_str),
            self.time.unwrap_or_default(),
        )
    }
}
