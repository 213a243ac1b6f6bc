//! Balances of Pro V2: ledger rows as the total balances that a gap has hidden.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest as rest;
use rest::UnifiedLedgerRow;

use super::{
    Ask, Asks, Book, Findings, Found, KEPT, MissingParts, Passed, Rank, Reply, Start, Step, Sweep,
    TopicIndex,
};
use crate::facts::{Change, EventFacts, Identity, LedgerMark};
use crate::frame::{As, FieldRule, FrameData, RowFields};
use crate::output::MissingReason;

const RULES: &[FieldRule] = &[
    ("c", "currency", As::Same),
    ("b", "balance", As::Same),
    ("U", "ts", As::Nanos),
];

/// The bookings of one account of a `balance` channel.
#[derive(Debug)]
pub(crate) struct UnifiedLedgerBook {
    topic: [TopicIndex; 1],
    /// Account type of the queries, such as `UNIFIED`.
    account: &'static str,
    /// Topic of the pushes, such as `balance.UNIFIED`.
    pushed: String,
    /// Time of the last balance by currency, by events that were delivered.
    delivered: HashMap<Text, Timestamp>,
    rows: BTreeMap<Text, (UnifiedLedgerRow, Arc<str>, &'static str)>,
    missing: MissingParts,
}

impl UnifiedLedgerBook {
    pub(crate) fn new(topic: TopicIndex, account: &'static str, pushed: String) -> Self {
        Self {
            topic: [topic],
            account,
            pushed,
            delivered: HashMap::new(),
            rows: BTreeMap::new(),
            missing: MissingParts::default(),
        }
    }

    fn frame(&self, raw: &str) -> String {
        let fields = RowFields::read(raw);
        let mut data = FrameData::new();
        data.map(&fields, RULES);
        data.others(&fields, RULES, &["accountType"]);
        data.pro(&self.pushed)
    }
}

impl Book for UnifiedLedgerBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        if let (Change::Balance(balance), Some(time)) = (&facts.change, facts.time)
            && passed == Passed::Delivered
        {
            self.delivered.insert(balance.currency.clone(), time);
        }
    }

    fn begin(&mut self, _: Start) {
        self.rows.clear();
        self.missing.clear();
    }

    fn begin_sweep(&mut self) {
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        if let (Step::Index, Some(window)) = (step, &sweep.window) {
            if window.length() > KEPT {
                self.missing
                    .insert("changes of balances", MissingReason::TooOld);
            }
            let window = window.kept(KEPT);
            let query = rest::UnifiedLedger::new(self.account);
            asks.push(query.from(window.from).to(window.to), Ask::Ledger, 0);
        }
    }

    fn reply(&mut self, _: &Ask, _: usize, reply: &Reply) {
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            match UnifiedLedgerRow::read(&mut Scanner::new(raw)) {
                Ok(row) => {
                    let id = row.ledger_id.clone();
                    self.rows.insert(id, (row, raw.into(), reply.source()));
                }
                Err(_) => self.missing.unreadable(reply.source()),
            }
        }
        if let Some(error) = &reply.error {
            self.missing.fail("ledger", error);
        }
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings::default();
        let Some(window) = &sweep.window else {
            return findings;
        };
        let topic = self.topic[0];
        for (id, (row, raw, source)) in &self.rows {
            let (Some(total), Some(time)) = (row.balance, row.created_at) else {
                continue;
            };
            // The stream has the times of the ledger: a row that is not newer than the last event was delivered.
            let is_old = self.delivered.get(&row.currency);
            let mark = LedgerMark::Total(total.normalize(), time.as_millis());
            let account = Text::from_static(self.account);
            let identity = Identity::Ledger(account, row.currency.clone(), mark);
            let was_delivered =
                is_old.is_some_and(|last| time <= *last) || sweep.seen.has(topic, &identity, time);
            if !window.contains(time) || was_delivered {
                continue;
            }
            findings.found.push(Found {
                identity,
                order_id: None,
                rank: Rank::Matched,
                time,
                exact: true,
                trade_id: id.clone(),
                source,
                frames: vec![(topic, self.frame(raw))],
            });
        }
        let topics = self.topic.iter().copied();
        self.missing.add_to(&mut findings, topics);
        findings
    }
}
