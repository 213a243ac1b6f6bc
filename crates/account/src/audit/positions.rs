//! Futures positions of both protocols: the size of each position against the fills of its contract.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Decimal, Fill, FillKey, Side, Text, Timestamp, WsKey};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::{FuturesPositionRow, UnifiedPositionRow};
use kucoin_streams_v1::{FuturesOrder, FuturesPositionChange};

use super::AuditSettings;
use super::coverage::{Coverage, Reports, account_of};
use super::matcher::{Certainty, Effect, Matcher, Remainder, Value};
use super::recent::Timed;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use crate::{FrameInfo, exact};

/// Key of a contract: connection, account (empty on V1) and symbol.
type ContractKey = (WsKey, Text, Text);

/// The legs of a contract, and their sum.
///
/// A fill changes the sum by its size, whichever leg it changes: on Pro V2, a fill does not name its leg.
#[derive(Debug, Default)]
struct Contract {
    /// Topic of the positions; another topic with the same pushes is not followed.
    topic: Option<Arc<str>>,
    /// Size of each leg, and its exchange time.
    legs: BTreeMap<Text, (Decimal, Timestamp)>,
    size: Matcher,
}

/// Sizes of futures positions.
#[derive(Debug)]
pub(super) struct PositionAudit {
    settings: AuditSettings,
    contracts: BTreeMap<ContractKey, Contract>,
    /// Connections whose open positions were all read, and when: a contract without a row has no position.
    read_at: BTreeMap<WsKey, Timestamp>,
    due: Timed<ContractKey, ()>,
    fills: Timed<(WsKey, Text, FillKey), ()>,
}

impl PositionAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            settings,
            contracts: BTreeMap::new(),
            read_at: BTreeMap::new(),
            due: Timed::default(),
            fills: Timed::default(),
        }
    }

    pub(super) fn on_v1_order(
        &mut self,
        info: &FrameInfo,
        order: &FuturesOrder,
        coverage: &mut Coverage,
    ) {
        coverage.note(info, Reports::Fills, &Text::default());
        if let Some(fill) = order.fill() {
            self.fill(info, Text::default(), &fill);
        }
    }

    pub(super) fn on_v1_position(
        &mut self,
        info: &FrameInfo,
        change: &FuturesPositionChange,
        coverage: &mut Coverage,
    ) {
        let Some(symbol) = change.symbol.clone() else {
            return;
        };
        coverage.note(info, Reports::Positions, &Text::default());
        let side = change.position_side.as_ref();
        let leg = side.map_or("BOTH", |side| side.as_str());
        let key = (info.ws_key, Text::default(), symbol);
        let time = change.time.unwrap_or(info.received_at);
        self.position(info, key, leg, (change.quantity, time), coverage);
    }

    pub(super) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent, coverage: &mut Coverage) {
        let fill = match event {
            ProEvent::Execution(execution) => execution.fill(),
            ProEvent::ExecutionLite(execution) => execution.fill(),
            ProEvent::Position(position) => {
                let Some(size) = position.size else { return };
                let account = account_of(&info.topic);
                coverage.note(info, Reports::Positions, &account);
                let side = position.position_side.as_ref();
                let leg = side.map_or("BOTH", |side| side.as_str());
                let key = (info.ws_key, account, position.symbol.clone());
                let time = position.updated_at.unwrap_or(info.received_at);
                self.position(info, key, leg, (size, time), coverage);
                return;
            }
            // A forced trade has no order, so the fills of orders are not all fills.
            _ => return,
        };
        let account = account_of(&info.topic);
        coverage.note(info, Reports::Fills, &account);
        if let Some(fill) = fill {
            self.fill(info, account, &fill);
        }
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        let (account, symbol, side, size) = if row.topic.starts_with("/contract/position") {
            let Ok(row) = row.read::<FuturesPositionRow>() else {
                return;
            };
            let side = row.position_side.map(|side| Text::new(side.as_str()));
            (Text::default(), row.symbol, side, row.quantity)
        } else if row.topic.starts_with("position") {
            let account = account_of(&row.topic);
            let Ok(row) = row.read::<UnifiedPositionRow>() else {
                return;
            };
            let side = row.position_side.map(|side| Text::new(side.as_str()));
            let Some(size) = row.size else { return };
            (account, row.symbol, side, size)
        } else {
            return;
        };
        let key = (row.ws_key, account, symbol);
        let contract = self.contracts.entry(key.clone()).or_default();
        let leg = side.unwrap_or(Text::from_static("BOTH"));
        let (sent_at, received_at) = row.taken_at;
        // A row that is read after the report can be older than a live push.
        if contract
            .legs
            .get(&leg)
            .is_some_and(|(_, time)| *time >= sent_at)
        {
            return;
        }
        contract.legs.insert(leg, (size, received_at));
        // What is received from now on is judged once the report is there.
        contract.anchor(received_at, received_at, self.settings.window);
        self.schedule(&key);
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        self.contracts.retain(|key, _| is_other(key.0));
        self.read_at.retain(|key, _| is_other(*key));
    }

    /// Lets what was received on the connection before this time be in the fetched positions or not.
    ///
    /// All open positions were fetched.
    pub(super) fn be_lenient(&mut self, ws_key: WsKey, until: Timestamp) {
        self.read_at.insert(ws_key, until);
        for (key, contract) in &mut self.contracts {
            if key.0 == ws_key {
                contract.size.be_lenient(until);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.due.first()
    }

    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        while let Some((key, ())) = self.due.pop_due(now) {
            let Some(contract) = self.contracts.get_mut(&key) else {
                continue;
            };
            let since = contract.size.waiting_since();
            let remainder = contract.size.settle(now - self.settings.window);
            let is_judged = since.is_some_and(|since| coverage.is_judged(key.0, since));
            self.schedule(&key);
            if let (true, Some(since), Some(remainder)) = (is_judged, since, remainder) {
                found.extend(report(&key, &remainder, since, coverage));
            }
        }
    }

    fn fill(&mut self, info: &FrameInfo, account: Text, fill: &Fill) {
        let id = (info.ws_key, account.clone(), fill.key());
        let (memory, max) = (self.settings.memory, self.settings.max_pending);
        let amount = match fill.side {
            Side::Buy => fill.size,
            Side::Sell => -fill.size,
            _ => return,
        };
        if self.fills.is_repeated(id, info.received_at, memory, max) {
            return;
        }
        // On Pro V2, fills of spot orders come too: a contract has no dash in its symbol.
        if fill.symbol.contains('-') {
            return;
        }
        let key = (info.ws_key, account, fill.symbol.clone());
        self.begin_flat(&key, info);
        let contract = self.contracts.entry(key.clone()).or_default();
        for amount in through_zero(contract.size.expected(), amount) {
            contract.size.effect(Effect {
                received_at: info.received_at,
                time: fill.time.unwrap_or(info.received_at),
                amount,
                certainty: certainty_of(info),
            });
        }
        self.schedule(&key);
    }

    fn position(
        &mut self,
        info: &FrameInfo,
        key: ContractKey,
        leg: &str,
        (size, time): (Decimal, Timestamp),
        coverage: &Coverage,
    ) {
        self.begin_flat(&key, info);
        let has_all_legs = self.read_at.contains_key(&info.ws_key);
        let contract = self.contracts.entry(key.clone()).or_default();
        let topic = contract
            .topic
            .get_or_insert_with(|| Arc::clone(&info.topic));
        if *topic != info.topic {
            return;
        }
        let leg = contract.legs.insert(Text::new(leg), (size, time));
        let is_unknown_leg = leg.is_none() && !has_all_legs;
        if is_unknown_leg || !is_judged(info, coverage) || !contract.size.is_anchored() {
            let window = self.settings.window;
            contract.anchor(time, info.received_at + window, window);
        } else if let Some(value) = contract.sum() {
            let received_at = info.received_at;
            contract.size.value(Value {
                received_at,
                time,
                value,
            });
        }
        self.schedule(&key);
    }

    /// Follows a contract that has no position yet, if it is known that it has none.
    fn begin_flat(&mut self, key: &ContractKey, info: &FrameInfo) {
        let read_at = self.read_at.get(&key.0).copied();
        let read_at = read_at.filter(|at| info.source.is_none() && info.received_at > *at);
        let Some(at) = read_at else { return };
        let contract = self.contracts.entry(key.clone()).or_default();
        if !contract.size.is_anchored() {
            contract.anchor(at, at, self.settings.window);
        }
    }

    fn schedule(&mut self, key: &ContractKey) {
        let contract = self.contracts.get(key);
        match contract.and_then(|contract| contract.size.deadline(self.settings.window)) {
            Some(due) => self.due.insert(due, key.clone(), ()),
            None => drop(self.due.remove(key)),
        }
    }
}

impl Contract {
    fn sum(&self) -> Option<Decimal> {
        self.legs
            .values()
            .map(|(size, _)| *size)
            .try_fold(Decimal::ZERO, exact::add)
    }

    fn anchor(&mut self, time: Timestamp, lenient_until: Timestamp, window: Duration) {
        if let Some(sum) = self.sum() {
            self.size.anchor((sum, time), lenient_until, window);
        }
    }
}

/// Splits a fill that closes a position and opens one on the other side: each part may have a push of its own.
///
/// `sizes` are the sizes that the position may have.
fn through_zero(sizes: impl Iterator<Item = Decimal>, amount: Decimal) -> Vec<Decimal> {
    let closing = sizes.map(|size| -size).filter(|closing| {
        closing.is_sign_positive() == amount.is_sign_positive() && closing.abs() < amount.abs()
    });
    let mut ends: Vec<_> = closing.chain([amount]).collect();
    ends.sort_by_key(Decimal::abs);
    let mut start = Decimal::ZERO;
    let parts = ends.into_iter().map(|end| {
        let part = end - start;
        start = end;
        part
    });
    parts.collect()
}

/// Returns how certain the effect of an event is.
pub(super) fn certainty_of(info: &FrameInfo) -> Certainty {
    match info.source {
        None => Certainty::Certain,
        Some(_) => Certainty::Fetched,
    }
}

/// Returns `true` if the event can be judged: it was neither fetched nor held back.
pub(super) fn is_judged(info: &FrameInfo, coverage: &Coverage) -> bool {
    info.source.is_none() && coverage.is_judged(info.ws_key, info.received_at)
}

/// Reports a size that the fills do not explain, if both topics were followed.
fn report(
    key: &ContractKey,
    remainder: &Remainder,
    since: Timestamp,
    coverage: &Coverage,
) -> Option<Discrepancy> {
    let covered = |reports| {
        let covered = coverage.of(key.0, reports, &key.1, Some(&key.2));
        covered.filter(|covered| covered.since <= since)
    };
    let lost = |topic: &str| Suspect::LostPush {
        topic: Text::new(topic),
        after: remainder.times.0,
        before: remainder.times.1,
    };
    let fills = lost(&covered(Reports::Fills)?.topic);
    let positions = lost(&covered(Reports::Positions)?.topic);
    Some(Discrepancy {
        ws_key: key.0,
        window: remainder.times,
        amounts: vec![UnexplainedAmount {
            account: None,
            currency: key.2.clone(),
            amount: remainder.amount.normalize(),
        }],
        suspects: match remainder.lacks_report {
            true => vec![positions],
            false => vec![fills, positions],
        },
    })
}
