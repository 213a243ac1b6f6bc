//! Orders: channels `order` (one symbol) and `orderAll`, with conditional and child orders.

mod enums;

pub use enums::{
    CancelReason, OrderEventType, OrderSource, OrderStatus, PositionSide, SelfTradePrevention,
    SizeUnit, TimeInForce, TriggerDirection, TriggerPriceType,
};

use kucoin_streams_core::{Decimal, Event, Extra, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Uppercase, event};

use crate::push::PushData;
use crate::shared::{MarginMode, Market, OrderType, key_amounts, present_id};
use crate::topic::topic;
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Topic for order changes: channel `orderAll` (all symbols) or `order` (one symbol).
    ///
    /// If you subscribe to both, you get the symbol's events twice, with equal dedup keys. There is no separate channel
    /// for stop orders: conditional orders and take-profit and stop-loss legs are pushed here too.
    pub struct Orders: Order
}

impl Orders {
    /// Returns the topic for the orders of all symbols: channel `orderAll`.
    ///
    /// Every trade type has this channel.
    pub const fn all(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::all_symbols(Channel::OrderAll, trade_type),
        }
    }

    /// Returns the topic for the orders of one symbol: channel `order`.
    ///
    /// A spot symbol of a unified account also covers its margin orders.
    ///
    /// # Errors
    /// Returns [`RequestError::InvalidSymbol`] if `symbol` cannot be a symbol of the trade type.
    pub fn symbol(trade_type: TradeType, symbol: &str) -> Result<Self, RequestError> {
        ChannelRequest::for_symbol(Channel::Order, trade_type, symbol).map(Self::from_request)
    }
}

event! {
    /// State of an order after a change.
    ///
    /// All fields describe the current state of the order, except [`last_fill_size`](Self::last_fill_size),
    /// [`last_fill_price`](Self::last_fill_price) and [`trade_id`](Self::trade_id), which describe the last fill:
    /// together they make up [`fill()`](Self::fill).
    ///
    /// # Parent and child orders
    /// An order that originates from another order has the ID of that order: see
    /// [`origin_order_id()`](Self::origin_order_id).
    /// - A conditional order of a unified account has the status [`NotTriggered`](OrderStatus::NotTriggered) until it
    ///   triggers. Then a child order goes live, with its own order ID, no client order ID and the parent as its
    ///   origin, and the parent ends as [`Triggered`](OrderStatus::Triggered). **The child's first event comes before
    ///   the parent's** [`Trigger`](OrderEventType::Trigger) event: do not wait for the parent. In classic futures
    ///   there is no child order: the same order continues.
    /// - The legs of an attached take-profit and stop-loss appear after the entry order fills. They are reduce-only,
    ///   with the entry order as their origin. When one leg triggers, the other is canceled with the reason
    ///   [`SystemCancel`](CancelReason::SystemCancel). The order placed by the triggered leg names that leg as its
    ///   origin.
    pub struct Order {
        /// Order ID, decimal digits or 24 hex digits: `oi`.
        pub order_id: Text = "oi" as "orderId",
        /// Client order ID: `ci`; `None` if the order has none, such as the child of a conditional order.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// Order status: `os`, a number, in quotes in some classic frames.
        pub status: OrderStatus = "os" as "status",
        /// Event type: `eT`; `None` if KuCoin leaves it empty.
        pub event_type: Option<OrderEventType> = "eT" as "eventType",
        /// Trade type, spot, margin or futures: `tT`; `None` in classic frames.
        pub trade_type: Option<Market> = "tT" as "tradeType",
        /// Symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Side, buy or sell: `S`.
        pub side: Side = "S" as "side" with Uppercase,
        /// Position side of a futures order: `pS`; seen in classic frames only.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Order type, limit or market: `oT`.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// Liquidity, maker or taker: `lR`; `None` unless the event is a fill.
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" with Uppercase,
        /// Order source: `oS`; only in frames of unified accounts.
        pub order_source: Option<OrderSource> = "oS" as "orderSource",
        /// Order price, in the quote currency: `p`. The order can fill at a better price.
        ///
        /// Market orders have no price, or `0` in classic frames: see [`limit_price`](Self::limit_price).
        pub price: Option<Decimal> = "p" as "price",
        /// Leverage: `l`; only in classic futures frames.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Margin mode: `mM`; `None` if KuCoin leaves it empty.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Trade ID of the last fill, as sent: `ti`; `0` or `None` if the event is not a fill.
        ///
        /// See [`fill()`](Self::fill).
        pub trade_id: Option<Text> = "ti" as "tradeId",
        /// Order size, in [`size_unit`](Self::size_unit): `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// Unit of the sizes: `qU`.
        pub size_unit: Option<SizeUnit> = "qU" as "sizeUnit",
        /// Cumulative filled size: `fS`.
        pub filled_size: Option<Decimal> = "fS" as "filledSize",
        /// Remaining size: `rS`.
        pub remain_size: Option<Decimal> = "rS" as "remainSize",
        /// Size of the last fill: `lS`; `0` without a fill, `None` in classic frames.
        pub last_fill_size: Option<Decimal> = "lS" as "lastFillSize",
        /// Price of the last fill, in the quote currency: `ls`; `0` without a fill, `None` in classic frames.
        pub last_fill_price: Option<Decimal> = "ls" as "lastFillPrice",
        /// Average fill price, in the quote currency: `aP`; `0` before the first fill.
        pub avg_price: Option<Decimal> = "aP" as "avgPrice",
        /// Cumulative fee, in [`fee_currency`](Self::fee_currency): `f`.
        pub fee: Option<Decimal> = "f" as "fee",
        /// Currency of the fee: `fC`.
        pub fee_currency: Option<Text> = "fC" as "feeCurrency",
        /// Cumulative tax: `t`.
        pub tax: Option<Decimal> = "t" as "tax",
        /// Cancel reason: `cR`, a string, or a number in some classic frames; `None` unless canceled.
        pub cancel_reason: Option<CancelReason> = "cR" as "cancelReason",
        /// Canceled size: `cS`.
        pub canceled_size: Option<Decimal> = "cS" as "canceledSize",
        /// Trigger direction of a conditional order: `tD`.
        pub trigger_direction: Option<TriggerDirection> = "tD" as "triggerDirection",
        /// Trigger price of a conditional order, in the quote currency: `tP`.
        pub trigger_price: Option<Decimal> = "tP" as "triggerPrice",
        /// Price type that triggers a conditional order: `tPT`.
        pub trigger_price_type: Option<TriggerPriceType> = "tPT" as "triggerPriceType",
        /// Trigger price of the attached take-profit, in the quote currency: `pP`.
        pub tp_trigger_price: Option<Decimal> = "pP" as "tpTriggerPrice",
        /// Price type that triggers the attached take-profit: `pPT`.
        pub tp_trigger_price_type: Option<TriggerPriceType> = "pPT" as "tpTriggerPriceType",
        /// Order price of the attached take-profit, in the quote currency: `pOP`; not in any capture.
        pub tp_order_price: Option<Decimal> = "pOP" as "tpOrderPrice",
        /// Trigger price of the attached stop-loss, in the quote currency: `lP`.
        pub sl_trigger_price: Option<Decimal> = "lP" as "slTriggerPrice",
        /// Price type that triggers the attached stop-loss: `lPT`.
        pub sl_trigger_price_type: Option<TriggerPriceType> = "lPT" as "slTriggerPriceType",
        /// Order price of the attached stop-loss, in the quote currency: `lOP`; not in any capture.
        pub sl_order_price: Option<Decimal> = "lOP" as "slOrderPrice",
        /// ID of the originating order, as sent: `toi`; `0` or `None` if the order has none.
        ///
        /// See [`origin_order_id()`](Self::origin_order_id).
        pub origin_order_id: Option<Text> = "toi" as "originOrderId",
        /// Self-trade prevention: `stp`.
        pub stp: Option<SelfTradePrevention> = "stp" as "stp",
        /// `true` for a reduce-only order: `rO`.
        pub reduce_only: Option<bool> = "rO" as "reduceOnly",
        /// `true` for a post-only order: `pO`.
        pub post_only: Option<bool> = "pO" as "postOnly",
        /// Time in force: `tIF`.
        pub time_in_force: Option<TimeInForce> = "tIF" as "timeInForce",
        /// Creation time: `O`, in nanoseconds on the wire.
        pub created_at: Option<Timestamp> = "O" as "createdAt",
        /// Update time: `U`, in nanoseconds on the wire; fills have millisecond precision.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
        /// Broker tag: `bT`; in frames since September 2026.
        pub broker_tag: Option<Text> = "bT" as "brokerTag",
    }
}

impl Order {
    /// Returns the ID of the originating order; `None` if the field is absent, empty or `0`.
    ///
    /// The originating order is the conditional order, or the take-profit or stop-loss leg, that placed this order when
    /// it triggered. The originating order of a leg is the entry order. The first event of the placed order comes
    /// before the [`Trigger`](OrderEventType::Trigger) event of its parent.
    pub fn origin_order_id(&self) -> Option<&Text> {
        present_id(self.origin_order_id.as_ref())
    }

    /// Returns the trade ID of the last fill; `None` if the field is absent, empty or `0`.
    pub fn trade_id(&self) -> Option<&Text> {
        present_id(self.trade_id.as_ref())
    }

    /// Returns the last fill; `None` if the event lacks trade ID, price or size of a fill.
    ///
    /// Several events can report the same fill: count each [key](Fill::key) once. The fill has no fee, since
    /// [`fee`](Self::fee) is cumulative. The time of the fill is the update time if the event type is a fill or a
    /// match, otherwise `None`. Classic frames lack price and size of the fill: use [`Executions`](crate::Executions)
    /// for classic accounts.
    pub fn fill(&self) -> Option<Fill> {
        let mut fill = Fill::new(
            self.symbol.clone(),
            self.trade_id()?.clone(),
            self.side.clone(),
            self.last_fill_price?,
            self.last_fill_size?,
        );
        fill.order_id = Some(self.order_id.clone());
        fill.liquidity = self.liquidity.clone();
        if let Some(OrderEventType::Fill | OrderEventType::Match) = self.event_type {
            fill.time = self.updated_at;
        }
        Some(fill)
    }

    /// Returns the limit price; `None` for market orders, even if KuCoin sends `0`.
    pub fn limit_price(&self) -> Option<Decimal> {
        self.price.filter(|price| !price.is_zero())
    }

    /// Returns `true` if the order is filled or canceled, so no more fills can follow.
    ///
    /// Returns `false` for a [`Triggered`](OrderStatus::Triggered) order: its child order (unified account) or the
    /// order itself (classic futures) continues.
    pub fn is_done(&self) -> bool {
        matches!(
            self.status,
            OrderStatus::Filled | OrderStatus::Canceled | OrderStatus::PartiallyCanceled
        )
    }
}

impl PushData for Order {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Dedup key: order ID, status, event type, update time, filled size and remaining size.
///
/// The sizes are part of the key because several fills can have the same update time. The key is the same on both
/// channels and on every connection.
impl Event for Order {
    fn dedup_key(&self) -> String {
        let event_type = self.event_type.as_ref().map_or("", OrderEventType::as_str);
        let time = self.updated_at.unwrap_or_default();
        let sizes = key_amounts([self.filled_size, self.remain_size]);
        format!(
            "{}:{}:{event_type}:{time}{sizes}",
            self.order_id, self.status
        )
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
