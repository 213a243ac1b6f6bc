//! Open orders: those that were yielded, those of before the gap, and what live events say about them since.

use std::collections::HashMap;

use kucoin_streams_core::{Decimal, Text};

use super::{Passed, Start};

/// Number of sweeps in which an order must be absent from all lists before it is reported as vanished.
const ABSENT_SWEEPS: u32 = 2;

/// The open orders of a book.
#[derive(Debug, Default)]
pub(crate) struct OpenOrders {
    /// Open orders, by the events and rows that were yielded.
    known: HashMap<Text, KnownOrder>,
    /// The same when the recovery in progress began.
    before: HashMap<Text, KnownOrder>,
    /// Orders of which live events came during the recovery in progress.
    live: HashMap<Text, LiveOrder>,
    absences: HashMap<Text, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownOrder {
    pub(crate) symbol: Text,
    /// Index of its venue; `None` if unknown.
    pub(crate) venue: Option<usize>,
    /// Cumulative filled size; `None` if unknown.
    pub(crate) filled: Option<Decimal>,
    /// Size after reductions; `None` if unknown.
    pub(crate) size: Option<Decimal>,
}

#[derive(Clone, Debug)]
struct LiveOrder {
    symbol: Text,
    filled: Option<Decimal>,
    size: Option<Decimal>,
    is_open: bool,
    /// No loss came after the last event, so the stream reports what follows.
    is_current: bool,
}

/// An order after a live event.
pub(crate) struct ObservedOrder<'e> {
    pub(crate) order_id: &'e Text,
    pub(crate) symbol: &'e Text,
    pub(crate) filled: Option<Decimal>,
    pub(crate) size: Option<Decimal>,
    pub(crate) is_open: bool,
}

impl OpenOrders {
    /// Starts a recovery, or starts it over after a second loss.
    pub(crate) fn begin(&mut self, start: Start) {
        match start {
            Start::Again => self.live.values_mut().for_each(|live| {
                live.is_current = false;
                live.filled = None;
            }),
            Start::New | Start::TakeOver => self.live.clear(),
        }
        self.before.clone_from(&self.known);
        if start == Start::TakeOver {
            // The known sizes may contain fills that are still missed.
            let before = self.before.values_mut();
            before.for_each(|order| order.filled = None);
        }
        self.absences.clear();
    }

    pub(crate) fn observe(&mut self, order: &ObservedOrder<'_>, passed: Passed) {
        if passed != Passed::Held {
            self.update(order);
        }
        if passed != Passed::Delivered {
            let live = self
                .live
                .entry(order.order_id.clone())
                .or_insert(LiveOrder {
                    symbol: order.symbol.clone(),
                    filled: None,
                    size: None,
                    is_open: true,
                    is_current: true,
                });
            live.is_current = true;
            if is_older(order, live.filled) {
                return;
            }
            live.filled = order.filled.or(live.filled);
            live.size = order.size.or(live.size);
            live.is_open = order.is_open;
        }
    }

    fn update(&mut self, order: &ObservedOrder<'_>) {
        if !order.is_open {
            self.known.remove(order.order_id);
            return;
        }
        let known = self.known.entry(order.order_id.clone());
        let known = known.or_insert(KnownOrder {
            symbol: order.symbol.clone(),
            venue: None,
            filled: None,
            size: None,
        });
        if !is_older(order, known.filled) {
            known.filled = order.filled.or(known.filled);
            known.size = order.size.or(known.size);
        }
    }

    /// Returns the order as it was known before the recovery.
    pub(crate) fn before(&self, order_id: &str) -> Option<&KnownOrder> {
        self.before.get(order_id)
    }

    /// Returns `true` if events or rows of before the last loss name the order.
    pub(crate) fn is_known(&self, order_id: &str) -> bool {
        self.before.contains_key(order_id) || self.live.contains_key(order_id)
    }

    /// Returns the orders that were open before the recovery.
    pub(crate) fn all_before(&self) -> impl Iterator<Item = (&Text, &KnownOrder)> {
        self.before.iter()
    }

    /// Returns `true` if live events report the order and everything that follows.
    pub(crate) fn is_live(&self, order_id: &str) -> bool {
        let live = self.live.get(order_id);
        live.is_some_and(|live| live.is_current || !live.is_open)
    }

    /// Returns the filled size that the last live event shows.
    pub(crate) fn live_filled(&self, order_id: &str) -> Option<Decimal> {
        self.live.get(order_id)?.filled
    }

    /// Returns the orders that must be open or ended now, and of which the stream does not report more.
    pub(crate) fn unexplained(&self) -> Vec<(Text, KnownOrder)> {
        let before = self.before.iter().map(|(id, order)| (id, order.clone()));
        let between = self.live.iter().map(|(id, live)| {
            let order = KnownOrder {
                symbol: live.symbol.clone(),
                venue: None,
                filled: None,
                size: None,
            };
            (id, order)
        });
        let between = between.filter(|(id, _)| !self.before.contains_key(*id));
        let all = before.chain(between);
        let mut all: Vec<_> = all
            .filter(|(id, _)| !self.is_live(id))
            .map(|(id, order)| (id.clone(), order))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Notes that all lists of a sweep lack the order.
    pub(crate) fn note_absence(&mut self, order_id: Text) {
        *self.absences.entry(order_id).or_default() += 1;
    }

    /// Returns `true` if the order was absent often enough to be reported as vanished.
    pub(crate) fn has_vanished(&self, order_id: &str) -> bool {
        let count = self.absences.get(order_id);
        count.is_some_and(|count| *count >= ABSENT_SWEEPS)
    }

    /// Takes what was yielded as known: `rows` are the orders of lists, `None` if the order is not open.
    pub(crate) fn commit(&mut self, rows: impl Iterator<Item = (Text, Option<KnownOrder>)>) {
        self.take_live(false);
        let absences = &self.absences;
        self.known
            .retain(|id, _| absences.get(id).is_none_or(|count| *count < ABSENT_SWEEPS));
        for (order_id, order) in rows {
            match order {
                Some(order) => self.known.insert(order_id, order),
                None => self.known.remove(&order_id),
            };
        }
        self.take_live(true);
    }

    /// Takes what live events say: those whose order the stream still reports, or those of before the last loss.
    fn take_live(&mut self, is_reported: bool) {
        for (order_id, live) in self.live.clone() {
            if self.is_live(&order_id) == is_reported {
                self.update(&ObservedOrder {
                    order_id: &order_id,
                    symbol: &live.symbol,
                    filled: live.filled,
                    size: live.size,
                    is_open: live.is_open,
                });
            }
        }
    }
}

/// Returns `true` if less is filled than is known: the event was pushed again, after a later one.
fn is_older(order: &ObservedOrder<'_>, known: Option<Decimal>) -> bool {
    order.filled.is_some() && order.filled < known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(orders: &mut OpenOrders, id: &'static str, is_open: bool, passed: Passed) {
        let order = ObservedOrder {
            order_id: &Text::from_static(id),
            symbol: &Text::from_static("BTC-USDT"),
            filled: Some(Decimal::ONE),
            size: None,
            is_open,
        };
        orders.observe(&order, passed);
    }

    fn unexplained(orders: &OpenOrders) -> Vec<Text> {
        let all = orders.unexplained().into_iter();
        all.map(|(id, _)| id).collect()
    }

    #[test]
    fn order_with_live_events_is_explained_until_the_next_loss() {
        let mut orders = OpenOrders::default();
        observe(&mut orders, "a", true, Passed::Delivered);
        observe(&mut orders, "b", true, Passed::Delivered);
        orders.begin(Start::New);
        observe(&mut orders, "b", true, Passed::Held);
        observe(&mut orders, "c", true, Passed::Held);
        observe(&mut orders, "d", false, Passed::Held);
        assert_eq!(unexplained(&orders), ["a"]);
        orders.begin(Start::Again);
        assert_eq!(unexplained(&orders), ["a", "b", "c"]);
        assert_eq!(orders.live_filled("b"), None);
    }

    #[test]
    fn order_vanishes_after_two_absences() {
        let mut orders = OpenOrders::default();
        observe(&mut orders, "a", true, Passed::Delivered);
        orders.begin(Start::New);
        orders.note_absence("a".into());
        assert!(!orders.has_vanished("a"));
        orders.note_absence("a".into());
        assert!(orders.has_vanished("a"));
        orders.commit(std::iter::empty());
        orders.begin(Start::New);
        assert!(unexplained(&orders).is_empty());
    }

    #[test]
    fn late_event_wins_over_an_older_row() {
        let mut orders = OpenOrders::default();
        orders.begin(Start::New);
        let row = || {
            let order = KnownOrder {
                symbol: "BTC-USDT".into(),
                venue: Some(0),
                filled: None,
                size: None,
            };
            std::iter::once((Text::from_static("a"), Some(order)))
        };
        orders.commit(row());
        observe(&mut orders, "a", false, Passed::Late);
        orders.commit(row());
        orders.begin(Start::New);
        assert!(orders.before("a").is_none());
    }
}
