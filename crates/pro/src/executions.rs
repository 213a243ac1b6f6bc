//! Fills: channels `execution` (with fees) and `execution.lite` (earlier, without fees).

use kucoin_streams_core::{Decimal, Event, Extra, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{FieldAdapter, FromJson, ToJson, Uppercase, Value, event, open_enum};
use serde::Serializer;

use crate::orders::PositionSide;
use crate::push::PushData;
use crate::shared::{MarginMode, OrderType, key_amounts, present_id};
use crate::topic::topic;
use crate::{Channel, ChannelRequest, TradeType};

topic! {
    /// Topic for fills with fees, including forced trades: channel `execution`.
    pub struct Executions: Execution
}

topic! {
    /// Topic for fills without fees, pushed earlier than [`Executions`]: channel `execution.lite`.
    ///
    /// If you subscribe to both, you get every trade twice, as two events of different types.
    pub struct ExecutionsLite: ExecutionLite
}

impl Executions {
    /// Returns the topic for the fills of all symbols. Every trade type has this channel.
    pub const fn new(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::all_symbols(Channel::Execution, trade_type),
        }
    }
}

impl ExecutionsLite {
    /// Returns the topic for the fills of all symbols. Every trade type has this channel.
    pub const fn new(trade_type: TradeType) -> Self {
        Self {
            request: ChannelRequest::all_symbols(Channel::ExecutionLite, trade_type),
        }
    }
}

event! {
    /// A fill with its fee: a trade of an order, or a forced trade.
    ///
    /// Sizes are always positive, in the base currency or in contracts (futures); prices are in the quote currency. A
    /// forced trade, such as a liquidation, has no order but changes the position: see
    /// [`execution_type`](Self::execution_type).
    pub struct Execution {
        /// Symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Order ID, as sent: `oi`, `0` for forced trades. See [`order_id()`](Self::order_id).
        pub order_id: Option<Text> = "oi" as "orderId",
        /// Client order ID: `ci`; `None` in classic frames.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// Trade ID, as sent: `ti`.
        pub trade_id: Option<Text> = "ti" as "tradeId",
        /// Side, buy or sell: `S`.
        pub side: Side = "S" as "side" with Uppercase,
        /// Position side: `pS`; documented for orders only.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Margin mode: `mM`; not documented for this channel.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Order type, limit or market: `oT`; `None` for forced trades.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// Fill price, in the quote currency: `p`.
        pub price: Option<Decimal> = "p" as "price",
        /// Fill size, in the base currency or in contracts: `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// Liquidity, maker or taker: `lR`; `None` for auto-deleveraging (ADL).
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" with Uppercase,
        /// Fee, in [`fee_currency`](Self::fee_currency): `f`.
        pub fee: Option<Decimal> = "f" as "fee",
        /// Currency of the fee: `fC`.
        pub fee_currency: Option<Text> = "fC" as "feeCurrency",
        /// Execution type, normal or forced: `fT`; `None` in classic frames.
        pub execution_type: Option<ExecutionType> = "fT" as "executionType",
        /// Closed profit and loss, in the settlement currency: `fP`; in frames since September 2026.
        pub closed_pnl: Option<Decimal> = "fP" as "closedPnl",
        /// Tax: `t`; undocumented, known from one other client only.
        pub tax: Option<Decimal> = "t" as "tax",
        /// Match time: `E`, in nanoseconds on the wire, with millisecond precision.
        pub execution_time: Option<Timestamp> = "E" as "executionTime",
    }
}

event! {
    /// A fill without its fee, pushed earlier than [`Execution`].
    ///
    /// Sizes are in the base currency or in contracts (futures); prices are in the quote currency.
    pub struct ExecutionLite {
        /// Symbol, such as `BTC-USDT` or `XBTUSDTM`: `s`.
        pub symbol: Text = "s" as "symbol",
        /// Order ID, as sent: `oi`. See [`order_id()`](Self::order_id).
        pub order_id: Option<Text> = "oi" as "orderId",
        /// Client order ID: `ci`; documented, not seen in a capture.
        pub client_oid: Option<Text> = "ci" as "clientOid",
        /// Trade ID: `ti`, a JSON number for spot and margin (decoded exactly), a string for futures.
        pub trade_id: Option<Text> = "ti" as "tradeId" with NumberOrText,
        /// Side, buy or sell: `S`.
        pub side: Side = "S" as "side" with Uppercase,
        /// Position side: `pS`; documented for orders only.
        pub position_side: Option<PositionSide> = "pS" as "positionSide",
        /// Margin mode: `mM`; not documented for this channel.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Order type, limit or market: `oT`.
        pub order_type: Option<OrderType> = "oT" as "orderType",
        /// Fill price, in the quote currency: `p`.
        pub price: Option<Decimal> = "p" as "price",
        /// Fill size, in the base currency or in contracts: `q`.
        pub size: Option<Decimal> = "q" as "size",
        /// Liquidity, maker or taker: `lR`.
        pub liquidity: Option<Liquidity> = "lR" as "liquidity" with Uppercase,
        /// Match time: `E`, in nanoseconds on the wire, with millisecond precision.
        pub execution_time: Option<Timestamp> = "E" as "executionTime",
    }
}

open_enum! {
    /// Type of an execution, normal or forced: wire `fT`.
    pub enum ExecutionType ignoring case {
        /// `NORMAL`: a trade of an order.
        Normal = "NORMAL",
        /// `LIQUID`: a liquidation of the position.
        Liquidation = "LIQUID",
        /// `SETTLEMENT`: the settlement of the contract.
        Settlement = "SETTLEMENT",
        /// `ADL`: auto-deleveraging (ADL).
        AutoDeleveraging = "ADL",
        /// `RECONCILIATION`: a correction by KuCoin; seen in REST answers only.
        Reconciliation = "RECONCILIATION",
    }
}

/// Adapter for a text that KuCoin also sends as a number.
struct NumberOrText<T>(T);

impl FieldAdapter<Option<Text>> for NumberOrText<Option<Text>> {
    type Read = Self;

    #[inline(always)]
    fn field(read: Self) -> Option<Text> {
        read.0
    }
}

impl FromJson for NumberOrText<Option<Text>> {
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        FromJson::from_json(value).map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}

impl ToJson for NumberOrText<&Option<Text>> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json(serializer)
    }

    fn is_omitted(&self) -> bool {
        self.0.is_omitted()
    }
}

/// Defines the methods of both execution events.
macro_rules! fill {
    ($event:ty $(, $fee_field:ident)*) => {
        impl $event {
            /// Returns the order ID; `None` if the field is absent, empty or `0`, as for a forced trade.
            pub fn order_id(&self) -> Option<&Text> {
                present_id(self.order_id.as_ref())
            }

            /// Returns the trade ID; `None` if the field is absent, empty or `0`.
            pub fn trade_id(&self) -> Option<&Text> {
                present_id(self.trade_id.as_ref())
            }

            /// Returns the fill; `None` if the event lacks trade ID, price or size.
            ///
            /// Every frame seen so far has all three.
            pub fn fill(&self) -> Option<Fill> {
                let mut fill = Fill::new(
                    self.symbol.clone(),
                    self.trade_id()?.clone(),
                    self.side.clone(),
                    self.price?,
                    self.size?,
                );
                fill.order_id = self.order_id().cloned();
                $(fill.$fee_field = self.$fee_field.clone();)*
                fill.liquidity = self.liquidity.clone();
                fill.time = self.execution_time;
                Some(fill)
            }
        }

        impl PushData for $event {
            fn extra(&mut self) -> &mut Extra {
                &mut self.extra
            }
        }

        /// Dedup key: symbol, trade ID and order ID.
        ///
        /// If the trade ID is missing, the key has the time, side, price and size instead of it.
        impl Event for $event {
            fn dedup_key(&self) -> String {
                let order = self.order_id().map_or("", Text::as_str);
                if let Some(trade) = self.trade_id() {
                    return format!("{}:{trade}:{order}", self.symbol);
                }
                let time = self.execution_time.unwrap_or_default();
                let amounts = key_amounts([self.price, self.size]);
                let side = self.side.as_uppercase_str();
                format!("{}::{order}:{time}:{side}{amounts}", self.symbol)
            }

            fn occurred_at(&self) -> Option<Timestamp> {
                self.execution_time
            }

            fn fill(&self) -> Option<Fill> {
                self.fill()
            }
        }
    };
}

fill!(Execution, fee, fee_currency);
fill!(ExecutionLite);
