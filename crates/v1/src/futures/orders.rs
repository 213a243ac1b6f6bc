//! Futures orders: /contractMarket/tradeOrders, for all contracts or for one.

use kucoin_streams_core::{
    Decimal, DecodeError, Event, Extra, Fill, Liquidity, Side, Text, Timestamp,
};
use kucoin_streams_decode::{Record, Scanner, event, event_kind, field_group, open_enum};

use super::{MarginMode, PositionSide};
use crate::FuturesPrivate;
use crate::envelope::{PushContext, PushData};
use crate::order::{FeeType, OrderStatus, OrderType};
use crate::symbol::SymbolParam;
use crate::topic::topic;

topic! {
    /// Changes of all futures orders: `/contractMarket/tradeOrders`.
    ///
    /// Futures have no `received` event: the first event of an order is `open` or `match`.
    pub struct FuturesOrders: FuturesOrder, on FuturesPrivate, at "/contractMarket/tradeOrders"
}

topic! {
    /// Changes of the orders of one contract: `/contractMarket/tradeOrders:SYMBOL`.
    ///
    /// If you also subscribe to [`FuturesOrders`], each event of the contract arrives twice, with the same
    /// [`dedup_key`](Event::dedup_key).
    pub struct FuturesSymbolOrders: FuturesOrder, on FuturesPrivate, at "/contractMarket/tradeOrders" of SymbolParam::Futures
}

event! {
    /// A change of one futures order: subject `orderChange` or `symbolOrderChange`.
    ///
    /// `symbolOrderChange` is the subject on [`FuturesSymbolOrders`].
    ///
    /// The fields describe the order after the change. [`kind`](Self::kind) is the type of the event, with the fields
    /// that only this type has. Sizes are in contracts, prices in the quote currency. KuCoin sends no fee amount on
    /// this topic.
    pub struct FuturesOrder {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Type of the event: `type`.
        pub kind: FuturesOrderKind,
        /// Order status: `status`. The last match of a maker order already has `done`; `filled` follows.
        pub status: OrderStatus = "status",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `orderType`; `None` on `open`.
        pub order_type: Option<OrderType> = "orderType",
        /// Limit price, in the quote currency: `price`; `None` or 0 for market orders.
        ///
        /// Use [`limit_price`](Self::limit_price), which is `None` for all market orders.
        pub price: Option<Decimal> = "price",
        /// Order size, after reductions by `update`, in contracts: `size`.
        pub size: Option<Decimal> = "size",
        /// Filled size, the sum of all matches, in contracts: `filledSize`.
        pub filled_size: Option<Decimal> = "filledSize",
        /// Remaining size, in contracts: `remainSize`.
        pub remain_size: Option<Decimal> = "remainSize",
        /// Canceled size, in contracts: `canceledSize`; cumulative on `canceled`.
        ///
        /// On `update` it is cumulative in captures, but not in a published example: use
        /// [`remain_size`](Self::remain_size) instead.
        pub canceled_size: Option<Decimal> = "canceledSize",
        /// Total canceled size, in contracts: `allCanceledSize`; only in a published example of 2026.
        pub all_canceled_size: Option<Decimal> = "allCanceledSize",
        /// Liquidity, taker or maker: `liquidity`; `None` on `filled` and `canceled`.
        pub liquidity: Option<Liquidity> = "liquidity",
        /// Margin mode, isolated or cross: `marginMode`; sent since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the order changes: `positionSide`; sent since 2025.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Trade type, placed by the user or forced: `tradeType`; sent since 2024.
        pub trade_type: Option<FuturesTradeType> = "tradeType",
        /// Order placement time: `orderTime`, sent in nanoseconds.
        pub order_time: Option<Timestamp> = "orderTime",
        /// Matching engine time: `ts`, sent in nanoseconds, often rounded to milliseconds.
        pub engine_time: Option<Timestamp> = "ts",
    }
}

event_kind! {
    /// Type of a futures order event: `type`.
    pub enum FuturesOrderKind = "type" {
        /// `open`: the order is in the order book.
        Open = "open",
        /// `match`: part or all of the order was traded.
        Match(FuturesFill) = "match" else
        /// `match`, but the price, size or trade ID is missing or unreadable, as in a published example.
        ///
        /// The match fields that were sent are in [`extra`](FuturesOrder::extra). Query the fill over REST.
        IncompleteMatch,
        /// `update`: the size was reduced, by a partial cancel or by self-trade prevention.
        ///
        /// KuCoin does not send `update` for liquidation orders.
        Update(FuturesSizeUpdate) = "update",
        /// `filled`: the order is done and fully filled.
        Filled = "filled",
        /// `canceled`: the order is done and the rest of its size was canceled.
        ///
        /// The order may be filled in part: see [`FuturesOrder::filled_size`].
        Canceled = "canceled",
    }
}

field_group! {
    /// A fill of a futures order: the fields of a `match`.
    pub struct FuturesFill {
        /// Fill price, in the quote currency: `matchPrice`.
        pub price: Decimal = "matchPrice",
        /// Fill size, in contracts: `matchSize`.
        pub size: Decimal = "matchSize",
        /// Trade ID: `tradeId`; the same for the taker and the maker.
        pub trade_id: Text = "tradeId",
        /// Fee type, taker or maker fee: `feeType`; an empty `Unknown` on frames before 2023, which lack it.
        pub fee_type: FeeType = "feeType",
    }
}

field_group! {
    /// A reduction of a futures order's size: the fields of an `update`.
    pub struct FuturesSizeUpdate {
        /// Size before the update, in contracts: `oldSize`. The new size is [`FuturesOrder::size`].
        ///
        /// Published examples have a space at the end of the key (`"oldSize "`); both spellings are read.
        pub old_size: Option<Decimal> = "oldSize" | "oldSize ",
    }
}

open_enum! {
    /// Trade type of a futures order, placed by the user or forced: `tradeType`.
    pub enum FuturesTradeType ignoring case {
        /// `trade`: placed by the user.
        Trade = "trade",
        /// `liquid`: placed by the liquidation engine.
        Liquidation = "liquid",
        /// `adl`: placed by auto-deleveraging (ADL).
        AutoDeleveraging = "adl",
        /// `settlement`: placed at the settlement of the contract.
        Settlement = "settlement",
    }
}

impl FuturesOrder {
    /// Returns the fill if the event is a match.
    ///
    /// The fill has no fee amount, since KuCoin sends none on this topic; [`FuturesFill::fee_type`] is the taker or
    /// maker fee.
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

    /// Returns the limit price; `None` for market orders, even if KuCoin sends `0`.
    pub fn limit_price(&self) -> Option<Decimal> {
        self.price.filter(|price| !price.is_zero())
    }

    /// Returns `true` if this is the last event of the order: `filled` or `canceled`.
    pub fn is_done(&self) -> bool {
        matches!(
            self.kind,
            FuturesOrderKind::Filled | FuturesOrderKind::Canceled
        )
    }
}

impl PushData for FuturesOrder {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }

    fn symbol(&self) -> Option<&str> {
        Some(&self.symbol)
    }
}

/// Dedup key: order ID, type, matching engine time and, depending on the type, trade ID or size.
///
/// The key is the same on both topics and on every connection.
impl Event for FuturesOrder {
    fn dedup_key(&self) -> String {
        let time = self.engine_time.unwrap_or_default();
        let mut key = format!("{}:{}:{time}", self.order_id, self.kind);
        match &self.kind {
            FuturesOrderKind::Match(fill) => {
                key.push(':');
                key.push_str(&fill.trade_id);
            }
            FuturesOrderKind::IncompleteMatch | FuturesOrderKind::Update(_) => {
                let remain = self.remain_size.unwrap_or_default().normalize();
                key.push_str(&format!(":{remain}"));
            }
            _ => {}
        }
        key
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.engine_time
    }
}
