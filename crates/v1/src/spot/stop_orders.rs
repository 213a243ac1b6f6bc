//! Spot and margin stop orders: /spotMarket/advancedOrders.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::topic::topic;

topic! {
    /// Changes of all spot and margin stop orders: `/spotMarket/advancedOrders`.
    ///
    /// Stop orders are on no other topic until they are triggered. A triggered stop order places an order with a new
    /// order ID, which is on [`SpotOrders`](crate::SpotOrders).
    pub struct SpotStopOrders: SpotStopOrder, on SpotPrivate, at "/spotMarket/advancedOrders"
}

event! {
    /// A change of one spot or margin stop order: subject `stopOrder`.
    pub struct SpotStopOrder {
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order ID of the stop order: `orderId`. The order that it places has another order ID.
        pub order_id: Text = "orderId",
        /// Type of the event: `type`, in lower or upper case.
        pub kind: StopOrderType = "type",
        /// Order type, always `stop`: `orderType`.
        pub order_type: Option<Text> = "orderType",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order size, in the base currency: `size`; may be `None` for a market order by funds.
        pub size: Option<Decimal> = "size",
        /// Limit price of the order to place, in the quote currency: `orderPrice`; `None` for market orders.
        pub order_price: Option<Decimal> = "orderPrice",
        /// Stop type: `stop`.
        pub stop: StopTrigger = "stop",
        /// Stop price that triggers the order, in the quote currency: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Trade type, the account that the order trades from: `tradeType`.
        pub trade_type: TradeType = "tradeType",
        /// Trigger success, `true` if an order was placed: `triggerSuccess`; sent only around a trigger.
        pub trigger_success: Option<bool> = "triggerSuccess",
        /// Error, the reason why no order was placed: `error`; sent only around a trigger.
        pub error: Option<Text> = "error",
        /// Creation time: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Push time: `ts`, sent in nanoseconds.
        pub pushed_at: Option<Timestamp> = "ts",
    }
}

open_enum! {
    /// Type of a stop order event: `type`.
    ///
    /// Captures show `open`, `triggered` and `cancel`. The other values are only in KuCoin's published schema.
    pub enum StopOrderType ignoring case {
        /// `open`: the stop order waits for its trigger.
        Open = "open",
        /// `triggered`: the stop price was reached; an order with a new order ID follows.
        Triggered = "triggered",
        /// `cancel` (not `canceled`): the stop order was canceled.
        Cancel = "cancel",
        /// `received`: only in the published schema.
        Received = "received",
        /// `update`: only in the published schema.
        Update = "update",
        /// `match`: only in the published schema.
        Match = "match",
        /// `filled`: only in the published schema.
        Filled = "filled",
    }
}

open_enum! {
    /// Stop type of a spot stop order: `stop`.
    pub enum StopTrigger {
        /// `loss`: triggers when the price falls to the stop price.
        Loss = "loss",
        /// `entry`: triggers when the price rises to the stop price.
        Entry = "entry",
        /// `l_l_o`: the limit order of a one-cancels-the-other pair on the loss side.
        LossLimitOco = "l_l_o",
        /// `l_s_o`: the stop order of a one-cancels-the-other pair on the loss side.
        LossStopOco = "l_s_o",
        /// `e_l_o`: the limit order of a one-cancels-the-other pair on the entry side.
        EntryLimitOco = "e_l_o",
        /// `e_s_o`: the stop order of a one-cancels-the-other pair on the entry side.
        EntryStopOco = "e_s_o",
        /// `tso`: a trailing stop.
        Trailing = "tso",
    }
}

open_enum! {
    /// The account that a stop order trades from: `tradeType`.
    pub enum TradeType {
        /// `TRADE`: the spot account.
        Spot = "TRADE",
        /// `MARGIN_TRADE`: the cross-margin account.
        CrossMargin = "MARGIN_TRADE",
        /// `MARGIN_ISOLATED_TRADE`: the isolated-margin account of the market.
        IsolatedMargin = "MARGIN_ISOLATED_TRADE",
    }
}

impl PushData for SpotStopOrder {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }

    fn pushed_at(&self) -> Option<Timestamp> {
        self.pushed_at
    }
}

/// Dedup key: order ID, type and push time.
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
