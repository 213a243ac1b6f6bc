//! The settlement of a position's funding fee.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::event;

use crate::futures::{MarginMode, PositionSide};

event! {
    /// The funding fee of a position was settled: subject `position.settlement`.
    pub struct FuturesFundingSettlement {
        /// The contract, such as `XBTUSDTM`: the symbol of the topic, for the data has none. `None` under
        /// `/contract/positionAll`, unless KuCoin should come to write `symbol`.
        pub symbol: Option<Text> = "symbol",
        /// The time that it is settled for: `fundingTime`, sent in milliseconds.
        pub funding_time: Option<Timestamp> = "fundingTime",
        /// The size, in contracts, below zero where it is short: `qty`.
        pub quantity: Option<Decimal> = "qty",
        /// The price that it is settled at, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// The funding rate, 0.0001 for 0.01 per cent: `fundingRate`.
        pub funding_rate: Option<Decimal> = "fundingRate",
        /// The funding fee, in the settle currency, below zero where it is paid: `fundingFee`.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// The settle currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Which of the contract's positions: `positionSide`, since 2026.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Isolated or cross margin: `marginMode`, since 2026.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// When it was settled: `ts`, sent in nanoseconds.
        pub time: Option<Timestamp> = "ts",
    }
}

/// Both times, side, margin mode, currency, quantity, price, rate and fee. Without the symbol, which one topic tells and the other
/// does not: so it is the same on both.
impl Event for FuturesFundingSettlement {
    fn dedup_key(&self) -> String {
        let told = [
            self.quantity,
            self.mark_price,
            self.funding_rate,
            self.funding_fee,
        ];
        let [quantity, price, rate, fee] =
            told.map(|number| number.unwrap_or_default().normalize());
        format!(
            "{}:{}:{}:{}:{}:{quantity}:{price}:{rate}:{fee}",
            self.funding_time.unwrap_or_default(),
            self.time.unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.settle_currency.as_deref().unwrap_or_default(),
        )
    }
}
