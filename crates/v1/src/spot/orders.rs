//! Orders of the spot host: /spotMarket/tradeOrdersV2 and /spotMarket/tradeOrders.

use kucoin_streams_core::{Decimal, DecodeError, Event, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, event_kind, part};

use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::order::{FeeType, OrderStatus, OrderType};
use crate::topic::topic;

topic! {
    /// Every change of every order of spot and margin, high-frequency ones included, from the moment it is
    /// received: `/spotMarket/tradeOrdersV2`.
    ///
    /// Subscribe to this or to [`SpotOrdersV1`]; both together give every event twice, with equal identities.
    pub struct SpotOrders: SpotOrder, on SpotPrivate, at "/spotMarket/tradeOrdersV2"
}

topic! {
    /// The older form of [`SpotOrders`], without the `received` event: `/spotMarket/tradeOrders`.
    pub struct SpotOrdersV1: SpotOrder, on SpotPrivate, at "/spotMarket/tradeOrders"
}

event! {
    /// A change of one order of spot or margin: subject `orderChange`.
    ///
    /// The fields here are of the order after the change; what happened, with the fields that exist only for
    /// that, is [`kind`](Self::kind). Sizes are in the base currency, funds and prices in the quote currency.
    /// A fee or an average price is in no field of the wire.
    ///
    /// A market buy by funds ends as [`Canceled`](OrderKind::Canceled) even when all of it was bought, for its
    /// last dust of funds is released: whether something was bought is told by
    /// [`filled_size`](Self::filled_size), never by the kind.
    pub struct SpotOrder {
        /// The market, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of the order: `orderId`.
        pub order_id: Text = "orderId",
        /// The client's id of the order, where it was placed with one: `clientOid`.
        pub client_oid: Option<Text> = "clientOid",
        /// What happened: `type`.
        pub kind: OrderKind,
        /// What the order is now: `status`.
        pub status: OrderStatus = "status",
        /// Buy or sell: `side`.
        pub side: Side = "side",
        /// Limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// The limit price, in the quote currency: `price`. Market orders have none.
        pub price: Option<Decimal> = "price",
        /// The size as it is now, reduced by updates: `size`. Not on `received`, nor on market buys by funds.
        pub size: Option<Decimal> = "size",
        /// The size as it was placed: `originSize`.
        pub origin_size: Option<Decimal> = "originSize",
        /// What has been filled so far, all matches together: `filledSize`.
        pub filled_size: Option<Decimal> = "filledSize",
        /// What is still to be filled: `remainSize`. Not on matches of a market buy by funds.
        pub remain_size: Option<Decimal> = "remainSize",
        /// What has been cancelled so far: `canceledSize`.
        pub canceled_size: Option<Decimal> = "canceledSize",
        /// The funds of a market order by funds, in the quote currency: `funds`.
        pub funds: Option<Decimal> = "funds",
        /// The funds as they were placed: `originFunds`.
        pub origin_funds: Option<Decimal> = "originFunds",
        /// The funds that are left: `remainFunds`.
        pub remain_funds: Option<Decimal> = "remainFunds",
        /// The funds that were cancelled: `canceledFunds`.
        pub canceled_funds: Option<Decimal> = "canceledFunds",
        /// When the order was placed: `orderTime`, which KuCoin sent in nanoseconds until 2022 and in
        /// milliseconds since.
        pub order_time: Option<Timestamp> = "orderTime",
        /// When the matching engine did it: `ts`. A match and the `filled` that follows it have the same.
        pub engine_time: Option<Timestamp> = "ts",
        /// When the gateway pushed it: `pt`, not on older frames.
        pub pushed_at: Option<Timestamp> = "pt",
    }
}

event_kind! {
    /// What happened to an order: wire `type`.
    pub enum OrderKind = "type" {
        /// The matching engine has it; it may be matched at once or come to rest. Not on [`SpotOrdersV1`].
        Received = "received",
        /// It rests in the order book.
        Open = "open",
        /// Part or all of it was traded.
        Match(MatchFill) = "match" else
        /// It was traded, and the frame lacks the price, the size or the trade id, or has one that cannot be read:
        /// what it has is in [`extra`](SpotOrder::extra). Ask over REST which fill it was.
        MatchUntold,
        /// Its size was cut, by a partial cancel or by self-trade prevention.
        Update(SizeUpdate) = "update",
        /// It is done, all of it was traded.
        Filled = "filled",
        /// It is done, and some size or funds were released: see [`SpotOrder::filled_size`] for what was traded.
        Canceled = "canceled",
    }
}

part! {
    /// One trade of an order.
    pub struct MatchFill {
        /// The price of this trade, in the quote currency: `matchPrice`.
        pub price: Decimal = "matchPrice",
        /// The size of this trade, in the base currency: `matchSize`.
        pub size: Decimal = "matchSize",
        /// The exchange's id of this trade: `tradeId`. Both sides of a trade have the same.
        pub trade_id: Text = "tradeId",
        /// Whether the order took or made liquidity: `liquidity`. For what is paid,
        /// [`fee_type`](Self::fee_type) counts: the counterpart of a hidden order is a taker here.
        pub liquidity: Liquidity = "liquidity",
        /// Which fee is paid: `feeType`; an empty `Unknown` on frames before 2023, which lack it.
        pub fee_type: FeeType = "feeType",
    }
}

part! {
    /// A cut of an order's size.
    pub struct SizeUpdate {
        /// The size before, in the base currency: `oldSize`. The size after is [`SpotOrder::size`].
        pub old_size: Option<Decimal> = "oldSize",
    }
}

impl SpotOrder {
    /// The trade, if the event is one. V1 does not say the fee; [`MatchFill::fee_type`] says which one is paid.
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

    /// True where no further event of this order can follow.
    pub fn is_done(&self) -> bool {
        matches!(self.kind, OrderKind::Filled | OrderKind::Canceled)
    }
}

/// The word, unless the frame lacks it.
fn if_present(liquidity: &Liquidity) -> Option<Liquidity> {
    (!liquidity.as_str().is_empty()).then(|| liquidity.clone())
}

impl Data for SpotOrder {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }

    fn pushed_at(&self) -> Option<Timestamp> {
        self.pushed_at
    }
}

/// Order id, type, engine time and, by kind, trade id or size: the same on both topics and on every connection.
impl Event for SpotOrder {
    fn dedup_key(&self) -> String {
        let time = self.engine_time.unwrap_or_default();
        let mut identity = format!("{}:{}:{time}", self.order_id, self.kind);
        match &self.kind {
            OrderKind::Match(fill) => {
                identity.push(':');
                identity.push_str(&fill.trade_id);
            }
            OrderKind::Update(_) => {
                if let Some(size) = self.size {
                    identity.push_str(&format!(":{}", size.normalize()));
                }
            }
            OrderKind::MatchUntold => {
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
