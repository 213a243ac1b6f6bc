//! Stop orders of the futures host: /contractMarket/advancedOrders.

use kucoin_streams_core::{Decimal, DecodeError, Event, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use super::{MarginMode, PositionSide};
use crate::FuturesPrivate;
use crate::envelope::{Around, Data};
use crate::spot::StopOrderType;
use crate::topic::topic;

topic! {
    /// Stop orders of all contracts, until they are triggered: `/contractMarket/advancedOrders`.
    ///
    /// A stop order is on no other topic. When it is triggered it goes on as an order on
    /// [`FuturesOrders`](crate::FuturesOrders).
    pub struct FuturesStopOrders: FuturesStopOrder, on FuturesPrivate, at "/contractMarket/advancedOrders"
}

event! {
    /// A change of one futures stop order: subject `stopOrder`.
    ///
    /// No capture of this topic is public, so this follows the published pages: where those of 2023 and those
    /// since differ, both are read.
    pub struct FuturesStopOrder {
        /// The contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of the stop order: `orderId`.
        pub order_id: Text = "orderId",
        /// What happened: `type`, in small letters or in capitals.
        pub kind: StopOrderType = "type",
        /// `stop`: `orderType`.
        pub order_type: Option<Text> = "orderType",
        /// Buy or sell: `side`.
        pub side: Side = "side",
        /// The size, in contracts: `size`, a number on newer pages and a string on older ones.
        pub size: Option<Decimal> = "size",
        /// The limit price of the order to be placed, in the quote currency: `orderPrice`. Of market orders it is
        /// null or left out.
        pub order_price: Option<Decimal> = "orderPrice",
        /// Which way the price must go to trigger it: `stop`.
        pub stop: FuturesStopDirection = "stop",
        /// The price that triggers it, in the quote currency: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Which price is held against it: `stopPriceType`.
        pub stop_price_type: FuturesStopPriceType = "stopPriceType",
        /// Isolated or cross margin: `marginMode`, since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// The position that it changes: `positionSide`, since 2025.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Whether the trigger placed an order: `triggerSuccess`, around triggers only.
        pub trigger_success: Option<bool> = "triggerSuccess",
        /// Why it did not: `error`, such as `error.createOrder.accountBalanceInsufficient`.
        pub error: Option<Text> = "error",
        /// When it was created: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// When it happened: `ts`, sent in nanoseconds.
        pub time: Option<Timestamp> = "ts",
    }
}

open_enum! {
    /// Which way the price must go to trigger a futures stop order: wire `stop`.
    pub enum FuturesStopDirection ignoring case {
        /// It rises to the stop price.
        Up = "up",
        /// It falls to the stop price.
        Down = "down",
    }
}

open_enum! {
    /// Which price triggers a futures stop order: wire `stopPriceType`.
    pub enum FuturesStopPriceType ignoring case {
        /// The price of the last trade.
        Trade = "TP",
        /// The mark price.
        Mark = "MP",
        /// The index price.
        Index = "IP",
    }
}

impl FuturesStopOrder {
    /// True where no further event of this stop order can follow: it was triggered or cancelled.
    pub fn is_done(&self) -> bool {
        matches!(self.kind, StopOrderType::Triggered | StopOrderType::Cancel)
    }
}

impl Data for FuturesStopOrder {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Order id, type and time.
impl Event for FuturesStopOrder {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!("{}:{}:{time}", self.order_id, self.kind)
    }
}
