//! The audit: fills against balance changes against positions.
//!
//! It knows the order in which pushes of one topic come, and nothing about the order across topics: it waits for
//! [`AuditSettings::window`] before it reports what is missing. A topic is missed only if it has pushed before.

mod balances;
mod chain;
mod coverage;
mod explanation;
mod fees;
mod futures_use;
mod known_orders;
mod matcher;
#[cfg(test)]
mod position_tests;
mod positions;
mod pro_fill;
mod recent;
mod report;
mod spot;
#[cfg(test)]
mod tests;
mod trade;
mod trade_report;
mod unified;
mod unified_funds;
mod unified_report;

use std::collections::VecDeque;
use std::time::Duration;

use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::{FuturesEvent, FuturesPosition, SpotEvent, V1Event};

pub use report::{Discrepancy, Suspect, UnexplainedAmount};

use crate::FrameInfo;
use coverage::Coverage;
use positions::PositionAudit;
use spot::SpotAudit;
use unified::UnifiedAudit;

/// Settings of the audit. The defaults suit most accounts.
///
/// What it does not check, because KuCoin does not say enough:
///
/// - The wallet of the futures account of V1, and the settlement currency of open positions on Pro V2: funding and the
///   settlement of realised profit and loss change them without an event that names the amount.
/// - Fees of futures on V1: a live fill has no fee.
/// - The isolated margin accounts of Pro V2: a push does not say which account it is of. In the unified account, a fill of a
///   margin order without a margin mode may be of one of them, so its balance changes are possible but not expected.
/// - A push that only moves an amount between the available and the hold balance.
/// - A lost push of a position or, on Pro V2, of a balance whose next push comes within the window: that one has the same.
/// - Some pushes in the first seconds after a gap: it may be unknown which of them the state includes.
///
/// Trades of equal size in quick succession look alike: if one of their pushes is lost on Pro V2, base and quote currency
/// may be reported apart.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditSettings {
    /// Time to wait for the other pushes of a trade, by local receive time. Default: 5 s.
    ///
    /// A push that comes later is reported as lost.
    pub window: Duration,
    /// Time for which a repeated push is recognised. Default: 60 s.
    pub memory: Duration,
    /// Number of trades, pushes and orders that wait for others, of each kind. Default: 10,000.
    ///
    /// If there are more, the oldest are not checked.
    pub max_pending: usize,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(5),
            memory: Duration::from_secs(60),
            max_pending: 10_000,
        }
    }
}

/// The audit of all connections of an account.
#[derive(Debug)]
pub(crate) struct Audit {
    coverage: Coverage,
    spot: SpotAudit,
    positions: PositionAudit,
    unified: UnifiedAudit,
    found: VecDeque<Discrepancy>,
}

impl Audit {
    pub(crate) fn new(settings: AuditSettings) -> Self {
        Self {
            coverage: Coverage::default(),
            spot: SpotAudit::new(settings.clone()),
            positions: PositionAudit::new(settings.clone()),
            unified: UnifiedAudit::new(settings),
            found: VecDeque::new(),
        }
    }

    /// Takes an event of V1, live or recovered, in order of arrival.
    pub(crate) fn on_v1(&mut self, info: &FrameInfo, event: &V1Event) {
        let coverage = &mut self.coverage;
        match event {
            V1Event::Spot(SpotEvent::Order(order)) => self.spot.on_order(info, order, coverage),
            V1Event::Spot(SpotEvent::TradeFill(fill)) => {
                self.spot.on_trade_fill(info, fill, coverage);
            }
            V1Event::Spot(SpotEvent::Balance(balance)) => {
                self.spot.on_balance(info, balance, coverage);
            }
            V1Event::Futures(FuturesEvent::Order(order)) => {
                self.positions.on_v1_order(info, order, coverage);
            }
            V1Event::Futures(FuturesEvent::Position(FuturesPosition::Change(change))) => {
                self.positions.on_v1_position(info, change, coverage);
            }
            _ => {}
        }
    }

    /// Takes an event of Pro V2, live or recovered, in order of arrival.
    pub(crate) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent) {
        self.positions.on_pro(info, event, &mut self.coverage);
        self.unified.on_pro(info, event, &mut self.coverage);
    }

    /// Takes a row of the state: at the start, and after a gap.
    pub(crate) fn on_snapshot(&mut self, row: &SnapshotRow) {
        self.spot.on_snapshot(row);
        self.positions.on_snapshot(row);
        self.unified.on_snapshot(row);
    }

    /// Events of the connection may be missing from here on; of all connections if there is no key.
    pub(crate) fn on_gap(&mut self, ws_key: Option<WsKey>) {
        self.coverage.suspend(ws_key);
        self.spot.forget(ws_key);
        self.positions.forget(ws_key);
        self.unified.forget(ws_key);
    }

    /// What was missed on the connection was fetched, except for some topics if `is_complete` is `false`.
    ///
    /// An incomplete report is no basis: the next pushes are.
    pub(crate) fn on_live(&mut self, ws_key: WsKey, is_complete: bool, now: Timestamp) {
        self.coverage.resume(ws_key, now);
        if is_complete {
            self.positions.be_lenient(ws_key, now);
            self.unified.be_lenient(ws_key, now);
        } else {
            self.spot.forget(Some(ws_key));
            self.positions.forget(Some(ws_key));
            self.unified.forget(Some(ws_key));
        }
    }

    /// Returns the next discrepancy that is certain at this local time.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Discrepancy> {
        if self.found.is_empty() && self.deadline().is_some_and(|deadline| deadline <= now) {
            self.spot.judge(now, &self.coverage, &mut self.found);
            self.positions.judge(now, &self.coverage, &mut self.found);
            self.unified.judge(now, &self.coverage, &mut self.found);
        }
        self.found.pop_front()
    }

    /// Returns the local time at which [`next`](Self::next) may return more; `None` if only an event can change that.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let deadlines = [
            self.spot.deadline(),
            self.positions.deadline(),
            self.unified.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }
}
