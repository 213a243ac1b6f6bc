//! Futures positions: the open ones now, and those that a gap has closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;
use rest::Query;

use super::{
    Ask, Asks, Book, Findings, FoundRow, KEPT, MissingParts, Passed, Reply, RowState, Start, Step,
    Sweep, TopicIndex, Window,
};
use crate::facts::{Change, EventFacts};
use crate::frame::RowFields;

/// A position: its contract, and its leg in hedge mode (empty if there is none).
type Leg = (Text, Text);

/// The positions of one topic, in classic or unified mode.
#[derive(Debug)]
pub(crate) struct PositionBook {
    topic: [TopicIndex; 1],
    /// The contract of the topic; `None` for all contracts.
    symbol: Option<Text>,
    is_unified: bool,
    /// Open positions, by the events and rows that were yielded.
    open: BTreeSet<Leg>,
    /// Open positions when the recovery began, less those of which live events came since.
    before: BTreeSet<Leg>,
    /// Rows of this sweep by path, and by position or close ID: a row can be on two pages.
    rows: BTreeMap<(&'static str, Leg), FoundRow>,
    listed: BTreeSet<Leg>,
    closed: BTreeSet<Leg>,
    /// The list of this sweep is complete.
    is_listed: bool,
    missing: MissingParts,
}

impl PositionBook {
    pub(crate) fn new(topic: TopicIndex, symbol: Option<Text>, is_unified: bool) -> Self {
        Self {
            topic: [topic],
            symbol,
            is_unified,
            open: BTreeSet::new(),
            before: BTreeSet::new(),
            rows: BTreeMap::new(),
            listed: BTreeSet::new(),
            closed: BTreeSet::new(),
            is_listed: false,
            missing: MissingParts::default(),
        }
    }

    fn list(&self) -> Query {
        match self.is_unified {
            true => rest::UnifiedPositions::new().into(),
            false => rest::FuturesOpenPositions::new().into(),
        }
    }

    fn history(&self, window: &Window) -> Query {
        let (from, to) = (window.from, window.to);
        match self.is_unified {
            true => {
                let query = rest::UnifiedPositionHistory::new();
                query.from(from).to(to).into()
            }
            false => {
                let query = rest::FuturesClosedPositions::new();
                query.from(from).to(to).into()
            }
        }
    }

    /// Returns the positions of before that no row of this sweep names.
    fn unexplained(&self) -> Vec<Leg> {
        let before = self.before.iter().filter(|_| self.is_listed);
        let is_named = |leg: &&Leg| self.listed.contains(*leg) || self.closed.contains(*leg);
        before.filter(|leg| !is_named(leg)).cloned().collect()
    }

    fn take_position(&mut self, fields: &RowFields<'_>, symbol: Text) -> Option<Leg> {
        let side = fields.text("positionSide").filter(|side| *side != "BOTH");
        let leg = (symbol, Text::from(side.unwrap_or_default()));
        let is_of = self.symbol.as_ref().is_none_or(|wanted| *wanted == leg.0);
        // Lists of classic accounts have closed positions too.
        let is_open = fields.get("isOpen") != Some("false");
        if !is_of || !(is_open || self.before.contains(&leg)) {
            return None;
        }
        match is_open {
            true => self.listed.insert(leg.clone()),
            false => self.closed.insert(leg.clone()),
        };
        Some(leg)
    }

    /// Takes a row of a closed position, which has a side also in one-way mode.
    fn take_closed(&mut self, fields: &RowFields<'_>, symbol: Text) -> Option<Leg> {
        let side = Text::from(fields.text("side").unwrap_or_default());
        let one_way = (symbol.clone(), Text::default());
        let unexplained = self.unexplained();
        let gone = [one_way, (symbol.clone(), side)];
        let leg = gone.into_iter().find(|leg| unexplained.contains(leg))?;
        self.closed.insert(leg);
        Some((symbol, fields.text("closeId").unwrap_or_default().into()))
    }
}

/// Returns the time of the state of a position.
fn time_of(fields: &RowFields<'_>) -> Option<Timestamp> {
    let time = fields.text("currentTimestamp");
    let time = time.or(fields.text("updateTime"))?;
    Timestamp::from_wire(time.parse().ok()?)
}

impl Book for PositionBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let Change::Position(position) = &facts.change else {
            return;
        };
        let leg = (position.symbol.clone(), position.side.clone());
        if passed != Passed::Delivered {
            self.before.remove(&leg);
        }
        match position.is_open {
            Some(true) => self.open.insert(leg),
            Some(false) => self.open.remove(&leg),
            None => false,
        };
    }

    fn begin(&mut self, _: Start) {
        self.before.clone_from(&self.open);
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.rows.clear();
        self.listed.clear();
        self.closed.clear();
        self.is_listed = false;
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        match (step, &sweep.window) {
            (Step::State, _) => {
                self.is_listed = true;
                asks.push(self.list(), Ask::State, 0);
            }
            (Step::Unlisted, Some(window)) if !self.unexplained().is_empty() => {
                asks.push(self.history(&window.kept(KEPT)), Ask::Unlisted, 0);
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, _: usize, reply: &Reply) {
        for (raw, taken_at) in reply.rows() {
            let raw = &*raw;
            let fields = RowFields::read(raw);
            let Some(symbol) = fields.text("symbol").map(Text::from) else {
                self.missing.unreadable(reply.source());
                continue;
            };
            let key = match ask {
                Ask::State => self.take_position(&fields, symbol),
                _ => self.take_closed(&fields, symbol),
            };
            let Some(key) = key else { continue };
            let state = match time_of(&fields) {
                Some(time) => RowState::Position(key.0.clone(), key.1.clone(), time),
                None => RowState::Other,
            };
            let row = FoundRow {
                topic: self.topic[0],
                state,
                source: reply.source(),
                taken_at,
                data: Arc::from(raw),
            };
            self.rows.insert((reply.source(), key), row);
        }
        match (&reply.error, ask) {
            (Some(error), Ask::State) => {
                self.is_listed = false;
                self.missing.fail("positions", error);
            }
            (Some(error), _) => self.missing.fail("closed positions", error),
            (None, _) => {}
        }
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings {
            snapshots: self.rows.values().cloned().collect(),
            ..Findings::default()
        };
        for (symbol, _) in self.unexplained() {
            if sweep.window.is_some() {
                let what = format!("position of {symbol}");
                findings.contradict(self.topic.into_iter(), &what);
            }
        }
        let topics = self.topic.iter().copied();
        self.missing.add_to(&mut findings, topics);
        findings
    }

    fn commit(&mut self) {
        if self.is_listed {
            let gone = self.before.difference(&self.listed);
            let gone: Vec<_> = gone.cloned().collect();
            for leg in gone {
                self.open.remove(&leg);
            }
            self.open.extend(self.listed.iter().cloned());
        }
    }
}
