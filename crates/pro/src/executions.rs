//! Fills: channel `execution` with fees and `execution.lite` sooner without.

use kucoin_streams_core::{Decimal, Event, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Capitals, event, open_enum};

use crate::orders::PositionSide;
use crate::push::Data;
use crate::topic::topic;
use crate::words::{MarginMode, OrderType, plain, real};
use crate::{Channel, ChannelRequest, TradeType};

topic! {
    /// Every fill with its fee, forced ones included: channel `execution`.
    pub struct Executions: Execution
}

topic! {
    /// Every fill, sooner than [`Executions`] and without fees: channel `execution.lite`.
    ///
    /// Both together give every trade twice, as two events of different types.
    pub struct ExecutionsLite: ExecutionLite
}

impl Executions {
    /// Fills of all symbols; every trade type has them.
    pub const fn new(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::of_all(Channel::Execution, trade_type),
        }
    }
}

impl ExecutionsLite {
    /// Fills of all symbols; every trade type has them.
    pub const fn new(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::of_all(Channel::ExecutionLite, trade_type),
        }
    }
}

event! {
    /// One trade of an order, or one that the exchange forced on a position.
    ///
    /// Sizes are in the base currency, of futures in contracts, and always positive; prices are in the quote
    /// currency. A forced trade has no order, and is a real change of the position all the same: see
    /// [`execution_type`](Self::execution_type).
    pub struct Execution {
        /// The symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// The exchange's id of the order, as it came: `oi`, `0` for forced trades. See
        /// [`order_id()`](Self::order_id).
        pub order_id: Option<Text> = "oi" as "orderId",
        /// The client's id of the order: `ci`, not in classic frames.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// The exchange's id of the trade, as it came: `ti`.
        pub trade_id: Option<Text> = "ti" as "tradeId",
        /// Buy or sell: `S`.
        pub side: Side = "S" as "side" by Capitals,
        /// Which position of the contract it changes: `pS`, not documented of this channel; orders have it.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Cross or isolated margin: `mM`, not documented of this channel; orders have it.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Limit or market; forced trades have none: `oT`.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// The price of the trade: `p`.
        pub price: Option<Decimal> = "p" as "price",
        /// The size of the trade: `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// Whether the order took or made liquidity; not told of deleveraging: `lR`.
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" by Capitals,
        /// The fee, in [`fee_currency`](Self::fee_currency): `f`.
        pub fee: Option<Decimal> = "f" as "fee",
        /// What the fee is paid in: `fC`.
        pub fee_currency: Option<Text> = "fC" as "feeCurrency",
        /// A trade of an order, or why it was forced: `fT`, not in classic frames.
        pub execution_type: Option<ExecutionType> = "fT" as "executionType",
        /// The profit or loss that was closed, in the settle currency: `fP`, in frames since September 2026.
        pub closed_pnl: Option<Decimal> = "fP" as "closedPnl",
        /// The tax: `t`, told by one source only.
        pub tax: Option<Decimal> = "t" as "tax",
        /// When it was matched: `E`, sent in nanoseconds, whole milliseconds.
        pub execution_time: Option<Timestamp> = "E" as "executionTime",
    }
}

event! {
    /// One trade of an order, told sooner and without its fee.
    ///
    /// Sizes are in the base currency, of futures in contracts; prices are in the quote currency.
    pub struct ExecutionLite {
        /// The symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// The exchange's id of the order, as it came: `oi`. See [`order_id()`](Self::order_id).
        pub order_id: Option<Text> = "oi" as "orderId",
        /// The client's id of the order: `ci`, documented and not seen in a capture.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// The exchange's id of the trade, as it came: `ti`, to the digit though a JSON number on spot and margin.
        pub trade_id: Option<Text> = "ti" as "tradeId",
        /// Buy or sell: `S`.
        pub side: Side = "S" as "side" by Capitals,
        /// Which position of the contract it changes: `pS`, not documented of this channel; orders have it.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Cross or isolated margin: `mM`, not documented of this channel; orders have it.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Limit or market: `oT`.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// The price of the trade: `p`.
        pub price: Option<Decimal> = "p" as "price",
        /// The size of the trade: `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// Whether the order took or made liquidity: `lR`.
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" by Capitals,
        /// When it was matched: `E`, sent in nanoseconds, whole milliseconds.
        pub execution_time: Option<Timestamp> = "E" as "executionTime",
    }
}

open_enum! {
    /// What made a trade: wire `fT`.
    pub enum ExecutionType ignoring case {
        /// An order.
        Normal = "NORMAL",
        /// The liquidation of the position.
        Liquidation = "LIQUID",
        /// The settlement of the contract.
        Settlement = "SETTLEMENT",
        /// Automatic deleveraging.
        AutoDeleveraging = "ADL",
        /// A correction of the exchange's; seen in answers to queries only.
        Reconciliation = "RECONCILIATION",
    }
}

/// What both kinds of fills tell alike.
macro_rules! fill {
    ($event:ty $(, $of_fee:ident)*) => {
        impl $event {
            /// The id of the order; `None` for a trade without one, whose field is empty or `0`.
            pub fn order_id(&self) -> Option<&Text> {
                real(self.order_id.as_ref())
            }

            /// The id of the trade; `None` where the field is empty or `0`.
            pub fn trade_id(&self) -> Option<&Text> {
                real(self.trade_id.as_ref())
            }

            /// The trade, if the frame has its id, price and size, as every frame that was seen does.
            pub fn fill(&self) -> Option<Fill> {
                let mut fill = Fill::new(
                    self.symbol.clone(),
                    self.trade_id()?.clone(),
                    self.side.clone(),
                    self.price?,
                    self.size?,
                );
                fill.order_id = self.order_id().cloned();
                $(fill.$of_fee = self.$of_fee.clone();)*
                fill.liquidity = self.liquidity.clone();
                fill.time = self.execution_time;
                Some(fill)
            }
        }

        impl Data for $event {}

        /// Symbol, trade id and order id; where there is no trade id, time, side, price and size instead of it.
        impl Event for $event {
            fn dedup_key(&self) -> String {
                let order = self.order_id().map_or("", Text::as_str);
                if let Some(trade) = self.trade_id() {
                    return format!("{}:{trade}:{order}", self.symbol);
                }
                let time = self.execution_time.unwrap_or_default();
                let traded = plain([self.price, self.size]);
                let side = self.side.in_capitals();
                format!("{}::{order}:{time}:{side}{traded}", self.symbol)
            }

            fn fill(&self) -> Option<Fill> {
                self.fill()
            }
        }
    };
}

fill!(Execution, fee, fee_currency);
fill!(ExecutionLite);
