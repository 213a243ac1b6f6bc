//! Trades of markets: /market/match on the private connection.

use kucoin_streams_core::{
    Decimal, DecodeError, Event, Extra, Fill, Liquidity, Side, Text, Timestamp,
};
use kucoin_streams_decode::{Record, Scanner, event};

use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::symbol::SymbolParam;
use crate::topic::topic;

topic! {
    /// Trades of one or more markets: `/market/match:SYMBOL`.
    ///
    /// Separate several symbols by commas, such as `/market/match:BTC-USDT,KCS-USDT`; at most 100. Each push carries
    /// the topic of its own market; [`symbol`](Self::symbol) returns the whole list.
    ///
    /// KuCoin's documentation says that a private subscription gets only the matches of the user's own orders. No
    /// capture proves it, so check [`MarketMatch::is_of`] before you treat a match as a fill. For fills,
    /// [`SpotOrders`](crate::SpotOrders) is the reliable source.
    pub struct MarketMatches: MarketMatch, on SpotPrivate, at "/market/match" of SymbolParam::SpotList
}

event! {
    /// A trade in a market, as in the public trade feed: subject `trade.l3match`.
    pub struct MarketMatch {
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Trade ID: `tradeId`; equal to [`MatchFill::trade_id`](crate::MatchFill::trade_id) of both orders.
        pub trade_id: Text = "tradeId",
        /// Sequence number in the market, increasing: `sequence`; equal to the trade ID on newer frames.
        pub sequence: Option<Text> = "sequence",
        /// Type, always `match`: `type`.
        pub kind: Option<Text> = "type",
        /// Side of the taker: `side`.
        pub side: Side = "side",
        /// Trade price, in the quote currency: `price`.
        pub price: Option<Decimal> = "price",
        /// Trade size, in the base currency: `size`.
        pub size: Option<Decimal> = "size",
        /// Order ID of the taker: `takerOrderId`.
        pub taker_order_id: Option<Text> = "takerOrderId",
        /// Order ID of the maker: `makerOrderId`.
        pub maker_order_id: Option<Text> = "makerOrderId",
        /// Match time: `time`, sent in nanoseconds as a string.
        pub time: Option<Timestamp> = "time",
    }
}

impl MarketMatch {
    /// Returns `true` if the order with this ID was the taker or the maker.
    pub fn is_of(&self, order_id: &str) -> bool {
        self.liquidity_of(order_id).is_some()
    }

    /// Returns the liquidity of the order with this ID, taker or maker; `None` if it was neither.
    pub fn liquidity_of(&self, order_id: &str) -> Option<Liquidity> {
        let is = |id: &Option<Text>| id.as_deref() == Some(order_id);
        if is(&self.taker_order_id) {
            Some(Liquidity::Taker)
        } else if is(&self.maker_order_id) {
            Some(Liquidity::Maker)
        } else {
            None
        }
    }
}

impl MarketMatch {
    /// Returns the trade as a fill of the order with this ID.
    ///
    /// If the order was the maker, its side is the opposite of [`side`](Self::side), the side of the taker.
    ///
    /// Returns `None` if the order was neither taker nor maker, or if the event lacks side, price or size.
    pub fn fill_of(&self, order_id: &str) -> Option<Fill> {
        let liquidity = self.liquidity_of(order_id)?;
        let side = match (&self.side, &liquidity) {
            (Side::Buy, Liquidity::Taker) | (Side::Sell, Liquidity::Maker) => Side::Buy,
            (Side::Sell, Liquidity::Taker) | (Side::Buy, Liquidity::Maker) => Side::Sell,
            _ => return None,
        };
        let mut fill = Fill::new(
            self.symbol.clone(),
            self.trade_id.clone(),
            side,
            self.price?,
            self.size?,
        );
        fill.order_id = Some(order_id.into());
        fill.liquidity = Some(liquidity);
        fill.time = self.time;
        Some(fill)
    }
}

impl PushData for MarketMatch {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Dedup key: symbol and trade ID.
impl Event for MarketMatch {
    fn dedup_key(&self) -> String {
        format!("{}:{}", self.symbol, self.trade_id)
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
