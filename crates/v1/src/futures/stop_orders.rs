//! Futures stop orders: /contractMarket/advancedOrders.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use super::{MarginMode, PositionSide};
use crate::FuturesPrivate;
use crate::envelope::{PushContext, PushData};
use crate::spot::StopOrderType;
use crate::topic::topic;

topic! {
    /// Changes of all futures stop orders: `/contractMarket/advancedOrders`.
    ///
    /// Stop orders are on no other topic until they are triggered. The order that a triggered stop order places is on
    /// [`FuturesOrders`](crate::FuturesOrders).
    pub struct FuturesStopOrders: FuturesStopOrder, on FuturesPrivate, at "/contractMarket/advancedOrders"
}

event! {
    /// A change of one futures stop order: subject `stopOrder`.
    ///
    /// The type follows KuCoin's documentation; no public capture of this topic is known. If the documentation of 2023
    /// and the current one differ, both forms are decoded.
    pub struct FuturesStopOrder {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order ID of the stop order: `orderId`.
        pub order_id: Text = "orderId",
        /// Type of the event: `type`, in lower or upper case.
        pub kind: StopOrderType = "type",
        /// Order type, always `stop`: `orderType`.
        pub order_type: Option<Text> = "orderType",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order size, in contracts: `size`; a number in the current documentation, a string in that of 2023.
        pub size: Option<Decimal> = "size",
        /// Limit price of the order to place, in the quote currency: `orderPrice`; `None` for market orders.
        pub order_price: Option<Decimal> = "orderPrice",
        /// Stop direction, the price move that triggers the order, up or down: `stop`.
        pub stop: FuturesStopDirection = "stop",
        /// Stop price that triggers the order, in the quote currency: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Stop price type, the price that is compared with the stop price: `stopPriceType`.
        pub stop_price_type: FuturesStopPriceType = "stopPriceType",
        /// Margin mode, isolated or cross: `marginMode`; sent since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the order changes: `positionSide`; sent since 2025.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Trigger success, `true` if an order was placed: `triggerSuccess`; sent only around a trigger.
        pub trigger_success: Option<bool> = "triggerSuccess",
        /// Error, the reason why no order was placed: `error`; sent only around a trigger.
        ///
        /// An example is `error.createOrder.accountBalanceInsufficient`.
        pub error: Option<Text> = "error",
        /// Creation time: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Time of the event: `ts`, sent in nanoseconds.
        pub time: Option<Timestamp> = "ts",
    }
}

open_enum! {
    /// Stop direction of a futures stop order: `stop`.
    pub enum FuturesStopDirection ignoring case {
        /// `up`: triggers when the price rises to the stop price.
        Up = "up",
        /// `down`: triggers when the price falls to the stop price.
        Down = "down",
    }
}

open_enum! {
    /// Stop price type, the price that triggers a futures stop order: `stopPriceType`.
    pub enum FuturesStopPriceType ignoring case {
        /// `TP`: the price of the last trade.
        Trade = "TP",
        /// `MP`: the mark price.
        Mark = "MP",
        /// `IP`: the index price.
        Index = "IP",
    }
}

impl FuturesStopOrder {
    /// Returns `true` if this is the last event of the stop order: `triggered` or `cancel`.
    pub fn is_done(&self) -> bool {
        matches!(self.kind, StopOrderType::Triggered | StopOrderType::Cancel)
    }
}

impl PushData for FuturesStopOrder {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Dedup key: order ID, type and time.
impl Event for FuturesStopOrder {
    fn dedup_key(&self) -> String {
        let time = self.time.unwrap_or_default();
        format!("{}:{}:{time}", self.order_id, self.kind)
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
