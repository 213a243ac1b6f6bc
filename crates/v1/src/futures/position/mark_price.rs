//! A mark price change: the fields of a position that depend on the mark price.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::event;

use super::FuturesPositionChangeReason;
use crate::futures::{MarginMode, PositionSide};

event! {
    /// The fields of a position that changed with the mark price: subject `position.change`.
    ///
    /// The data has no quantity. The reason is `markPriceChange` or missing. Use
    /// [`FuturesPositionChange::apply`](crate::FuturesPositionChange::apply) to update the last full position. Amounts
    /// are in the settlement currency.
    pub struct FuturesMarkPriceChange {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`, or that of the topic if the data lacks it.
        ///
        /// Captures have the symbol, published examples do not.
        pub symbol: Option<Text> = "symbol",
        /// Change reason: `changeReason`; missing in published examples.
        pub reason: Option<FuturesPositionChangeReason> = "changeReason",
        /// Position side: `positionSide`; not in any known frame of this kind.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Margin mode, isolated or cross: `marginMode`; not in any known frame of this kind.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Mark price, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Mark value, the position value at the mark price, negative if short: `markValue`.
        pub mark_value: Option<Decimal> = "markValue",
        /// Position margin with unrealised profit and loss: `maintMargin`.
        pub maintenance_margin: Option<Decimal> = "maintMargin",
        /// Average entry price, in the quote currency: `avgEntryPrice`; only on some frames.
        pub average_entry_price: Option<Decimal> = "avgEntryPrice",
        /// Leverage setting: `leverage`; only on some frames.
        pub leverage: Option<Decimal> = "leverage",
        /// Real leverage: `realLeverage`.
        pub real_leverage: Option<Decimal> = "realLeverage",
        /// Unrealised profit and loss, at the mark price: `unrealisedPnl`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPnl",
        /// Unrealised profit and loss as a fraction of the position value, 0.01 for 1 %: `unrealisedPnlPcnt`.
        pub unrealised_pnl_fraction: Option<Decimal> = "unrealisedPnlPcnt",
        /// Unrealised return on equity, as a fraction of the margin, 0.01 for 1 %: `unrealisedRoePcnt`.
        pub unrealised_roe_fraction: Option<Decimal> = "unrealisedRoePcnt",
        /// Rank in the auto-deleveraging (ADL) queue, a fraction, 1 for the first: `delevPercentage`.
        pub deleverage_fraction: Option<Decimal> = "delevPercentage",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Time of the change: `currentTimestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "currentTimestamp",
    }
}

/// Dedup key: symbol, side, margin mode, reason, time, mark price and unrealised profit.
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

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
