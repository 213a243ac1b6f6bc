//! One balance: which amounts of a report are newer than the kept ones.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp};

use super::AccountBalance;
use super::report::{AMOUNTS, Amount, Amounts, BalanceReport, Origin, amounts_mut};
use crate::stamp::{RecentReports, Stamp};

/// Accounts that have no debt: a negative balance contradicts the rest.
const DEBT_FREE: [&str; 4] = ["main", "trade", "FUNDING", "SPOT"];

/// A kept balance.
#[derive(Debug)]
pub(super) struct BalanceSlot {
    pub(super) row: Arc<AccountBalance>,
    /// Stamp of the event that each amount is from: older subjects report only some amounts.
    stamps: [Stamp; AMOUNTS],
    /// Events that the amounts are from, by ID and amounts.
    recent: RecentReports<(Option<Text>, Amounts)>,
    /// The total balance is from a live frame, not from a booking.
    has_live_total: bool,
    /// Time of the request that read the last row.
    read_at: Option<Timestamp>,
    /// The balance is negative, and this was reported.
    is_negative: bool,
}

impl BalanceSlot {
    pub(super) fn new(account: Text, report: &BalanceReport<'_>) -> Self {
        let row = AccountBalance {
            ws_key: report.ws_key,
            account,
            account_id: report.account_id.clone(),
            currency: report.currency.clone(),
            total: None,
            available: None,
            hold: None,
            equity: None,
            liability: None,
            position_margin: None,
            order_margin: None,
            unrealised_pnl: None,
            updated_at: None,
        };
        Self {
            row: Arc::new(row),
            stamps: [Stamp::default(); AMOUNTS],
            recent: RecentReports::default(),
            has_live_total: false,
            read_at: None,
            is_negative: false,
        }
    }

    /// Takes a report; returns `true` if the row has changed.
    pub(super) fn apply(&mut self, report: &BalanceReport<'_>) -> bool {
        let mut row = AccountBalance::clone(&self.row);
        if row.account_id.is_none() {
            row.account_id.clone_from(&report.account_id);
        }
        let identity = (report.event_id.clone(), report.amounts);
        match report.origin {
            Origin::Row(read_at) => {
                self.take(report, &mut row);
                self.read_at = self.read_at.max(Some(read_at));
            }
            _ if self.recent.has(report.stamp, &identity) => {}
            _ => {
                self.take(report, &mut row);
                self.recent.remember(report.stamp, identity, &self.stamps);
            }
        }
        if row == *self.row {
            return false;
        }
        self.row = Arc::new(row);
        true
    }

    /// Returns the negative amount of an account without debts, once until it is no longer negative.
    pub(super) fn new_negative(&mut self) -> Option<Decimal> {
        if !DEBT_FREE.contains(&&*self.row.account) {
            return None;
        }
        let amounts = [self.row.total, self.row.available];
        let is_negative = |amount: &Decimal| amount.is_sign_negative() && !amount.is_zero();
        let negative = amounts.into_iter().flatten().find(is_negative);
        let was_negative = std::mem::replace(&mut self.is_negative, negative.is_some());
        negative.filter(|_| !was_negative)
    }

    fn take(&mut self, report: &BalanceReport<'_>, row: &mut AccountBalance) {
        let values = report.amounts.into_iter();
        for (at, (kept, value)) in amounts_mut(row).into_iter().zip(values).enumerate() {
            if (value.is_none() && !report.is_full) || !self.is_newer(report, at) {
                continue;
            }
            *kept = value;
            if matches!(report.origin, Origin::Row(_)) {
                continue;
            }
            self.stamps[at] = report.stamp;
            if at == Amount::Total as usize {
                self.has_live_total = report.origin == Origin::Live;
            }
        }
        let is_event = !matches!(report.origin, Origin::Row(_));
        if is_event && self.stamps.contains(&report.stamp) {
            row.updated_at = row.updated_at.max(report.stamp.time);
        }
    }

    /// Returns `true` if the report is not older than what the amount is from.
    fn is_newer(&self, report: &BalanceReport<'_>, at: usize) -> bool {
        let order = report.stamp.compare(self.stamps[at]);
        match report.origin {
            Origin::Row(_) => true,
            Origin::Live => order.is_ge(),
            // A live frame has more than a booking of the same time, and a row was read later.
            Origin::Booking => {
                let was_read = report.stamp.time.is_some() && report.stamp.time <= self.read_at;
                !was_read && (order.is_gt() || (order.is_eq() && !self.has_live_total))
            }
        }
    }
}
