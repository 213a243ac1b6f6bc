//! Orders: channel `order` of one symbol and `orderAll` of all, with conditional orders and their children.

mod words;

pub use words::{
    CancelReason, OrderEventType, OrderSource, OrderStatus, PositionSide, SelfTradePrevention,
    SizeUnit, TimeInForce, TriggerDirection, TriggerPriceType,
};

use kucoin_streams_core::{Decimal, Event, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Capitals, event};

use crate::push::Data;
use crate::topic::topic;
use crate::words::{MarginMode, Market, OrderType, plain, real};
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Every change of every order, or of the orders of one symbol: channel `orderAll` or `order`.
    ///
    /// Both together give the symbol's events twice, with equal identities. There is no channel for stop orders:
    /// conditional orders and take-profit and stop-loss legs come here too.
    pub struct Orders: Order
}

impl Orders {
    /// Orders of all symbols: channel `orderAll`, which every trade type has.
    pub const fn all(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::of_all(Channel::OrderAll, trade_type),
        }
    }

    /// Orders of one symbol: channel `order`. A spot symbol of a unified account covers its margin orders.
    ///
    /// # Errors
    /// [`RequestError::InvalidSymbol`] where the text cannot be a symbol of the trade type.
    pub fn symbol(trade_type: TradeType, symbol: &str) -> Result<Self, RequestError> {
        ChannelRequest::for_symbol(Channel::Order, trade_type, symbol).map(Self::of)
    }
}

event! {
    /// An order after a change.
    ///
    /// All fields are of the order as it is now but [`last_fill_size`](Self::last_fill_size),
    /// [`last_fill_price`](Self::last_fill_price) and [`trade_id`](Self::trade_id), which are of the trade that the
    /// event is about: together they are [`fill()`](Self::fill).
    ///
    /// # Parents and children
    /// Some orders come from others, and name them: see [`origin_order_id()`](Self::origin_order_id).
    /// - A conditional order of a unified account waits as [`NotTriggered`](OrderStatus::NotTriggered). When it
    ///   triggers, a child with an id of its own, no client id and this origin goes live, and the parent ends as
    ///   [`Triggered`](OrderStatus::Triggered). **The child's first event comes before the parent's**
    ///   [`Trigger`](OrderEventType::Trigger): never wait for the parent. In classic futures there is no child, the
    ///   same order goes on.
    /// - The legs of an attached take-profit and stop-loss appear once the entry is filled, reduce-only, with the
    ///   entry as their origin. When one of them triggers, the other is cancelled with the reason
    ///   [`SystemCancel`](CancelReason::SystemCancel); what the triggered one places has an origin too.
    pub struct Order {
        /// The exchange's id of the order, decimal digits or 24 hex digits: `oi`.
        pub order_id: Text = "oi" as "orderId",
        /// The client's id of the order, where it was placed with one; children have none: `ci`.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// What the order is now: `os`, a number, in some classic frames in quotes.
        pub status: OrderStatus = "os" as "status",
        /// What happened: `eT`.
        pub event_type: Option<OrderEventType> = "eT" as "eventType",
        /// Spot, margin or futures: `tT`, not in classic frames.
        pub trade_type: Option<Market> = "tT" as "tradeType",
        /// The symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Buy or sell: `S`.
        pub side: Side = "S" as "side" by Capitals,
        /// The position that it changes, of futures: `pS`, seen in classic frames.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Limit or market: `oT`.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// Whether it took or made liquidity, on fills: `lR`.
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" by Capitals,
        /// Who placed it: `oS`, of unified accounts only.
        pub order_source: Option<OrderSource> = "oS" as "orderSource",
        /// The limit price, in the quote currency: `p`. Market orders have none, or `0` in classic frames: see
        /// [`limit_price`](Self::limit_price). Fills may be better.
        pub price: Option<Decimal> = "p" as "price",
        /// The leverage, of classic futures: `l`.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Cross or isolated margin: `mM`.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// The exchange's id of the trade, as it came: `ti`, `0` where there is none. See [`fill()`](Self::fill).
        pub trade_id: Option<Text> = "ti" as "tradeId",
        /// The size that was ordered, in [`size_unit`](Self::size_unit): `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// What sizes are counted in: `qU`.
        pub size_unit: Option<SizeUnit> = "qU" as "sizeUnit",
        /// What has been filled so far, all trades together: `fS`.
        pub filled_size: Option<Decimal> = "fS" as "filledSize",
        /// What is still to be filled: `rS`.
        pub remain_size: Option<Decimal> = "rS" as "remainSize",
        /// The size of the last trade: `lS`, not in classic frames; `0` where there was none.
        pub last_fill_size: Option<Decimal> = "lS" as "lastFillSize",
        /// The price of the last trade, in the quote currency: `ls`, not in classic frames; `0` where there was none.
        pub last_fill_price: Option<Decimal> = "ls" as "lastFillPrice",
        /// The average price of all trades so far, in the quote currency: `aP`; `0` before the first.
        pub avg_price: Option<Decimal> = "aP" as "avgPrice",
        /// The fee of all trades so far, in [`fee_currency`](Self::fee_currency): `f`.
        pub fee: Option<Decimal> = "f" as "fee",
        /// What the fee is paid in: `fC`.
        pub fee_currency: Option<Text> = "fC" as "feeCurrency",
        /// The tax of all trades so far: `t`.
        pub tax: Option<Decimal> = "t" as "tax",
        /// Why it was cancelled: `cR`, a word or a number.
        pub cancel_reason: Option<CancelReason> = "cR" as "cancelReason",
        /// What has been cancelled: `cS`.
        pub canceled_size: Option<Decimal> = "cS" as "canceledSize",
        /// Of a conditional order, whether the price must rise or fall to the trigger: `tD`.
        pub trigger_direction: Option<TriggerDirection> = "tD" as "triggerDirection",
        /// Of a conditional order, the price that triggers it, in the quote currency: `tP`.
        pub trigger_price: Option<Decimal> = "tP" as "triggerPrice",
        /// Of a conditional order, which price is watched: `tPT`.
        pub trigger_price_type: Option<TriggerPriceType> = "tPT" as "triggerPriceType",
        /// The price that triggers the attached take-profit: `pP`.
        pub tp_trigger_price: Option<Decimal> = "pP" as "tpTriggerPrice",
        /// Which price the attached take-profit watches: `pPT`.
        pub tp_trigger_price_type: Option<TriggerPriceType> = "pPT" as "tpTriggerPriceType",
        /// The limit price of the attached take-profit: `pOP`, documented and not seen in a capture.
        pub tp_order_price: Option<Decimal> = "pOP" as "tpOrderPrice",
        /// The price that triggers the attached stop-loss: `lP`.
        pub sl_trigger_price: Option<Decimal> = "lP" as "slTriggerPrice",
        /// Which price the attached stop-loss watches: `lPT`.
        pub sl_trigger_price_type: Option<TriggerPriceType> = "lPT" as "slTriggerPriceType",
        /// The limit price of the attached stop-loss: `lOP`, documented and not seen in a capture.
        pub sl_order_price: Option<Decimal> = "lOP" as "slOrderPrice",
        /// The id of the order that this one comes from, as it came: `toi`, `0` where there is none. See
        /// [`origin_order_id()`](Self::origin_order_id).
        pub origin_order_id: Option<Text> = "toi" as "originOrderId",
        /// What is done before it would trade with an order of the same account: `stp`.
        pub stp: Option<SelfTradePrevention> = "stp" as "stp",
        /// True where it may only make a position smaller: `rO`.
        pub reduce_only: Option<bool> = "rO" as "reduceOnly",
        /// True where it may only make liquidity: `pO`.
        pub post_only: Option<bool> = "pO" as "postOnly",
        /// How long it stays: `tIF`.
        pub time_in_force: Option<TimeInForce> = "tIF" as "timeInForce",
        /// When it was created: `O`, sent in nanoseconds.
        pub created_at: Option<Timestamp> = "O" as "createdAt",
        /// When it changed: `U`, sent in nanoseconds; of trades whole milliseconds.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
        /// The broker's tag: `bT`, in frames since September 2026.
        pub broker_tag: Option<Text> = "bT" as "brokerTag",
    }
}

impl Order {
    /// The id of the order that this one comes from: the conditional order that triggered it, or the entry that it is
    /// a take-profit or stop-loss of. `None` where the field is empty or `0`.
    ///
    /// That order may be unknown still: of a conditional order, the child's first event comes before the parent's
    /// [`Trigger`](OrderEventType::Trigger).
    pub fn origin_order_id(&self) -> Option<&Text> {
        real(self.origin_order_id.as_ref())
    }

    /// The id of the trade that the event is about; `None` where the field is empty or `0`.
    pub fn trade_id(&self) -> Option<&Text> {
        real(self.trade_id.as_ref())
    }

    /// The trade that the event is about, if the frame has its id, price and size. Count each [key](Fill::key) once.
    ///
    /// [`fee`](Self::fee) is that of all trades so far, so the fill has none; its time is that of the change, on events of
    /// fills alone. Classic frames have no price and no size of single trades: take [`Executions`](crate::Executions)
    /// there.
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

    /// The price of a limit order; the `0` that classic frames have for market orders is none.
    pub fn limit_price(&self) -> Option<Decimal> {
        self.price.filter(|price| !price.is_zero())
    }

    /// True where the order is filled or cancelled, so that nothing more can come of it.
    ///
    /// Not of a [`Triggered`](OrderStatus::Triggered) order: in a unified account its child goes on, in classic
    /// futures the order itself.
    pub fn is_done(&self) -> bool {
        matches!(
            self.status,
            OrderStatus::Filled | OrderStatus::Canceled | OrderStatus::PartiallyCanceled
        )
    }
}

impl Data for Order {
    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Order id, status, event type and update time, and the filled and remaining size reached, as one millisecond may
/// have several trades: the same on both channels and on every connection.
impl Event for Order {
    fn dedup_key(&self) -> String {
        let event_type = self.event_type.as_ref().map_or("", OrderEventType::as_str);
        let time = self.updated_at.unwrap_or_default();
        let reached = plain([self.filled_size, self.remain_size]);
        format!(
            "{}:{}:{event_type}:{time}{reached}",
            self.order_id, self.status
        )
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }
}
