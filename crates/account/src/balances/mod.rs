//! Kept balances of all account types.

mod report;
mod slot;

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest as rest;
use kucoin_streams_v1::{FuturesEvent, MarginPosition, SpotEvent, V1Event};
use rpds::RedBlackTreeMapSync;
use serde::Serialize;

use crate::effects::Effects;
use crate::serialize::ws_key_name;
use crate::stamp::{ReportSource, is_from};
use crate::state::BalanceKey;
use crate::{AccountChange, AccountViolation, Contradiction, FrameInfo};
use report::BalanceReport;
use slot::BalanceSlot;

/// A kept balance: one currency of one account. All amounts are in that currency.
///
/// A field is `None` if KuCoin does not report it for this account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountBalance {
    /// Key of the connection.
    #[serde(serialize_with = "ws_key_name")]
    pub ws_key: WsKey,
    /// Account: `main`, `trade`, `margin`, `isolated_BTC-USDT`, `futures`, or that of Pro V2.
    ///
    /// On Pro V2 it is the account type, such as `UNIFIED`.
    /// The names of the older and the high-frequency accounts are one: `trade_hf` is `trade`, `marginV2` is `margin`. The same is
    /// true for `TRADING`, the older name of `SPOT`. An isolated-margin account of Pro V2 that was fetched has its symbol, as in
    /// `ISOLATED_BTC-USDT`; pushes of `ISOLATED` do not name it.
    pub account: Text,
    /// Account ID; `None` if KuCoin does not send it.
    pub account_id: Option<Text>,
    /// Currency.
    pub currency: Text,
    /// Total balance; without unrealised profit and loss in a futures account.
    pub total: Option<Decimal>,
    /// Available balance.
    ///
    /// The topic of an isolated-margin account has none: then it is the total without the hold balance.
    pub available: Option<Decimal>,
    /// Hold balance, held by orders and withdrawals.
    pub hold: Option<Decimal>,
    /// Equity: the total balance with unrealised profit and loss.
    pub equity: Option<Decimal>,
    /// Liability, borrowed and not repaid, with interest.
    pub liability: Option<Decimal>,
    /// Margin of futures positions, cross and isolated.
    pub position_margin: Option<Decimal>,
    /// Margin of futures orders, cross and isolated.
    pub order_margin: Option<Decimal>,
    /// Unrealised profit and loss of futures positions, cross and isolated.
    pub unrealised_pnl: Option<Decimal>,
    /// Exchange time of the last change; `None` if unknown.
    pub updated_at: Option<Timestamp>,
}

/// The balances, and what decides which of two reports is newer.
///
/// Two account IDs are two balances. A report without an account ID belongs to the only balance of its account and currency; if
/// there are several, it changes none. A report with only the ID of an account belongs to the account that has had it before.
#[derive(Debug, Default)]
pub(crate) struct BalanceLedger {
    rows: RedBlackTreeMapSync<BalanceKey, Arc<AccountBalance>>,
    /// By connection, account and currency: one for each account ID.
    slots: BTreeMap<(WsKey, Text, Text), Vec<BalanceSlot>>,
}

impl BalanceLedger {
    pub(crate) fn rows(&self) -> &RedBlackTreeMapSync<BalanceKey, Arc<AccountBalance>> {
        &self.rows
    }

    pub(crate) fn on_v1(&mut self, info: &FrameInfo, event: &V1Event, effects: &mut Effects) {
        let source = ReportSource::Frame(info);
        match event {
            V1Event::Spot(SpotEvent::Balance(balance)) => {
                self.apply(report::of_balance(info, balance), source, effects);
            }
            V1Event::Spot(SpotEvent::IsolatedMarginPosition(position)) => {
                for report in report::of_isolated(info, position) {
                    self.apply(report, source, effects);
                }
            }
            V1Event::Spot(SpotEvent::MarginPosition(MarginPosition::DebtRatio(ratio))) => {
                for report in report::of_debts(info, ratio) {
                    self.apply(report, source, effects);
                }
            }
            V1Event::Futures(FuturesEvent::Wallet(change)) => {
                if let Some(report) = report::of_wallet(info, change) {
                    self.apply(report, source, effects);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent, effects: &mut Effects) {
        if let ProEvent::Balance(balance) = event {
            let report = report::of_pro(info, balance);
            self.apply(report, ReportSource::Frame(info), effects);
        }
    }

    pub(crate) fn on_snapshot(&mut self, row: &SnapshotRow, effects: &mut Effects) {
        for report in reports_of(row) {
            self.apply(report, ReportSource::Row(row), effects);
        }
    }

    fn apply(
        &mut self,
        report: BalanceReport<'_>,
        source: ReportSource<'_>,
        effects: &mut Effects,
    ) {
        let Some(slot) = self.slot(&report) else {
            return;
        };
        let old_id = slot.row.account_id.clone();
        let is_changed = slot.apply(&report);
        if let Some(amount) = slot.new_negative() {
            let (event, currency) = (report.event_name(), report.currency.clone());
            effects.violation(AccountViolation {
                symbol: report.currency,
                order_id: None,
                contradiction: Contradiction::NegativeBalance { currency, amount },
                frames: vec![source.frame(&event, report.stamp.time)],
            });
        }
        if !is_changed {
            return;
        }
        let row = Arc::clone(&slot.row);
        if old_id != row.account_id {
            let (account, currency) = (row.account.clone(), row.currency.clone());
            self.rows
                .remove_mut(&(row.ws_key, account, old_id, currency));
        }
        self.rows.insert_mut(key_of(&row), Arc::clone(&row));
        effects.change(AccountChange::Balance(row));
    }

    /// Returns the balance that a report belongs to, a new one if it is the first; `None` if the report fits no single one.
    fn slot(&mut self, report: &BalanceReport<'_>) -> Option<&mut BalanceSlot> {
        let account = match &report.account {
            Some(account) => account.clone(),
            None => self.account_of(report.ws_key, report.account_id.as_ref()?)?,
        };
        let key = (report.ws_key, account.clone(), report.currency.clone());
        if report.is_unused() && !self.slots.contains_key(&key) {
            return None;
        }
        let slots = self.slots.entry(key).or_default();
        let has_id = |slot: &BalanceSlot| slot.row.account_id == report.account_id;
        let found = match (&report.account_id, &slots[..]) {
            (None, [_]) => Some(0),
            (None, [_, _, ..]) => return None,
            _ => {
                let same = slots.iter().position(has_id);
                same.or(slots.iter().position(|slot| slot.row.account_id.is_none()))
            }
        };
        let at = found.unwrap_or_else(|| {
            slots.push(BalanceSlot::new(account, report));
            slots.len() - 1
        });
        slots.get_mut(at)
    }

    /// Returns the name of the account that has had this ID.
    fn account_of(&self, ws_key: WsKey, account_id: &Text) -> Option<Text> {
        let mut rows = self.slots.values().flatten().map(|slot| &slot.row);
        let row =
            rows.find(|row| row.ws_key == ws_key && row.account_id.as_ref() == Some(account_id))?;
        Some(row.account.clone())
    }
}

fn key_of(row: &AccountBalance) -> BalanceKey {
    let (account, currency) = (row.account.clone(), row.currency.clone());
    (row.ws_key, account, row.account_id.clone(), currency)
}

/// Reads the balances of a row of the REST API; none if it has no balance.
fn reports_of(row: &SnapshotRow) -> Vec<BalanceReport<'static>> {
    if is_from::<rest::AccountList>(row) {
        let account = row.read().ok();
        account
            .iter()
            .map(|it| report::of_account(row, it))
            .collect()
    } else if is_from::<rest::CrossMarginAccount>(row) {
        let account = row.read::<rest::CrossMarginRow>().ok();
        let currencies = account.iter().flat_map(|account| account.accounts.iter());
        currencies
            .map(|it| report::of_margin(row, None, it))
            .collect()
    } else if is_from::<rest::IsolatedMarginAccounts>(row) {
        let Ok(account) = row.read::<rest::IsolatedMarginRow>() else {
            return Vec::new();
        };
        let symbol = Some(&*account.symbol);
        let currencies = account.base.iter().chain(&account.quote);
        currencies
            .map(|it| report::of_margin(row, symbol, it))
            .collect()
    } else if is_from::<rest::FuturesAccountOverview>(row) {
        let account = row.read().ok();
        account
            .iter()
            .map(|it| report::of_futures(row, it))
            .collect()
    } else if is_from::<rest::UnifiedBalance>(row) || is_from::<rest::ClassicBalance>(row) {
        let balance = row.read().ok();
        balance
            .iter()
            .map(|it| report::of_unified(row, it))
            .collect()
    } else {
        Vec::new()
    }
}
