//! One order: facts in any order and any number of times in, the kept order out.

use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};

use super::amended::{Amended, Reading};
use super::end::{End, is_later};
use super::facts::{EndKind, FactForm, OrderFacts, OrderStage};
use super::fees::Fees;
use super::fills::{FoldedFill, OrderFills, merged};
use super::totals::{Base, Sum, totals};
use super::{AccountFill, AccountOrder, OrderOutcome, OrderPhase, ParentOrder};
use crate::{AccountViolation, Contradiction, FrameRef};

/// A fraction of the funds of a market order: a smaller rest is what cannot be spent.
const UNSPENT_PARTS: u32 = 1_000;

/// What is known about one order.
///
/// Facts are joined by operations that do not depend on their order: maxima, unions, and the latest by exchange time.
#[derive(Debug)]
pub(super) struct Fold {
    order: Arc<AccountOrder>,
    fills: OrderFills,
    fill_sum: Sum,
    fees: Fees,
    /// Amounts of a row or event that cover fills that were never seen.
    base: Option<Base>,
    /// Largest cumulative filled size that an event or row has reported.
    reported: Option<Decimal>,
    /// Smallest filled size that is known: fills before it may be older than the stream.
    known_from: Option<Decimal>,
    /// An event has reported a fill without its price and size, as those of classic accounts on Pro V2.
    has_hidden_fills: bool,
    is_in_quote: bool,
    /// Average price at this filled size, as KuCoin reports it.
    average: Option<(Decimal, Decimal)>,
    /// The filled size of the event with the latest exchange time.
    latest: Option<(Timestamp, Decimal, Arc<FrameRef>)>,
    size: Amended,
    price: Amended,
    stage: Option<OrderStage>,
    end: Option<End>,
    vanished_at: Option<Timestamp>,
    first_frame: Arc<FrameRef>,
    /// Place in the queue of done orders.
    pub(super) done_number: Option<u64>,
    /// `true` while a check is due.
    pub(super) is_check_due: bool,
    /// Contradictions that were reported, each kind once.
    reported_kinds: Vec<std::mem::Discriminant<Contradiction>>,
}

/// What became of a fill.
#[derive(Debug)]
pub(super) enum FillOutcome {
    /// It is new.
    New,
    /// It was known, and is known better now: its number and the fill.
    Better(u64, Arc<AccountFill>),
    Known,
}

impl Fold {
    pub(super) fn new(
        ws_key: WsKey,
        order_id: Text,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
    ) -> Self {
        Self {
            order: Arc::new(AccountOrder::new(ws_key, order_id, facts)),
            fills: OrderFills::default(),
            fill_sum: Sum::ZERO,
            fees: Fees::default(),
            base: None,
            reported: None,
            known_from: None,
            has_hidden_fills: false,
            is_in_quote: false,
            average: None,
            latest: None,
            size: Amended::default(),
            price: Amended::default(),
            stage: None,
            end: None,
            vanished_at: None,
            first_frame: Arc::clone(frame),
            done_number: None,
            is_check_due: false,
            reported_kinds: Vec::new(),
        }
    }

    pub(super) fn order(&self) -> &Arc<AccountOrder> {
        &self.order
    }

    /// Returns `true` if only fills of the order are known.
    pub(super) fn has_only_fills(&self) -> bool {
        self.stage.is_none() && self.vanished_at.is_none()
    }

    /// Adds a fill; `number` is its number if it is new.
    pub(super) fn add_fill(
        &mut self,
        fill: Arc<AccountFill>,
        number: u64,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) -> FillOutcome {
        let cumulative = facts.amounts.filled.filter(|_| !facts.amounts.is_in_quote);
        let trade_id = fill.fill.trade_id.clone();
        let Some(known) = self.fills.get_mut(&trade_id) else {
            self.fill_sum = self.fill_sum.add(&fill);
            self.fees.add(&fill.fill);
            let frame = Arc::clone(frame);
            let folded = FoldedFill {
                fill,
                number,
                cumulative,
                frame,
            };
            self.fills.insert(folded);
            return FillOutcome::New;
        };
        known.cumulative = known.cumulative.or(cumulative);
        let (old, new) = (&known.fill.fill, &fill.fill);
        if (old.price, old.size, &old.side) != (new.price, new.size, &new.side) {
            let other = Arc::clone(&known.frame);
            self.contradict(
                Contradiction::FillChanged { trade_id },
                [&other, frame],
                violations,
            );
            return FillOutcome::Known;
        }
        let Some(better) = merged(&known.fill, &fill) else {
            return FillOutcome::Known;
        };
        self.fees.complete(&known.fill.fill, &better.fill);
        known.fill = Arc::new(better);
        FillOutcome::Better(known.number, Arc::clone(&known.fill))
    }

    /// Replaces the kept fill, for example when it turns out to be a self trade.
    pub(super) fn set_fill(&mut self, fill: &Arc<AccountFill>) {
        if let Some(known) = self.fills.get_mut(&fill.fill.trade_id) {
            known.fill = Arc::clone(fill);
        }
    }

    pub(super) fn count_self_trade(&mut self) {
        Arc::make_mut(&mut self.order).self_trades += 1;
    }

    pub(super) fn set_parent(&mut self, parent: ParentOrder) {
        Arc::make_mut(&mut self.order).parent = Some(parent);
    }

    /// Adds a child; returns `false` if it is known.
    pub(super) fn add_child(&mut self, child: &Text) -> bool {
        let is_new = !self.order.children.contains(child);
        if is_new {
            let children = &mut Arc::make_mut(&mut self.order).children;
            children.push(child.clone());
            children.sort_unstable();
        }
        is_new
    }

    /// Notes that the order is in no list any more. An event that was received later takes this back.
    pub(super) fn vanish(&mut self, now: Timestamp) {
        if self.end.is_none() {
            self.vanished_at = Some(now);
        }
    }

    /// Returns `true` if the facts are of this order; reports the contradiction if not.
    pub(super) fn is_same_order(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) -> bool {
        let is_same = facts.symbol == self.order.symbol && facts.side == self.order.side;
        if !is_same {
            let first = Arc::clone(&self.first_frame);
            self.contradict(Contradiction::IdentityChanged, [&first, frame], violations);
        }
        is_same
    }

    /// Joins what an event or row says; the fill of the event was added before.
    pub(super) fn join(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        self.check_frame(facts, frame, violations);
        let is_old_row = facts.form == FactForm::Row
            && facts.amounts.filled < self.reported
            && self.reported.is_some();
        self.join_amounts(facts, frame, violations);
        self.join_stage(facts, frame, violations);
        if !is_old_row {
            self.join_changing(facts, frame);
        }
        self.join_details(facts);
        if self.vanished_at.is_some_and(|at| frame.received_at > at) {
            self.vanished_at = None;
        }
    }

    fn join_amounts(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        let amounts = &facts.amounts;
        self.is_in_quote |= amounts.is_in_quote;
        let Some(filled) = amounts.filled else { return };
        self.reported = self.reported.max(Some(filled));
        self.join_known(facts, filled);
        self.fees.report(amounts.fee.as_ref(), filled);
        if let Some(average) = amounts.average.filter(|_| self.reported == Some(filled)) {
            self.average = Some((filled, average));
        }
        let is_larger = self.base.is_none_or(|base| filled > base.filled);
        let has_value = amounts.value.is_some() || facts.form == FactForm::Row;
        if has_value && is_larger && !amounts.is_in_quote && !filled.is_zero() {
            let value = amounts.value;
            let at = match facts.form {
                FactForm::Row => facts.time.unwrap_or(frame.received_at),
                FactForm::Event => frame.received_at,
            };
            self.base = Some(Base { filled, value, at });
        }
        if let Some(time) = facts.time.filter(|_| facts.form == FactForm::Event) {
            self.join_latest(time, filled, frame, violations);
        }
    }

    /// Notes the latest filled size, and checks that it never falls.
    fn join_latest(
        &mut self,
        time: Timestamp,
        filled: Decimal,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        let fell = self.latest.as_ref().and_then(|(at, before, other)| {
            let fell = match () {
                () if is_later(time, *at) && filled < *before => (*before, filled),
                () if is_later(*at, time) && filled > *before => (filled, *before),
                () => return None,
            };
            Some((fell, Arc::clone(other)))
        });
        if let Some(((before, after), other)) = fell {
            let contradiction = Contradiction::FilledSizeFell { before, after };
            self.contradict(contradiction, [&other, frame], violations);
        }
        let is_latest =
            |(at, before, _): &(Timestamp, Decimal, _)| (time, filled) >= (*at, *before);
        if self.latest.as_ref().is_none_or(is_latest) {
            self.latest = Some((time, filled, Arc::clone(frame)));
        }
    }

    /// Notes which fills must be known.
    fn join_known(&mut self, facts: &OrderFacts, filled: Decimal) {
        let size = facts.fill.as_ref().map_or(Decimal::ZERO, |fill| fill.size);
        let before = filled.checked_sub(size).unwrap_or_default();
        // A row can be older than a fill before the first event.
        if facts.form == FactForm::Event {
            let known = self.known_from.into_iter().chain([before]);
            self.known_from = known.min();
        }
        let is_fill = matches!(facts.event.as_str(), "FILL" | "MATCH" | "match");
        self.has_hidden_fills |= is_fill && facts.fill.is_none();
    }

    /// Notes that the order was placed while its events were followed: each of its fills must be known.
    pub(super) fn note_birth(&mut self) {
        self.known_from = Some(Decimal::ZERO);
    }

    fn join_stage(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        self.stage = self.stage.max(facts.stage);
        let Some(OrderStage::Ended(kind)) = facts.stage else {
            return;
        };
        let time = facts.time.filter(|_| facts.form == FactForm::Event);
        let filled = facts.amounts.filled.filter(|_| !facts.amounts.is_in_quote);
        match &mut self.end {
            Some(end) => {
                let other = Arc::clone(&end.frame);
                if !end.join(kind, time, filled, frame) {
                    self.contradict(Contradiction::SecondEnd, [&other, frame], violations);
                }
            }
            None => {
                let later = self.latest.as_ref().zip(time);
                let later = later.filter(|((at, ..), end)| is_later(*at, *end));
                if let Some(((.., other), _)) = later {
                    let other = Arc::clone(other);
                    self.contradict(Contradiction::AfterEnd, [frame, &other], violations);
                }
                let frame = Arc::clone(frame);
                self.end = Some(End {
                    kind,
                    time,
                    filled,
                    frame,
                });
            }
        }
    }

    /// Joins what can change: the size and the price.
    fn join_changing(&mut self, facts: &OrderFacts, frame: &FrameRef) {
        let details = &facts.details;
        let is_canceled = facts.stage == Some(OrderStage::Ended(EndKind::Canceled));
        let is_recovered_fill = frame.source.is_some() && facts.fill.is_some();
        let join = |amended: &mut Amended, value| {
            let reading = Reading {
                value,
                is_certain: !is_canceled && !is_recovered_fill,
                time: facts.time,
                filled: facts.amounts.filled,
                received_at: frame.received_at,
            };
            match frame.source {
                Some(_) => amended.fetch(reading),
                None => amended.push(reading),
            }
        };
        let order = Arc::make_mut(&mut self.order);
        if let Some(price) = details.price {
            join(&mut self.price, price);
            order.price = self.price.get();
        }
        let Some(size) = details.size else { return };
        if order.ws_key == WsKey::PrivateProV2 {
            join(&mut self.size, size);
            order.size = self.size.get();
        } else {
            // On V1 a size only becomes smaller, and some frames have the size before reductions.
            order.size = order.size.into_iter().chain([size]).min();
        }
    }

    /// Joins what never changes.
    fn join_details(&mut self, facts: &OrderFacts) {
        fn set<T: Clone>(known: &mut Option<T>, new: &Option<T>) {
            if known.is_none() {
                known.clone_from(new);
            }
        }
        let (details, order) = (&facts.details, Arc::make_mut(&mut self.order));
        set(&mut order.client_oid, &details.client_oid);
        set(&mut order.order_type, &details.order_type);
        set(&mut order.stop_price, &details.stop_price);
        set(&mut order.funds, &details.funds);
        set(&mut order.cancel_reason, &details.cancel_reason);
        set(&mut order.margin_mode, &details.margin_mode);
        set(&mut order.position_side, &details.position_side);
        set(&mut order.reduce_only, &details.reduce_only);
        set(&mut order.forced, &facts.forced);
        if let Some(parent) = details.parent.as_ref().filter(|id| **id != order.order_id) {
            order.parent = Some(ParentOrder {
                order_id: parent.clone(),
                is_named: true,
            });
        }
        // A stop order goes on as an order that was placed later.
        let placed = [order.placed_at, details.placed_at].into_iter().flatten();
        order.placed_at = placed.min();
        if facts.form == FactForm::Event {
            order.updated_at = order.updated_at.max(facts.time);
        }
    }

    /// Computes what follows from all facts.
    pub(super) fn settle(&mut self, frame: &Arc<FrameRef>, violations: &mut Vec<AccountViolation>) {
        let (filled, value) = self.totals();
        let (filled, value) = (filled.normalize(), value.map(|value| value.normalize()));
        let (phase, outcome) = self.phase(filled, value);
        let is_done = phase == OrderPhase::Done;
        let ended_at = self.end.as_ref().and_then(|end| end.time);
        let is_certain = self.base.is_none() || value.is_some();
        let has_all_fills = self.fill_sum.is_exact && self.fill_sum.size == filled && is_certain;
        let fees = self.fees.of(filled, has_all_fills);
        let average = self.average.filter(|(at, _)| *at == filled);
        let average = average.map(|(_, average)| average);
        let order = Arc::make_mut(&mut self.order);
        (order.filled_size, order.filled_value) = (filled, value);
        (order.phase, order.outcome) = (phase, outcome);
        (order.fees, order.has_all_fees) = fees;
        order.ended_at = ended_at;
        order.reported_average = average;
        order.remain_size = match is_done {
            true => Some(Decimal::ZERO),
            false => order
                .size
                .and_then(|size| size.checked_sub(filled))
                .map(|remain| remain.max(Decimal::ZERO)),
        };
        self.check_totals(filled, frame, violations);
    }

    /// Returns the filled size, and the value of the fills if all are known.
    fn totals(&self) -> (Decimal, Option<Decimal>) {
        let sum = self.fill_sum;
        if self.is_in_quote {
            // It is not known whether KuCoin reports the filled size in the quote currency, too.
            let is_whole = |reported| reported == sum.size || Some(reported) == sum.value;
            let is_whole = self.reported.is_none_or(is_whole);
            return (sum.size, sum.value.filter(|_| is_whole));
        }
        let reported = self.reported.unwrap_or_default();
        totals(&self.fills, sum, reported, self.base)
    }

    fn phase(&self, filled: Decimal, value: Option<Decimal>) -> (OrderPhase, Option<OrderOutcome>) {
        let done = |outcome| (OrderPhase::Done, Some(outcome));
        let reported = self.reported.unwrap_or_default();
        if let Some(end) = &self.end {
            return done(match end.kind {
                EndKind::Filled => OrderOutcome::Filled,
                EndKind::Failed => OrderOutcome::Failed,
                EndKind::Canceled if filled.max(reported).is_zero() => OrderOutcome::Canceled,
                EndKind::Canceled if self.is_fully_spent(filled, value) => OrderOutcome::Filled,
                EndKind::Canceled => OrderOutcome::PartlyFilled,
            });
        }
        if self.vanished_at.is_some() {
            return done(OrderOutcome::Vanished);
        }
        match self.stage {
            Some(OrderStage::Waiting) => (OrderPhase::Waiting, None),
            Some(OrderStage::Triggered) => done(OrderOutcome::Triggered),
            // Nothing can follow, also if the push of the end was lost.
            _ if self.is_filled(filled) => done(OrderOutcome::Filled),
            _ => (OrderPhase::Open, None),
        }
    }

    fn is_filled(&self, filled: Decimal) -> bool {
        let size = self.order.size.filter(|size| !size.is_zero());
        size.is_some_and(|size| filled >= size)
    }

    /// Returns `true` if a canceled order is filled: nothing is left of its size, or of its funds less than can be spent.
    fn is_fully_spent(&self, filled: Decimal, value: Option<Decimal>) -> bool {
        match (self.order.funds, value) {
            (Some(funds), Some(value)) => {
                let Some(unspent) = funds.checked_sub(value) else {
                    return false;
                };
                let step = Decimal::new(1, filled.normalize().scale());
                let last = self.fills.values().max_by_key(|fill| fill.fill.fill.time);
                let least = last.and_then(|fill| fill.fill.fill.price.checked_mul(step));
                let share = unspent.checked_mul(Decimal::from(UNSPENT_PARTS));
                share.is_some_and(|share| share <= funds)
                    || least.is_some_and(|least| unspent < least)
            }
            (Some(_), None) => true,
            (None, _) => self.is_filled(filled),
        }
    }

    fn check_frame(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        if facts.form != FactForm::Event {
            return;
        }
        // Stop orders and fills without their order have other times.
        let is_of_engine = facts.stage == Some(OrderStage::Open) && facts.amounts.filled.is_some();
        let ended = self
            .end
            .as_ref()
            .and_then(|end| Some((end.time?, Arc::clone(&end.frame))));
        if let (true, Some((ended, end)), Some(time)) = (is_of_engine, ended, facts.time)
            && is_later(time, ended)
        {
            self.contradict(Contradiction::AfterEnd, [&end, frame], violations);
        }
    }

    fn check_totals(
        &mut self,
        filled: Decimal,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        let fills = self.fill_sum.size;
        let end = self.end.as_ref();
        let ended = end.and_then(|end| Some((end.filled?, Arc::clone(&end.frame))));
        if let Some((filled, end)) = ended.filter(|(filled, _)| fills > *filled) {
            let contradiction = Contradiction::FillsDisagree { fills, filled };
            self.contradict(contradiction, [&end, frame], violations);
        } else if let Some(size) = self.order.size.filter(|size| self.reported > Some(*size)) {
            let contradiction = Contradiction::Overfilled { filled, size };
            let other = self
                .latest
                .as_ref()
                .map_or(&self.first_frame, |(.., frame)| frame);
            let other = Arc::clone(other);
            self.contradict(contradiction, [&other, frame], violations);
        }
    }

    /// Returns `true` if the fills, the size and the end of the order do not agree yet.
    pub(super) fn is_unsettled(&self) -> bool {
        self.lacks_fills() || self.lacks_size() || self.is_overfilled()
    }

    /// Returns `true` if the first frame of the order was received after this time.
    pub(super) fn is_newer_than(&self, at: Timestamp) -> bool {
        self.first_frame.received_at > at
    }

    /// Returns `true` if the order can be dropped for good: it has ended, and not only left the lists.
    pub(super) fn is_final(&self) -> bool {
        let outcome = self.order.outcome;
        outcome.is_some_and(|outcome| outcome != OrderOutcome::Vanished)
    }

    /// Reports what never came, once nothing more can come.
    pub(super) fn check_end(&mut self, violations: &mut Vec<AccountViolation>) {
        let (filled, fills) = (self.order.filled_size, self.fill_sum.size);
        let contradiction = match self.order.size {
            _ if self.lacks_fills() => Contradiction::FillsDisagree { fills, filled },
            Some(size) if self.lacks_size() => Contradiction::FilledTooEarly { filled, size },
            Some(size) if self.is_overfilled() => Contradiction::Overfilled { filled, size },
            _ => return,
        };
        let last_fill = || self.fills.values().max_by_key(|fill| fill.fill.fill.time);
        let last = match &self.end {
            Some(end) => Some(&end.frame),
            None => last_fill().map(|fill| &fill.frame),
        };
        let first = Arc::clone(&self.first_frame);
        let last = Arc::clone(last.unwrap_or(&first));
        self.contradict(contradiction, [&first, &last], violations);
    }

    /// Returns `true` if the order is done, but a fill that the stream must have is unknown.
    fn lacks_fills(&self) -> bool {
        let is_hidden = self.has_hidden_fills && self.fills.is_empty();
        let is_known = self.order.filled_value.is_some() || self.base.is_some() || self.is_in_quote;
        let known_from = self.known_from.unwrap_or(self.order.filled_size);
        let expected = self.order.filled_size.checked_sub(known_from);
        self.end.is_some()
            && self.fill_sum.is_exact
            && !is_hidden
            && !is_known
            && expected.is_some_and(|expected| self.fill_sum.size < expected)
    }

    fn lacks_size(&self) -> bool {
        let end = self.end.as_ref();
        let is_filled = end.is_some_and(|end| end.kind == EndKind::Filled);
        is_filled && self.order.size > Some(self.order.filled_size)
    }

    fn is_overfilled(&self) -> bool {
        let size = self.order.size;
        size.is_some_and(|size| self.order.filled_size > size)
    }

    fn contradict(
        &mut self,
        contradiction: Contradiction,
        frames: [&Arc<FrameRef>; 2],
        violations: &mut Vec<AccountViolation>,
    ) {
        let kind = std::mem::discriminant(&contradiction);
        if self.reported_kinds.contains(&kind) {
            return;
        }
        self.reported_kinds.push(kind);
        Arc::make_mut(&mut self.order).is_contradicted = true;
        let mut frames: Vec<FrameRef> = frames.iter().map(|frame| FrameRef::clone(frame)).collect();
        frames.dedup();
        violations.push(AccountViolation {
            symbol: self.order.symbol.clone(),
            order_id: Some(self.order.order_id.clone()),
            contradiction,
            frames,
        });
    }
}
