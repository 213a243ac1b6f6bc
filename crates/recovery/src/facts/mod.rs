//! What recovery needs to know about a live event: its identity, its time and the state it reports.

mod pro;
mod v1;

use kucoin_streams_core::{Decimal, Event, FillKey, Text, Timestamp};

/// An event whose topic can be recovered.
///
/// It is implemented for all events of V1 and Pro V2. For an event of your own, an empty implementation is enough:
/// recovery then recognizes its fills by [`Event::fill`].
pub trait Recoverable: Event {
    /// Returns the facts of the event that recovery compares with rows of the REST API.
    fn facts(&self) -> EventFacts {
        match self.fill() {
            Some(fill) => EventFacts::new(fill.time, Change::Fill(fill.key())),
            None => EventFacts::default(),
        }
    }
}

/// Facts of a live event that recovery compares with rows of the REST API: see [`Recoverable`].
#[derive(Clone, Debug, Default)]
pub struct EventFacts {
    /// Exchange time of the event; `None` if it has none.
    pub(crate) time: Option<Timestamp>,
    pub(crate) change: Change,
}

/// The change that an event reports.
#[derive(Clone, Debug, Default)]
pub(crate) enum Change {
    Order(OrderFacts),
    Stop(StopFacts),
    Balance(BalanceFacts),
    Position(PositionFacts),
    /// A funding settlement of a contract, at this funding time.
    Funding(Text, Timestamp),
    Fill(FillKey),
    /// A trade of a market: the fill of the taker's order, and of the maker's. One of them may be an own fill.
    Trade(FillKey, FillKey),
    /// A change that recovery does not compare with rows.
    #[default]
    Other,
}

/// State of an order after an event.
#[derive(Clone, Debug)]
pub(crate) struct OrderFacts {
    pub(crate) order_id: Text,
    pub(crate) symbol: Text,
    /// Cumulative filled size; `None` if the event lacks it.
    pub(crate) filled: Option<Decimal>,
    /// The event is the last one of the order.
    pub(crate) is_done: bool,
    /// The fill that the event reports, and its size.
    pub(crate) fill: Option<(FillKey, Decimal)>,
}

/// State of a stop order after an event.
#[derive(Clone, Debug)]
pub(crate) struct StopFacts {
    pub(crate) order_id: Text,
    pub(crate) symbol: Text,
    /// The stop order waits for its trigger.
    pub(crate) is_open: bool,
}

/// A balance after an event.
#[derive(Clone, Debug)]
pub(crate) struct BalanceFacts {
    /// Account type as in `relationEvent` (`main`, `trade_hf`, `margin`, `isolated_BTC-USDT`) or in the Pro V2 channel.
    pub(crate) account: Text,
    pub(crate) currency: Text,
    /// Total balance after the event.
    pub(crate) total: Option<Decimal>,
    /// Change of the total balance; 0 for a hold.
    pub(crate) change: Decimal,
    pub(crate) trade_id: Option<Text>,
}

/// A position after an event.
#[derive(Clone, Debug)]
pub(crate) struct PositionFacts {
    pub(crate) symbol: Text,
    /// Leg in hedge mode; empty if the event has none.
    pub(crate) side: Text,
    /// Time of the state that the event reports: V1 `currentTimestamp`, Pro V2 `U`.
    pub(crate) updated_at: Option<Timestamp>,
}

impl EventFacts {
    pub(crate) fn new(time: Option<Timestamp>, change: Change) -> Self {
        Self { time, change }
    }

    /// Returns the identities of the event: those that a row of the REST API can have too.
    pub(crate) fn identities(&self) -> impl Iterator<Item = Identity> {
        let (first, second) = match &self.change {
            Change::Order(order) => (
                order
                    .fill
                    .as_ref()
                    .map(|(key, _)| Identity::Fill(key.clone())),
                order
                    .is_done
                    .then(|| Identity::OrderEnd(order.order_id.clone())),
            ),
            Change::Stop(stop) => {
                let identity = match stop.is_open {
                    true => Identity::StopOpen(stop.order_id.clone()),
                    false => Identity::StopEnd(stop.order_id.clone()),
                };
                (Some(identity), None)
            }
            Change::Balance(balance) => (balance.identity(self.time), None),
            Change::Funding(symbol, at) => (Some(Identity::Funding(symbol.clone(), *at)), None),
            Change::Fill(key) => (Some(Identity::Fill(key.clone())), None),
            Change::Trade(taker, maker) => (
                Some(Identity::Fill(taker.clone())),
                Some(Identity::Fill(maker.clone())),
            ),
            Change::Position(_) | Change::Other => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl BalanceFacts {
    /// Returns the identity of a change of the total balance; `None` for a hold.
    ///
    /// A trade is identified by its trade ID and direction. The ID of the ledger row is not used, because it is not
    /// known to equal the stream's `relationEventId`.
    pub(crate) fn identity(&self, time: Option<Timestamp>) -> Option<Identity> {
        if self.change.is_zero() {
            return None;
        }
        let (account, mark) = match &self.trade_id {
            // The ledger does not always say which account a trade belongs to.
            Some(trade) => {
                let grows = self.change.is_sign_positive();
                (Text::default(), LedgerMark::Trade(trade.clone(), grows))
            }
            None => {
                let total = self.total.unwrap_or_default().normalize();
                let millis = time.map_or(0, Timestamp::as_millis);
                (self.account.clone(), LedgerMark::Total(total, millis))
            }
        };
        Some(Identity::Ledger(account, self.currency.clone(), mark))
    }
}

/// Identity of an event, the same for a live event and for the REST row of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    Fill(FillKey),
    /// The order is open: its first event, or a row of the list of open orders.
    OrderOpen(Text),
    OrderEnd(Text),
    StopOpen(Text),
    StopEnd(Text),
    /// Account, currency and mark.
    Ledger(Text, Text, LedgerMark),
    Funding(Text, Timestamp),
}

/// What tells a change of a total balance from another one of the same account and currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LedgerMark {
    /// A trade, and `true` if the balance grew.
    Trade(Text, bool),
    /// The total balance after the change, and the time in milliseconds.
    Total(Decimal, i64),
}
