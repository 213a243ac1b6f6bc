//! Balances of spot and margin: ledger rows as changes, checked against the balances now.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, FillKey, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest as rest;
use rest::{AccountRow, CrossMarginRow, IsolatedMarginRow, MarginCurrencyRow, SpotLedgerRow};

use super::{
    Ask, Asks, Book, Findings, Found, FoundRow, KEPT, MissingParts, Passed, Rank, Reply, RowState,
    Start, Step, Sweep, TopicIndex, Window,
};
use crate::facts::{BalanceFacts, Change, EventFacts};
use crate::frame::{As, FieldRule, FrameData, RowFields};
use crate::output::MissingReason;

/// Parts of the queries: the spot account, the margin accounts, and the funding account.
const SPOT: usize = 0;
const MARGIN: usize = 1;
const MAIN: usize = 2;
/// Names of the accounts that have one ledger for all currencies, as in [`BalanceFacts::account`].
const SPOT_ACCOUNT: Text = Text::from_static("trade");
const MAIN_ACCOUNT: Text = Text::from_static("main");
/// The longest window of one query of the funding account's ledger.
const MAIN_SPAN: Duration = Duration::from_secs(24 * 3600 - 1);

const RULES: &[FieldRule] = &[
    ("currency", "currency", As::Same),
    ("relationEventId", "id", As::String),
    ("time", "createdAt", As::Same),
];

/// Account and currency.
type Holding = (Text, Text);

/// The balances of the spot, margin and funding accounts, for `/account/balance` and `/account/snapshotBalance`.
#[derive(Debug)]
pub(crate) struct LedgerBook {
    topics: Vec<TopicIndex>,
    names: Vec<String>,
    /// Total balances, by the events and rows that were yielded.
    totals: HashMap<Holding, Decimal>,
    /// The same when the recovery in progress began.
    before: HashMap<Holding, Decimal>,
    /// Total balances by live events that came during the recovery.
    live: HashMap<Holding, Decimal>,
    /// The margin accounts are used, or it is not known that they are empty.
    uses_margin: bool,
    /// Number of replies in this sweep that show the margin accounts, and whether one of them has an amount.
    margin_replies: usize,
    has_margin: bool,
    /// Ledger rows by ledger, length of the ID, and ID: in the order of the bookings.
    rows: BTreeMap<(usize, usize, Text), LedgerEntry>,
    balances: HashMap<Holding, Decimal>,
    snapshots: Vec<FoundRow>,
    missing: MissingParts,
}

#[derive(Debug)]
struct LedgerEntry {
    facts: BalanceFacts,
    row: SpotLedgerRow,
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
            before: HashMap::new(),
            live: HashMap::new(),
            uses_margin: true,
            margin_replies: 0,
            has_margin: false,
            rows: BTreeMap::new(),
            balances: HashMap::new(),
            snapshots: Vec::new(),
            missing: MissingParts::default(),
        }
    }

    fn take_ledger(&mut self, part: usize, reply: &Reply) {
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            let Ok(row) = SpotLedgerRow::read(&mut Scanner::new(raw)) else {
                self.missing.unreadable(reply.source());
                continue;
            };
            let account = match part {
                MAIN if row.account_type.as_deref() != Some("MAIN") => continue,
                MAIN => MAIN_ACCOUNT,
                MARGIN => margin_account(&row),
                _ => SPOT_ACCOUNT,
            };
            let (Some(change), Some(time)) = (row.change(), row.created_at) else {
                self.missing.unreadable(reply.source());
                continue;
            };
            let facts = BalanceFacts {
                account,
                currency: row.currency.clone(),
                // The balance of the funding account's ledger is always 0.
                total: row.balance.filter(|_| part != MAIN),
                change: Some(change),
                trade: trade_of(&row),
            };
            // Money that is moved may go to a margin account.
            self.uses_margin |= part == MARGIN || is_transfer(&row);
            let id = row.ledger_id.clone();
            let entry = LedgerEntry {
                facts,
                row,
                time,
                raw: raw.into(),
                source: reply.source(),
            };
            self.rows.insert((part, id.len(), id), entry);
        }
    }

    fn take_state(&mut self, part: usize, reply: &Reply) {
        for (raw, taken_at) in reply.rows() {
            let raw = &*raw;
            match part {
                MARGIN => self.has_margin |= has_amount(raw),
                _ => self.take_balance(raw, reply.source()),
            }
            let rows = self.topics.iter().map(|topic| FoundRow {
                topic: *topic,
                state: RowState::Other,
                source: reply.source(),
                taken_at,
                data: raw.into(),
            });
            self.snapshots.extend(rows);
        }
        self.margin_replies += usize::from(part == MARGIN && reply.error.is_none());
    }

    fn take_balance(&mut self, raw: &str, source: &str) {
        let Ok(row) = AccountRow::read(&mut Scanner::new(raw)) else {
            return self.missing.unreadable(source);
        };
        let is_spot = matches!(&*row.account_type, "trade" | "trade_hf");
        let account = match is_spot {
            true => SPOT_ACCOUNT,
            false => row.account_type,
        };
        // The account of the low-frequency orders has an ID with letters.
        if !is_spot || row.account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            self.balances.insert((account, row.currency), row.total);
        }
    }

    /// Compares the ledger of the spot account with itself, with the last known balances and with the balances now.
    fn check(&self, window: &Window, findings: &mut Findings) {
        let mut booked: BTreeMap<Text, Vec<&LedgerEntry>> = BTreeMap::new();
        for ((part, ..), entry) in &self.rows {
            if *part == SPOT {
                let currency = entry.facts.currency.clone();
                booked.entry(currency).or_default().push(entry);
            }
        }
        let known = self.before.keys().chain(self.balances.keys());
        for (_, currency) in known.filter(|(account, _)| *account == SPOT_ACCOUNT) {
            booked.entry(currency.clone()).or_default();
        }
        for (currency, entries) in booked {
            if !self.is_consistent(&currency, &entries, window) {
                let what = format!("changes of {currency} ({SPOT_ACCOUNT})");
                findings.contradict(self.topics.iter().copied(), &what);
            }
        }
    }

    fn is_consistent(&self, currency: &Text, entries: &[&LedgerEntry], window: &Window) -> bool {
        let holding = (SPOT_ACCOUNT, currency.clone());
        let before = self.before.get(&holding);
        let now = self.balances.get(&holding);
        let is_live = self.live.contains_key(&holding);
        let is_chain = entries.windows(2).all(|pair| match pair[0].facts.total {
            Some(before) => pair[1].follows(before),
            None => true,
        });
        let (Some(first), Some(newest)) = (entries.first(), entries.last()) else {
            return is_live || before.is_none() || now.is_none() || before == now;
        };
        let is_linked = before.is_none_or(|before| {
            let is_known = |entry: &&LedgerEntry| entry.facts.total == Some(*before);
            first.follows(*before) || entries.iter().any(is_known)
        });
        let is_current = is_live
            || newest.time > window.live_at
            || now.is_none()
            || newest.facts.total.is_none()
            || newest.facts.total.as_ref() == now;
        is_chain && is_linked && is_current
    }

    fn frame(&self, name: &str, entry: &LedgerEntry) -> String {
        let fields = RowFields::read(&entry.raw);
        let mut data = FrameData::new();
        data.map(&fields, RULES);
        data.amount("total", entry.facts.total);
        let account = stream_account(entry);
        data.text(
            "relationEvent",
            &format!("{account}.{}", reason(&entry.row)),
        );
        data.raw("relationContext", &context(&entry.row));
        data.others(&fields, RULES, &["balance", "context"]);
        let subject = match name {
            "/account/snapshotBalance" => "account.snapshotBalance",
            _ => "account.balance",
        };
        data.v1(name, subject)
    }

    fn find(&self, sweep: &Sweep<'_>, window: &Window, findings: &mut Findings) {
        for ((.., id), entry) in &self.rows {
            let identity = entry.facts.identity(Some(entry.time));
            let Some(identity) = identity.filter(|_| window.contains(entry.time)) else {
                continue;
            };
            let topics = self.topics.iter().zip(&self.names);
            let missed =
                topics.filter(|(topic, _)| !sweep.seen.has(**topic, &identity, entry.time));
            let frames = missed.map(|(topic, name)| (*topic, self.frame(name, entry)));
            let frames = frames.collect();
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
    }
}

impl LedgerEntry {
    /// Returns `true` if the booking leads from this total balance to its own.
    ///
    /// KuCoin's examples disagree whether the amount includes the fee.
    fn follows(&self, before: Decimal) -> bool {
        let (Some(total), Some(change)) = (self.facts.total, self.facts.change) else {
            return true;
        };
        let fee = self.row.fee.unwrap_or_default();
        let tax = self.row.tax.unwrap_or_default();
        [Decimal::ZERO, fee, fee + tax].contains(&(before + change - total))
    }
}

fn trade_of(row: &SpotLedgerRow) -> Option<FillKey> {
    let trade = row.trade()?;
    let symbol = trade.symbol.unwrap_or_default();
    Some(FillKey::new(symbol, trade.trade_id?, trade.order_id))
}

/// Returns the context of a balance event: the order and trade of the change.
fn context(row: &SpotLedgerRow) -> String {
    let mut data = FrameData::new();
    if let Some(trade) = row.trade() {
        let fields = [
            ("symbol", trade.symbol),
            ("orderId", trade.order_id),
            ("tradeId", trade.trade_id),
        ];
        for (name, text) in fields {
            if let Some(text) = text {
                data.text(name, &text);
            }
        }
    }
    data.end()
}

/// Returns the account of a row of the margin ledger, by one name for the old and the high-frequency account.
fn margin_account(row: &SpotLedgerRow) -> Text {
    let kind = row.account_type.as_deref().unwrap_or_default();
    let symbol = row.trade().and_then(|trade| trade.symbol);
    match symbol {
        Some(symbol) if kind.to_ascii_uppercase().contains("ISOLATED") => {
            format!("isolated_{symbol}").into()
        }
        None if kind.to_ascii_uppercase().contains("ISOLATED") => Text::from_static("isolated"),
        _ => Text::from_static("margin"),
    }
}

/// Returns the account of a booking in the words of the stream.
fn stream_account(entry: &LedgerEntry) -> String {
    let is_v2 = (entry.row.account_type.as_deref()).is_some_and(|kind| kind.ends_with("V2"));
    let account = &entry.facts.account;
    match (&**account, is_v2) {
        ("trade", _) => "trade_hf".to_owned(),
        (account, true) => match account.strip_prefix("isolated_") {
            Some(symbol) => format!("isolatedV2_{symbol}"),
            None => format!("{account}V2"),
        },
        (account, false) => account.to_owned(),
    }
}

/// Returns the reason of a booking in the words of the stream.
fn reason(row: &SpotLedgerRow) -> &'static str {
    let kind = row.reason.as_deref().unwrap_or_default();
    let kind = kind.to_ascii_uppercase();
    const REASONS: [(&str, &str); 4] = [
        ("EXCHANGE", "setted"),
        ("TRANSFER", "transfer"),
        ("DEPOSIT", "deposit"),
        ("WITHDRAW", "withdraw_done"),
    ];
    let known = REASONS.iter().find(|(word, _)| kind.contains(word));
    known.map_or("other", |(_, reason)| reason)
}

fn is_transfer(row: &SpotLedgerRow) -> bool {
    reason(row) == "transfer"
}

/// Returns `true` if a row of a margin account shows an amount or a debt, or cannot be read.
fn has_amount(raw: &str) -> bool {
    let is_used = |currency: &MarginCurrencyRow| {
        let amounts = [currency.total, currency.liability];
        amounts
            .into_iter()
            .flatten()
            .any(|amount| !amount.is_zero())
    };
    let scanner = || Scanner::new(raw);
    if let Ok(row) = IsolatedMarginRow::read(&mut scanner()) {
        return row.base.iter().chain(&row.quote).any(is_used);
    }
    CrossMarginRow::read(&mut scanner()).map_or(true, |row| row.accounts.iter().any(is_used))
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
        let holding = (balance.account.clone(), balance.currency.clone());
        self.uses_margin |= holding.0 == "margin" || holding.0.starts_with("isolated_");
        if passed != Passed::Held {
            self.totals.insert(holding.clone(), total);
        }
        if passed != Passed::Delivered {
            self.live.insert(holding, total);
        }
    }

    fn begin(&mut self, start: Start) {
        // Events of before a second loss are no reason to expect that the rest is live.
        if start == Start::Again {
            self.totals.extend(self.live.drain());
        }
        self.live.clear();
        self.before.clone_from(&self.totals);
        self.rows.clear();
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.balances.clear();
        self.snapshots.clear();
        self.missing.clear();
        self.margin_replies = 0;
        self.has_margin = false;
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        match (step, &sweep.window) {
            (Step::Index, Some(window)) => {
                if window.length() > KEPT {
                    self.missing
                        .insert("changes of balances", MissingReason::TooOld);
                }
                let window = window.kept(KEPT);
                let (from, to) = (window.from, window.to);
                asks.push(rest::SpotLedger::new().from(from).to(to), Ask::Ledger, SPOT);
                if sweep.uses_margin || sweep.number == 1 {
                    let query = rest::MarginLedger::new().from(from).to(to);
                    asks.push(query, Ask::Ledger, MARGIN);
                }
                for (from, to) in window.periods(MAIN_SPAN) {
                    let query = rest::AccountLedger::new().from(from).to(to);
                    asks.push(query, Ask::Ledger, MAIN);
                }
            }
            (Step::State, _) => {
                asks.push(rest::AccountList::new(), Ask::State, SPOT);
                if sweep.uses_margin {
                    let cross = rest::CrossMarginAccount::new().quote_currency("BTC");
                    asks.push(cross, Ask::State, MARGIN);
                    asks.push(rest::IsolatedMarginAccounts::new(), Ask::State, MARGIN);
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, part: usize, reply: &Reply) {
        match ask {
            Ask::Ledger => self.take_ledger(part, reply),
            _ => self.take_state(part, reply),
        }
        if let Some(error) = &reply.error {
            let what = match (ask, part) {
                (Ask::Ledger, MAIN) => "ledger of the funding account",
                (Ask::Ledger, MARGIN) => "ledger of the margin accounts",
                (Ask::Ledger, _) => "ledger of the spot account",
                (_, MARGIN) => "balances of the margin accounts",
                _ => "balances",
            };
            self.missing.fail(what, error);
        }
    }

    fn end_sweep(&mut self) {
        if self.margin_replies == 2 {
            let is_margin = |holding: &Holding| holding.0 != "trade" && holding.0 != "main";
            self.uses_margin = self.has_margin
                || self.rows.keys().any(|(part, ..)| *part == MARGIN)
                || self.live.keys().any(is_margin);
        }
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings {
            snapshots: self.snapshots.clone(),
            ..Findings::default()
        };
        if let Some(window) = &sweep.window {
            self.find(sweep, window, &mut findings);
            self.check(window, &mut findings);
        }
        let topics = self.topics.iter().copied();
        self.missing.add_to(&mut findings, topics);
        findings
    }

    fn commit(&mut self) {
        self.totals.extend(self.balances.clone());
        self.totals.extend(self.live.clone());
    }

    fn uses_margin(&self) -> bool {
        self.uses_margin
    }
}
