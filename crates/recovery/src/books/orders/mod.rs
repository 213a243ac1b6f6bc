//! Orders and fills: open orders at the start; fills, ended and placed orders after a gap.

mod find;
mod frames;
mod replies;
mod rows;
mod rules;
mod symbols;
mod venue;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};

pub(crate) use frames::OrderTopic;
use rows::{FillRow, OrderRow};
use symbols::{RecentSymbols, TradedCurrencies};
pub(crate) use venue::Venue;

use super::open_orders::{KnownOrder, ObservedOrder, OpenOrders};
use super::{
    Ask, Asks, Book, Findings, KEPT, MissingParts, Passed, Reply, Start, Step, Sweep, TopicIndex,
    Window,
};
use crate::facts::{Change, EventFacts, Identity};
use crate::output::MissingReason;

/// How long KuCoin keeps canceled orders of spot, margin and unified accounts, less a minute.
const CANCELED_KEPT: Duration = Duration::from_secs(2 * 24 * 3600 - 60);

/// The orders of one or several venues, for the topics that report them.
#[derive(Debug)]
pub(crate) struct OrderBook {
    topics: Vec<TopicIndex>,
    kinds: Vec<OrderTopic>,
    venues: Vec<VenueState>,
    /// Symbols that the user has named.
    named: Vec<Text>,
    /// The symbols of the topics; `None` if a topic has all symbols.
    wanted: Option<BTreeSet<Text>>,
    /// Symbols of live events.
    recent: RecentSymbols,
    currencies: TradedCurrencies,
    /// The account uses margin, or it is not known that it does not.
    uses_margin: bool,
    open: OpenOrders,
    /// Fills of live events that came during the recovery in progress: size and time.
    live_fills: HashMap<FillKey, (Decimal, Timestamp)>,
    /// Fills that the last findings have, and those that were reported in this recovery.
    found_fills: Vec<FillKey>,
    reported_fills: HashSet<FillKey>,
    /// Filled sizes of orders with the yielded fills; `None` if the records contradict each other.
    filled: HashMap<Text, Option<Decimal>>,
    orders: HashMap<Text, (usize, OrderRow)>,
    fills: BTreeMap<FillKey, (usize, FillRow)>,
    /// Trades in the ledger: all their fills must be found.
    ledger_trades: BTreeMap<FillKey, Timestamp>,
    /// What is missing of fills, and of orders.
    missing: MissingParts,
    missing_orders: MissingParts,
    /// Something must be asked again in a later sweep.
    is_unsettled: bool,
    /// Times of the first request and the last reply of the lists of open orders.
    taken_at: Option<(Timestamp, Timestamp)>,
}

/// A venue, and what its lists have said.
#[derive(Debug)]
struct VenueState {
    venue: Venue,
    /// Symbols of open orders and of the ledger, in this recovery.
    symbols: BTreeSet<Text>,
    /// The same of past recoveries, for margin, whose events do not name their venue.
    recent: RecentSymbols,
    /// KuCoin has named the symbols of open orders in this sweep.
    has_symbols: bool,
    /// IDs of the open orders; `None` until all lists of this sweep are read.
    open: Option<HashSet<Text>>,
    /// KuCoin wants a symbol for the list of open orders.
    lists_by_symbol: bool,
    /// The lists of recent futures fills and orders are refused or cut: longer lists, which are late, are used.
    uses_long_list: bool,
    /// The list of recent fills is refused to this API key.
    is_recent_refused: bool,
    /// The ledger has trades without a symbol in this recovery.
    has_unnamed_trades: bool,
}

impl OrderBook {
    pub(crate) fn new(
        topics: Vec<(TopicIndex, OrderTopic)>,
        venues: Vec<Venue>,
        named: Vec<Text>,
    ) -> Self {
        let (topics, kinds): (_, Vec<OrderTopic>) = topics.into_iter().unzip();
        let has_all = kinds.iter().any(|kind| kind.symbols().is_empty());
        let symbols = kinds.iter().flat_map(OrderTopic::symbols).cloned();
        let wanted = (!has_all).then(|| symbols.collect::<BTreeSet<_>>());
        let is_wanted = |venue: &Venue| match &wanted {
            Some(wanted) => wanted.iter().any(|symbol| venue.trades(symbol)),
            None => true,
        };
        let venues = venues.into_iter().filter(is_wanted);
        let state = |venue| VenueState {
            venue,
            symbols: BTreeSet::new(),
            recent: RecentSymbols::default(),
            has_symbols: false,
            open: None,
            lists_by_symbol: false,
            uses_long_list: false,
            is_recent_refused: false,
            has_unnamed_trades: false,
        };
        let venues: Vec<_> = venues.map(state).collect();
        Self {
            topics,
            kinds,
            uses_margin: venues.iter().any(|state| state.venue.is_margin()),
            venues,
            named,
            wanted,
            recent: RecentSymbols::default(),
            currencies: TradedCurrencies::default(),
            open: OpenOrders::default(),
            live_fills: HashMap::new(),
            found_fills: Vec::new(),
            reported_fills: HashSet::new(),
            filled: HashMap::new(),
            orders: HashMap::new(),
            fills: BTreeMap::new(),
            ledger_trades: BTreeMap::new(),
            missing: MissingParts::default(),
            missing_orders: MissingParts::default(),
            is_unsettled: false,
            taken_at: None,
        }
    }

    fn reports_orders(&self) -> bool {
        self.kinds.iter().any(OrderTopic::reports_orders)
    }

    /// Returns the topics that report orders.
    fn order_topics(&self) -> impl Iterator<Item = TopicIndex> + Clone {
        let topics = self.topics.iter().zip(&self.kinds);
        let topics = topics.filter(|(_, kind)| kind.reports_orders());
        topics.map(|(topic, _)| *topic)
    }

    fn is_wanted(&self, symbol: &Text) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_none_or(|wanted| wanted.contains(symbol))
    }

    /// Returns the symbols that rows, events or the user name in a venue.
    fn named_symbols(&self, part: usize) -> BTreeSet<Text> {
        let state = &self.venues[part];
        let mut symbols = state.symbols.clone();
        let is_of = |order: &KnownOrder| match order.venue {
            Some(venue) => venue == part,
            None => !state.venue.lists_symbols() || self.uses_margin,
        };
        let before = self.open.all_before().filter(|(_, order)| is_of(order));
        symbols.extend(before.map(|(_, order)| order.symbol.clone()));
        let rows = self.orders.values().filter(|(of, _)| *of == part);
        symbols.extend(rows.map(|(_, row)| row.symbol.clone()));
        match state.venue.lists_symbols() {
            true => symbols.extend(state.recent.iter().cloned()),
            false => {
                symbols.extend(self.recent.iter().cloned());
                symbols.extend(self.named.iter().cloned());
            }
        }
        symbols.extend(self.wanted.iter().flatten().cloned());
        symbols.retain(|symbol| state.venue.trades(symbol) && self.is_wanted(symbol));
        symbols
    }

    /// Returns the symbols to query in a venue, with those that the currencies of a unified account suggest.
    fn symbols_of(&self, part: usize, ask: &Ask) -> BTreeSet<Text> {
        let mut symbols = self.named_symbols(part);
        let state = &self.venues[part];
        if self.wanted.is_some() || !state.venue.needs_symbols() {
            return symbols;
        }
        let is_unified = state.venue.is_unified_by_symbol();
        if is_unified && *ask == Ask::Open {
            symbols.extend(self.currencies.open_symbols());
        } else if is_unified || state.has_unnamed_trades {
            symbols.extend(self.currencies.traded_symbols());
        }
        if state.has_unnamed_trades {
            symbols.extend(self.recent.iter().cloned());
            symbols.extend(self.named.iter().cloned());
        }
        symbols
    }

    /// Returns `true` for a margin venue that is not used, as far as is known: it costs few queries.
    fn is_idle(&self, part: usize, uses_margin: bool) -> bool {
        let state = &self.venues[part];
        let mut before = self.open.all_before();
        state.venue.is_margin()
            && !uses_margin
            && state.symbols.is_empty()
            && !before.any(|(_, order)| order.venue == Some(part))
    }

    /// Returns the venues in which an order may be: its own, or all that are used.
    fn venues_of(&self, order: &KnownOrder) -> Vec<usize> {
        if let Some(venue) = order.venue {
            return vec![venue];
        }
        let is_possible = |part: &usize| {
            let venue = &self.venues[*part].venue;
            venue.trades(&order.symbol) && !self.is_idle(*part, self.uses_margin)
        };
        (0..self.venues.len()).filter(is_possible).collect()
    }

    /// Returns the orders that must be over, since no list names them as open, with the venues to ask.
    fn unexplained(&self) -> Vec<(Text, KnownOrder, Vec<usize>)> {
        let mut orders = self.open.unexplained();
        // Orders that only an earlier sweep has shown as open.
        let shown = self.orders.iter().filter(|(id, (_, row))| {
            row.stage.is_open() && self.open.before(id).is_none() && !self.open.is_live(id)
        });
        orders.extend(shown.map(|(id, (part, row))| {
            let order = KnownOrder {
                symbol: row.symbol.clone(),
                venue: Some(*part),
                filled: row.filled,
                size: row.size,
            };
            (id.clone(), order)
        }));
        let is_over = |id: &Text| {
            let row = self.orders.get(id);
            row.is_some_and(|(_, row)| row.is_over())
        };
        let orders = orders.into_iter().filter(|(id, _)| !is_over(id));
        let orders = orders.map(|(id, order)| {
            let venues = self.venues_of(&order);
            (id, order, venues)
        });
        let is_gone = |id: &Text, part: &usize| {
            let open = self.venues[*part].open.as_ref();
            open.is_some_and(|open| !open.contains(id))
        };
        orders
            .filter(|(id, _, venues)| venues.iter().all(|part| is_gone(id, part)))
            .collect()
    }

    /// Returns the orders of missed fills whose row is not known yet.
    fn unjoined(&self, sweep: &Sweep<'_>) -> Vec<(Text, KnownOrder, Vec<usize>)> {
        let mut orders = BTreeMap::new();
        for (key, (part, fill)) in &self.fills {
            let Some(order_id) = key.order_id.as_ref().filter(|id| !id.is_empty()) else {
                continue;
            };
            if !self.orders.contains_key(order_id)
                && !self.open.is_live(order_id)
                && self.is_missed(key, fill, sweep)
            {
                orders.insert(order_id, (key.symbol.clone(), *part));
            }
        }
        let orders = orders.into_iter();
        orders
            .map(|(id, (symbol, part))| {
                let order = KnownOrder {
                    symbol,
                    venue: Some(part),
                    filled: None,
                    size: None,
                };
                (id.clone(), order, vec![part])
            })
            .collect()
    }

    fn ask_index(&mut self, sweep: &Sweep<'_>, asks: &mut Asks) {
        let window = sweep.window.map(|window| window.kept(KEPT));
        for part in 0..self.venues.len() {
            // Of an idle venue, the ledger is asked first, and the open orders last.
            let is_idle = self.is_idle(part, sweep.uses_margin);
            let reports_orders = self.reports_orders();
            let state = &mut self.venues[part];
            let venue = &state.venue;
            state.has_symbols = !(is_idle && sweep.number == 1);
            if venue.is_unified_by_symbol() && self.wanted.is_some() {
                continue;
            }
            if let Some(query) = window.and_then(|window| venue.ledger(&window))
                && (!is_idle || sweep.number == 1)
            {
                asks.push(query, Ask::Ledger, part);
            }
            if let Some(query) = venue.active_symbols(state.lists_by_symbol)
                && reports_orders
                && state.has_symbols
            {
                asks.push(query, Ask::Symbols, part);
            }
        }
    }

    fn ask_history(&mut self, window: &Window, sweep: &Sweep<'_>, asks: &mut Asks) {
        let is_futures = |state: &VenueState| !state.venue.needs_symbols();
        if !self.venues.iter().all(is_futures) {
            if window.length() > CANCELED_KEPT {
                self.missing_orders
                    .insert("canceled orders", MissingReason::TooOld);
            }
            if window.length() > KEPT {
                self.missing
                    .insert("fills and filled orders", MissingReason::TooOld);
            }
        } else if window.length() > venue::FUTURES_KEPT {
            self.missing.insert("fills", MissingReason::TooOld);
        }
        for part in 0..self.venues.len() {
            if self.is_idle(part, sweep.uses_margin) {
                continue;
            }
            let fill_symbols = self.symbols_of(part, &Ask::Fills);
            let done_symbols = self.symbols_of(part, &Ask::Done);
            let state = &self.venues[part];
            let kept = match state.venue {
                Venue::Futures => venue::FUTURES_KEPT,
                _ => KEPT,
            };
            let window = window.kept(kept);
            let is_long = state.uses_long_list || window.length() >= venue::RECENT;
            let is_late_list = is_long || state.is_recent_refused;
            self.is_unsettled |= is_late_list && state.venue == Venue::Futures;
            for query in state.venue.fills(&window, &fill_symbols, is_late_list) {
                asks.push(query, Ask::Fills, part);
            }
            if self.reports_orders() {
                for query in state.venue.done(&window, &done_symbols, is_long) {
                    asks.push(query, Ask::Done, part);
                }
            }
        }
    }

    fn ask_open(&mut self, asks: &mut Asks) {
        for part in 0..self.venues.len() {
            let symbols = self.symbols_of(part, &Ask::Open);
            let has_named = self.named.iter().any(|symbol| symbol.contains('-'));
            let state = &mut self.venues[part];
            state.open = Some(HashSet::new());
            if state.venue.is_unified_by_symbol() && self.wanted.is_none() && !has_named {
                let what = format!("orders of symbols that are not named ({})", state.venue);
                self.missing_orders.insert(what, MissingReason::NoSymbols);
            }
            if !state.has_symbols && state.venue.is_unified_by_symbol() {
                continue;
            }
            for query in state.venue.open(&symbols, state.lists_by_symbol) {
                asks.push(query, Ask::Open, part);
            }
        }
    }
}

impl Book for OrderBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topics
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let (symbol, fills) = match &facts.change {
            Change::Order(order) => (&order.symbol, order.fill.as_slice().to_vec()),
            Change::Fill(key, size) => (&key.symbol, vec![(key.clone(), *size)]),
            Change::Trade(taker, maker, size) => (
                &taker.symbol,
                vec![(taker.clone(), *size), (maker.clone(), *size)],
            ),
            _ => return,
        };
        self.recent.note(symbol);
        if passed != Passed::Delivered {
            let time = facts.time.unwrap_or_default();
            for (key, size) in fills {
                self.live_fills.insert(key, (size, time));
            }
        }
        if let Change::Order(order) = &facts.change {
            self.uses_margin |= order.is_margin;
            let order = ObservedOrder {
                order_id: &order.order_id,
                symbol: &order.symbol,
                filled: order.filled,
                size: order.size,
                is_open: order.stage.is_open(),
            };
            self.open.observe(&order, passed);
        }
    }

    fn begin(&mut self, start: Start) {
        self.open.begin(start);
        if start != Start::Again {
            self.live_fills.clear();
        }
        self.found_fills.clear();
        self.reported_fills.clear();
        self.filled.clear();
        self.orders.clear();
        self.fills.clear();
        self.ledger_trades.clear();
        self.currencies = TradedCurrencies::default();
        for state in &mut self.venues {
            for symbol in std::mem::take(&mut state.symbols) {
                state.recent.note(&symbol);
            }
            state.uses_long_list = false;
            state.has_unnamed_trades = false;
        }
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.missing.clear();
        self.missing_orders.clear();
        self.is_unsettled = false;
        self.taken_at = None;
        for state in &mut self.venues {
            state.open = None;
            state.has_symbols = false;
        }
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        match (step, &sweep.window) {
            (Step::Index, _) => self.ask_index(sweep, asks),
            (Step::History, Some(window)) => self.ask_history(window, sweep, asks),
            (Step::Open, _) if self.reports_orders() => self.ask_open(asks),
            (Step::ById, Some(_)) if self.reports_orders() => {
                let mut orders = self.unexplained();
                orders.extend(self.unjoined(sweep));
                for (id, order, venues) in orders {
                    for part in venues {
                        let query = self.venues[part].venue.order(&id, &order.symbol);
                        asks.push(query, Ask::Order(id.clone()), part);
                    }
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, part: usize, reply: &Reply) {
        match ask {
            Ask::Ledger => self.take_ledger(part, reply),
            Ask::Symbols => self.take_symbols(part, reply),
            Ask::Fills => self.take_fills(part, reply),
            _ => self.take_orders(ask, part, reply),
        }
        self.check_length(part, reply);
        if let Some(error) = &reply.error {
            self.fail(ask, part, reply, error);
        }
    }

    fn end_sweep(&mut self) {
        for (id, ..) in self.unexplained() {
            if !self.orders.contains_key(&id) {
                self.open.note_absence(id);
            }
        }
        let margin = || {
            let parts = 0..self.venues.len();
            parts.filter(|part| self.venues[*part].venue.is_margin())
        };
        let is_used = margin().any(|part| !self.is_idle(part, false));
        let is_known = margin().all(|part| self.venues[part].has_symbols) && self.reports_orders();
        // A topic of margin orders says that the account uses margin.
        let is_margin_only = margin().count() == self.venues.len();
        self.uses_margin = is_used || (self.uses_margin && (is_margin_only || !is_known));
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings {
            is_unsettled: self.is_unsettled,
            ..Findings::default()
        };
        if let Some(window) = &sweep.window {
            self.find_fills(window, sweep, &mut findings);
            if self.reports_orders() {
                self.find_orders(window, sweep, &mut findings);
                self.find_vanished(&mut findings);
            }
        }
        self.find_open(sweep.window.as_ref(), &mut findings);
        let topics = self.topics.iter().copied();
        self.missing.add_to(&mut findings, topics);
        self.missing_orders
            .add_to(&mut findings, self.order_topics());
        findings
    }

    fn commit(&mut self) {
        let filled = &self.filled;
        let rows = self.orders.iter().map(|(id, (part, row))| {
            let order = KnownOrder {
                symbol: row.symbol.clone(),
                venue: Some(*part),
                filled: filled.get(id).copied().unwrap_or(row.filled),
                size: row.size,
            };
            (id.clone(), row.stage.is_open().then_some(order))
        });
        self.open.commit(rows);
        self.reported_fills.extend(self.found_fills.drain(..));
    }

    fn uses_margin(&self) -> bool {
        self.uses_margin
    }
}

impl OrderBook {
    /// Returns `true` if a topic that counts the fills of orders has delivered the fill before the recovery.
    fn was_counted(&self, key: &FillKey, time: Timestamp, sweep: &Sweep<'_>) -> bool {
        let identity = Identity::Fill(key.clone());
        let is_new = self.live_fills.contains_key(key) || self.reported_fills.contains(key);
        let has = |topic| sweep.seen.has(topic, &identity, time);
        !is_new
            && match self.reports_orders() {
                true => self.order_topics().any(has),
                false => self.topics.iter().copied().any(has),
            }
    }

    /// Returns `true` if a topic has missed the fill.
    fn is_missed(&self, key: &FillKey, fill: &FillRow, sweep: &Sweep<'_>) -> bool {
        let identity = Identity::Fill(key.clone());
        let mut topics = self.topics.iter();
        sweep
            .window
            .is_some_and(|window| window.contains(fill.time))
            && topics.any(|topic| !sweep.seen.has(*topic, &identity, fill.time))
    }
}
