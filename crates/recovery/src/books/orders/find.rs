//! What the rows of the sweeps say: missed fills, placed and ended orders, vanished orders, open orders.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};

use super::OrderBook;
use super::rows::{FillRow, OrderRow};
use crate::books::{Findings, Found, FoundRow, FoundVanished, Rank, RowState, Sweep, Window};
use crate::facts::Identity;
use crate::output::MissingReason;

/// A fill of the window: live, or in a list.
struct WindowFill<'b> {
    key: &'b FillKey,
    size: Decimal,
    time: Timestamp,
    /// The row and its venue; `None` if only the stream has it.
    row: Option<&'b (usize, FillRow)>,
    /// The filled size of before the recovery contains it.
    was_counted: bool,
}

impl WindowFill<'_> {
    /// Order of the fills of one order: a trade ID grows with time, and a longer one is later.
    fn rank(&self) -> (i64, usize, &str) {
        let trade_id = self.key.trade_id.as_str();
        (self.time.as_millis(), trade_id.len(), trade_id)
    }
}

impl OrderBook {
    /// Returns the fills of each order, in order.
    fn window_fills(
        &self,
        window: &Window,
        sweep: &Sweep<'_>,
    ) -> BTreeMap<Option<&Text>, Vec<WindowFill<'_>>> {
        let rows = self.fills.iter().filter(|(key, (_, fill))| {
            window.contains(fill.time) || self.live_fills.contains_key(*key)
        });
        let rows = rows.map(|(key, row)| WindowFill {
            was_counted: self.was_counted(key, row.1.time, sweep),
            key,
            size: row.1.size,
            time: row.1.time,
            row: Some(row),
        });
        let live = self.live_fills.iter();
        let live = live.filter(|(key, _)| !self.fills.contains_key(*key));
        let live = live.map(|(key, (size, time))| WindowFill {
            was_counted: false,
            key,
            size: *size,
            time: *time,
            row: None,
        });
        let mut by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for fill in rows.chain(live) {
            let order_id = fill.key.order_id.as_ref();
            by_order.entry(order_id).or_default().push(fill);
        }
        for fills in by_order.values_mut() {
            fills.sort_by(|a, b| a.rank().cmp(&b.rank()));
        }
        by_order
    }

    /// Returns the filled size of an order before the recovery, by the events and rows that were yielded.
    fn known_size(&self, order_id: &Text) -> Option<Decimal> {
        self.open.before(order_id)?.filled
    }

    /// Returns the filled size before the fills that count; `None` if unknown.
    ///
    /// All fills of an order that was placed in the window are in the window.
    fn filled_before(&self, order_id: &Text, window: &Window) -> Option<Decimal> {
        self.known_size(order_id).or_else(|| {
            let (_, row) = self.orders.get(order_id)?;
            let is_new = row.created_at? >= window.from;
            is_new.then_some(Decimal::ZERO)
        })
    }

    /// Returns the filled size that the stream shows, or the row without later fills; `None` if unknown.
    fn filled_now(&self, order_id: &Text, window: &Window) -> Option<Decimal> {
        if let Some(filled) = self.open.live_filled(order_id) {
            return Some(filled);
        }
        let (_, row) = self.orders.get(order_id)?;
        // The row may show fills that the stream is about to bring.
        let later = self.fills.iter().filter(|(key, (_, fill))| {
            key.order_id.as_ref() == Some(order_id)
                && fill.time > window.last
                && !self.live_fills.contains_key(*key)
        });
        let later: Decimal = later.map(|(_, (_, fill))| fill.size).sum();
        Some(row.filled? - later)
    }

    pub(super) fn find_fills(
        &mut self,
        window: &Window,
        sweep: &Sweep<'_>,
        findings: &mut Findings,
    ) {
        let mut filled = std::mem::take(&mut self.filled);
        filled.clear();
        let by_order = self.window_fills(window, sweep);
        let mut found_fills = Vec::new();
        // An order without fills can contradict its filled size too.
        let with_row = self.orders.keys();
        let unfilled = with_row
            .filter(|id| self.open.before(id).is_some() && !by_order.contains_key(&Some(*id)));
        for order_id in unfilled {
            self.check_filled(order_id, Decimal::ZERO, window, findings, &mut filled);
        }
        for (order_id, fills) in &by_order {
            let is_known = order_id.is_some_and(|order_id| self.known_size(order_id).is_some());
            let counts = |fill: &WindowFill<'_>| !(is_known && fill.was_counted);
            let sum = fills.iter().filter(|fill| counts(fill));
            let sum = sum.map(|fill| fill.size).sum();
            let mut cumulative = order_id.and_then(|order_id| {
                self.check_filled(order_id, sum, window, findings, &mut filled)
            });
            for fill in fills {
                if counts(fill) {
                    cumulative = cumulative.map(|filled| filled + fill.size);
                }
                if let Some((part, row)) = fill.row
                    && window.contains(row.time)
                {
                    let found = self.found_fill(*part, row, cumulative, sweep);
                    found_fills.extend(found.as_ref().map(|_| fill.key.clone()));
                    findings.found.extend(found);
                }
            }
        }
        self.check_ledger(window, sweep, findings);
        self.found_fills = found_fills;
        self.filled = filled;
        let is_unexplained = self.check_currencies(findings);
        let has_margin = self.venues.iter().any(|state| state.venue.is_margin());
        if is_unexplained && has_margin && !self.uses_margin {
            // The trades may be of margin, which was not asked.
            self.uses_margin = true;
            findings.is_unsettled = true;
        }
    }

    /// Compares the new fills of an order with its filled size. Returns the size before them, if the check holds.
    fn check_filled(
        &self,
        order_id: &Text,
        sum: Decimal,
        window: &Window,
        findings: &mut Findings,
        filled: &mut std::collections::HashMap<Text, Option<Decimal>>,
    ) -> Option<Decimal> {
        let before = self.filled_before(order_id, window)?;
        let now = self.filled_now(order_id, window)?;
        let is_consistent = before + sum == now;
        filled.insert(order_id.clone(), is_consistent.then_some(now));
        if !is_consistent {
            let topics = self.topics.iter().copied();
            findings.contradict(topics, &format!("fills of order {order_id}"));
        }
        is_consistent.then_some(before)
    }

    fn found_fill(
        &self,
        part: usize,
        fill: &FillRow,
        filled: Option<Decimal>,
        sweep: &Sweep<'_>,
    ) -> Option<Found> {
        let identity = Identity::Fill(fill.key.clone());
        let order_id = fill.key.order_id.clone();
        let order = order_id.as_ref().and_then(|id| self.orders.get(id));
        let order = order.map(|(_, row)| row);
        let venue = &self.venues[part].venue;
        let topics = self.topics.iter().zip(&self.kinds);
        let missed = topics.filter(|(topic, kind)| {
            kind.serves(venue, &fill.key.symbol) && !sweep.seen.has(**topic, &identity, fill.time)
        });
        let frames = missed.map(|(topic, kind)| (*topic, kind.fill(fill, order, filled)));
        let frames: Vec<_> = frames.collect();
        (!frames.is_empty()).then(|| Found {
            identity,
            order_id,
            rank: Rank::Matched,
            time: fill.time,
            exact: true,
            trade_id: fill.key.trade_id.clone(),
            source: fill.source,
            frames,
        })
    }

    /// Checks that each trade of the ledger has its fill.
    fn check_ledger(&self, window: &Window, sweep: &Sweep<'_>, findings: &mut Findings) {
        for (key, at) in &self.ledger_trades {
            let identity = Identity::Fill(key.clone());
            let mut topics = self.topics.iter();
            let is_found = self.fills.contains_key(key)
                || self.live_fills.contains_key(key)
                || topics.any(|topic| sweep.seen.has(*topic, &identity, *at));
            if *at >= window.from && *at <= window.live_at && !is_found {
                let what = format!("fill {} of {}", key.trade_id, key.symbol);
                findings.contradict(self.topics.iter().copied(), &what);
            }
        }
    }

    /// Names the currencies whose bookings no fill explains. Returns `true` if there are any.
    fn check_currencies(&self, findings: &mut Findings) -> bool {
        let fills = self.fills.keys().chain(self.live_fills.keys());
        let symbols: BTreeSet<_> = fills.map(|key| key.symbol.clone()).collect();
        let mut unexplained = self.currencies.unexplained(&symbols).peekable();
        let is_unexplained = unexplained.peek().is_some();
        for currency in unexplained {
            let parts = self.topics.iter().map(|topic| {
                let what = format!("fills in {currency}");
                (*topic, what, MissingReason::NoSymbols)
            });
            findings.missing.extend(parts);
        }
        is_unexplained
    }

    pub(super) fn find_orders(&self, window: &Window, sweep: &Sweep<'_>, findings: &mut Findings) {
        for (order_id, (part, row)) in &self.orders {
            // The stream reports the order, and everything that comes after.
            if self.open.is_live(order_id) {
                continue;
            }
            let is_known = self.open.is_known(order_id);
            let is_inside = |time: Option<Timestamp>| time.is_some_and(|at| window.contains(at));
            let is_new = is_inside(row.created_at);
            // Times of rows are inexact, but an order that is over ended after its last fill.
            let has_fill = || {
                let mut fills = self.found_fills.iter();
                fills.any(|key| key.order_id.as_ref() == Some(order_id))
            };
            let is_changed = is_inside(row.ended_at.or(row.touched_at)) || has_fill();
            let (identity, rank, time, exact) = if row.is_over() {
                if !(is_known || is_new || is_changed) {
                    continue;
                }
                let time = row.ended_at.or(row.touched_at).unwrap_or(window.live_at);
                let identity = Identity::OrderEnd(order_id.clone());
                (identity, Rank::Ended, time, row.ended_at.is_some())
            } else if row.stage.is_open() && is_new && !is_known && self.is_listed(*part, order_id)
            {
                let time = row.created_at.unwrap_or(window.from);
                let identity = Identity::OrderOpen(order_id.clone());
                (identity, Rank::Placed, time, true)
            } else {
                continue;
            };
            let venue = &self.venues[*part].venue;
            let topics = self.topics.iter().zip(&self.kinds);
            // Times of rows are inexact, so they do not say that the end of a known order was delivered.
            let was_delivered = |topic| match is_known {
                true => sweep.seen.has_identity(topic, &identity),
                false => sweep.seen.has(topic, &identity, time),
            };
            let missed = topics
                .filter(|(topic, kind)| kind.serves(venue, &row.symbol) && !was_delivered(**topic));
            let frames = missed.filter_map(|(topic, kind)| Some((*topic, kind.order(row)?)));
            let frames: Vec<_> = frames.collect();
            if !frames.is_empty() {
                findings.found.push(Found {
                    identity,
                    order_id: Some(order_id.clone()),
                    rank,
                    time: time.max(window.from).min(window.last),
                    exact,
                    trade_id: Text::default(),
                    source: row.source,
                    frames,
                });
            }
        }
    }

    /// Returns `true` unless the lists of this sweep lack the order.
    fn is_listed(&self, part: usize, order_id: &Text) -> bool {
        let open = self.venues[part].open.as_ref();
        open.is_none_or(|open| open.contains(order_id))
    }

    pub(super) fn find_vanished(&self, findings: &mut Findings) {
        for (order_id, order, _) in self.unexplained() {
            // A row that shows it open although no list does: it may be moving.
            if self.orders.contains_key(&order_id) || !self.open.has_vanished(&order_id) {
                findings.contradict(self.order_topics(), &format!("order {order_id}"));
                continue;
            }
            let orders = self.order_topics().map(|topic| FoundVanished {
                topic,
                symbol: order.symbol.clone(),
                order_id: order_id.clone(),
                filled: order.filled,
            });
            findings.vanished.extend(orders);
        }
    }

    /// Finds the rows of open orders that were not known before, all of them at the start, and of reduced orders.
    ///
    /// Orders that were placed in the window are events. A reduction has no record, only its result.
    pub(super) fn find_open(&self, window: Option<&Window>, findings: &mut Findings) {
        let is_in_window = |row: &OrderRow| {
            let created = row.created_at;
            window.is_some_and(|window| created.is_some_and(|created| created >= window.from))
        };
        let is_news = |id: &Text, row: &OrderRow| match self.open.before(id) {
            Some(known) => {
                let is_reduced = known.size.zip(row.size).is_some_and(|(was, is)| was != is);
                is_reduced && !self.open.is_live(id)
            }
            None => !is_in_window(row),
        };
        let open = self.orders.iter().filter(|(id, (part, row))| {
            row.stage.is_open() && is_news(id, row) && self.is_listed(*part, id)
        });
        let mut rows: Vec<_> = open.collect();
        rows.sort_by_key(|(id, (_, row))| (row.created_at, (*id).clone()));
        for (order_id, (part, row)) in rows {
            let venue = &self.venues[*part].venue;
            let topics = self.topics.iter().zip(&self.kinds);
            let topics =
                topics.filter(|(_, kind)| kind.reports_orders() && kind.serves(venue, &row.symbol));
            let rows = topics.map(|(topic, _)| FoundRow {
                topic: *topic,
                state: RowState::Order {
                    order_id: order_id.clone(),
                    filled: row.filled,
                    size: row.size,
                    stage: row.stage,
                },
                source: row.source,
                taken_at: self.taken_at.unwrap_or_default(),
                data: row.raw.clone(),
            });
            findings.snapshots.extend(rows);
        }
    }
}
