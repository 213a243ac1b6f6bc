//! Rows of spot and margin stop orders.

use kucoin_streams_core::{Decimal, Side, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use super::{OrderType, TradeType};

event! {
    /// One stop order of spot or margin.
    ///
    /// Sizes are in the base currency, funds and prices in the quote currency. KuCoin pads decimals to 20 digits:
    /// compare them by value. When the stop order is triggered, it places an order with a new order ID.
    pub struct StopOrderRow {
        /// Order ID of the stop order: `id`.
        pub order_id: Text = "id",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Status: `status`.
        pub status: StopOrderStatus = "status",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Type of the order to place, limit or market: `type`.
        pub order_type: OrderType = "type",
        /// Account that the order trades from: `tradeType`.
        pub trade_type: TradeType = "tradeType",
        /// Limit price of the order to place: `price`; `None` or 0 for market orders.
        pub price: Option<Decimal> = "price",
        /// Order size: `size`; `None` for market orders by funds.
        pub size: Option<Decimal> = "size",
        /// Order funds: `funds`.
        pub funds: Option<Decimal> = "funds",
        /// Stop type, such as `loss` or `entry`: `stop`.
        pub stop: Option<Text> = "stop",
        /// Stop price that triggers the order: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Limit price of the stop order of a one-cancels-the-other pair: `limitPrice`.
        pub limit_price: Option<Decimal> = "limitPrice",
        /// Time in force, such as `GTC`: `timeInForce`.
        pub time_in_force: Option<Text> = "timeInForce",
        /// Seconds until an order with time in force `GTT` is canceled: `cancelAfter`.
        ///
        /// It is `0` or `-1` for other orders.
        pub cancel_after: Option<i64> = "cancelAfter",
        /// Post only: `postOnly`.
        pub post_only: Option<bool> = "postOnly",
        /// Hidden order: `hidden`.
        pub hidden: Option<bool> = "hidden",
        /// Iceberg order: `iceberg`.
        pub iceberg: Option<bool> = "iceberg",
        /// Visible size of an iceberg order: `visibleSize`.
        pub visible_size: Option<Decimal> = "visibleSize",
        /// Self-trade prevention: `stp`.
        pub self_trade_prevention: Option<Text> = "stp",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Taker fee rate, a fraction: `takerFeeRate`.
        pub taker_fee_rate: Option<Decimal> = "takerFeeRate",
        /// Maker fee rate, a fraction: `makerFeeRate`.
        pub maker_fee_rate: Option<Decimal> = "makerFeeRate",
        /// Channel that the order came from, such as `API`: `channel`.
        pub channel: Option<Text> = "channel",
        /// Remark of the user: `remark`.
        pub remark: Option<Text> = "remark",
        /// Tags: `tags`.
        pub tags: Option<Text> = "tags",
        /// Order placement time: `orderTime`, sent in nanoseconds.
        pub ordered_at: Option<Timestamp> = "orderTime",
        /// Creation time of the row: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Trigger time: `stopTriggerTime`, sent in milliseconds; `None` if the order is not triggered.
        pub triggered_at: Option<Timestamp> = "stopTriggerTime",
    }
}

open_enum! {
    /// Status of a spot or margin stop order: `status`.
    pub enum StopOrderStatus ignoring case {
        /// `NEW`: the stop order waits for its trigger.
        New = "NEW",
        /// `TRIGGERED`: the stop order was triggered.
        Triggered = "TRIGGERED",
    }
}
