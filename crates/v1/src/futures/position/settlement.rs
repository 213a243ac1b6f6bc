//! The settlement of a position's funding fee.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::event;

use crate::futures::{MarginMode, PositionSide};

event! {
    /// A settled funding fee of a position: subject `position.settlement`.
    pub struct FuturesFundingSettlement {
        /// Symbol of the contract, such as `XBTUSDTM`, from the topic: KuCoin sends no `symbol` in the data.
        ///
        /// The symbol is therefore `None` on `/contract/positionAll`. If KuCoin sends `symbol`, its value is used.
        pub symbol: Option<Text> = "symbol",
        /// Funding time that the fee is settled for: `fundingTime`, sent in milliseconds.
        pub funding_time: Option<Timestamp> = "fundingTime",
        /// Position quantity, in contracts, negative if short: `qty`.
        pub quantity: Option<Decimal> = "qty",
        /// Mark price of the settlement, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Funding rate, a fraction, 0.0001 for 0.01 %: `fundingRate`.
        pub funding_rate: Option<Decimal> = "fundingRate",
        /// Funding fee, in the settlement currency, negative if the user pays it: `fundingFee`.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Position side: `positionSide`; sent since 2026.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Margin mode, isolated or cross: `marginMode`; sent since 2026.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Settlement time: `ts`, sent in nanoseconds.
        pub time: Option<Timestamp> = "ts",
    }
}

/// Dedup key: both times, side, margin mode, currency, quantity, price, rate and fee.
///
/// The symbol is not part of the key, so that the key is the same on both topics.
impl Event for FuturesFundingSettlement {
    fn dedup_key(&self) -> String {
        let numbers = [
            self.quantity,
            self.mark_price,
            self.funding_rate,
            self.funding_fee,
        ];
        let [quantity, price, rate, fee] =
            numbers.map(|number| number.unwrap_or_default().normalize());
        format!(
            "{}:{}:{}:{}:{}:{quantity}:{price}:{rate}:{fee}",
            self.funding_time.unwrap_or_default(),
            self.time.unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.settle_currency.as_deref().unwrap_or_default(),
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
