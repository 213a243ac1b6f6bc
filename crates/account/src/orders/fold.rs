//! One order: facts in any order and any number of times in, the kept order out.

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};

use super::facts::{EndKind, FactForm, OrderFacts, OrderStage};
use super::fees::Fees;
use super::{AccountFill, AccountOrder, OrderOutcome, OrderPhase, ParentOrder};
use crate::{Contradiction, FrameRef, Violation, exact};

/// A fraction of the funds of a market order: a smaller rest is what cannot be spent.
const UNSPENT_PARTS: u32 = 1_000;

/// What is known about one order.
///
/// Facts are joined by operations that do not depend on their order: maxima, unions, and the latest by exchange time.
#[derive(Debug)]
pub(super) struct Fold {
    order: Arc<AccountOrder>,
    /// Fills by trade ID.
    fills: BTreeMap<Text, FoldedFill>,
    fill_sum: Sum,
    fees: Fees,
    /// Amounts of a row or event that cover fills that were never seen.
    base: Option<Base>,
    /// Largest cumulative filled size that an event or row has reported.
    reported: Option<Decimal>,
    is_in_quote: bool,
    /// Average price at this filled size, as KuCoin reports it.
    average: Option<(Decimal, Decimal)>,
    /// The filled size of the event with the latest exchange time.
    latest: Option<(Timestamp, Decimal, Arc<FrameRef>)>,
    /// Exchange times of the events that set the size and the price. A `canceled` event may have the size before reductions, so it
    /// comes before all others.
    size_at: Option<(bool, Option<Timestamp>)>,
    price_at: Option<Option<Timestamp>>,
    stage: Option<OrderStage>,
    end: Option<End>,
    vanished_at: Option<Timestamp>,
    first_frame: Arc<FrameRef>,
    /// Contradictions that were reported, each kind once.
    reported_kinds: Vec<std::mem::Discriminant<Contradiction>>,
}

#[derive(Debug)]
struct FoldedFill {
    fill: Arc<AccountFill>,
    /// Number of the fill among those of the account.
    number: u64,
    /// Filled size of the order after this fill; `None` if no event has said so.
    cumulative: Option<Decimal>,
    frame: Arc<FrameRef>,
}

/// Size and value of fills; `None` if the value does not fit exactly.
#[derive(Clone, Copy, Debug)]
struct Sum {
    size: Decimal,
    value: Option<Decimal>,
}

#[derive(Clone, Copy, Debug)]
struct Base {
    filled: Decimal,
    value: Option<Decimal>,
}

#[derive(Debug)]
struct End {
    kind: EndKind,
    time: Option<Timestamp>,
    filled: Option<Decimal>,
    frame: Arc<FrameRef>,
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

impl Sum {
    const ZERO: Self = Self {
        size: Decimal::ZERO,
        value: Some(Decimal::ZERO),
    };

    fn add(self, fill: &AccountFill) -> Self {
        let value = exact::multiply(fill.fill.price, fill.fill.size);
        let add = |sum| exact::add(sum, value?);
        Self {
            size: self.size + fill.fill.size,
            value: self.value.and_then(add),
        }
    }
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
            fills: BTreeMap::new(),
            fill_sum: Sum::ZERO,
            fees: Fees::default(),
            base: None,
            reported: None,
            is_in_quote: false,
            average: None,
            latest: None,
            size_at: None,
            price_at: None,
            stage: None,
            end: None,
            vanished_at: None,
            first_frame: Arc::clone(frame),
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
        violations: &mut Vec<Violation>,
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
            self.fills.insert(trade_id, folded);
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

    /// Joins what an event or row says; the fill of the event was added before.
    pub(super) fn join(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<Violation>,
    ) {
        if facts.symbol != self.order.symbol || facts.side != self.order.side {
            let first = Arc::clone(&self.first_frame);
            self.contradict(Contradiction::IdentityChanged, [&first, frame], violations);
            return;
        }
        self.check_frame(facts, frame, violations);
        let is_old_row = facts.form == FactForm::Row
            && facts.amounts.filled < self.reported
            && self.reported.is_some();
        self.join_amounts(facts, frame, violations);
        self.join_stage(facts, frame, violations);
        if !is_old_row {
            self.join_changing(facts);
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
        violations: &mut Vec<Violation>,
    ) {
        let amounts = &facts.amounts;
        self.is_in_quote |= amounts.is_in_quote;
        let Some(filled) = amounts.filled else { return };
        self.reported = self.reported.max(Some(filled));
        self.fees.report(amounts.fee.as_ref(), filled);
        if let Some(average) = amounts.average.filter(|_| self.reported == Some(filled)) {
            self.average = Some((filled, average));
        }
        let is_larger = self.base.is_none_or(|base| filled > base.filled);
        let has_value = amounts.value.is_some() || facts.form == FactForm::Row;
        if has_value && is_larger && !amounts.is_in_quote && !filled.is_zero() {
            let value = amounts.value;
            self.base = Some(Base { filled, value });
        }
        let Some(time) = facts.time.filter(|_| facts.form == FactForm::Event) else {
            return;
        };
        let fell = self.latest.as_ref().and_then(|(at, before, other)| {
            // Times of fills are rounded down to milliseconds.
            let (at, now) = (at.as_millis(), time.as_millis());
            let fell = match () {
                () if now > at && filled < *before => (*before, filled),
                () if now < at && filled > *before => (filled, *before),
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

    fn join_stage(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<Violation>,
    ) {
        self.stage = self.stage.max(facts.stage);
        let Some(OrderStage::Ended(kind)) = facts.stage else {
            return;
        };
        let time = facts.time.filter(|_| facts.form == FactForm::Event);
        let filled = facts.amounts.filled.filter(|_| !facts.amounts.is_in_quote);
        match &mut self.end {
            Some(end)
                if end.kind != kind || end.filled.zip(filled).is_some_and(|(a, b)| a != b) =>
            {
                let other = Arc::clone(&end.frame);
                self.contradict(Contradiction::SecondEnd, [&other, frame], violations);
            }
            Some(end) => {
                end.time = end.time.or(time);
                end.filled = end.filled.or(filled);
            }
            None => {
                let later = self.latest.as_ref().zip(time);
                let later = later.filter(|((at, ..), end)| at.as_millis() > end.as_millis());
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
    fn join_changing(&mut self, facts: &OrderFacts) {
        let details = &facts.details;
        let is_canceled = facts.stage == Some(OrderStage::Ended(EndKind::Canceled));
        let at = (!is_canceled, facts.time);
        let order = Arc::make_mut(&mut self.order);
        if details.size.is_some() && self.size_at.is_none_or(|known| at >= known) {
            // Two events of one time: a size only becomes smaller.
            let is_same_time = self.size_at == Some(at);
            let smaller = order.size.zip(details.size).map(|(a, b)| a.min(b));
            order.size = smaller.filter(|_| is_same_time).or(details.size);
            self.size_at = Some(at);
        }
        if details.price.is_some() && self.price_at.is_none_or(|known| facts.time >= known) {
            order.price = details.price;
            self.price_at = Some(facts.time);
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
        if let Some(parent) = &details.parent {
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
    pub(super) fn settle(&mut self, frame: &Arc<FrameRef>, violations: &mut Vec<Violation>) {
        let (filled, value) = self.totals();
        let (phase, outcome) = self.phase(filled, value);
        let is_done = phase == OrderPhase::Done;
        let ended_at = self.end.as_ref().and_then(|end| end.time);
        let fees = self.fees.of(filled, value.is_some());
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
            false => order.size.map(|size| (size - filled).max(Decimal::ZERO)),
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
        let base = match self.base {
            Some(base) if sum.size < reported.max(base.filled) => base,
            _ => {
                let filled = sum.size.max(reported);
                return (filled, sum.value.filter(|_| sum.size == filled));
            }
        };
        let mut outside = Sum::ZERO;
        let mut undecided: Vec<&FoldedFill> = Vec::new();
        for fill in self.fills.values() {
            match fill.cumulative {
                Some(cumulative) if cumulative > base.filled => outside = outside.add(&fill.fill),
                Some(_) => {}
                None => undecided.push(fill),
            }
        }
        // Of the fills that may be in the base, the latest are not.
        undecided.sort_by_key(|fill| std::cmp::Reverse(fill.fill.fill.time));
        let filled = reported.max(base.filled + outside.size);
        for fill in undecided {
            if base.filled + outside.size < filled {
                outside = outside.add(&fill.fill);
            }
        }
        let is_whole = base.filled + outside.size == filled;
        let value = base.value.zip(outside.value);
        let value = value.and_then(|(base, outside)| exact::add(base, outside));
        (filled, value.filter(|_| is_whole))
    }

    fn phase(&self, filled: Decimal, value: Option<Decimal>) -> (OrderPhase, Option<OrderOutcome>) {
        let done = |outcome| (OrderPhase::Done, Some(outcome));
        if let Some(end) = &self.end {
            return done(match end.kind {
                EndKind::Filled => OrderOutcome::Filled,
                EndKind::Failed => OrderOutcome::Failed,
                EndKind::Canceled if filled.is_zero() => OrderOutcome::Canceled,
                EndKind::Canceled if self.is_fully_spent(filled, value) => OrderOutcome::Filled,
                EndKind::Canceled => OrderOutcome::PartlyFilled,
            });
        }
        if self.vanished_at.is_some() {
            return done(OrderOutcome::Vanished);
        }
        match self.stage {
            Some(OrderStage::Waiting) => (OrderPhase::Waiting, None),
            // On the futures connection of V1, the order goes on under the same ID.
            Some(OrderStage::Triggered) if self.order.ws_key != WsKey::FuturesPrivateV1 => {
                done(OrderOutcome::Triggered)
            }
            _ => (OrderPhase::Open, None),
        }
    }

    /// Returns `true` if a canceled order is filled: nothing is left of its size, or of its funds less than can be spent.
    fn is_fully_spent(&self, filled: Decimal, value: Option<Decimal>) -> bool {
        match (self.order.funds, value) {
            (Some(funds), Some(value)) => {
                let unspent = funds - value;
                let step = Decimal::new(1, filled.normalize().scale());
                let last = self.fills.values().max_by_key(|fill| fill.fill.fill.time);
                let least = last.map_or(Decimal::ZERO, |fill| fill.fill.fill.price * step);
                unspent * Decimal::from(UNSPENT_PARTS) <= funds || unspent < least
            }
            (Some(_), None) => true,
            (None, _) => self.order.size.is_some_and(|size| filled >= size),
        }
    }

    fn check_frame(
        &mut self,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<Violation>,
    ) {
        if facts.form != FactForm::Event {
            return;
        }
        // The push time of a stop order is not the time of the matching engine.
        let is_of_engine = matches!(facts.stage, None | Some(OrderStage::Open));
        let ended = self
            .end
            .as_ref()
            .and_then(|end| Some((end.time?, Arc::clone(&end.frame))));
        if let (true, Some((ended, end)), Some(time)) = (is_of_engine, ended, facts.time) {
            if time.as_millis() > ended.as_millis() {
                self.contradict(Contradiction::AfterEnd, [&end, frame], violations);
            }
        }
    }

    fn check_totals(
        &mut self,
        filled: Decimal,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<Violation>,
    ) {
        let fills = self.fill_sum.size;
        let end = self.end.as_ref();
        let ended = end.and_then(|end| Some((end.filled?, Arc::clone(&end.frame))));
        if let Some((filled, end)) = ended.filter(|(filled, _)| fills > *filled) {
            let contradiction = Contradiction::FillsDisagree { fills, filled };
            self.contradict(contradiction, [&end, frame], violations);
        } else if let Some(size) = self.order.size.filter(|size| filled > *size) {
            let contradiction = Contradiction::Overfilled { filled, size };
            let other = self
                .latest
                .as_ref()
                .map_or(&self.first_frame, |(.., frame)| frame);
            let other = Arc::clone(other);
            self.contradict(contradiction, [&other, frame], violations);
        }
    }

    /// Returns `true` if the order is done, but its fills or its size do not say so yet.
    pub(super) fn is_unsettled(&self) -> bool {
        self.end.is_some() && (self.lacks_fills() || self.lacks_size())
    }

    /// Reports what never came, once nothing more can come.
    pub(super) fn check_end(&mut self, violations: &mut Vec<Violation>) {
        let Some(end) = &self.end else { return };
        let (filled, fills) = (self.order.filled_size, self.fill_sum.size);
        let contradiction = match (self.lacks_fills(), self.order.size) {
            (true, _) => Contradiction::FillsDisagree { fills, filled },
            (false, Some(size)) if self.lacks_size() => {
                Contradiction::FilledTooEarly { filled, size }
            }
            _ => return,
        };
        let frames = [Arc::clone(&self.first_frame), Arc::clone(&end.frame)];
        self.contradict(contradiction, [&frames[0], &frames[1]], violations);
    }

    fn lacks_fills(&self) -> bool {
        let is_known = self.order.filled_value.is_some() || self.base.is_some() || self.is_in_quote;
        !is_known && self.fill_sum.size < self.order.filled_size
    }

    fn lacks_size(&self) -> bool {
        let is_filled = self
            .end
            .as_ref()
            .is_some_and(|end| end.kind == EndKind::Filled);
        is_filled
            && self
                .order
                .size
                .is_some_and(|size| self.order.filled_size < size)
    }

    fn contradict(
        &mut self,
        contradiction: Contradiction,
        frames: [&Arc<FrameRef>; 2],
        violations: &mut Vec<Violation>,
    ) {
        let kind = std::mem::discriminant(&contradiction);
        if self.reported_kinds.contains(&kind) {
            return;
        }
        self.reported_kinds.push(kind);
        Arc::make_mut(&mut self.order).is_contradicted = true;
        let mut frames: Vec<FrameRef> = frames.iter().map(|frame| FrameRef::clone(frame)).collect();
        frames.dedup();
        violations.push(Violation {
            symbol: self.order.symbol.clone(),
            order_id: Some(self.order.order_id.clone()),
            contradiction,
            frames,
        });
    }
}

/// Returns the fill with what only the other report of it has; `None` if that is nothing.
pub(super) fn merged(known: &AccountFill, other: &AccountFill) -> Option<AccountFill> {
    let mut better = known.clone();
    let (fill, new) = (&mut better.fill, &other.fill);
    if fill.fee.is_none() && new.fee.is_some() {
        fill.fee = new.fee;
        fill.fee_currency.clone_from(&new.fee_currency);
    }
    if fill.liquidity.is_none() {
        fill.liquidity.clone_from(&new.liquidity);
    }
    fill.time = fill.time.or(new.time);
    better.forced = better.forced.or(other.forced);
    better.is_recovered &= other.is_recovered;
    (better != *known).then_some(better)
}
