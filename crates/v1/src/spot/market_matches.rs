//! Trades of single markets: /market/match on the private connection.

use kucoin_streams_core::{Decimal, DecodeError, Event, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event};

use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::symbol::Market;
use crate::topic::topic;

topic! {
    /// Trades of one market, or of several parted by commas: `/market/match:SYMBOL`, such as
    /// `/market/match:BTC-USDT,KCS-USDT`.
    ///
    /// A push carries the topic of its one market, whatever list was asked for; [`symbol`](Self::symbol) gives the
    /// list. A request takes 100 markets at most.
    ///
    /// KuCoin's documentation says that a private subscription is only sent the matches of the user's own orders. No
    /// capture proves it, so ask [`MarketMatch::is_of`] before taking a match for a fill; the fills themselves are
    /// on [`SpotOrders`](crate::SpotOrders) without a doubt.
    pub struct MarketMatches: MarketMatch, on SpotPrivate, at "/market/match" of Market::SpotList
}

event! {
    /// One trade of a market, as the public tape tells it: subject `trade.l3match`.
    pub struct MarketMatch {
        /// The market, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// The exchange's id of this trade: `tradeId`. [`MatchFill::trade_id`](crate::MatchFill::trade_id) of both
        /// orders is the same.
        pub trade_id: Text = "tradeId",
        /// Where the trade stands in the order of the market's events: `sequence`, a growing number. On newer frames
        /// it is the trade id.
        pub sequence: Option<Text> = "sequence",
        /// `match`: `type`.
        pub kind: Option<Text> = "type",
        /// Whether the taker bought or sold: `side`.
        pub side: Side = "side",
        /// The price of the trade, in the quote currency: `price`.
        pub price: Option<Decimal> = "price",
        /// The size of the trade, in the base currency: `size`.
        pub size: Option<Decimal> = "size",
        /// The order that took the liquidity: `takerOrderId`.
        pub taker_order_id: Option<Text> = "takerOrderId",
        /// The order that rested in the book: `makerOrderId`.
        pub maker_order_id: Option<Text> = "makerOrderId",
        /// When it was matched: `time`, sent in nanoseconds in a string.
        pub time: Option<Timestamp> = "time",
    }
}

impl MarketMatch {
    /// True where this order is one of the two that were matched.
    pub fn is_of(&self, order_id: &str) -> bool {
        self.liquidity_of(order_id).is_some()
    }

    /// Which side of the trade this order was; `None` where it was neither.
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
    /// The trade as a fill of this order: the taker's side is that of the event, the maker's is the other. `None` if it is
    /// neither of the two orders, or if the event lacks side, price or size.
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

impl Data for MarketMatch {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Market and trade id: a trade is told once.
impl Event for MarketMatch {
    fn dedup_key(&self) -> String {
        format!("{}:{}", self.symbol, self.trade_id)
    }
}
