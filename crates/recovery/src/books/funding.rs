//! Funding settlements of futures positions that a gap has hidden.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;

use super::{
    Ask, Asks, Book, Findings, Found, Passed, Rank, Reply, Step, TopicIndex, Window, missing_reason,
};
use crate::facts::{Change, EventFacts, Identity};
use crate::frame::{As, FieldRule, FrameData, RowFields};
use crate::output::MissingReason;

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

/// The funding settlements of `/contract/positionAll`, or of `/contract/position` of one contract.
#[derive(Debug)]
pub(crate) struct FundingBook {
    topic: [TopicIndex; 1],
    name: String,
    symbol: Option<Text>,
    /// Contracts with an open position, by events.
    symbols: BTreeSet<Text>,
    rows: BTreeMap<(Text, Timestamp), (Arc<str>, &'static str)>,
    missing: BTreeMap<String, MissingReason>,
}

impl FundingBook {
    pub(crate) fn new(topic: TopicIndex, name: &str, symbol: Option<Text>) -> Self {
        Self {
            topic: [topic],
            name: name.to_owned(),
            symbols: symbol.iter().cloned().collect(),
            symbol,
            rows: BTreeMap::new(),
            missing: BTreeMap::new(),
        }
    }
}

impl Book for FundingBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, _: Passed) {
        if let Change::Position(position) = &facts.change
            && self
                .symbol
                .as_ref()
                .is_none_or(|symbol| *symbol == position.symbol)
        {
            self.symbols.insert(position.symbol.clone());
        }
    }

    fn begin(&mut self) {
        self.rows.clear();
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, window: Option<&Window>, asks: &mut Asks) {
        match (step, window) {
            // The contracts with a position now; the list is asked once for all topics.
            (Step::Index, _) => asks.push(rest::FuturesOpenPositions::new(), Ask::Symbols, 0),
            (Step::History, Some(window)) if has_full_hour(window) => {
                for symbol in &self.symbols {
                    let query = rest::FuturesFunding::new(symbol.clone());
                    asks.push(query.from(window.from).to(window.to), Ask::Funding, 0);
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, _: usize, reply: &Reply) {
        for (page, _) in &reply.pages {
            for raw in page.raw_rows() {
                let fields = RowFields::read(raw);
                let text = |name| fields.get(name).map(|json| json.trim_matches('"'));
                let Some(symbol) = text("symbol").map(Text::from) else {
                    continue;
                };
                if *ask == Ask::Symbols {
                    if self.symbol.is_none() && fields.get("isOpen") != Some("false") {
                        self.symbols.insert(symbol);
                    }
                    continue;
                }
                let time = text("timePoint").and_then(|time| time.parse().ok());
                match time.and_then(Timestamp::from_wire) {
                    Some(time) => {
                        self.rows
                            .insert((symbol, time), (raw.into(), reply.source()));
                    }
                    None => {
                        let what = format!("an unreadable row of {}", reply.source());
                        self.missing.insert(what, MissingReason::Unreachable);
                    }
                }
            }
        }
        if let (Some(error), Ask::Funding) = (&reply.error, ask) {
            let symbol = reply.query.param("symbol").unwrap_or_default();
            self.missing
                .insert(format!("funding of {symbol}"), missing_reason(error));
        }
    }

    fn findings(
        &mut self,
        window: Option<&Window>,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings {
        let mut findings = Findings::default();
        let Some(window) = window else {
            return findings;
        };
        let topic = self.topic[0];
        for ((symbol, time), (raw, source)) in &self.rows {
            let identity = Identity::Funding(symbol.clone(), *time);
            let is_inside = *time >= window.from && *time <= window.live_at;
            if !is_inside || seen.contains(&(topic, identity.clone())) {
                continue;
            }
            let fields = RowFields::read(raw);
            let mut data = FrameData::new();
            data.map(&fields, RULES);
            data.others(&fields, RULES, &["id"]);
            findings.found.push(Found {
                identity,
                order_id: None,
                rank: Rank::Matched,
                time: *time,
                // The settlement has a time, its push has another one.
                exact: true,
                trade_id: Text::default(),
                source,
                frames: vec![(topic, data.v1(&self.name, "position.settlement"))],
            });
        }
        for (what, reason) in &self.missing {
            findings.missing.push((topic, what.clone(), reason.clone()));
        }
        findings
    }

    fn commit(&mut self) {}
}

fn has_full_hour(window: &Window) -> bool {
    let hour = |time: Timestamp| time.as_millis().div_euclid(HOUR_MS);
    // A window that starts at a full hour contains it.
    hour(window.from) != hour(window.live_at) || window.from.as_millis().rem_euclid(HOUR_MS) == 0
}
