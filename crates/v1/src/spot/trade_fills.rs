//! Fills of own spot orders, with fees: the undocumented topic /spot/tradeFills.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Fill, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event};

use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::order::OrderType;
use crate::topic::topic;

topic! {
    /// Fills of the user's spot orders, with fees: `/spot/tradeFills`.
    ///
    /// KuCoin does not document this topic. Captures from 2022 to 2024 show pushes, but users report that some accounts
    /// get none, so do not rely on it alone. Each fill is also a match on [`SpotOrders`](crate::SpotOrders), with the
    /// same trade ID and without its fee.
    pub struct SpotTradeFills: SpotTradeFill, on SpotPrivate, at "/spot/tradeFills"
}

event! {
    /// A fill of one spot order: subject `/spot/tradeFills`, the same as the topic.
    ///
    /// Amounts are JSON numbers on the wire, decoded exactly. KuCoin sends neither the liquidity (taker or maker) nor
    /// the client order ID.
    pub struct SpotTradeFill {
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Trade ID: `tradeId`; the same for the taker and the maker.
        pub trade_id: Text = "tradeId",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// Fill price, in the quote currency: `price`.
        pub price: Option<Decimal> = "price",
        /// Fill size, in the base currency: `size`.
        pub size: Option<Decimal> = "size",
        /// Fee, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Fee currency: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Fee rate, a fraction of the traded funds, `0.001` for 0.1 %: `feeRate`.
        pub fee_rate: Option<Decimal> = "feeRate",
        /// Match time: `time`, sent in nanoseconds.
        pub time: Option<Timestamp> = "time",
    }
}

impl SpotTradeFill {
    /// Returns the fill; `None` if the event lacks its price or size.
    pub fn fill(&self) -> Option<Fill> {
        let mut fill = Fill::new(
            self.symbol.clone(),
            self.trade_id.clone(),
            self.side.clone(),
            self.price?,
            self.size?,
        );
        fill.order_id = Some(self.order_id.clone());
        fill.fee = self.fee;
        fill.fee_currency = self.fee_currency.clone();
        fill.time = self.time;
        Some(fill)
    }
}

impl PushData for SpotTradeFill {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Dedup key: symbol, order ID and trade ID.
///
/// The order ID matters if both orders of a trade belong to the user: each order has its own fill.
impl Event for SpotTradeFill {
    fn dedup_key(&self) -> String {
        format!("{}:{}:{}", self.symbol, self.order_id, self.trade_id)
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
