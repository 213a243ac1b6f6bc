//! Balances of spot and margin: ledger rows as changes, checked against the balances now.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest as rest;
use rest::SpotLedgerRow;

use super::{
    Ask, Asks, Book, Findings, Found, FoundRow, Passed, Rank, Reply, RowState, Step, TopicIndex,
    Window, missing_reason,
};
use crate::facts::{BalanceFacts, Change, EventFacts, Identity};
use crate::frame::{As, FieldRule, FrameData, RowFields};
use crate::output::MissingReason;

/// Ledger of the spot account, of the margin accounts, and of the funding account.
const SPOT: usize = 0;
const MARGIN: usize = 1;
const MAIN: usize = 2;

/// The longest window of one query of the funding account's ledger.
const MAIN_SPAN: std::time::Duration = std::time::Duration::from_secs(24 * 3600 - 1);

const RULES: &[FieldRule] = &[
    ("currency", "currency", As::Same),
    ("relationEventId", "id", As::String),
    ("time", "createdAt", As::Same),
];

/// The balances of the spot, margin and funding accounts, for `/account/balance` and `/account/snapshotBalance`.
#[derive(Debug)]
pub(crate) struct LedgerBook {
    topics: Vec<TopicIndex>,
    names: Vec<String>,
    /// Last total balance by account and currency.
    totals: HashMap<(Text, Text), Decimal>,
    /// Accounts and currencies of which live events came during the recovery.
    held: HashMap<(Text, Text), Decimal>,
    /// Margin is used, so its accounts are queried too.
    uses_margin: bool,
    /// Ledger rows by ledger and ID.
    rows: BTreeMap<(usize, Text), LedgerEntry>,
    balances: HashMap<(Text, Text), Decimal>,
    snapshots: Vec<FoundRow>,
    missing: BTreeMap<String, MissingReason>,
}

#[derive(Debug)]
struct LedgerEntry {
    facts: BalanceFacts,
    time: Timestamp,
    raw: Arc<str>,
    source: &'static str,
}

impl LedgerBook {
    pub(crate) fn new(topics: Vec<(TopicIndex, String)>) -> Self {
        let (topics, names) = topics.into_iter().unzip();
        Self {
            topics,
            names,
            totals: HashMap::new(),
            held: HashMap::new(),
            uses_margin: true,
            rows: BTreeMap::new(),
            balances: HashMap::new(),
            snapshots: Vec::new(),
            missing: BTreeMap::new(),
        }
    }

    fn take_ledger(&mut self, part: usize, reply: &Reply) {
        for (page, _) in &reply.pages {
            for raw in page.raw_rows() {
                let row = SpotLedgerRow::read(&mut Scanner::new(raw));
                let Ok(row) = row else {
                    let what = format!("an unreadable row of {}", reply.source());
                    self.missing.insert(what, MissingReason::Unreachable);
                    continue;
                };
                let account = match part {
                    MAIN if row.account_type.as_deref() != Some("MAIN") => continue,
                    MAIN => Text::from_static("main"),
                    MARGIN => margin_account(&row),
                    _ => Text::from_static("trade"),
                };
                let (Some(change), Some(time)) = (row.change(), row.created_at) else {
                    continue;
                };
                let facts = BalanceFacts {
                    account,
                    currency: row.currency.clone(),
                    // The balance of the funding account's ledger is always 0.
                    total: row.balance.filter(|_| part != MAIN),
                    change,
                    trade_id: row.trade().and_then(|trade| trade.trade_id),
                };
                let entry = LedgerEntry {
                    facts,
                    time,
                    raw: raw.into(),
                    source: reply.source(),
                };
                self.rows.insert((part, row.ledger_id), entry);
            }
        }
    }

    fn take_accounts(&mut self, reply: &Reply) {
        for (page, taken_at) in &reply.pages {
            for raw in page.raw_rows() {
                let fields = RowFields::read(raw);
                let text = |name| fields.get(name).map(|json| json.trim_matches('"'));
                if let (Some(kind), Some(currency), Some(Ok(total))) = (
                    text("type"),
                    text("currency"),
                    text("balance").map(str::parse),
                ) {
                    let account = match kind {
                        "trade" | "trade_hf" => "trade",
                        other => other,
                    };
                    self.balances
                        .insert((account.into(), currency.into()), total);
                }
                for topic in &self.topics {
                    self.snapshots.push(FoundRow {
                        topic: *topic,
                        state: RowState::Other,
                        source: reply.source(),
                        taken_at: *taken_at,
                        data: raw.into(),
                    });
                }
            }
        }
    }

    /// Compares the totals of the ledger with each other and with the balances now.
    fn check(&self, window: &Window, findings: &mut Findings) {
        let mut last: BTreeMap<(&Text, &Text), (Vec<&LedgerEntry>, usize)> = BTreeMap::new();
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|((part, _), _)| *part == SPOT)
            .collect();
        rows.sort_by_key(|((_, id), _)| (id.len(), id.as_str()));
        for (_, entry) in rows {
            let key = (&entry.facts.account, &entry.facts.currency);
            last.entry(key).or_default().0.push(entry);
        }
        for ((account, currency), (entries, _)) in &last {
            let pairs = entries.windows(2);
            let is_chain = |pair: &[&LedgerEntry]| {
                let (before, after) = (pair[0].facts.total, pair[1].facts.total);
                match (before, after) {
                    (Some(before), Some(after)) => before + pair[1].facts.change == after,
                    _ => true,
                }
            };
            let is_newest_known = !self
                .held
                .contains_key(&((*account).clone(), (*currency).clone()));
            let newest = entries.last().filter(|entry| entry.time <= window.live_at);
            let booked = newest
                .and_then(|entry| entry.facts.total)
                .filter(|_| is_newest_known);
            let now = self
                .balances
                .get(&((*account).clone(), (*currency).clone()));
            let differs = matches!((booked, now), (Some(booked), Some(now)) if booked != *now);
            if differs || !pairs.into_iter().all(is_chain) {
                self.contradict(findings, format!("changes of {currency} ({account})"));
            }
        }
        for (key @ (account, currency), total) in &self.totals {
            let is_quiet = !last.contains_key(&(account, currency)) && !self.held.contains_key(key);
            if let Some(now) = self
                .balances
                .get(key)
                .filter(|_| is_quiet && account == "trade")
                && now != total
            {
                self.contradict(findings, format!("changes of {currency} ({account})"));
            }
        }
    }

    fn contradict(&self, findings: &mut Findings, what: String) {
        findings.is_inconsistent = true;
        for topic in &self.topics {
            findings
                .missing
                .push((*topic, what.clone(), MissingReason::Inconsistent));
        }
    }

    fn frame(&self, name: &str, entry: &LedgerEntry) -> String {
        let fields = RowFields::read(&entry.raw);
        let mut data = FrameData::new();
        data.map(&fields, RULES);
        if let Some(total) = entry.facts.total {
            data.text("total", &total.to_string());
        }
        let reason = reason(&fields);
        let account = match &*entry.facts.account {
            "trade" => "trade_hf",
            other => other,
        };
        data.text("relationEvent", &format!("{account}.{reason}"));
        let row = SpotLedgerRow::read(&mut Scanner::new(&entry.raw)).ok();
        data.raw("relationContext", &context(row.and_then(|row| row.trade())));
        data.others(&fields, RULES, &["balance", "context"]);
        let subject = match name {
            "/account/snapshotBalance" => "account.snapshotBalance",
            _ => "account.balance",
        };
        data.v1(name, subject)
    }
}

/// Returns the context of a balance event: the order and trade of the change.
fn context(trade: Option<rest::LedgerTrade>) -> String {
    let mut data = FrameData::new();
    if let Some(trade) = &trade {
        let fields = [
            ("symbol", &trade.symbol),
            ("orderId", &trade.order_id),
            ("tradeId", &trade.trade_id),
        ];
        for (name, text) in fields {
            if let Some(text) = text {
                data.text(name, text);
            }
        }
    }
    data.end()
}

/// Returns the account of a row of the margin ledger.
fn margin_account(row: &SpotLedgerRow) -> Text {
    let kind = row.account_type.as_deref().unwrap_or_default();
    let symbol = row.trade().and_then(|trade| trade.symbol);
    match symbol {
        Some(symbol) if kind.to_ascii_uppercase().contains("ISOLATED") => {
            format!("isolated_{symbol}").into()
        }
        _ => Text::from_static("margin"),
    }
}

/// Returns the reason of a change in the words of the stream.
fn reason(fields: &RowFields<'_>) -> &'static str {
    let kind = fields
        .get("bizType")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let is = |word: &str| kind.contains(word);
    if is("TRADE_EXCHANGE") || is("EXCHANGE") {
        "setted"
    } else if is("TRANSFER") {
        "transfer"
    } else if is("DEPOSIT") {
        "deposit"
    } else if is("WITHDRAW") {
        "withdraw_done"
    } else {
        "other"
    }
}

impl Book for LedgerBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topics
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let Change::Balance(balance) = &facts.change else {
            return;
        };
        let Some(total) = balance.total else { return };
        let key = (balance.account.clone(), balance.currency.clone());
        self.uses_margin |= key.0 == "margin" || key.0.starts_with("isolated_");
        match passed {
            Passed::Delivered => self.totals.insert(key, total),
            Passed::Held => self.held.insert(key, total),
        };
    }

    fn begin(&mut self) {
        self.rows.clear();
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.balances.clear();
        self.snapshots.clear();
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, window: Option<&Window>, asks: &mut Asks) {
        match (step, window) {
            (Step::Index, Some(window)) => {
                let (from, to) = (window.from, window.to);
                asks.push(rest::SpotLedger::new().from(from).to(to), Ask::Ledger, SPOT);
                if self.uses_margin {
                    asks.push(
                        rest::MarginLedger::new().from(from).to(to),
                        Ask::Ledger,
                        MARGIN,
                    );
                }
                let mut start = from;
                while start < to {
                    let end = start.checked_add(MAIN_SPAN).unwrap_or(to).min(to);
                    asks.push(
                        rest::AccountLedger::new().from(start).to(end),
                        Ask::Ledger,
                        MAIN,
                    );
                    start = end;
                }
            }
            (Step::State, _) => {
                asks.push(rest::AccountList::new(), Ask::State, SPOT);
                if self.uses_margin {
                    asks.push(rest::CrossMarginAccount::new(), Ask::State, MARGIN);
                    asks.push(rest::IsolatedMarginAccounts::new(), Ask::State, MARGIN);
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, part: usize, reply: &Reply) {
        match ask {
            Ask::Ledger => self.take_ledger(part, reply),
            _ => self.take_accounts(reply),
        }
        if let Some(error) = &reply.error {
            let what = match (ask, part) {
                (Ask::Ledger, MAIN) => "ledger of the funding account",
                (Ask::Ledger, MARGIN) => "ledger of the margin accounts",
                (Ask::Ledger, _) => "ledger of the spot account",
                (_, MARGIN) => "balances of the margin accounts",
                _ => "balances",
            };
            self.missing.insert(what.to_owned(), missing_reason(error));
        }
    }

    fn findings(
        &mut self,
        window: Option<&Window>,
        seen: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings {
        let mut findings = Findings {
            snapshots: self.snapshots.clone(),
            ..Findings::default()
        };
        if let Some(window) = window {
            for ((_, id), entry) in &self.rows {
                if entry.time < window.from || entry.time > window.live_at {
                    continue;
                }
                let Some(identity) = entry.facts.identity(Some(entry.time)) else {
                    continue;
                };
                let mut frames = Vec::new();
                for (topic, name) in self.topics.iter().zip(&self.names) {
                    if !seen.contains(&(*topic, identity.clone())) {
                        frames.push((*topic, self.frame(name, entry)));
                    }
                }
                findings.found.push(Found {
                    identity,
                    order_id: None,
                    rank: Rank::Matched,
                    time: entry.time,
                    exact: true,
                    trade_id: id.clone(),
                    source: entry.source,
                    frames,
                });
            }
            self.check(window, &mut findings);
        }
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
        self.uses_margin = self
            .totals
            .keys()
            .chain(self.held.keys())
            .any(|(account, _)| account != "trade" && account != "main")
            || self.rows.keys().any(|(part, _)| *part == MARGIN)
            || self
                .snapshots
                .iter()
                .any(|row| row.source.contains("/margin/") && has_money(&row.data));
        self.totals.extend(
            self.balances
                .iter()
                .map(|(key, total)| (key.clone(), *total)),
        );
        self.totals.extend(self.held.drain());
    }
}

/// Returns `true` if a row of a margin account shows an amount other than 0.
fn has_money(row: &str) -> bool {
    let mut digits = row.split("\"total\":").skip(1);
    digits.any(|rest| {
        let amount = rest.trim_start_matches('"');
        let end = amount.find(['"', ',', '}']).unwrap_or(amount.len());
        amount[..end]
            .parse::<Decimal>()
            .is_ok_and(|amount| !amount.is_zero())
    })
}
