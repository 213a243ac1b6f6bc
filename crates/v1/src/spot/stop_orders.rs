//! Stop orders of the spot host: /spotMarket/advancedOrders.

use kucoin_streams_core::{Decimal, DecodeError, Event, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::topic::topic;

topic! {
    /// Stop orders of spot and margin, until they are triggered: `/spotMarket/advancedOrders`.
    ///
    /// A stop order is on no other topic. When it is triggered it goes on as an order with a new id on
    /// [`SpotOrders`](crate::SpotOrders).
    pub struct SpotStopOrders: SpotStopOrder, on SpotPrivate, at "/spotMarket/advancedOrders"
}

event! {
    /// A change of one stop order of spot or margin: subject `stopOrder`.
    pub struct SpotStopOrder {
        /// The market, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of the stop order: `orderId`. The order that it becomes has another.
        pub order_id: Text = "orderId",
        /// What happened: `type`, in small letters or in capitals.
        pub kind: StopOrderType = "type",
        /// `stop`: `orderType`.
        pub order_type: Option<Text> = "orderType",
        /// Buy or sell: `side`.
        pub side: Side = "side",
        /// The size, in the base currency: `size`. A market order by funds may have none.
        pub size: Option<Decimal> = "size",
        /// The limit price of the order to be placed, in the quote currency: `orderPrice`. Market orders have none.
        pub order_price: Option<Decimal> = "orderPrice",
        /// What sort of stop it is: `stop`.
        pub stop: StopTrigger = "stop",
        /// The price that triggers it, in the quote currency: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Which account it trades from: `tradeType`.
        pub trade_type: TradeType = "tradeType",
        /// Whether the trigger placed an order: `triggerSuccess`, around triggers only.
        pub trigger_success: Option<bool> = "triggerSuccess",
        /// Why it did not: `error`.
        pub error: Option<Text> = "error",
        /// When it was created: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// When it was pushed: `ts`, sent in nanoseconds.
        pub pushed_at: Option<Timestamp> = "ts",
    }
}

open_enum! {
    /// What happened to a stop order: wire `type`.
    ///
    /// `open`, `triggered` and `cancel` are what the wire shows. The published schema lists others as well.
    pub enum StopOrderType ignoring case {
        /// It waits for its trigger.
        Open = "open",
        /// Its trigger was reached; an order with a new id follows.
        Triggered = "triggered",
        /// It was cancelled. KuCoin spells it so here.
        Cancel = "cancel",
        /// Received, of the published schema only.
        Received = "received",
        /// Updated, of the published schema only.
        Update = "update",
        /// Matched, of the published schema only.
        Match = "match",
        /// Filled, of the published schema only.
        Filled = "filled",
    }
}

open_enum! {
    /// What sort of stop an order is: wire `stop`.
    pub enum StopTrigger {
        /// Triggers when the price falls to the stop price.
        Loss = "loss",
        /// Triggers when the price rises to the stop price.
        Entry = "entry",
        /// The limit order of a one-cancels-the-other pair on the loss side.
        LossLimitOco = "l_l_o",
        /// The stop order of a one-cancels-the-other pair on the loss side.
        LossStopOco = "l_s_o",
        /// The limit order of a one-cancels-the-other pair on the entry side.
        EntryLimitOco = "e_l_o",
        /// The stop order of a one-cancels-the-other pair on the entry side.
        EntryStopOco = "e_s_o",
        /// A trailing stop.
        Trailing = "tso",
    }
}

open_enum! {
    /// Which account an order trades from: wire `tradeType`.
    pub enum TradeType {
        /// The spot account.
        Spot = "TRADE",
        /// The cross-margin account.
        CrossMargin = "MARGIN_TRADE",
        /// The isolated-margin account of the market.
        IsolatedMargin = "MARGIN_ISOLATED_TRADE",
    }
}

impl Data for SpotStopOrder {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }

    fn pushed_at(&self) -> Option<Timestamp> {
        self.pushed_at
    }
}

/// Order id, type and the time of the push.
impl Event for SpotStopOrder {
    fn dedup_key(&self) -> String {
        format!(
            "{}:{}:{}",
            self.order_id,
            self.kind,
            self.pushed_at.unwrap_or_default()
        )
    }
}
