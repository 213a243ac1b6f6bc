//! The balances of V1 spot and margin as chains of changes, and the changes that no push reports.

use std::collections::{BTreeMap, VecDeque};

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::AccountRow;
use kucoin_streams_v1::{AccountKind, Balance};

use super::AuditSettings;
use super::chain::{Chain, Link, MissingLink};
use super::coverage::{Coverage, Reports};
use super::recent::Timed;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use crate::{FrameInfo, exact};

/// Missing changes that are remembered, so that another sign of the same lost push is not reported.
const MAX_REPORTED: usize = 256;

/// Key of a chain of balance changes: connection, currency, account and account ID.
type ChainKey = (WsKey, Text, Text, Option<Text>);

/// A change that a lost push should have reported.
#[derive(Clone, Debug)]
pub(super) struct MissingChange {
    pub(super) ws_key: WsKey,
    /// `None` if no push names the account.
    pub(super) account: Option<Text>,
    pub(super) currency: Text,
    pub(super) amount: Decimal,
    /// How far the amount may be off: the fee of the trade may be another one.
    pub(super) tolerance: Decimal,
    /// `true` if the fee of the trade is not known at all.
    pub(super) lacks_fee: bool,
}

/// Chains of balance changes.
#[derive(Debug)]
pub(super) struct BalanceAudit {
    settings: AuditSettings,
    chains: BTreeMap<ChainKey, Chain>,
    due: Timed<ChainKey, ()>,
    /// Lost changes of trades that no chain has shown yet.
    by_trades: VecDeque<MissingChange>,
    /// Lost changes that only a chain has shown.
    by_chains: VecDeque<MissingChange>,
}

impl BalanceAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            settings,
            chains: BTreeMap::new(),
            due: Timed::default(),
            by_trades: VecDeque::new(),
            by_chains: VecDeque::new(),
        }
    }

    /// Adds a balance change to its chain.
    pub(super) fn push(
        &mut self,
        info: &FrameInfo,
        event: &Balance,
        account: &Text,
        change: Option<Decimal>,
        coverage: &Coverage,
    ) {
        let Some(total) = event.total else { return };
        let time = event.time.unwrap_or(info.received_at);
        let before = change.and_then(|change| exact::add(total, -change));
        let Some(before) = before.filter(|_| info.source.is_none()) else {
            // A recovered booking has no account ID.
            for key in self.keys(info.ws_key, &event.currency, Some(account)) {
                self.anchor(key, total, (time, time));
            }
            return;
        };
        let key = (
            info.ws_key,
            event.currency.clone(),
            account.clone(),
            event.account_id.clone(),
        );
        if !coverage.is_judged(info.ws_key, info.received_at) {
            self.anchor(key, total, (time, time));
            return;
        }
        self.chains.entry(key.clone()).or_default().push(Link {
            before,
            after: total,
            time,
            received_at: info.received_at,
        });
        self.schedule(&key);
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        if !row.topic.starts_with("/account/balance") {
            return;
        }
        if let Ok(account) = row.read::<AccountRow>() {
            let name = account_name(&AccountKind::from(&*account.account_type));
            let key = (row.ws_key, account.currency, name, Some(account.account_id));
            self.anchor(key, account.total, row.taken_at);
        }
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        self.chains.retain(|key, _| is_other(key.0));
        self.by_trades.retain(|missing| is_other(missing.ws_key));
        self.by_chains.retain(|missing| is_other(missing.ws_key));
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.due.first()
    }

    /// Continues the next chain that has waited long enough, and returns what is missing in it.
    pub(super) fn judge(&mut self, now: Timestamp, coverage: &Coverage) -> Option<Discrepancy> {
        loop {
            let (key, ()) = self.due.pop_due(now)?;
            let missing = self.chains.get_mut(&key).and_then(Chain::resolve);
            self.schedule(&key);
            if let Some(found) = missing.and_then(|missing| self.report(&key, &missing, coverage)) {
                return Some(found);
            }
        }
    }

    /// Returns `true` if a chain waits for a change of about this amount.
    pub(super) fn shows(&self, missing: &MissingChange) -> bool {
        let keys = self.keys(missing.ws_key, &missing.currency, missing.account.as_ref());
        let shown = keys
            .iter()
            .filter_map(|key| self.chains.get(key)?.missing());
        shown.into_iter().any(|shown| missing.is(shown.amount))
    }

    /// Returns the amount of a change that a trade misses: exact if a chain shows it. `None` if it was reported.
    pub(super) fn take(&mut self, mut missing: MissingChange) -> Option<Decimal> {
        if take(&mut self.by_chains, &missing) {
            return None;
        }
        for key in self.keys(missing.ws_key, &missing.currency, missing.account.as_ref()) {
            let Some(chain) = self.chains.get_mut(&key) else {
                continue;
            };
            let shown = chain.missing().filter(|shown| missing.is(shown.amount));
            let Some(shown) = shown else { continue };
            let resolved = chain.resolve();
            self.schedule(&key);
            missing.amount = shown.amount;
            if resolved.is_some() {
                return Some(shown.amount);
            }
        }
        let amount = missing.amount;
        remember(&mut self.by_trades, missing);
        Some(amount)
    }

    fn report(
        &mut self,
        key: &ChainKey,
        missing: &MissingLink,
        coverage: &Coverage,
    ) -> Option<Discrepancy> {
        let change = MissingChange {
            ws_key: key.0,
            account: Some(key.2.clone()),
            currency: key.1.clone(),
            amount: missing.amount.normalize(),
            tolerance: Decimal::ZERO,
            lacks_fee: false,
        };
        if change.amount.is_zero() || take(&mut self.by_trades, &change) {
            return None;
        }
        let covered = coverage.of(key.0, Reports::Balances, &Text::default(), None)?;
        let lost = Suspect::LostPush {
            topic: Text::new(&covered.topic),
            after: missing.between.0,
            before: missing.between.1,
        };
        let transfer = Suspect::Transfer {
            account: key.2.clone(),
            currency: key.1.clone(),
        };
        let amount = UnexplainedAmount {
            account: change.account.clone(),
            currency: change.currency.clone(),
            amount: change.amount,
        };
        remember(&mut self.by_chains, change);
        Some(Discrepancy {
            ws_key: key.0,
            window: missing.between,
            amounts: vec![amount],
            suspects: vec![lost, transfer],
        })
    }

    fn anchor(&mut self, key: ChainKey, total: Decimal, taken_at: (Timestamp, Timestamp)) {
        let chain = self.chains.entry(key.clone()).or_default();
        // A row or a booking that is read after the report can be older than a live push.
        if chain.is_newer_than(taken_at.0) {
            return;
        }
        chain.anchor(total, taken_at);
        self.due.remove(&key);
    }

    fn keys(&self, ws_key: WsKey, currency: &Text, account: Option<&Text>) -> Vec<ChainKey> {
        let from = (ws_key, currency.clone(), Text::default(), None);
        let keys = self.chains.range(from..).map(|(key, _)| key);
        let keys = keys.take_while(|key| key.0 == ws_key && key.1 == *currency);
        keys.filter(|key| account.is_none_or(|account| key.2 == *account))
            .cloned()
            .collect()
    }

    fn schedule(&mut self, key: &ChainKey) {
        let chain = self.chains.get(key);
        match chain.and_then(|chain| chain.deadline(self.settings.window)) {
            Some(due) => self.due.insert(due, key.clone(), ()),
            None => drop(self.due.remove(key)),
        }
    }
}

impl MissingChange {
    /// Returns `true` if this is the amount of the change, as far as it is known.
    fn is(&self, amount: Decimal) -> bool {
        let difference = exact::add(self.amount, -amount);
        difference.is_some_and(|difference| difference.abs() <= self.tolerance)
    }
}

/// Removes a change that was reported already, and returns `true` if there is one.
fn take(known: &mut VecDeque<MissingChange>, change: &MissingChange) -> bool {
    let is_same = |known: &MissingChange| {
        let accounts = known.account.as_ref().zip(change.account.as_ref());
        known.ws_key == change.ws_key
            && known.currency == change.currency
            && accounts.is_none_or(|(known, other)| known == other)
            && (known.is(change.amount) || change.is(known.amount))
    };
    let at = known.iter().position(is_same);
    at.and_then(|at| known.remove(at)).is_some()
}

fn remember(known: &mut VecDeque<MissingChange>, change: MissingChange) {
    known.push_back(change);
    if known.len() > MAX_REPORTED {
        known.pop_front();
    }
}

/// Returns one name for the older and the high-frequency account of a kind.
pub(super) fn account_name(kind: &AccountKind) -> Text {
    match kind {
        AccountKind::Trade | AccountKind::TradeHf => Text::from_static("trade"),
        AccountKind::Margin | AccountKind::MarginV2 => Text::from_static("margin"),
        AccountKind::Isolated(symbol) | AccountKind::IsolatedV2(symbol) => {
            format!("isolated_{symbol}").into()
        }
        other => other.to_string().into(),
    }
}
