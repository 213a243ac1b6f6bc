//! The account's own trades with their fees: /spot/tradeFills, which no documentation names.

use kucoin_streams_core::{Decimal, DecodeError, Event, Fill, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event};

use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::order::OrderType;
use crate::topic::topic;

topic! {
    /// The account's own trades on spot, with their fees: `/spot/tradeFills`.
    ///
    /// KuCoin does not document this topic. Captures from 2022 to 2024 show it alive, and for some accounts it is
    /// reported silent, so do not build on it alone: every trade is also a match on [`SpotOrders`](crate::SpotOrders),
    /// with the same trade id and without its fee.
    pub struct SpotTradeFills: SpotTradeFill, on SpotPrivate, at "/spot/tradeFills"
}

event! {
    /// One trade of an own order on spot: subject `/spot/tradeFills`, as its topic.
    ///
    /// Amounts are JSON numbers on the wire, read by their digits all the same. Whether the order was taker or maker
    /// is not told, nor is the client's id of the order.
    pub struct SpotTradeFill {
        /// The market, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of the order: `orderId`.
        pub order_id: Text = "orderId",
        /// The exchange's id of this trade: `tradeId`. Both sides of a trade have the same.
        pub trade_id: Text = "tradeId",
        /// Buy or sell: `side`.
        pub side: Side = "side",
        /// Limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// The price of this trade, in the quote currency: `price`.
        pub price: Option<Decimal> = "price",
        /// The size of this trade, in the base currency: `size`.
        pub size: Option<Decimal> = "size",
        /// The fee paid, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// The currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// The fee as a fraction of the funds traded, `0.001` for 0.1 %: `feeRate`.
        pub fee_rate: Option<Decimal> = "feeRate",
        /// When it was matched: `time`, sent in nanoseconds.
        pub time: Option<Timestamp> = "time",
    }
}

impl SpotTradeFill {
    /// The trade, if the event has its price and size.
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

impl Data for SpotTradeFill {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Market, order id and trade id: where both orders of a trade are the account's own, each has its fill.
impl Event for SpotTradeFill {
    fn dedup_key(&self) -> String {
        format!("{}:{}:{}", self.symbol, self.order_id, self.trade_id)
    }

    fn fill(&self) -> Option<Fill> {
        self.fill()
    }
}
