//! Orders of the futures host: /contractMarket/tradeOrders, of all contracts or of one.

use kucoin_streams_core::{Decimal, DecodeError, Event, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, event_kind, open_enum, part};

use super::{MarginMode, PositionSide};
use crate::FuturesPrivate;
use crate::envelope::{Around, Data};
use crate::order::{FeeType, OrderStatus, OrderType};
use crate::symbol::Market;
use crate::topic::topic;

topic! {
    /// Every change of every futures order: `/contractMarket/tradeOrders`.
    ///
    /// Futures have no `received`: the first event of an order is that it rests or that it is matched.
    pub struct FuturesOrders: FuturesOrder, on FuturesPrivate, at "/contractMarket/tradeOrders"
}

topic! {
    /// Every change of the orders of one contract: `/contractMarket/tradeOrders:SYMBOL`.
    ///
    /// Together with [`FuturesOrders`] it gives the contract's events twice, with equal identities.
    pub struct FuturesSymbolOrders: FuturesOrder, on FuturesPrivate, at "/contractMarket/tradeOrders" of Market::Futures
}

event! {
    /// A change of one futures order: subject `orderChange`, or `symbolOrderChange` on the topic of one contract.
    ///
    /// The fields here are of the order after the change; what happened, with the fields that exist only for
    /// that, is [`kind`](Self::kind). Sizes are in contracts.
    pub struct FuturesOrder {
        /// The contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of the order: `orderId`.
        pub order_id: Text = "orderId",
        /// The client's id of the order, where it was placed with one: `clientOid`.
        pub client_oid: Option<Text> = "clientOid",
        /// What happened: `type`.
        pub kind: FuturesOrderKind,
        /// What the order is now: `status`. The last match of a maker is `done` already; `filled` follows.
        pub status: OrderStatus = "status",
        /// Buy or sell: `side`.
        pub side: Side = "side",
        /// Limit or market: `orderType`. Not on `open`.
        pub order_type: Option<OrderType> = "orderType",
        /// The limit price, in the quote currency: `price`. Of market orders KuCoin writes `0`, nothing, or leaves
        /// it out; see [`limit_price`](Self::limit_price).
        pub price: Option<Decimal> = "price",
        /// The size as it is now, in contracts: `size`.
        pub size: Option<Decimal> = "size",
        /// What has been filled so far, all matches together, in contracts: `filledSize`.
        pub filled_size: Option<Decimal> = "filledSize",
        /// What is still to be filled, in contracts: `remainSize`.
        pub remain_size: Option<Decimal> = "remainSize",
        /// What has been cancelled, in contracts: `canceledSize`. On `canceled` it is all that was; on `update`
        /// captures show all that was, a published example what was cut just now: count on
        /// [`remain_size`](Self::remain_size) instead.
        pub canceled_size: Option<Decimal> = "canceledSize",
        /// What was cancelled in all, in contracts: `allCanceledSize`, seen in a published example of 2026 only.
        pub all_canceled_size: Option<Decimal> = "allCanceledSize",
        /// Whether the order takes or makes liquidity: `liquidity`. On open, match and update.
        pub liquidity: Option<Liquidity> = "liquidity",
        /// Isolated or cross margin: `marginMode`, since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// The position that it changes: `positionSide`, since 2025.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Who placed it: `tradeType`, since 2024.
        pub trade_type: Option<FuturesTradeType> = "tradeType",
        /// When the order was placed: `orderTime`, sent in nanoseconds.
        pub order_time: Option<Timestamp> = "orderTime",
        /// When the matching engine did it: `ts`, sent in nanoseconds, often whole milliseconds.
        pub engine_time: Option<Timestamp> = "ts",
    }
}

event_kind! {
    /// What happened to a futures order: wire `type`.
    pub enum FuturesOrderKind = "type" {
        /// It rests in the order book.
        Open = "open",
        /// Part or all of it was traded.
        Match(FuturesFill) = "match" else
        /// It was traded, and the frame lacks the price, the size or the trade id, as a published example does:
        /// what it has is in [`extra`](FuturesOrder::extra). Ask over REST which fill it was.
        MatchUntold,
        /// Its size was cut, by a partial cancel or by self-trade prevention. Not sent of liquidations.
        Update(FuturesSizeUpdate) = "update",
        /// It is done, all of it was traded.
        Filled = "filled",
        /// It is done, and some of its size was cancelled: see [`FuturesOrder::filled_size`] for what was traded.
        Canceled = "canceled",
    }
}

part! {
    /// One trade of a futures order.
    pub struct FuturesFill {
        /// The price of this trade, in the quote currency: `matchPrice`.
        pub price: Decimal = "matchPrice",
        /// The size of this trade, in contracts: `matchSize`.
        pub size: Decimal = "matchSize",
        /// The exchange's id of this trade: `tradeId`. Both sides of a trade have the same.
        pub trade_id: Text = "tradeId",
        /// Which fee is paid: `feeType`; an empty `Unknown` on frames before 2023, which lack it.
        pub fee_type: FeeType = "feeType",
    }
}

part! {
    /// A cut of a futures order's size.
    pub struct FuturesSizeUpdate {
        /// The size before, in contracts: `oldSize`, which published examples spell with a space behind. The size
        /// after is [`FuturesOrder::size`].
        pub old_size: Option<Decimal> = "oldSize" | "oldSize ",
    }
}

open_enum! {
    /// Who placed a futures order: wire `tradeType`.
    pub enum FuturesTradeType ignoring case {
        /// The user.
        Trade = "trade",
        /// The liquidation engine.
        Liquidation = "liquid",
        /// Automatic deleveraging.
        AutoDeleveraging = "adl",
        /// The settlement of the contract.
        Settlement = "settlement",
    }
}

impl FuturesOrder {
    /// The trade, if the event is one. V1 does not say the fee; [`FuturesFill::fee_type`] says which one is paid.
    pub fn fill(&self) -> Option<Fill> {
        let FuturesOrderKind::Match(matched) = &self.kind else {
            return None;
        };
        let mut fill = Fill::new(
            self.symbol.clone(),
            matched.trade_id.clone(),
            self.side.clone(),
            matched.price,
            matched.size,
        );
        fill.order_id = Some(self.order_id.clone());
        fill.liquidity = self.liquidity.clone();
        fill.time = self.engine_time;
        Some(fill)
    }

    /// The price of a limit order; the `0` that KuCoin writes for market orders is none.
    pub fn limit_price(&self) -> Option<Decimal> {
        self.price.filter(|price| !price.is_zero())
    }

    /// True where no further event of this order can follow.
    pub fn is_done(&self) -> bool {
        matches!(
            self.kind,
            FuturesOrderKind::Filled | FuturesOrderKind::Canceled
        )
    }
}

impl Data for FuturesOrder {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }

    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Order id, type, engine time and, by kind, trade id or size: the same on both topics and on every connection.
impl Event for FuturesOrder {
    fn dedup_key(&self) -> String {
        let time = self.engine_time.unwrap_or_default();
        let mut identity = format!("{}:{}:{time}", self.order_id, self.kind);
        match &self.kind {
            FuturesOrderKind::Match(fill) => {
                identity.push(':');
                identity.push_str(&fill.trade_id);
            }
            FuturesOrderKind::MatchUntold | FuturesOrderKind::Update(_) => {
                let remain = self.remain_size.unwrap_or_default().normalize();
                identity.push_str(&format!(":{remain}"));
            }
            _ => {}
        }
        identity
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }
}
