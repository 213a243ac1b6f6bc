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
            Some(fill) => EventFacts::new(fill.time, Change::Fill(fill.key(), fill.size)),
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
    Funding(FundingMark),
    /// A fill and its size.
    Fill(FillKey, Decimal),
    /// A trade of a market: the fill of the taker's order, and of the maker's. One of them may be an own fill.
    Trade(FillKey, FillKey, Decimal),
    /// Settings of these contracts, or balances of these currencies.
    Named(Vec<Text>),
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
    /// Size after reductions; `None` if the event lacks it.
    pub(crate) size: Option<Decimal>,
    pub(crate) stage: OrderStage,
    /// The order trades with borrowed funds; `false` if the event does not say.
    pub(crate) is_margin: bool,
    /// The fill that the event reports, and its size.
    pub(crate) fill: Option<(FillKey, Decimal)>,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OrderStage {
    /// A conditional order that waits for its trigger.
    Waiting,
    #[default]
    Open,
    /// Triggered: another order replaces it, or it goes on as an open order.
    Triggered,
    /// Filled or canceled: the last event of the order.
    Done,
}

impl OrderStage {
    /// Returns `true` if the order is in a list of open orders.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Open)
    }
}

/// State of a stop order after an event.
#[derive(Clone, Debug)]
pub(crate) struct StopFacts {
    pub(crate) order_id: Text,
    pub(crate) symbol: Text,
    /// The stop order waits for its trigger.
    pub(crate) is_open: bool,
    /// The stop order trades from a margin account.
    pub(crate) is_margin: bool,
}

/// A balance after an event.
#[derive(Clone, Debug)]
pub(crate) struct BalanceFacts {
    /// Account type as in `relationEvent` (`main`, `trade_hf`, `margin`, `isolated_BTC-USDT`) or in the Pro V2 channel.
    pub(crate) account: Text,
    pub(crate) currency: Text,
    /// Total balance after the event.
    pub(crate) total: Option<Decimal>,
    /// Change of the total balance; 0 for a hold, `None` if the event does not say.
    pub(crate) change: Option<Decimal>,
    /// The trade that changed the balance.
    pub(crate) trade: Option<FillKey>,
}

/// A position after an event.
#[derive(Clone, Debug)]
pub(crate) struct PositionFacts {
    pub(crate) symbol: Text,
    /// Leg in hedge mode; empty if the event has none.
    pub(crate) side: Text,
    /// Time of the state that the event reports: V1 `currentTimestamp`, Pro V2 `U`.
    pub(crate) updated_at: Option<Timestamp>,
    /// The position is open; `None` if the event does not say.
    pub(crate) is_open: Option<bool>,
}

/// What a funding settlement has on the stream and on REST.
///
/// `/contract/positionAll` sends no symbol, but the mark price tells contracts apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FundingMark {
    pub(crate) settled_at: Timestamp,
    pub(crate) mark_price: Decimal,
    pub(crate) quantity: Decimal,
}

impl EventFacts {
    pub(crate) fn new(time: Option<Timestamp>, change: Change) -> Self {
        Self { time, change }
    }

    /// Returns the identity of the end of an order that the event reports as not ended; `None` for another event.
    pub(crate) fn end_if_open(&self) -> Option<Identity> {
        match &self.change {
            Change::Order(order) if order.stage != OrderStage::Done => {
                Some(Identity::OrderEnd(order.order_id.clone()))
            }
            Change::Stop(stop) if stop.is_open => Some(Identity::StopEnd(stop.order_id.clone())),
            _ => None,
        }
    }

    /// Returns the identities of the event: those that a row of the REST API can have too.
    pub(crate) fn identities(&self) -> impl Iterator<Item = Identity> {
        let (first, second) = match &self.change {
            Change::Order(order) => {
                let fill = order.fill.as_ref();
                let is_done = order.stage == OrderStage::Done;
                (
                    fill.map(|(key, _)| Identity::Fill(key.clone())),
                    is_done.then(|| Identity::OrderEnd(order.order_id.clone())),
                )
            }
            Change::Stop(stop) => (Some(Identity::stop(&stop.order_id, stop.is_open)), None),
            Change::Balance(balance) => (balance.identity(self.time), None),
            Change::Funding(mark) => (Some(Identity::Funding(mark.clone())), None),
            Change::Fill(key, _) => (Some(Identity::Fill(key.clone())), None),
            Change::Trade(taker, maker, _) => (
                Some(Identity::Fill(taker.clone())),
                Some(Identity::Fill(maker.clone())),
            ),
            Change::Position(_) | Change::Named(_) | Change::Other => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl BalanceFacts {
    /// Returns the identity of a change of the total balance; `None` for a hold.
    ///
    /// A trade is identified by its order, trade ID and direction. The ID of the ledger row is not used, because it is
    /// not known to equal the stream's `relationEventId`.
    pub(crate) fn identity(&self, time: Option<Timestamp>) -> Option<Identity> {
        let change = self.change.filter(|change| !change.is_zero())?;
        let (account, mark) = match &self.trade {
            // The ledger does not always say which account a trade belongs to.
            Some(trade) => {
                let mark = LedgerMark::Trade(trade.clone(), change.is_sign_positive());
                (Text::default(), mark)
            }
            None => {
                let millis = time.map_or(0, Timestamp::as_millis);
                let mark = match &*self.account {
                    // Its ledger has no totals.
                    "main" => LedgerMark::Change(change.normalize(), millis),
                    _ => LedgerMark::Total(self.total.unwrap_or_default().normalize(), millis),
                };
                (self.account.clone(), mark)
            }
        };
        Some(Identity::Ledger(account, self.currency.clone(), mark))
    }
}

/// Identity of an event, the same for a live event and for the REST row of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    Fill(FillKey),
    /// The order is open: a row of the list of open orders.
    OrderOpen(Text),
    OrderEnd(Text),
    StopOpen(Text),
    StopEnd(Text),
    /// Account, currency and mark.
    Ledger(Text, Text, LedgerMark),
    Funding(FundingMark),
}

impl Identity {
    pub(crate) fn stop(order_id: &Text, is_open: bool) -> Self {
        match is_open {
            true => Self::StopOpen(order_id.clone()),
            false => Self::StopEnd(order_id.clone()),
        }
    }

    /// Returns `true` if two events with this identity are certainly the same event.
    pub(crate) fn is_exact(&self) -> bool {
        !matches!(self, Self::Ledger(..))
    }
}

/// What tells a change of a total balance from another one of the same account and currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LedgerMark {
    /// A trade of an order, and `true` if the balance grew.
    Trade(FillKey, bool),
    /// The total balance after the change, and the time in milliseconds.
    Total(Decimal, i64),
    /// The change, and the time in milliseconds.
    Change(Decimal, i64),
}
