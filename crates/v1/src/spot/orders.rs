//! Spot and margin orders: /spotMarket/tradeOrdersV2 and /spotMarket/tradeOrders.

use kucoin_streams_core::{
    Decimal, DecodeError, Event, Extra, Fill, Liquidity, Side, Text, Timestamp,
};
use kucoin_streams_decode::{Record, Scanner, event, event_kind, field_group};

use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::order::{FeeType, OrderStatus, OrderType};
use crate::topic::topic;

topic! {
    /// Changes of all spot and margin orders: `/spotMarket/tradeOrdersV2`.
    ///
    /// High-frequency orders are included. The first event of an order is `received`.
    ///
    /// Subscribe to this topic or to [`SpotOrdersV1`]. If you subscribe to both, each event arrives twice, with the
    /// same [`dedup_key`](Event::dedup_key).
    pub struct SpotOrders: SpotOrder, on SpotPrivate, at "/spotMarket/tradeOrdersV2"
}

topic! {
    /// Changes of all spot and margin orders, without `received`: `/spotMarket/tradeOrders`.
    ///
    /// This is the older form of [`SpotOrders`]; its frames have fewer fields.
    pub struct SpotOrdersV1: SpotOrder, on SpotPrivate, at "/spotMarket/tradeOrders"
}

event! {
    /// A change of one spot or margin order: subject `orderChange`.
    ///
    /// The fields describe the order after the change. [`kind`](Self::kind) is the type of the event, with
    /// the fields that only this type has. Sizes are in the base currency, funds and prices in the quote currency.
    /// KuCoin sends no fee amount and no average price on this topic.
    ///
    /// A market buy by funds ends as [`Canceled`](OrderKind::Canceled) even if it was filled, because the unspent
    /// rest of its funds is released. Use [`filled_size`](Self::filled_size), not the kind, to see what was filled.
    pub struct SpotOrder {
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Type of the event: `type`.
        pub kind: OrderKind,
        /// Order status: `status`.
        pub status: OrderStatus = "status",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// Limit price, in the quote currency: `price`; `None` for market orders.
        pub price: Option<Decimal> = "price",
        /// Order size, after reductions by `update`: `size`; `None` on `received` and for market buys by funds.
        pub size: Option<Decimal> = "size",
        /// Original size: `originSize`; `None` for market buys by funds and usually on [`SpotOrdersV1`].
        pub origin_size: Option<Decimal> = "originSize",
        /// Filled size, the sum of all matches: `filledSize`; `None` on `received`.
        pub filled_size: Option<Decimal> = "filledSize",
        /// Remaining size: `remainSize`; `None` on `received` and on matches of a market buy by funds.
        pub remain_size: Option<Decimal> = "remainSize",
        /// Canceled size, cumulative: `canceledSize`; `None` on `received` and usually on [`SpotOrdersV1`].
        pub canceled_size: Option<Decimal> = "canceledSize",
        /// Order funds, in the quote currency: `funds`; `None` except for market orders by funds.
        pub funds: Option<Decimal> = "funds",
        /// Original funds, in the quote currency: `originFunds`; seen only in documentation of 2023.
        pub origin_funds: Option<Decimal> = "originFunds",
        /// Remaining funds, in the quote currency: `remainFunds`; also `0` on final events of other orders.
        pub remain_funds: Option<Decimal> = "remainFunds",
        /// Canceled funds, in the quote currency: `canceledFunds`; seen only in documentation of 2023.
        pub canceled_funds: Option<Decimal> = "canceledFunds",
        /// Order placement time: `orderTime`, sent in milliseconds (until 2022 in nanoseconds).
        pub order_time: Option<Timestamp> = "orderTime",
        /// Matching engine time: `ts`, sent in nanoseconds; the same for a match and the `filled` after it.
        pub engine_time: Option<Timestamp> = "ts",
        /// Push time of the gateway: `pt`, sent in milliseconds; undocumented, `None` on older frames.
        pub pushed_at: Option<Timestamp> = "pt",
    }
}

event_kind! {
    /// Type of a spot order event: `type`.
    pub enum OrderKind = "type" {
        /// `received`: the matching engine has the order. Not sent on [`SpotOrdersV1`].
        Received = "received",
        /// `open`: the order is in the order book.
        Open = "open",
        /// `match`: part or all of the order was traded.
        Match(MatchFill) = "match" else
        /// `match`, but the price, size or trade ID is missing or unreadable.
        ///
        /// The match fields that were sent are in [`extra`](SpotOrder::extra). Query the fill over REST.
        IncompleteMatch,
        /// `update`: the size was reduced, by a partial cancel or by self-trade prevention.
        Update(SizeUpdate) = "update",
        /// `filled`: the order is done and fully filled.
        Filled = "filled",
        /// `canceled`: the order is done and the rest of its size or funds was released.
        ///
        /// The order may be filled in part or, for a market buy by funds, in full: see [`SpotOrder::filled_size`].
        Canceled = "canceled",
    }
}

field_group! {
    /// A fill of a spot order: the fields of a `match`.
    pub struct MatchFill {
        /// Fill price, in the quote currency: `matchPrice`.
        pub price: Decimal = "matchPrice",
        /// Fill size, in the base currency: `matchSize`.
        pub size: Decimal = "matchSize",
        /// Trade ID: `tradeId`; the same for the taker and the maker.
        pub trade_id: Text = "tradeId",
        /// Liquidity, taker or maker: `liquidity`.
        ///
        /// For the fee, use [`fee_type`](Self::fee_type): the counterpart of a hidden order is a taker here.
        pub liquidity: Liquidity = "liquidity",
        /// Fee type, taker or maker fee: `feeType`; an empty `Unknown` on frames before 2023, which lack it.
        pub fee_type: FeeType = "feeType",
    }
}

field_group! {
    /// A reduction of a spot order's size: the fields of an `update`.
    pub struct SizeUpdate {
        /// Size before the update, in the base currency: `oldSize`. The new size is [`SpotOrder::size`].
        pub old_size: Option<Decimal> = "oldSize",
    }
}

impl SpotOrder {
    /// Returns the fill if the event is a match.
    ///
    /// The fill has no fee amount, since KuCoin sends none on this topic; [`MatchFill::fee_type`] is the taker or maker
    /// fee.
    pub fn fill(&self) -> Option<Fill> {
        let OrderKind::Match(matched) = &self.kind else {
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
        fill.liquidity = if_present(&matched.liquidity);
        fill.time = self.engine_time;
        Some(fill)
    }

    /// Returns `true` if this is the last event of the order: `filled` or `canceled`.
    pub fn is_done(&self) -> bool {
        matches!(self.kind, OrderKind::Filled | OrderKind::Canceled)
    }
}

/// Returns the liquidity; `None` if the frame lacks it.
fn if_present(liquidity: &Liquidity) -> Option<Liquidity> {
    (!liquidity.as_str().is_empty()).then(|| liquidity.clone())
}

impl PushData for SpotOrder {
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

/// Dedup key: order ID, type, matching engine time and, depending on the type, trade ID or size.
///
/// The key is the same on both topics and on every connection.
impl Event for SpotOrder {
    fn dedup_key(&self) -> String {
        let time = self.engine_time.unwrap_or_default();
        let mut key = format!("{}:{}:{time}", self.order_id, self.kind);
        match &self.kind {
            OrderKind::Match(fill) => {
                key.push(':');
                key.push_str(&fill.trade_id);
            }
            OrderKind::Update(_) => {
                if let Some(size) = self.size {
                    key.push_str(&format!(":{}", size.normalize()));
                }
            }
            OrderKind::IncompleteMatch => {
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
