//! The state machine: events, recovered events, rows and gaps in, the kept state and its changes out.

use std::sync::Arc;

use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::{LiveReport, SnapshotRow, VanishedOrder};
use kucoin_streams_session::{Gap, GapReason};
use kucoin_streams_v1::V1Event;

use crate::audit::Audit;
use crate::balances::BalanceLedger;
use crate::effects::Effects;
use crate::margin::MarginLedger;
use crate::orders::{OrderLedger, of_pro, of_row, of_v1};
use crate::positions::PositionLedger;
use crate::trust::TrustTable;
use crate::{
    AccountChange, AccountPart, AccountSettings, AccountState, FrameInfo, StaleReason, Trust,
    parts_of,
};

/// The parts that orders are kept from.
const ORDER_PARTS: [AccountPart; 2] = [AccountPart::Orders, AccountPart::Fills];

/// The kept state of one account, sans IO.
///
/// It takes the items of a recovered stream in order. After each of them, call [`next_change`](Self::next_change) until it
/// returns `None`, and publish [`state`](Self::state).
#[derive(Debug)]
pub struct AccountBook {
    orders: OrderLedger,
    balances: BalanceLedger,
    positions: PositionLedger,
    margin: MarginLedger,
    audit: Option<Audit>,
    trust: Arc<TrustTable>,
    effects: Effects,
    applied: u64,
    /// Number of the current connection of each key.
    epochs: Vec<(WsKey, u64)>,
    /// Each topic has had a report, or cannot be subscribed.
    is_started: bool,
}

impl AccountBook {
    /// Creates the kept state for these topics, each with its connection. Nothing is live yet.
    pub fn new<'t>(
        settings: AccountSettings,
        topics: impl IntoIterator<Item = (WsKey, &'t str)>,
        now: Timestamp,
    ) -> Self {
        let mut trust = TrustTable::default();
        for (ws_key, topic) in topics {
            trust.add(ws_key, topic, now);
        }
        Self {
            orders: OrderLedger::new(settings.max_done_orders, settings.max_fills),
            balances: BalanceLedger::default(),
            positions: PositionLedger::default(),
            margin: MarginLedger::default(),
            audit: settings.audit.map(Audit::new),
            trust: Arc::new(trust),
            effects: Effects::default(),
            applied: 0,
            epochs: Vec::new(),
            is_started: false,
        }
    }

    /// Takes an event of V1, live or recovered.
    pub fn on_v1(&mut self, info: &FrameInfo, event: &V1Event) {
        self.note_epoch(info.ws_key, info.epoch);
        self.applied += 1;
        let effects = &mut self.effects;
        if let Some(facts) = of_v1(info, event) {
            self.orders.apply(info, facts, effects);
        }
        self.balances.on_v1(info, event, effects);
        self.positions.on_v1(info, event, effects);
        self.margin.on_v1(info, event, effects);
        if let Some(audit) = &mut self.audit {
            audit.on_v1(info, event);
        }
        self.check(info.received_at);
    }

    /// Takes an event of Pro V2, live or recovered.
    pub fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent) {
        self.note_epoch(info.ws_key, info.epoch);
        self.applied += 1;
        let effects = &mut self.effects;
        if let Some(facts) = of_pro(info, event) {
            self.orders.apply(info, facts, effects);
        }
        self.balances.on_pro(info, event, effects);
        self.positions.on_pro(info, event, effects);
        self.margin.on_pro(info, event, effects);
        if let Some(audit) = &mut self.audit {
            audit.on_pro(info, event);
        }
        self.check(info.received_at);
    }

    /// Takes a row of the state: at the start, or after a gap.
    pub fn on_snapshot(&mut self, row: &SnapshotRow) {
        self.applied += 1;
        let effects = &mut self.effects;
        if let Some((info, facts)) = of_row(row) {
            self.orders.apply(&info, facts, effects);
        }
        self.balances.on_snapshot(row, effects);
        self.positions.on_snapshot(row, effects);
        self.margin.on_snapshot(row, effects);
        if let Some(audit) = &mut self.audit {
            audit.on_snapshot(row);
        }
    }

    /// Takes an order that is in no list any more.
    pub fn on_vanished(&mut self, order: &VanishedOrder, now: Timestamp) {
        self.applied += 1;
        self.orders.vanish(order, now, &mut self.effects);
    }

    /// Takes a gap: its parts are not live from here on.
    pub fn on_gap(&mut self, gap: &Gap, now: Timestamp) {
        let reason = match &gap.reason {
            GapReason::Lost { cause, .. } => {
                Some(StaleReason::Disconnected(cause.to_string().into()))
            }
            GapReason::Refused { .. } => Some(StaleReason::Refused(gap.to_string().into())),
            GapReason::Closed { .. } => Some(StaleReason::Ended(gap.to_string().into())),
            // The connection is live, and what was missed is being fetched.
            _ => None,
        };
        let trust = match reason {
            Some(reason) => Trust::Stale { since: now, reason },
            None => Trust::Recovering { since: now },
        };
        self.trust_topics(|ws_key, topic, _| {
            let is_here = gap.ws_key.is_none_or(|key| key == ws_key);
            let is_named = is_here && gap.topics.iter().any(|name| **name == *topic);
            is_named.then(|| trust.clone())
        });
        self.orders.note_gap(gap.ws_key);
        if let Some(audit) = &mut self.audit {
            audit.on_gap(gap.ws_key);
        }
    }

    /// Notes that the topics of a connection are live again, and that what was missed is being fetched.
    pub fn on_reconnected(&mut self, ws_key: WsKey, now: Timestamp) {
        self.trust_topics(|key, _, trust| match trust {
            Trust::Stale {
                reason: StaleReason::Disconnected(_),
                ..
            } if key == ws_key => Some(Trust::Recovering { since: now }),
            _ => None,
        });
    }

    /// Takes a report: its topics are live, and what was missed was fetched, except what it names.
    pub fn on_live(&mut self, report: &LiveReport, now: Timestamp) {
        let epoch = report.outage.map_or(1, |outage| outage.epoch);
        let epoch = self.note_epoch(report.ws_key, epoch);
        self.trust_topics(|ws_key, topic, _| {
            let mut names = report.topics.iter();
            if ws_key != report.ws_key || !names.any(|name| **name == *topic) {
                return None;
            }
            let missing = report.missing.iter().filter(|part| *part.topic == *topic);
            let missing: Vec<_> = missing.map(ToString::to_string).collect();
            Some(match missing.is_empty() {
                true => Trust::Live { since: now, epoch },
                false => Trust::Stale {
                    since: now,
                    reason: StaleReason::Missing(missing.join("; ").into()),
                },
            })
        });
        let mut missing = report.missing.iter();
        if missing.any(|part| {
            parts_of(&part.topic)
                .iter()
                .any(|part| ORDER_PARTS.contains(part))
        }) {
            self.orders.note_missing(report.ws_key, now);
        }
        if let Some(audit) = &mut self.audit {
            audit.on_live(report.ws_key, report.is_complete(), now);
        }
    }

    /// Notes that topics of a connection cannot be subscribed: their parts stay stale.
    pub fn on_refused(&mut self, ws_key: WsKey, topics: &[String], reason: &str, now: Timestamp) {
        let reason: Arc<str> = reason.into();
        self.trust_topics(|key, topic, _| {
            let is_named = key == ws_key && topics.iter().any(|name| name == topic);
            is_named.then(|| Trust::Stale {
                since: now,
                reason: StaleReason::Refused(Arc::clone(&reason)),
            })
        });
    }

    /// Notes that the topics of a connection are subscribed, after [`on_refused`](Self::on_refused).
    pub fn on_subscribed(&mut self, ws_key: WsKey, now: Timestamp) {
        self.trust_topics(|key, _, _| (key == ws_key).then_some(Trust::Recovering { since: now }));
    }

    /// Returns `true` once each topic has had a report, or cannot be subscribed.
    pub fn is_started(&self) -> bool {
        self.is_started
    }

    /// Notes the end of the stream: nothing changes any more.
    pub fn on_end(&mut self, reason: &str, now: Timestamp) {
        let reason: Arc<str> = reason.into();
        self.trust_topics(|_, _, _| {
            let reason = StaleReason::Ended(Arc::clone(&reason));
            Some(Trust::Stale { since: now, reason })
        });
    }

    /// Lets the audit report what is certain at this time.
    pub fn on_timer(&mut self, now: Timestamp) {
        self.check(now);
    }

    /// Returns the local time at which to call [`on_timer`](Self::on_timer).
    ///
    /// `None` if only an item can change anything.
    pub fn deadline(&self) -> Option<Timestamp> {
        let audit = self.audit.as_ref().and_then(Audit::deadline);
        audit.into_iter().chain(self.orders.deadline()).min()
    }

    /// Returns the next change; `None` if all were returned.
    pub fn next_change(&mut self) -> Option<AccountChange> {
        self.effects.next_change()
    }

    /// Returns the kept state. This is cheap: the rows are shared with the book.
    pub fn state(&self) -> AccountState {
        AccountState {
            orders: self.orders.orders().clone(),
            fills: self.orders.fills().clone(),
            balances: self.balances.rows().clone(),
            positions: self.positions.rows().clone(),
            margin: Arc::clone(self.margin.status()),
            trust: Arc::clone(&self.trust),
            violations: self.effects.violations().clone(),
            discrepancies: self.effects.discrepancies().clone(),
            applied: self.applied,
        }
    }

    /// Notes the number of a connection; returns the highest of its key.
    fn note_epoch(&mut self, ws_key: WsKey, epoch: u64) -> u64 {
        match self.epochs.iter_mut().find(|(key, _)| *key == ws_key) {
            Some((_, known)) => {
                *known = epoch.max(*known);
                *known
            }
            None => {
                self.epochs.push((ws_key, epoch));
                epoch
            }
        }
    }

    fn check(&mut self, now: Timestamp) {
        let trust = &self.trust;
        let is_whole = |ws_key| {
            let mut trusts = ORDER_PARTS
                .iter()
                .filter_map(|part| trust.of(ws_key, *part));
            trusts.all(Trust::is_live)
        };
        self.orders.check(now, is_whole, &mut self.effects);
        let Some(audit) = &mut self.audit else { return };
        while let Some(discrepancy) = audit.next(now) {
            self.effects.discrepancy(discrepancy);
        }
    }

    fn trust_topics(&mut self, new: impl FnMut(WsKey, &str, &Trust) -> Option<Trust>) {
        let changed = Arc::make_mut(&mut self.trust).update(new);
        self.is_started |= self.trust.is_started();
        for part in changed {
            self.effects.change(AccountChange::Trust(part));
        }
    }
}
