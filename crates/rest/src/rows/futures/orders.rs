//! Rows of futures orders, stop orders and fills.

use kucoin_streams_core::{Decimal, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use crate::rows::{MarginMode, OrderEnd, OrderType, PositionSide};

/// One futures stop order that is not triggered: it has the fields of an order.
pub type FuturesStopRow = FuturesOrderRow;

event! {
    /// One futures order or stop order, open or done.
    ///
    /// Sizes are in contracts, prices in the quote currency, values in the settlement currency. All sizes are
    /// cumulative.
    pub struct FuturesOrderRow {
        /// Order ID: `id`. A stop order keeps it when it is triggered.
        pub order_id: Text = "id",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `type`.
        pub order_type: OrderType = "type",
        /// Status: `status`.
        pub status: FuturesOrderStatus = "status",
        /// Limit price: `price`; `None` or 0 for market orders.
        pub price: Option<Decimal> = "price",
        /// Order size: `size`.
        pub size: Option<Decimal> = "size",
        /// Order value: `value`.
        pub value: Option<Decimal> = "value",
        /// Filled size: `filledSize`, or `dealSize` if KuCoin does not send it.
        pub filled_size: Option<Decimal> = "filledSize" | "dealSize",
        /// Filled value: `filledValue`, or `dealValue` if KuCoin does not send it.
        pub filled_value: Option<Decimal> = "filledValue" | "dealValue",
        /// Average fill price: `avgDealPrice`; 0 if nothing is filled.
        pub average_price: Option<Decimal> = "avgDealPrice",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the order changes: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Leverage of the order: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Stop direction, `up` or `down`: `stop`; `None` if the order is no stop order.
        pub stop: Option<Text> = "stop",
        /// Stop price type: `stopPriceType`; `TP` last trade, `MP` mark price, `IP` index price.
        pub stop_price_type: Option<Text> = "stopPriceType",
        /// Stop price that triggers the order: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Whether the stop order was triggered: `stopTriggered`.
        pub stop_triggered: Option<bool> = "stopTriggered",
        /// Time in force, such as `GTC`: `timeInForce`.
        pub time_in_force: Option<Text> = "timeInForce",
        /// Post only: `postOnly`.
        pub post_only: Option<bool> = "postOnly",
        /// Hidden order: `hidden`.
        pub hidden: Option<bool> = "hidden",
        /// Iceberg order: `iceberg`.
        pub iceberg: Option<bool> = "iceberg",
        /// Visible size of an iceberg order: `visibleSize`.
        pub visible_size: Option<Decimal> = "visibleSize",
        /// Reduce only: `reduceOnly`.
        pub reduce_only: Option<bool> = "reduceOnly",
        /// Whether the order closes the whole position: `closeOrder`.
        pub close_order: Option<bool> = "closeOrder",
        /// Whether the margin is held even if the order reduces the position: `forceHold`.
        pub force_hold: Option<bool> = "forceHold",
        /// Self-trade prevention: `stp`.
        pub self_trade_prevention: Option<Text> = "stp",
        /// Remark of the user: `remark`.
        pub remark: Option<Text> = "remark",
        /// Tags: `tags`.
        pub tags: Option<Text> = "tags",
        /// Whether the order is open: `isActive`.
        pub is_active: Option<bool> = "isActive",
        /// Whether a part was canceled: `cancelExist`.
        pub has_cancel: Option<bool> = "cancelExist",
        /// Order placement time: `orderTime`, sent in nanoseconds. The streams send the same time.
        pub ordered_at: Option<Timestamp> = "orderTime",
        /// Creation time of the row: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Time of the last change of the row, not of the order: `updatedAt`, sent in milliseconds.
        pub row_updated_at: Option<Timestamp> = "updatedAt",
        /// End of the order: `endAt`, sent in milliseconds, later than the end in the matching engine.
        pub ended_at: Option<Timestamp> = "endAt",
    }
}

open_enum! {
    /// Status of a futures order: `status`.
    pub enum FuturesOrderStatus ignoring case {
        /// `open`: in the order book, or a stop order that waits for its trigger.
        Open = "open",
        /// `done`: filled or canceled.
        Done = "done",
    }
}

impl FuturesOrderRow {
    /// Returns how the order ended; `None` if it is open, or if KuCoin does not say.
    pub fn end(&self) -> Option<OrderEnd> {
        let is_active = match &self.status {
            FuturesOrderStatus::Done => self.is_active.or(Some(false)),
            _ => self.is_active,
        };
        match (is_active, self.has_cancel) {
            (Some(false), Some(false)) => Some(OrderEnd::Filled),
            (Some(false), Some(true)) => Some(OrderEnd::Canceled),
            _ => None,
        }
    }
}

event! {
    /// One fill of a futures order.
    ///
    /// The size is in contracts, the price in the quote currency.
    pub struct FuturesFillRow {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Trade ID: `tradeId`.
        pub trade_id: Text = "tradeId",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// Order type with stop orders, such as `limit_stop`: `displayType`.
        pub display_type: Option<Text> = "displayType",
        /// Trade type, placed by the user or forced: `tradeType`.
        pub trade_type: FuturesFillType = "tradeType",
        /// Liquidity, taker or maker: `liquidity`.
        pub liquidity: Option<Liquidity> = "liquidity",
        /// Whether the taker fee is charged for a maker: `forceTaker`.
        pub is_forced_taker: Option<bool> = "forceTaker",
        /// Fill price: `price`.
        pub price: Decimal = "price",
        /// Fill size: `size`.
        pub size: Decimal = "size",
        /// Fill value, in the settlement currency: `value`.
        pub value: Option<Decimal> = "value",
        /// Fee, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Part of the fee for opening a position: `openFeePay`.
        pub open_fee: Option<Decimal> = "openFeePay",
        /// Part of the fee for closing a position: `closeFeePay`.
        pub close_fee: Option<Decimal> = "closeFeePay",
        /// Fixed fee; KuCoin no longer fills it: `fixFee`.
        pub fixed_fee: Option<Decimal> = "fixFee",
        /// Fee rate, a fraction: `feeRate`.
        pub fee_rate: Option<Decimal> = "feeRate",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax for opening a position: `openFeeTaxPay`.
        pub open_tax: Option<Decimal> = "openFeeTaxPay",
        /// Tax for closing a position: `closeFeeTaxPay`.
        pub close_tax: Option<Decimal> = "closeFeeTaxPay",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the fill changes: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Stop direction of the order: `stop`.
        pub stop: Option<Text> = "stop",
        /// Match time: `tradeTime`, sent in nanoseconds. The streams send the same time.
        pub matched_at: Option<Timestamp> = "tradeTime",
        /// Creation time of the row: `createdAt`, sent in milliseconds, about 0.2 s after the match.
        pub row_created_at: Option<Timestamp> = "createdAt",
    }
}

open_enum! {
    /// Trade type of a futures fill, placed by the user or forced: `tradeType`.
    pub enum FuturesFillType ignoring case {
        /// `trade`: placed by the user.
        Trade = "trade",
        /// `liquid`: placed by the liquidation engine.
        Liquidation = "liquid",
        /// `adl`: placed by auto-deleveraging (ADL).
        AutoDeleveraging = "adl",
        /// `settlement`: placed at the settlement of the contract.
        Settlement = "settlement",
        /// `cancel`: only in the published schema of the recent fills.
        Cancel = "cancel",
    }
}

impl FuturesFillRow {
    /// Returns the fill, with its fee and its exact match time.
    pub fn fill(&self) -> Fill {
        let (symbol, trade_id) = (self.symbol.clone(), self.trade_id.clone());
        let mut fill = Fill::new(symbol, trade_id, self.side.clone(), self.price, self.size);
        fill.order_id = Some(self.order_id.clone());
        fill.fee = self.fee;
        fill.fee_currency = self.fee_currency.clone();
        fill.liquidity = self.liquidity.clone();
        fill.time = self.matched_at;
        fill
    }
}
