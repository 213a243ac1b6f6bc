//! Stop orders: open ones at the start; new and ended ones after a gap.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;
use rest::Query;

use super::{
    Ask, Asks, Book, Findings, Found, FoundRow, FoundVanished, Passed, Rank, Reply, RowState, Step,
    TopicIndex, Window, is_unknown_order, missing_reason,
};
use crate::facts::{Change, EventFacts, Identity};
use crate::frame::{As, FieldRule, FrameData, RowFields};
use crate::output::MissingReason;

/// Number of sweeps in which a stop order must be absent before it is reported as vanished.
const ABSENT_SWEEPS: u32 = 2;

const SPOT_RULES: &[FieldRule] = &[
    ("orderId", "id", As::Same),
    ("symbol", "symbol", As::Same),
    ("side", "side", As::Same),
    ("size", "size", As::Same),
    ("orderPrice", "price", As::Same),
    ("stop", "stop", As::Same),
    ("stopPrice", "stopPrice", As::Same),
    ("tradeType", "tradeType", As::Same),
    ("createdAt", "createdAt", As::Same),
];
const FUTURES_RULES: &[FieldRule] = &[
    ("orderId", "id", As::Same),
    ("symbol", "symbol", As::Same),
    ("side", "side", As::Same),
    ("size", "size", As::Same),
    ("orderPrice", "price", As::Same),
    ("stop", "stop", As::Same),
    ("stopPrice", "stopPrice", As::Same),
    ("stopPriceType", "stopPriceType", As::Same),
    ("marginMode", "marginMode", As::Same),
    ("positionSide", "positionSide", As::Same),
    ("createdAt", "createdAt", As::Same),
];

/// The stop orders of spot and margin, or of futures.
#[derive(Debug)]
pub(crate) struct StopBook {
    topic: [TopicIndex; 1],
    name: String,
    is_futures: bool,
    /// Open stop orders by the events and lists that were yielded: ID and symbol.
    known: HashMap<Text, Text>,
    /// Open stop orders when the recovery in progress began.
    before: HashMap<Text, Text>,
    /// Stop orders of which live events came since the topic was last live; `true` if open.
    held: HashMap<Text, (Text, bool)>,
    open: BTreeMap<Text, StopRow>,
    by_id: BTreeMap<Text, StopRow>,
    absences: HashMap<Text, u32>,
    /// All lists of this sweep are read.
    is_listed: bool,
    missing: BTreeMap<String, MissingReason>,
    taken_at: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Debug)]
struct StopRow {
    symbol: Text,
    created_at: Option<Timestamp>,
    raw: Arc<str>,
    source: &'static str,
}

impl StopBook {
    pub(crate) fn new(topic: TopicIndex, name: &str, is_futures: bool) -> Self {
        Self {
            topic: [topic],
            name: name.to_owned(),
            is_futures,
            known: HashMap::new(),
            before: HashMap::new(),
            held: HashMap::new(),
            open: BTreeMap::new(),
            by_id: BTreeMap::new(),
            absences: HashMap::new(),
            is_listed: false,
            missing: BTreeMap::new(),
            taken_at: None,
        }
    }

    fn lists(&self) -> Vec<Query> {
        if self.is_futures {
            return vec![rest::FuturesOpenStops::new().into()];
        }
        let mut lists = Vec::new();
        for trade_type in ["TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"] {
            for stop in ["stop", "oco"] {
                let list = rest::StopOrderList::new();
                lists.push(
                    list.trade_type(rest::TradeType::from(trade_type))
                        .stop(stop)
                        .into(),
                );
            }
        }
        lists
    }

    /// Returns the stop orders of before that no list names.
    fn unexplained(&self) -> impl Iterator<Item = (&Text, &Text)> {
        let known = self.before.iter().filter(|_| self.is_listed);
        known.filter(|(id, _)| !self.open.contains_key(*id) && !self.held.contains_key(*id))
    }

    /// Returns the frame of an event, with what the row says.
    fn frame(&self, row: &StopRow, kind: &str) -> String {
        let fields = RowFields::read(&row.raw);
        let rules = match self.is_futures {
            true => FUTURES_RULES,
            false => SPOT_RULES,
        };
        let mut data = FrameData::new();
        data.text("type", kind);
        data.text("orderType", "stop");
        data.map(&fields, rules);
        data.others(&fields, rules, &["type", "orderType", "ts", "status"]);
        data.v1(&self.name, "stopOrder")
    }

    fn found(
        &self,
        id: &Text,
        row: &StopRow,
        (kind, rank): (&str, Rank),
        window: &Window,
    ) -> Found {
        let identity = match rank {
            Rank::Placed => Identity::StopOpen(id.clone()),
            _ => Identity::StopEnd(id.clone()),
        };
        Found {
            identity,
            order_id: Some(id.clone()),
            rank,
            time: match rank {
                Rank::Placed => row.created_at.unwrap_or(window.from),
                _ => window.live_at,
            },
            // The time of the push is not on REST.
            exact: false,
            trade_id: Text::default(),
            source: row.source,
            frames: vec![(self.topic[0], self.frame(row, kind))],
        }
    }

    fn take(&mut self, reply: &Reply, is_list: bool) {
        for (page, times) in &reply.pages {
            let before = self.taken_at.unwrap_or(*times);
            self.taken_at = Some((before.0.min(times.0), before.1.max(times.1)));
            for raw in page.raw_rows() {
                let fields = RowFields::read(raw);
                let text = |name| {
                    fields
                        .get(name)
                        .map(|json| Text::from(json.trim_matches('"')))
                };
                let (Some(id), Some(symbol)) = (text("id"), text("symbol")) else {
                    let what = format!("an unreadable row of {}", reply.source());
                    self.missing.insert(what, MissingReason::Unreachable);
                    continue;
                };
                let created_at = text("createdAt").and_then(|time| time.parse().ok());
                let row = StopRow {
                    symbol,
                    created_at: created_at.and_then(Timestamp::from_wire),
                    raw: raw.into(),
                    source: reply.source(),
                };
                match is_list {
                    true => self.open.insert(id, row),
                    false => self.by_id.insert(id, row),
                };
            }
        }
    }
}

/// Returns how a stop order ended, by its row; `None` if it is open, or the row does not say.
fn end_of(row: &StopRow) -> Option<&'static str> {
    let fields = RowFields::read(&row.raw);
    let is = |name, json| fields.get(name) == Some(json);
    if is("status", "\"TRIGGERED\"") || is("stopTriggered", "true") {
        Some("triggered")
    } else if is("cancelExist", "true")
        || is("status", "\"CANCELLED\"")
        || is("status", "\"CANCELED\"")
    {
        Some("cancel")
    } else {
        None
    }
}

impl Book for StopBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let Change::Stop(stop) = &facts.change else {
            return;
        };
        match (passed, stop.is_open) {
            (Passed::Held, is_open) => {
                self.held
                    .insert(stop.order_id.clone(), (stop.symbol.clone(), is_open));
            }
            (Passed::Delivered, true) => {
                self.known
                    .insert(stop.order_id.clone(), stop.symbol.clone());
            }
            (Passed::Delivered, false) => {
                self.known.remove(&stop.order_id);
            }
        }
    }

    fn begin(&mut self) {
        // Events between two losses are part of what was known before the second one.
        self.take_held();
        self.before.clone_from(&self.known);
        self.by_id.clear();
        self.absences.clear();
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.open.clear();
        self.missing.clear();
        self.is_listed = false;
        self.taken_at = None;
    }

    fn ask(&mut self, step: Step, window: Option<&Window>, asks: &mut Asks) {
        match step {
            Step::Open => {
                self.is_listed = true;
                for query in self.lists() {
                    asks.push(query, Ask::Open, 0);
                }
            }
            Step::ById if window.is_some() => {
                for (id, _) in self.unexplained() {
                    let query = match self.is_futures {
                        true => rest::FuturesOrderById::new(id.clone()).into(),
                        false => Query::from(rest::StopOrderById::new(id.clone())),
                    };
                    asks.push(query, Ask::Order(id.clone()), 0);
                }
            }
            _ => {}
        }
    }

    fn end_sweep(&mut self) {
        let absent = self
            .unexplained()
            .filter(|(id, _)| !self.by_id.contains_key(*id));
        let absent: Vec<_> = absent.map(|(id, _)| id.clone()).collect();
        for id in absent {
            *self.absences.entry(id).or_default() += 1;
        }
    }

    fn reply(&mut self, ask: &Ask, _: usize, reply: &Reply) {
        self.take(reply, *ask == Ask::Open);
        let Some(error) = &reply.error else { return };
        match ask {
            Ask::Order(_) if is_unknown_order(error) => {}
            Ask::Order(id) => {
                self.missing
                    .insert(format!("stop order {id}"), missing_reason(error));
            }
            _ => {
                self.is_listed = false;
                let kind = reply.query.param("tradeType").unwrap_or("futures");
                self.missing
                    .insert(format!("open stop orders ({kind})"), missing_reason(error));
            }
        }
    }

    fn findings(
        &mut self,
        window: Option<&Window>,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings {
        let mut findings = Findings::default();
        let topic = self.topic[0];
        let Some(window) = window else {
            for (id, row) in &self.open {
                findings.snapshots.push(FoundRow {
                    topic,
                    state: RowState::Order(id.clone(), Default::default()),
                    source: row.source,
                    taken_at: self.taken_at.unwrap_or_default(),
                    data: Arc::clone(&row.raw),
                });
            }
            findings.missing = self.missing_parts();
            return findings;
        };
        for (id, row) in &self.open {
            let is_new = !self.before.contains_key(id) && !self.held.contains_key(id);
            if is_new && !seen.contains(&(topic, Identity::StopEnd(id.clone()))) {
                findings
                    .found
                    .push(self.found(id, row, ("open", Rank::Placed), window));
            }
        }
        for (id, symbol) in self.unexplained() {
            let row = self.by_id.get(id);
            if let Some((row, end)) = row.and_then(|row| Some((row, end_of(row)?))) {
                findings
                    .found
                    .push(self.found(id, row, (end, Rank::Ended), window));
            } else if row.is_some()
                || self
                    .absences
                    .get(id)
                    .is_none_or(|count| *count < ABSENT_SWEEPS)
            {
                // The row shows it open although the list does not: it may be moving.
                findings.is_inconsistent = true;
            } else {
                findings.vanished.push(FoundVanished {
                    topic,
                    symbol: symbol.clone(),
                    order_id: id.clone(),
                    filled: None,
                });
            }
        }
        findings.missing = self.missing_parts();
        findings
    }

    fn commit(&mut self) {
        if self.is_listed {
            self.known = self
                .open
                .iter()
                .map(|(id, row)| (id.clone(), row.symbol.clone()))
                .collect();
        }
        self.take_held();
    }
}

impl StopBook {
    fn take_held(&mut self) {
        for (id, (symbol, is_open)) in std::mem::take(&mut self.held) {
            match is_open {
                true => self.known.insert(id, symbol),
                false => self.known.remove(&id),
            };
        }
    }

    fn missing_parts(&self) -> Vec<(TopicIndex, String, MissingReason)> {
        let missing = self.missing.iter();
        missing
            .map(|(what, reason)| (self.topic[0], what.clone(), reason.clone()))
            .collect()
    }
}
