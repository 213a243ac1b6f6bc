//! Funding settlements of futures positions that a gap has hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;

use super::{
    Ask, Asks, Book, Findings, Found, MissingParts, Passed, Rank, Reply, Start, Step, Sweep,
    TopicIndex, Window,
};
use crate::facts::{Change, EventFacts, FundingMark, Identity};
use crate::frame::{As, FieldRule, FrameData, RowFields};

const RULES: &[FieldRule] = &[
    ("symbol", "symbol", As::Same),
    ("fundingTime", "timePoint", As::Same),
    ("qty", "positionQty", As::Same),
    ("markPrice", "markPrice", As::Same),
    ("fundingRate", "fundingRate", As::Same),
    ("fundingFee", "funding", As::Same),
    ("settleCurrency", "settleCurrency", As::Same),
    ("marginMode", "marginMode", As::Same),
    ("positionSide", "positionSide", As::Same),
];
/// KuCoin settles funding at full hours.
const HOUR_MS: i64 = 3_600_000;
/// The longest time from a funding time to the push of its settlement.
const PUSH_DELAY: Duration = Duration::from_secs(300);

/// The funding settlements of `/contract/positionAll`, or of `/contract/position` of one contract.
#[derive(Debug)]
pub(crate) struct FundingBook {
    topic: [TopicIndex; 1],
    name: String,
    /// The contract of the topic; `None` for all contracts.
    symbol: Option<Text>,
    /// Contracts with an open position, by events and lists.
    open: BTreeSet<Text>,
    rows: BTreeMap<(Text, FundingKey), FundingEntry>,
    missing: MissingParts,
}

/// Time and quantity: the legs of a hedged position are settled at the same time.
type FundingKey = (Timestamp, Text);

#[derive(Debug)]
struct FundingEntry {
    mark: FundingMark,
    raw: Arc<str>,
    source: &'static str,
}

impl FundingBook {
    pub(crate) fn new(topic: TopicIndex, name: &str, symbol: Option<Text>) -> Self {
        Self {
            topic: [topic],
            name: name.to_owned(),
            open: symbol.iter().cloned().collect(),
            symbol,
            rows: BTreeMap::new(),
            missing: MissingParts::default(),
        }
    }

    fn take_position(&mut self, raw: &str) {
        let fields = RowFields::read(raw);
        let symbol = fields.text("symbol").map(Text::from);
        if let Some(symbol) = symbol.filter(|_| self.symbol.is_none())
            && fields.get("isOpen") != Some("false")
        {
            self.open.insert(symbol);
        }
    }

    fn take_funding(&mut self, raw: &str, source: &'static str) {
        let fields = RowFields::read(raw);
        let time = fields.text("timePoint").and_then(|time| time.parse().ok());
        let settled_at = time.and_then(Timestamp::from_wire);
        let (Some(symbol), Some(settled_at)) = (fields.text("symbol"), settled_at) else {
            return self.missing.unreadable(source);
        };
        let amount = |name| fields.decimal(name).unwrap_or_default().normalize();
        let entry = FundingEntry {
            mark: FundingMark {
                settled_at,
                mark_price: amount("markPrice"),
                quantity: amount("positionQty"),
            },
            raw: raw.into(),
            source,
        };
        let quantity = fields.text("positionQty").unwrap_or_default();
        let key = (settled_at, quantity.into());
        self.rows.insert((symbol.into(), key), entry);
    }

    fn frame(&self, entry: &FundingEntry) -> String {
        let fields = RowFields::read(&entry.raw);
        let mut data = FrameData::new();
        data.map(&fields, RULES);
        data.others(&fields, RULES, &["id"]);
        data.v1(&self.name, "position.settlement")
    }
}

impl Book for FundingBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let Change::Position(position) = &facts.change else {
            return;
        };
        let is_of = |symbol: &Text| *symbol == position.symbol;
        if self.symbol.as_ref().is_some_and(|symbol| !is_of(symbol)) {
            return;
        }
        // The other leg of a hedged position can still be open.
        let is_closed = position.is_open == Some(false) && position.side.is_empty();
        match is_closed {
            true if passed == Passed::Delivered && self.symbol.is_none() => {
                self.open.remove(&position.symbol)
            }
            true => false,
            false => self.open.insert(position.symbol.clone()),
        };
    }

    fn begin(&mut self, _: Start) {
        self.rows.clear();
        self.missing.clear();
    }

    fn begin_sweep(&mut self) {
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        let window = sweep.window.map(|window| settled_in(&window));
        match (step, window.filter(has_full_hour)) {
            // The contracts with a position now. The book of the positions asks for the same list at the start.
            (Step::State, _) if sweep.window.is_none() => {
                asks.push(rest::FuturesOpenPositions::new(), Ask::Symbols, 0);
            }
            (Step::Index, Some(_)) => {
                asks.push(rest::FuturesOpenPositions::new(), Ask::Symbols, 0);
            }
            (Step::History, Some(window)) => {
                for symbol in &self.open {
                    let query = rest::FuturesFunding::new(symbol.clone());
                    asks.push(query.from(window.from).to(window.to), Ask::Funding, 0);
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, _: usize, reply: &Reply) {
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            match ask {
                Ask::Symbols => self.take_position(raw),
                _ => self.take_funding(raw, reply.source()),
            }
        }
        if let Some(error) = &reply.error {
            let what = match reply.query.param("symbol") {
                Some(symbol) => format!("funding of {symbol}"),
                None => "funding of positions that were opened in the gap".to_owned(),
            };
            self.missing.fail(what, error);
        }
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings::default();
        let Some(window) = sweep.window.map(|window| settled_in(&window)) else {
            return findings;
        };
        let topic = self.topic[0];
        for ((symbol, (time, _)), entry) in &self.rows {
            let identity = Identity::Funding(entry.mark.clone());
            if !window.contains(*time) || sweep.seen.has_identity(topic, &identity) {
                continue;
            }
            findings.found.push(Found {
                identity,
                order_id: None,
                rank: Rank::Matched,
                time: *time,
                exact: true,
                trade_id: symbol.clone(),
                source: entry.source,
                frames: vec![(topic, self.frame(entry))],
            });
        }
        let topics = self.topic.iter().copied();
        self.missing.add_to(&mut findings, topics);
        findings
    }
}

/// Returns the window of the settlements: KuCoin pushes a settlement some time after the funding time.
fn settled_in(window: &Window) -> Window {
    let from = window.from.checked_sub(PUSH_DELAY).unwrap_or(window.from);
    Window {
        from: from.max(window.first_live_at),
        ..*window
    }
}

fn has_full_hour(window: &Window) -> bool {
    let hour = |time: Timestamp| time.as_millis().div_euclid(HOUR_MS);
    // A window that starts at a full hour contains it.
    hour(window.from) != hour(window.last) || window.from.as_millis().rem_euclid(HOUR_MS) == 0
}
