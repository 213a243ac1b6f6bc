//! One position: which fields of a report are newer than the kept ones, and when it was opened.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Timestamp};
use kucoin_streams_rest::{MarginMode, PositionSide};

use super::AccountPosition;
use super::report::{Closing, MarkPatch, PositionReport, blank};
use crate::stamp::{RecentReports, Stamp};

/// A kept position.
#[derive(Debug)]
pub(super) struct PositionSlot {
    pub(super) row: Arc<AccountPosition>,
    /// Stamp of the last whole position.
    full: Stamp,
    /// Stamp of what the amounts that depend on the mark price are from; the same for the entry price and the leverage.
    mark: Stamp,
    entry: Stamp,
    leverage: Stamp,
    recent: RecentReports<AccountPosition>,
    recent_marks: RecentReports<MarkPatch>,
    /// Time when the position was closed; `None` if it is open.
    pub(super) closed_at: Option<Timestamp>,
    /// No report was taken yet.
    is_new: bool,
}

impl PositionSlot {
    pub(super) fn new(report: &AccountPosition) -> Self {
        let row = blank(report.ws_key, report.symbol.clone(), report.side.clone());
        Self {
            row: Arc::new(row),
            full: Stamp::default(),
            mark: Stamp::default(),
            entry: Stamp::default(),
            leverage: Stamp::default(),
            recent: RecentReports::default(),
            recent_marks: RecentReports::default(),
            closed_at: None,
            is_new: true,
        }
    }

    /// Takes a whole position; returns the row with it, or `None` if the report is old or repeated.
    pub(super) fn take(&mut self, report: &PositionReport) -> Option<AccountPosition> {
        let PositionReport {
            position, stamp, ..
        } = report;
        if report.is_live && (stamp.is_older_than(self.full) || self.recent.has(*stamp, position)) {
            return None;
        }
        let old = Arc::clone(&self.row);
        let mut row = position.clone();
        if !report.has_size {
            row.size = old.size;
        }
        row.margin_mode = row.margin_mode.or(old.margin_mode.clone());
        row.settle_currency = row.settle_currency.or(old.settle_currency.clone());
        row.funding = old.funding;
        row.updated_at = row.updated_at.max(old.updated_at);
        row.opened_at = self.opened_at(report, row.size);
        if !report.is_live && row.size == old.size {
            row.last_change.clone_from(&old.last_change);
        }
        self.keep_newer(report, &mut row);
        self.closed_at = match row.is_open() {
            true => None,
            false => stamp.time.or(self.closed_at),
        };
        self.is_new = false;
        Some(row)
    }

    /// Keeps the fields that a mark price change has reported later, and the leverage if the report has none.
    fn keep_newer(&mut self, report: &PositionReport, row: &mut AccountPosition) {
        let (old, stamp, is_live) = (&self.row, report.stamp, report.is_live);
        if is_live && stamp.is_older_than(self.mark) {
            row.mark_price = old.mark_price;
            row.mark_value = old.mark_value;
            row.unrealised_pnl = old.unrealised_pnl;
        } else if is_live {
            self.mark = stamp;
        }
        if is_live && stamp.is_older_than(self.entry) {
            row.entry_price = old.entry_price;
        } else if is_live {
            self.entry = stamp;
        }
        if row.leverage.is_none() || (is_live && stamp.is_older_than(self.leverage)) {
            row.leverage = old.leverage;
        } else if is_live {
            self.leverage = stamp;
        }
        if is_live {
            self.full = stamp;
            let position = report.position.clone();
            self.recent.remember(stamp, position, &[stamp]);
        }
    }

    /// Returns when the position of a report was opened. An opening that KuCoin gives no new time is as old as the report.
    fn opened_at(&self, report: &PositionReport, size: Decimal) -> Option<Timestamp> {
        let (old, reported) = (&self.row, report.position.opened_at);
        let is_flip = size.is_sign_negative() != old.size.is_sign_negative();
        let is_opening = !size.is_zero() && (!old.is_open() || is_flip);
        let is_known = reported.is_some() && reported > old.opened_at;
        if is_opening && !is_known && !self.is_new {
            return report.stamp.time.max(old.opened_at);
        }
        reported.max(old.opened_at)
    }

    /// Takes a mark price change; returns the row with it, or `None` if it is old or repeated.
    pub(super) fn patch(&mut self, stamp: Stamp, patch: &MarkPatch) -> Option<AccountPosition> {
        if self.recent_marks.has(stamp, patch) {
            return None;
        }
        let mut row = AccountPosition::clone(&self.row);
        let mut is_taken = false;
        let mut set = |last: &mut Stamp, fields: &mut [(&mut Option<Decimal>, Option<Decimal>)]| {
            let has_any = fields.iter().any(|(_, new)| new.is_some());
            if !has_any || stamp.is_older_than(*last) {
                return;
            }
            for (kept, new) in fields {
                **kept = new.or(**kept);
            }
            *last = stamp;
            is_taken = true;
        };
        set(
            &mut self.mark,
            &mut [
                (&mut row.mark_price, patch.mark_price),
                (&mut row.mark_value, patch.mark_value),
                (&mut row.unrealised_pnl, patch.unrealised_pnl),
            ],
        );
        set(
            &mut self.entry,
            &mut [(&mut row.entry_price, patch.entry_price)],
        );
        set(
            &mut self.leverage,
            &mut [(&mut row.leverage, patch.leverage)],
        );
        if is_taken {
            row.updated_at = row.updated_at.max(stamp.time);
            let fields = [self.mark, self.entry, self.leverage];
            self.recent_marks.remember(stamp, patch.clone(), &fields);
        }
        is_taken.then_some(row)
    }

    /// Takes a row of a closed position of the contract; returns the closed row, or `None` if the position is open since then.
    ///
    /// The row can be of a later position of the leg, even in the other direction or margin mode: the kept one is closed, too,
    /// since a leg has only one at a time.
    pub(super) fn close(&mut self, closing: &Closing) -> Option<AccountPosition> {
        let old = &self.row;
        let closed_at = closing.closed_at;
        let is_same = old.opened_at.is_some() && old.opened_at == closing.opened_at;
        let is_later =
            |time: Option<Timestamp>| time.is_some() && closed_at.is_some() && time >= closed_at;
        let is_reopened = !is_same && is_later(old.opened_at);
        let is_changed_later = self.full.time != closed_at && is_later(self.full.time);
        let is_own = self.is_of_position(closing);
        let is_of_leg = is_own || self.is_of_leg(closing) && closing.opened_at > old.opened_at;
        if !old.is_open() || is_reopened || is_changed_later || !is_of_leg {
            return None;
        }
        let mut row = self.closed_row();
        if is_own {
            row.realised_pnl = closing.realised_pnl;
            row.last_change.clone_from(&closing.reason);
        }
        row.opened_at = old.opened_at.max(closing.opened_at);
        row.updated_at = old.updated_at.max(closed_at);
        if closed_at.is_some() {
            // Frames of before the end must not open the position again.
            self.full = Stamp::at(self.full.time.max(closed_at));
        }
        self.closed_at = closed_at;
        Some(row)
    }

    /// Takes a report of the same leg in another margin mode; returns the closed row, or `None` if the report is old.
    ///
    /// The margin mode is a setting of the contract, so only one of its modes can have an open position.
    pub(super) fn supersede(&mut self, report: &PositionReport) -> Option<AccountPosition> {
        let is_old = report.is_live && report.stamp.is_older_than(self.full);
        let is_same_mode = self.fits(report.position.margin_mode.as_ref());
        if is_old || is_same_mode || !self.row.is_open() {
            return None;
        }
        self.closed_at = report.stamp.time;
        Some(self.closed_row())
    }

    fn closed_row(&self) -> AccountPosition {
        let old = &self.row;
        let mut row = blank(old.ws_key, old.symbol.clone(), old.side.clone());
        row.margin_mode.clone_from(&old.margin_mode);
        row.entry_price = old.entry_price;
        row.mark_price = old.mark_price;
        row.leverage = old.leverage;
        row.funding = old.funding;
        row.settle_currency.clone_from(&old.settle_currency);
        row.opened_at = old.opened_at;
        row.updated_at = old.updated_at;
        row
    }

    /// Returns `true` if the closed position can be of the same leg: in one-way mode, there is only one.
    fn is_of_leg(&self, closing: &Closing) -> bool {
        let (own, side) = (&self.row.side, closing.side.as_ref());
        *own == PositionSide::Both
            || side.is_none_or(|side| side == own || *side == PositionSide::Both)
    }

    /// Returns `true` if the closed position can be the kept one, by direction and margin mode.
    fn is_of_position(&self, closing: &Closing) -> bool {
        let direction = match self.row.size.is_sign_negative() {
            true => PositionSide::Short,
            false => PositionSide::Long,
        };
        let side = closing.side.as_ref();
        let has_side = side.is_none_or(|side| *side == direction || *side == PositionSide::Both);
        has_side && self.fits(closing.margin_mode.as_ref())
    }

    /// Returns `true` if the margin mode is this one, or one of the two is unknown.
    pub(super) fn fits(&self, mode: Option<&MarginMode>) -> bool {
        let own = self.row.margin_mode.as_ref();
        mode.is_none() || own.is_none() || own == mode
    }

    /// Returns `true` if a mark value of this sign can be that of the position: as the known one, or as its direction.
    pub(super) fn has_sign(&self, mark_value: Decimal) -> bool {
        let known = self.row.mark_value.filter(|value| !value.is_zero());
        let is_negative = match (known, &self.row.side) {
            (Some(known), _) => known.is_sign_negative(),
            (None, PositionSide::Long) => false,
            (None, PositionSide::Short) => true,
            (None, _) => self.row.size.is_sign_negative(),
        };
        is_negative == mark_value.is_sign_negative()
    }
}
