//! Orders and fills: open orders at the start; fills, ended and placed orders after a gap.

mod frames;
mod venue;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest::{QueryError, SpotLedgerRow};

use frames::OrderEvent;
pub(crate) use frames::OrderTopic;
pub(crate) use venue::Venue;
use venue::{FillRow, OrderRow, futures_fill_history};

use super::{
    Ask, Asks, Book, Findings, Found, FoundRow, FoundVanished, Passed, Rank, Reply, RowState, Step,
    TopicIndex, Window, is_unknown_order, missing_reason,
};
use crate::facts::{Change, EventFacts, Identity, OrderFacts};
use crate::output::MissingReason;

/// Number of symbols of past events that are queried after a gap.
const RECENT_SYMBOLS: usize = 50;
/// Rows of KuCoin's list of recent futures fills: a longer list is cut.
const MAX_RECENT: usize = 1000;
/// How long KuCoin keeps fills and filled orders, and canceled orders, of spot and margin.
const FILLS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
const CANCELED_KEPT: Duration = Duration::from_secs(2 * 24 * 3600);
/// Number of sweeps in which an order must be absent before it is reported as vanished.
const ABSENT_SWEEPS: u32 = 2;

/// The orders of one or several venues, for the topics that report them.
#[derive(Debug)]
pub(crate) struct OrderBook {
    topics: Vec<TopicIndex>,
    kinds: Vec<OrderTopic>,
    venues: Vec<VenueState>,
    /// Symbols that the user has named.
    symbols: Vec<Text>,
    /// Open orders, by the events and lists that were yielded.
    known: HashMap<Text, KnownOrder>,
    /// Open orders when the recovery in progress began.
    before: HashMap<Text, KnownOrder>,
    recent_symbols: VecDeque<Text>,
    /// Live events that came during the recovery in progress, by order.
    held: HashMap<Text, HeldOrder>,
    held_fills: HashSet<FillKey>,
    orders: HashMap<Text, (usize, OrderRow)>,
    fills: BTreeMap<FillKey, (usize, FillRow)>,
    /// Trades in the ledger, each with its symbol: all their fills must be found.
    ledger_trades: BTreeMap<FillKey, Timestamp>,
    absences: HashMap<Text, u32>,
    /// Orders whose fills contradict their size, by the last findings.
    contradicted: HashSet<Text>,
    missing: BTreeMap<String, MissingReason>,
    /// Something must be asked again in a later sweep.
    is_unsettled: bool,
    /// Times of the first request and the last reply of the lists of open orders.
    taken_at: (Timestamp, Timestamp),
}

/// A venue, and what its lists of this sweep have said.
#[derive(Debug)]
struct VenueState {
    venue: Venue,
    /// Symbols of open orders and of the ledger.
    symbols: BTreeSet<Text>,
    /// IDs of the open orders; `None` until all lists are read.
    open: Option<HashSet<Text>>,
    /// KuCoin wants a symbol for the list of open orders.
    lists_by_symbol: bool,
    /// The list of recent fills is refused or cut: a longer list, which is not in real time, is used.
    uses_long_list: bool,
}

#[derive(Clone, Debug)]
struct KnownOrder {
    symbol: Text,
    venue: Option<usize>,
    filled: Option<Decimal>,
}

/// What live events during a recovery say about an order.
#[derive(Clone, Debug)]
struct HeldOrder {
    symbol: Text,
    fill_keys: HashSet<FillKey>,
    /// Sum of the sizes of the fills.
    fills: Decimal,
    /// Cumulative size by the last event since the topics were last live.
    filled: Option<Decimal>,
    is_done: bool,
    /// An event came since the topics were last live, so the stream reports what happens next.
    is_current: bool,
}

impl OrderBook {
    pub(crate) fn new(
        topics: Vec<(TopicIndex, OrderTopic)>,
        venues: Vec<Venue>,
        symbols: Vec<Text>,
    ) -> Self {
        let (topics, kinds) = topics.into_iter().unzip();
        let state = |venue| VenueState {
            venue,
            symbols: BTreeSet::new(),
            open: None,
            lists_by_symbol: false,
            uses_long_list: false,
        };
        Self {
            topics,
            kinds,
            venues: venues.into_iter().map(state).collect(),
            symbols,
            known: HashMap::new(),
            before: HashMap::new(),
            recent_symbols: VecDeque::new(),
            held: HashMap::new(),
            held_fills: HashSet::new(),
            orders: HashMap::new(),
            fills: BTreeMap::new(),
            ledger_trades: BTreeMap::new(),
            absences: HashMap::new(),
            contradicted: HashSet::new(),
            missing: BTreeMap::new(),
            is_unsettled: false,
            taken_at: Default::default(),
        }
    }

    fn reports_orders(&self) -> bool {
        self.kinds.iter().any(OrderTopic::reports_orders)
    }

    /// Returns the symbols to query in a venue.
    fn symbols_of(&self, venue: usize) -> BTreeSet<Text> {
        let state = &self.venues[venue];
        let mut symbols = state.symbols.clone();
        let is_of = |order: &&KnownOrder| order.venue.is_none_or(|known| known == venue);
        let known = self.before.values().filter(is_of);
        symbols.extend(known.map(|order| order.symbol.clone()));
        // A margin venue lists its own symbols, so that an account without margin costs few queries.
        if !matches!(state.venue, Venue::Margin(_)) {
            symbols.extend(self.recent_symbols.iter().cloned());
            symbols.extend(self.symbols.iter().cloned());
        } else if state.symbols.is_empty() {
            return symbols
                .into_iter()
                .filter(|symbol| self.is_known_in(venue, symbol))
                .collect();
        }
        symbols
    }

    fn is_known_in(&self, venue: usize, symbol: &Text) -> bool {
        let mut known = self.before.values();
        known.any(|order| order.venue == Some(venue) && order.symbol == *symbol)
    }

    /// Returns the venues in which an order may be: its own, or all that are used.
    fn venues_of(&self, venue: Option<usize>) -> Vec<usize> {
        if let Some(venue) = venue {
            return vec![venue];
        }
        let is_used = |index: &usize| {
            let state = &self.venues[*index];
            !matches!(state.venue, Venue::Margin(_)) || !state.symbols.is_empty()
        };
        (0..self.venues.len()).filter(is_used).collect()
    }

    /// Returns `true` if the stream reports the end of the order, or will.
    fn is_on_stream(&self, order_id: &Text) -> bool {
        let held = self.held.get(order_id);
        held.is_some_and(|held| held.is_current || held.is_done)
    }

    /// Returns the open orders of before that no list names any more, with the venues to ask.
    fn unexplained(&self) -> Vec<(Text, Text, Vec<usize>)> {
        let mut unexplained = Vec::new();
        let held = self.held.iter().map(|(id, held)| (id, &held.symbol, None));
        let before = self.before.iter();
        let before = before.map(|(id, order)| (id, &order.symbol, order.venue));
        for (id, symbol, venue) in
            before.chain(held.filter(|(id, ..)| !self.before.contains_key(*id)))
        {
            let has_ended = self
                .orders
                .get(id)
                .is_some_and(|(_, row)| row.end.is_some());
            if has_ended || self.is_on_stream(id) {
                continue;
            }
            let venues = self.venues_of(venue);
            let lists = venues.iter().map(|venue| self.venues[*venue].open.as_ref());
            let lists: Option<Vec<_>> = lists.collect();
            let Some(lists) = lists else { continue };
            if !lists.iter().any(|open| open.contains(id)) {
                unexplained.push((id.clone(), symbol.clone(), venues));
            }
        }
        unexplained
    }

    /// Returns the orders of recovered fills whose row is not known yet.
    fn unjoined(&self) -> Vec<(Text, Text, Vec<usize>)> {
        let mut orders = BTreeMap::new();
        for (key, (venue, _)) in &self.fills {
            if let Some(order_id) = &key.order_id
                && !self.orders.contains_key(order_id)
                && !self.is_on_stream(order_id)
                && !self.before.contains_key(order_id)
                && !matches!(order_id.as_str(), "" | "0")
            {
                orders.insert(order_id.clone(), (key.symbol.clone(), vec![*venue]));
            }
        }
        let orders = orders.into_iter();
        orders
            .map(|(id, (symbol, venues))| (id, symbol, venues))
            .collect()
    }

    fn ask_history(&mut self, window: &Window, asks: &mut Asks) {
        let window = self.clamp(window);
        for part in 0..self.venues.len() {
            let symbols = self.symbols_of(part);
            let state = &self.venues[part];
            if state.venue.needs_symbols() && symbols.is_empty() {
                if matches!(state.venue, Venue::Unified(_)) {
                    self.missing.insert(
                        format!("{} orders and fills", state.venue),
                        MissingReason::NoSymbols,
                    );
                }
                continue;
            }
            for (is_fills, query) in state.venue.history(&window, &symbols) {
                if !is_fills && !self.reports_orders() {
                    continue;
                }
                let ask = match is_fills {
                    true => Ask::Fills,
                    false => Ask::Done,
                };
                let is_recent = query == kucoin_streams_rest::FuturesRecentFills::new().into();
                match is_recent && state.uses_long_list {
                    true => asks.push(futures_fill_history(&window), ask, part),
                    false => asks.push(query, ask, part),
                }
            }
        }
    }

    /// Cuts the window to what KuCoin keeps, and notes what is too old.
    fn clamp(&mut self, window: &Window) -> Window {
        let mut window = *window;
        let length = window.to.duration_since(window.from);
        let is_spot = self
            .venues
            .iter()
            .any(|state| state.venue != Venue::Futures);
        if is_spot && length > CANCELED_KEPT && self.reports_orders() {
            self.missing
                .insert("canceled orders".to_owned(), MissingReason::TooOld);
        }
        if length > FILLS_KEPT {
            self.missing
                .insert("fills and filled orders".to_owned(), MissingReason::TooOld);
            window.from = window.to.checked_sub(FILLS_KEPT).unwrap_or(window.from);
        }
        window
    }

    fn ask_open(&mut self, asks: &mut Asks) {
        if !self.reports_orders() {
            return;
        }
        for part in 0..self.venues.len() {
            let symbols = self.symbols_of(part);
            let state = &mut self.venues[part];
            state.open = Some(HashSet::new());
            for query in state.venue.open(&symbols, state.lists_by_symbol) {
                asks.push(query, Ask::Open, part);
            }
        }
    }

    fn fail(&mut self, ask: &Ask, part: usize, reply: &Reply, error: &QueryError) {
        let state = &mut self.venues[part];
        match ask {
            // Order by ID: unknown to the venue.
            Ask::Order(_) if is_unknown_order(error) => return,
            Ask::Open
                if matches!(error, QueryError::BadParameter { .. }) && !state.lists_by_symbol =>
            {
                state.lists_by_symbol = true;
                state.open = None;
                self.is_unsettled = true;
                return;
            }
            Ask::Fills
                if matches!(error, QueryError::Refused { .. })
                    && state.venue == Venue::Futures
                    && !state.uses_long_list =>
            {
                state.uses_long_list = true;
                self.is_unsettled = true;
                return;
            }
            Ask::Open => state.open = None,
            _ => {}
        }
        let venue = &state.venue;
        let symbol = reply.query.param("symbol");
        let what = match (ask, symbol) {
            (Ask::Fills, Some(symbol)) => format!("fills of {symbol} ({venue})"),
            (Ask::Fills, None) => format!("fills ({venue})"),
            (Ask::Done, Some(symbol)) => format!("done orders of {symbol} ({venue})"),
            (Ask::Done, None) => format!("done orders ({venue})"),
            (Ask::Order(id), _) => format!("order {id} ({venue})"),
            (Ask::Ledger, _) => format!("ledger ({venue})"),
            (_, Some(symbol)) => format!("open orders of {symbol} ({venue})"),
            (_, None) => format!("open orders ({venue})"),
        };
        self.missing.insert(what, missing_reason(error));
    }

    fn take_fills(&mut self, part: usize, reply: &Reply) {
        let source = reply.source();
        for (page, _) in &reply.pages {
            for row in page.raw_rows() {
                match self.venues[part].venue.read_fill(row, source) {
                    Some(fill) => {
                        self.fills.entry(fill.key.clone()).or_insert((part, fill));
                    }
                    None => self.unreadable(source),
                }
            }
        }
    }

    fn take_orders(&mut self, part: usize, reply: &Reply, is_open_list: bool) {
        let source = reply.source();
        for (page, _) in &reply.pages {
            for row in page.raw_rows() {
                let Some(order) = self.venues[part].venue.read_order(row, source) else {
                    self.unreadable(source);
                    continue;
                };
                if is_open_list
                    && order.end.is_none()
                    && let Some(open) = &mut self.venues[part].open
                {
                    open.insert(order.order_id.clone());
                }
                // A row with less progress is stale.
                let shown = self.orders.get(&order.order_id);
                let is_stale = shown.is_some_and(|(_, shown)| {
                    (shown.filled, shown.end.is_some()) > (order.filled, order.end.is_some())
                });
                if !is_stale {
                    self.orders.insert(order.order_id.clone(), (part, order));
                }
            }
        }
    }

    fn take_ledger(&mut self, part: usize, reply: &Reply) {
        for (page, _) in &reply.pages {
            for row in page.raw_rows() {
                let Ok(row) = SpotLedgerRow::read(&mut Scanner::new(row)) else {
                    self.unreadable(reply.source());
                    continue;
                };
                let Some(trade) = row.trade() else { continue };
                let Some(symbol) = trade.symbol else { continue };
                self.venues[part].symbols.insert(symbol.clone());
                if let (Some(order), Some(trade), Some(at)) =
                    (trade.order_id, trade.trade_id, row.created_at)
                {
                    self.ledger_trades
                        .insert(FillKey::new(symbol, trade, Some(order)), at);
                }
            }
        }
    }

    fn unreadable(&mut self, source: &str) {
        self.missing.insert(
            format!("an unreadable row of {source}"),
            MissingReason::Unreachable,
        );
    }

    /// Returns the cumulative size of an order before the window; `None` if unknown.
    fn filled_before(
        &self,
        order_id: &Text,
        row: Option<&OrderRow>,
        window: &Window,
    ) -> Option<Decimal> {
        match self.before.get(order_id) {
            Some(known) => known.filled,
            None => row
                .and_then(|row| row.created_at)
                .filter(|created| *created >= window.from)
                .map(|_| Decimal::ZERO),
        }
    }

    /// Compares the fills of an order with its cumulative size. Returns the size before its recovered fills.
    ///
    /// `Err` if they contradict each other, `Ok(None)` if the sizes are not known.
    fn check_order(
        &self,
        order_id: &Text,
        recovered: Decimal,
        window: &Window,
    ) -> Result<Option<Decimal>, ()> {
        let row = self.orders.get(order_id).map(|(_, row)| row);
        let Some(before) = self.filled_before(order_id, row, window) else {
            return Ok(None);
        };
        let held = self.held.get(order_id);
        let held_fills = held.map_or(Decimal::ZERO, |held| held.fills);
        let (shown, coming) = match (held.and_then(|held| held.filled), row) {
            (Some(filled), _) => (Some(filled), Decimal::ZERO),
            // The row may show fills that the stream is about to bring.
            (None, Some(row)) => (row.filled, self.fills_after(window.last, order_id)),
            (None, None) => (None, Decimal::ZERO),
        };
        let Some(shown) = shown else { return Ok(None) };
        match before + recovered + held_fills + coming == shown {
            true => Ok(Some(before)),
            false => Err(()),
        }
    }

    /// Returns the sum of the fills of an order that came after the window and that the stream has not brought yet.
    fn fills_after(&self, last: Timestamp, order_id: &Text) -> Decimal {
        let fills = self.fills.iter().filter(|(key, (_, fill))| {
            key.order_id.as_ref() == Some(order_id)
                && fill.time > last
                && !self.held_fills.contains(key)
        });
        fills.map(|(_, (_, fill))| fill.size).sum()
    }

    /// Returns the recovered fills of each order, in order.
    fn missed_fills(
        &self,
        window: &Window,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> BTreeMap<Text, Vec<&FillKey>> {
        let last = window.last;
        let mut by_order: BTreeMap<Text, Vec<&FillKey>> = BTreeMap::new();
        for (key, (_, fill)) in &self.fills {
            if fill.time < window.from || fill.time > last || self.held_fills.contains(key) {
                continue;
            }
            let identity = Identity::Fill(key.clone());
            let is_seen = self
                .topics
                .iter()
                .all(|topic| seen.contains(&(*topic, identity.clone())));
            if !is_seen {
                let order = key.order_id.clone().unwrap_or_default();
                by_order.entry(order).or_default().push(key);
            }
        }
        for keys in by_order.values_mut() {
            keys.sort_by_key(|key| {
                (
                    self.fills.get(key).map(|(_, fill)| fill.time.as_millis()),
                    key.trade_id.len(),
                    key.trade_id.clone(),
                )
            });
        }
        by_order
    }

    fn find_fills(
        &mut self,
        window: &Window,
        seen: &HashSet<(TopicIndex, Identity)>,
        findings: &mut Findings,
    ) {
        let mut contradicted = HashSet::new();
        let by_order = self.missed_fills(window, seen);
        // An order without missed fills can still contradict its cumulative size.
        let mut unchecked: BTreeSet<&Text> = self
            .orders
            .keys()
            .filter(|id| self.before.contains_key(*id))
            .collect();
        for (order_id, keys) in by_order {
            unchecked.remove(&order_id);
            let row = self.orders.get(&order_id).map(|(_, row)| row);
            let sizes = keys.iter().filter_map(|key| self.fills.get(*key));
            let recovered = sizes.map(|(_, fill)| fill.size).sum();
            let mut filled = match self.check_order(&order_id, recovered, window) {
                Ok(before) => before,
                Err(()) => {
                    contradicted.insert(order_id.clone());
                    None
                }
            };
            for key in keys {
                let Some((venue, fill)) = self.fills.get(key) else {
                    continue;
                };
                filled = filled.map(|filled| filled + fill.size);
                let identity = Identity::Fill(key.clone());
                let mut frames = Vec::new();
                for (topic, kind) in self.topics.iter().zip(&self.kinds) {
                    if kind.serves(&self.venues[*venue].venue, &key.symbol)
                        && !seen.contains(&(*topic, identity.clone()))
                    {
                        frames.push((*topic, kind.fill(fill, row, filled)));
                    }
                }
                findings.found.push(Found {
                    identity,
                    order_id: key.order_id.clone(),
                    rank: Rank::Matched,
                    time: fill.time,
                    exact: true,
                    trade_id: key.trade_id.clone(),
                    source: fill.source,
                    frames,
                });
            }
        }
        for order_id in unchecked {
            if self.check_order(order_id, Decimal::ZERO, window).is_err() {
                contradicted.insert(order_id.clone());
            }
        }
        for order_id in &contradicted {
            self.contradict(findings, format!("fills of order {order_id}"));
        }
        let last = window.live_at;
        for (key, at) in &self.ledger_trades {
            let identity = Identity::Fill(key.clone());
            let is_found = self.fills.contains_key(key)
                || self.held_fills.contains(key)
                || self
                    .topics
                    .iter()
                    .any(|topic| seen.contains(&(*topic, identity.clone())));
            if *at >= window.from && *at <= last && !is_found {
                self.contradict(findings, format!("fill {} of {}", key.trade_id, key.symbol));
            }
        }
        self.contradicted = contradicted;
    }

    fn contradict(&self, findings: &mut Findings, what: String) {
        findings.is_inconsistent = true;
        for topic in &self.topics {
            findings
                .missing
                .push((*topic, what.clone(), MissingReason::Inconsistent));
        }
    }

    fn find_orders(
        &self,
        window: &Window,
        seen: &HashSet<(TopicIndex, Identity)>,
        findings: &mut Findings,
    ) {
        let last = window.last;
        for (order_id, (venue, row)) in &self.orders {
            // The stream reports the order, and everything that comes after.
            if self.is_on_stream(order_id) {
                continue;
            }
            let is_known = self.before.contains_key(order_id) || self.held.contains_key(order_id);
            let is_new = row
                .created_at
                .is_some_and(|created| created >= window.from && created <= last);
            let (event, identity, rank, time, exact) = match &row.end {
                Some(end) if is_known || is_new => {
                    let time = row.ended_at.or(row.touched_at).unwrap_or(window.live_at);
                    (
                        OrderEvent::End(*end),
                        Identity::OrderEnd(order_id.clone()),
                        Rank::Ended,
                        time.min(last),
                        row.ended_at.is_some(),
                    )
                }
                None if is_new && !is_known && !row.is_inactive => {
                    let time = row.created_at.unwrap_or(window.from);
                    (
                        OrderEvent::Open,
                        Identity::OrderOpen(order_id.clone()),
                        Rank::Placed,
                        time,
                        row.created_at.is_some(),
                    )
                }
                _ => continue,
            };
            let mut frames = Vec::new();
            for (topic, kind) in self.topics.iter().zip(&self.kinds) {
                if kind.serves(&self.venues[*venue].venue, &row.symbol)
                    && !seen.contains(&(*topic, identity.clone()))
                    && let Some(frame) = kind.order(row, event)
                {
                    frames.push((*topic, frame));
                }
            }
            findings.found.push(Found {
                identity,
                order_id: Some(order_id.clone()),
                rank,
                time,
                exact,
                trade_id: Text::default(),
                source: row.source,
                frames,
            });
        }
    }

    fn find_vanished(&self, findings: &mut Findings) {
        for (order_id, symbol, _) in self.unexplained() {
            if self.orders.contains_key(&order_id) {
                continue;
            }
            if self
                .absences
                .get(&order_id)
                .is_none_or(|count| *count < ABSENT_SWEEPS)
            {
                findings.is_inconsistent = true;
                continue;
            }
            let filled = self.before.get(&order_id).and_then(|order| order.filled);
            for (topic, kind) in self.topics.iter().zip(&self.kinds) {
                if kind.reports_orders() {
                    findings.vanished.push(FoundVanished {
                        topic: *topic,
                        symbol: symbol.clone(),
                        order_id: order_id.clone(),
                        filled,
                    });
                }
            }
        }
    }

    /// Returns the rows of the open orders that were not known before: all of them at the start.
    ///
    /// Orders that were placed in the window are events.
    fn snapshot(&self, window: Option<&Window>, findings: &mut Findings) {
        let taken_at = self.taken_at;
        let is_in_window = |row: &OrderRow| {
            let created = row.created_at;
            window.is_some_and(|window| created.is_some_and(|created| created >= window.from))
        };
        let open = self.orders.iter().filter(|(id, (_, row))| {
            row.end.is_none()
                && !row.is_inactive
                && !self.before.contains_key(*id)
                && !is_in_window(row)
        });
        let mut rows: Vec<_> = open.collect();
        rows.sort_by_key(|(_, (_, row))| row.created_at);
        for (order_id, (venue, row)) in rows {
            for (topic, kind) in self.topics.iter().zip(&self.kinds) {
                if kind.reports_orders() && kind.serves(&self.venues[*venue].venue, &row.symbol) {
                    let filled = row.filled.unwrap_or_default();
                    findings.snapshots.push(FoundRow {
                        topic: *topic,
                        state: RowState::Order(order_id.clone(), filled),
                        source: row.source,
                        taken_at,
                        data: row.raw.clone(),
                    });
                }
            }
        }
    }
}

impl Book for OrderBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topics
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let symbol = match &facts.change {
            Change::Order(order) => &order.symbol,
            Change::Fill(key) => &key.symbol,
            _ => return,
        };
        if self.recent_symbols.back() != Some(symbol) {
            self.recent_symbols.retain(|known| known != symbol);
            if self.recent_symbols.len() == RECENT_SYMBOLS {
                self.recent_symbols.pop_front();
            }
            self.recent_symbols.push_back(symbol.clone());
        }
        match (&facts.change, passed) {
            (Change::Order(order), Passed::Delivered) => self.know(order),
            (Change::Order(order), Passed::Held) => self.hold(order),
            (Change::Fill(key), Passed::Held) => {
                self.held_fills.insert(key.clone());
            }
            _ => {}
        }
    }

    fn begin(&mut self) {
        self.before.clone_from(&self.known);
        for held in self.held.values_mut() {
            held.filled = None;
            held.is_current = false;
        }
        self.orders.clear();
        self.fills.clear();
        self.ledger_trades.clear();
        self.absences.clear();
        for state in &mut self.venues {
            state.symbols.clear();
        }
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.missing.clear();
        self.is_unsettled = false;
        self.taken_at = Default::default();
        for state in &mut self.venues {
            state.open = None;
        }
    }

    fn ask(&mut self, step: Step, window: Option<&Window>, asks: &mut Asks) {
        match step {
            Step::Index => {
                for (part, state) in self.venues.iter().enumerate() {
                    if let Some(query) = window.and_then(|window| state.venue.ledger(window)) {
                        asks.push(query, Ask::Ledger, part);
                    }
                    if let Some(query) = state.venue.active_symbols(state.lists_by_symbol)
                        && self.reports_orders()
                    {
                        asks.push(query, Ask::Symbols, part);
                    }
                }
            }
            Step::History => {
                if let Some(window) = window {
                    self.ask_history(window, asks);
                }
            }
            Step::Open => self.ask_open(asks),
            Step::ById => {
                if window.is_none() {
                    return;
                }
                let mut orders = self.unexplained();
                if self.reports_orders() {
                    orders.extend(self.unjoined());
                }
                for (id, symbol, venues) in orders {
                    for part in venues {
                        let query = self.venues[part].venue.order(&id, &symbol);
                        asks.push(query, Ask::Order(id.clone()), part);
                    }
                }
            }
            Step::State => {}
        }
    }

    fn end_sweep(&mut self) {
        for (id, _, _) in self.unexplained() {
            if !self.orders.contains_key(&id) {
                *self.absences.entry(id).or_default() += 1;
            }
        }
    }

    fn reply(&mut self, ask: &Ask, part: usize, reply: &Reply) {
        match ask {
            Ask::Ledger => self.take_ledger(part, reply),
            Ask::Symbols => {
                for (page, _) in &reply.pages {
                    for row in page
                        .rows::<kucoin_streams_rest::ActiveSymbolsRow>()
                        .unwrap_or_default()
                    {
                        self.venues[part]
                            .symbols
                            .extend(row.symbols.iter().cloned());
                    }
                }
            }
            Ask::Fills => {
                self.take_fills(part, reply);
                let rows: usize = reply.pages.iter().map(|(page, _)| page.len()).sum();
                let state = &mut self.venues[part];
                let is_cut = state.venue == Venue::Futures && rows >= MAX_RECENT;
                if is_cut && !state.uses_long_list {
                    state.uses_long_list = true;
                    self.is_unsettled = true;
                }
            }
            Ask::Open => {
                for (_, (sent_at, received_at)) in &reply.pages {
                    let first = Some(self.taken_at.0).filter(|first| *first > Timestamp::default());
                    self.taken_at.0 = first.map_or(*sent_at, |first| first.min(*sent_at));
                    self.taken_at.1 = self.taken_at.1.max(*received_at);
                }
                self.take_orders(part, reply, true);
            }
            _ => self.take_orders(part, reply, false),
        }
        if let Some(error) = &reply.error {
            self.fail(ask, part, reply, error);
        }
    }

    fn findings(
        &mut self,
        window: Option<&Window>,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings {
        let mut findings = Findings {
            is_inconsistent: self.is_unsettled,
            ..Findings::default()
        };
        if let Some(window) = window {
            self.find_fills(window, seen, &mut findings);
            if self.reports_orders() {
                self.find_orders(window, seen, &mut findings);
                self.find_vanished(&mut findings);
            }
        }
        self.snapshot(window, &mut findings);
        for (what, reason) in &self.missing {
            for topic in &self.topics {
                findings
                    .missing
                    .push((*topic, what.clone(), reason.clone()));
            }
        }
        findings
    }

    fn commit(&mut self) {
        for (order_id, count) in &self.absences {
            if *count >= ABSENT_SWEEPS && !self.orders.contains_key(order_id) {
                self.known.remove(order_id);
            }
        }
        for (order_id, (venue, row)) in &self.orders {
            if row.end.is_some() || row.is_inactive {
                self.known.remove(order_id);
            } else {
                let known = KnownOrder {
                    symbol: row.symbol.clone(),
                    venue: Some(*venue),
                    // A size that the yielded fills contradict is of no use for the next check.
                    filled: row.filled.filter(|_| !self.contradicted.contains(order_id)),
                };
                self.known.insert(order_id.clone(), known);
            }
        }
        for (order_id, held) in std::mem::take(&mut self.held) {
            if held.is_done {
                self.known.remove(&order_id);
                continue;
            }
            let known = self.known.entry(order_id).or_insert(KnownOrder {
                symbol: held.symbol,
                venue: None,
                filled: None,
            });
            known.filled = held.filled.or(known.filled);
        }
        self.contradicted.clear();
        self.held_fills.clear();
    }
}

impl OrderBook {
    fn know(&mut self, order: &OrderFacts) {
        if order.is_done {
            self.known.remove(&order.order_id);
            return;
        }
        let known = self
            .known
            .entry(order.order_id.clone())
            .or_insert(KnownOrder {
                symbol: order.symbol.clone(),
                venue: None,
                filled: Some(Decimal::ZERO),
            });
        known.filled = order.filled.or(known.filled);
    }

    fn hold(&mut self, order: &OrderFacts) {
        let held = self
            .held
            .entry(order.order_id.clone())
            .or_insert(HeldOrder {
                symbol: order.symbol.clone(),
                fill_keys: HashSet::new(),
                fills: Decimal::ZERO,
                filled: None,
                is_done: false,
                is_current: true,
            });
        held.is_current = true;
        held.filled = order.filled.or(held.filled);
        held.is_done |= order.is_done;
        if let Some((key, size)) = &order.fill {
            self.held_fills.insert(key.clone());
            if held.fill_keys.insert(key.clone()) {
                held.fills += *size;
            }
        }
    }
}
