//! All orders and fills of the account.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Fill, Text, Timestamp, WsKey};
use kucoin_streams_recovery::VanishedOrder;
use rpds::RedBlackTreeMapSync;

use super::facts::{FactForm, OrderFacts};
use super::family::Families;
use super::fills::merged;
use super::fold::{FillOutcome, Fold};
use super::{AccountFill, AccountOrder, ParentOrder};
use crate::effects::Effects;
use crate::{AccountChange, AccountViolation, FrameInfo, FrameRef};

/// Number of dropped orders whose IDs are remembered, so that a late event does not bring them back.
const MAX_DROPPED: usize = 10_000;

/// How long the fills of a done order may come after its end.
const FILL_DELAY: Duration = Duration::from_secs(5);

/// The orders and fills of an account.
#[derive(Debug)]
pub(crate) struct OrderLedger {
    folds: BTreeMap<Text, Box<Fold>>,
    orders: RedBlackTreeMapSync<Text, Arc<AccountOrder>>,
    fills: RedBlackTreeMapSync<u64, Arc<AccountFill>>,
    next_fill: u64,
    /// Exchange time of the first event of each connection since its last gap: every event of a later order was pushed.
    first_event: BTreeMap<WsKey, Timestamp>,
    /// Numbers of the kept fills by symbol and trade ID: both sides of a self trade have the same.
    by_trade: BTreeMap<(Text, Text), Vec<u64>>,
    families: Families,
    /// Done orders, and orders of which only fills are known, by number: the oldest first.
    done: BTreeMap<u64, Text>,
    next_done: u64,
    /// Local time when each connection was last reported live with a part missing.
    incomplete_at: BTreeMap<WsKey, Timestamp>,
    dropped: (VecDeque<Text>, BTreeSet<Text>),
    /// Done orders whose fills or size do not say so yet, and when they must.
    unchecked: VecDeque<(Timestamp, Text)>,
    max_done: usize,
    max_fills: usize,
}

impl OrderLedger {
    pub(crate) fn new(max_done: usize, max_fills: usize) -> Self {
        Self {
            folds: BTreeMap::new(),
            orders: RedBlackTreeMapSync::default(),
            fills: RedBlackTreeMapSync::default(),
            next_fill: 0,
            first_event: BTreeMap::new(),
            by_trade: BTreeMap::new(),
            families: Families::default(),
            done: BTreeMap::new(),
            next_done: 0,
            incomplete_at: BTreeMap::new(),
            dropped: Default::default(),
            unchecked: VecDeque::new(),
            max_done,
            max_fills: max_fills.max(1),
        }
    }

    pub(crate) fn orders(&self) -> &RedBlackTreeMapSync<Text, Arc<AccountOrder>> {
        &self.orders
    }

    pub(crate) fn fills(&self) -> &RedBlackTreeMapSync<u64, Arc<AccountFill>> {
        &self.fills
    }

    /// Joins what an event or row says about an order.
    pub(crate) fn apply(&mut self, info: &FrameInfo, facts: OrderFacts, effects: &mut Effects) {
        let order_id = facts.order_id.clone();
        let Some(order_id) = order_id.filter(|id| !id.is_empty() && *id != "0") else {
            self.forced_fill(info, &facts, effects);
            return;
        };
        if self.dropped.1.contains(&order_id) {
            return;
        }
        let frame = Arc::new(info.frame(facts.event.clone(), facts.time));
        let mut violations = Vec::new();
        let is_same = self.fold(&order_id, info, &facts, &frame).is_same_order(
            &facts,
            &frame,
            &mut violations,
        );
        let mut self_traded = Vec::new();
        if is_same {
            if let Some(fill) = facts.fill.clone() {
                let fill = Arc::new(account_fill(info, fill, &facts));
                let sources = (&facts, &frame, &mut violations);
                self_traded = self.order_fill(&order_id, fill, sources, effects);
            }
            self.join(&order_id, &facts, &frame, &mut violations);
        }
        self.publish(&order_id, info.received_at, effects);
        self.link_named(&order_id, info.received_at, effects);
        for other in self_traded.iter().filter(|other| **other != order_id) {
            self.publish(other, info.received_at, effects);
        }
        self.drop_done();
        for violation in violations {
            effects.violation(violation);
        }
    }

    /// Returns what is known about an order; it is new if the order is.
    fn fold(
        &mut self,
        order_id: &Text,
        info: &FrameInfo,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
    ) -> &mut Fold {
        let is_new = !self.folds.contains_key(order_id);
        let new = || Box::new(Fold::new(info.ws_key, order_id.clone(), facts, frame));
        let fold = self.folds.entry(order_id.clone()).or_insert_with(new);
        let is_pushed = facts.form == FactForm::Event && info.source.is_none();
        if let Some(time) = facts.time.filter(|_| is_pushed) {
            let first = *self.first_event.entry(info.ws_key).or_insert(time);
            if facts.details.placed_at.is_some_and(|placed| placed > first) {
                fold.note_birth();
            }
        }
        if is_new && facts.stage.is_none() {
            // Perhaps it ended before the stream began.
            self.next_done += 1;
            self.done.insert(self.next_done, order_id.clone());
            fold.done_number = Some(self.next_done);
        }
        fold
    }

    /// Joins what an event or row of this order says, after its fill.
    fn join(
        &mut self,
        order_id: &Text,
        facts: &OrderFacts,
        frame: &Arc<FrameRef>,
        violations: &mut Vec<AccountViolation>,
    ) {
        let Some(fold) = self.folds.get_mut(order_id) else {
            return;
        };
        let was_placed = fold.order().placed_at.is_some();
        fold.join(facts, frame, violations);
        fold.settle(frame, violations);
        self.families
            .consider(fold.order(), !was_placed, frame.received_at);
    }

    /// Notes that events of a connection may be missing, or of every connection if there is no key.
    pub(crate) fn note_gap(&mut self, ws_key: Option<WsKey>) {
        self.first_event
            .retain(|key, _| ws_key.is_some_and(|gone| gone != *key));
    }

    /// Notes that a connection is live, but a part of what was missed could not be fetched: fills of the orders that are known
    /// now may never come.
    pub(crate) fn note_missing(&mut self, ws_key: WsKey, now: Timestamp) {
        self.incomplete_at.insert(ws_key, now);
    }

    /// Ends an order that is in no list any more.
    pub(crate) fn vanish(&mut self, order: &VanishedOrder, now: Timestamp, effects: &mut Effects) {
        let Some(fold) = self.folds.get_mut(&order.order_id) else {
            return;
        };
        let frame = FrameRef {
            ws_key: order.ws_key,
            topic: Arc::clone(&order.topic),
            event: "vanished".into(),
            time: None,
            received_at: now,
            source: None,
        };
        fold.vanish(now);
        fold.settle(&Arc::new(frame), &mut Vec::new());
        self.publish(&order.order_id, now, effects);
        self.drop_done();
    }

    /// Reports the orders whose fills, size and end do not agree in time, and links stop orders with what they placed. `is_whole` says whether a connection has missed nothing.
    pub(crate) fn check(
        &mut self,
        now: Timestamp,
        is_whole: impl Fn(WsKey) -> bool,
        effects: &mut Effects,
    ) {
        for (parent, child) in self.families.inferred(now) {
            self.link_inferred(&parent, &child, now, effects);
        }
        while let Some(order_id) = self.next_unchecked(now) {
            let Some(fold) = self.folds.get_mut(&order_id) else {
                continue;
            };
            fold.is_check_due = false;
            let ws_key = fold.order().ws_key;
            let incomplete_at = self.incomplete_at.get(&ws_key);
            let is_known = incomplete_at.is_none_or(|at| fold.is_newer_than(*at));
            let mut violations = Vec::new();
            if is_known && is_whole(ws_key) {
                fold.check_end(&mut violations);
            }
            if !violations.is_empty() {
                self.publish(&order_id, now, effects);
            }
            for violation in violations {
                effects.violation(violation);
            }
        }
    }

    fn next_unchecked(&mut self, now: Timestamp) -> Option<Text> {
        let (due, _) = self.unchecked.front()?;
        let is_due = *due <= now;
        is_due
            .then(|| self.unchecked.pop_front())?
            .map(|(_, id)| id)
    }

    /// Returns the time at which [`check`](Self::check) may report more.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let unchecked = self.unchecked.front().map(|(due, _)| *due);
        unchecked.into_iter().chain(self.families.deadline()).min()
    }

    /// Takes a fill of an order; returns the orders of a self trade.
    fn order_fill(
        &mut self,
        order_id: &Text,
        fill: Arc<AccountFill>,
        (facts, frame, violations): (&OrderFacts, &Arc<FrameRef>, &mut Vec<AccountViolation>),
        effects: &mut Effects,
    ) -> Vec<Text> {
        let kept = self.kept_fill(&fill);
        let Some(fold) = self.folds.get_mut(order_id) else {
            return Vec::new();
        };
        let number = kept.as_ref().map_or(self.next_fill, |(number, _)| *number);
        match (
            fold.add_fill(Arc::clone(&fill), number, facts, frame, violations),
            kept,
        ) {
            (FillOutcome::New, None) => return self.keep_fill(fill, effects),
            // The order was dropped before, but its fill was not.
            (FillOutcome::New, Some((number, kept))) => {
                if let Some(better) = merged(&kept, &fill) {
                    self.replace_fill(number, Arc::new(better), effects);
                }
            }
            (FillOutcome::Better(number, fill), _) => self.replace_fill(number, fill, effects),
            (FillOutcome::Known, _) => {}
        }
        Vec::new()
    }

    /// Returns the kept fill of the same order and trade, with its number.
    fn kept_fill(&self, fill: &AccountFill) -> Option<(u64, Arc<AccountFill>)> {
        let fill = &fill.fill;
        let key = (fill.symbol.clone(), fill.trade_id.clone());
        let numbers = self.by_trade.get(&key)?.iter();
        let mut kept = numbers.filter_map(|number| Some((*number, self.fills.get(number)?)));
        kept.find(|(_, kept)| kept.fill.order_id == fill.order_id && kept.fill.side == fill.side)
            .map(|(number, kept)| (number, Arc::clone(kept)))
    }

    /// Keeps a fill without an order, such as a liquidation on Pro V2.
    fn forced_fill(&mut self, info: &FrameInfo, facts: &OrderFacts, effects: &mut Effects) {
        let Some(mut fill) = facts.fill.clone() else {
            return;
        };
        fill.order_id = None;
        let fill = account_fill(info, fill, facts);
        let Some((number, kept)) = self.kept_fill(&fill) else {
            self.keep_fill(Arc::new(fill), effects);
            return;
        };
        if let Some(better) = merged(&kept, &fill) {
            self.replace_fill(number, Arc::new(better), effects);
        }
    }

    /// Keeps a new fill; returns the orders of a self trade.
    fn keep_fill(&mut self, fill: Arc<AccountFill>, effects: &mut Effects) -> Vec<Text> {
        let number = self.next_fill;
        self.next_fill += 1;
        let key = (fill.fill.symbol.clone(), fill.fill.trade_id.clone());
        let same_trade = self.by_trade.entry(key).or_default();
        same_trade.push(number);
        let same_trade = same_trade.clone();
        self.fills.insert_mut(number, Arc::clone(&fill));
        if self.fills.size() > self.max_fills {
            self.drop_oldest_fill();
        }
        if same_trade.len() == 1 {
            effects.change(AccountChange::Fill(fill));
            return Vec::new();
        }
        self.mark_self_trade(&same_trade, effects)
    }

    /// Marks the fills of one trade whose orders both belong to the account; returns the orders.
    fn mark_self_trade(&mut self, numbers: &[u64], effects: &mut Effects) -> Vec<Text> {
        let mut order_ids = Vec::new();
        for number in numbers {
            let Some(fill) = self.fills.get(number).filter(|fill| !fill.is_self_trade) else {
                continue;
            };
            let fill = Arc::new(AccountFill {
                is_self_trade: true,
                ..AccountFill::clone(fill)
            });
            self.replace_fill(*number, Arc::clone(&fill), effects);
            let order_id = fill.fill.order_id.clone();
            if let Some(fold) = order_id.as_ref().and_then(|id| self.folds.get_mut(id)) {
                fold.set_fill(&fill);
                fold.count_self_trade();
            }
            order_ids.extend(order_id);
        }
        order_ids
    }

    fn replace_fill(&mut self, number: u64, fill: Arc<AccountFill>, effects: &mut Effects) {
        if self.fills.contains_key(&number) {
            self.fills.insert_mut(number, Arc::clone(&fill));
        }
        effects.change(AccountChange::Fill(fill));
    }

    fn drop_oldest_fill(&mut self) {
        let Some((number, fill)) = self.fills.first() else {
            return;
        };
        let (number, fill) = (*number, &fill.fill);
        let key = (fill.symbol.clone(), fill.trade_id.clone());
        if let Some(numbers) = self.by_trade.get_mut(&key) {
            numbers.retain(|kept| *kept != number);
            if numbers.is_empty() {
                self.by_trade.remove(&key);
            }
        }
        self.fills.remove_mut(&number);
    }

    /// Publishes an order if it has changed.
    fn publish(&mut self, order_id: &Text, now: Timestamp, effects: &mut Effects) {
        let fold = self.folds.get_mut(order_id);
        let Some(fold) = fold.filter(|fold| !fold.has_only_fills()) else {
            return;
        };
        if fold.is_unsettled() && !fold.is_check_due {
            fold.is_check_due = true;
            self.unchecked
                .push_back((now + FILL_DELAY, order_id.clone()));
        }
        let order = Arc::clone(fold.order());
        let before = self.orders.get(order_id);
        if before == Some(&order) {
            return;
        }
        let was_open = before.is_none_or(|before| before.is_open());
        let is_open = order.is_open();
        if (was_open || is_open)
            && let Some(number) = fold.done_number.take()
        {
            self.done.remove(&number);
        }
        if was_open && !is_open {
            self.next_done += 1;
            self.done.insert(self.next_done, order_id.clone());
            fold.done_number = Some(self.next_done);
        }
        self.orders.insert_mut(order_id.clone(), Arc::clone(&order));
        effects.change(AccountChange::Order(order));
    }

    /// Drops the done orders that are too many, the oldest first.
    fn drop_done(&mut self) {
        while self.done.len() > self.max_done {
            let Some((_, order_id)) = self.done.pop_first() else {
                return;
            };
            let Some(fold) = self.folds.remove(&order_id) else {
                continue;
            };
            self.orders.remove_mut(&order_id);
            self.families.forget(fold.order());
            if fold.is_final() {
                self.note_dropped(order_id);
            }
        }
    }

    /// Remembers an order that has ended: a late event does not bring it back.
    fn note_dropped(&mut self, order_id: Text) {
        let (queue, ids) = &mut self.dropped;
        if ids.insert(order_id.clone()) {
            queue.push_back(order_id);
        }
        if queue.len() > MAX_DROPPED
            && let Some(oldest) = queue.pop_front()
        {
            ids.remove(&oldest);
        }
    }

    /// Links an order with the parent that KuCoin names, and with the children that name it.
    fn link_named(&mut self, order_id: &Text, now: Timestamp, effects: &mut Effects) {
        let Some(fold) = self.folds.get(order_id) else {
            return;
        };
        for (parent, child) in self.families.links(fold.order()) {
            match self.folds.contains_key(&parent) {
                true => self.add_child(&parent, &child, now, effects),
                false => self.families.await_parent(parent, child),
            }
        }
    }

    fn link_inferred(
        &mut self,
        parent: &Text,
        child: &Text,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(fold) = self.folds.get_mut(child) else {
            return;
        };
        if fold.order().parent.is_some() {
            return;
        }
        fold.set_parent(ParentOrder {
            order_id: parent.clone(),
            is_named: false,
        });
        self.publish(child, now, effects);
        self.add_child(parent, child, now, effects);
    }

    fn add_child(&mut self, parent: &Text, child: &Text, now: Timestamp, effects: &mut Effects) {
        let Some(fold) = self.folds.get_mut(parent) else {
            return;
        };
        if fold.add_child(child) {
            self.publish(parent, now, effects);
        }
    }
}

fn account_fill(info: &FrameInfo, fill: Fill, facts: &OrderFacts) -> AccountFill {
    AccountFill {
        ws_key: info.ws_key,
        fill,
        forced: facts.forced,
        is_self_trade: false,
        is_recovered: info.source.is_some(),
    }
}
