//! All orders and fills of the account.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_core::{Fill, Text, Timestamp, WsKey};
use kucoin_streams_recovery::VanishedOrder;
use rpds::RedBlackTreeMapSync;

use super::facts::OrderFacts;
use super::family::Families;
use super::fold::{FillOutcome, Fold, merged};
use super::{AccountFill, AccountOrder};
use crate::effects::Effects;
use crate::{AccountChange, FrameInfo, FrameRef, Violation};

/// Number of dropped orders whose IDs are remembered, so that a late event does not bring them back.
const MAX_DROPPED: usize = 10_000;

/// How long the fills of a done order may come after its end.
const FILL_DELAY: Duration = Duration::from_secs(5);

/// The orders and fills of an account.
#[derive(Debug)]
pub(crate) struct OrderLedger {
    folds: BTreeMap<Text, Fold>,
    orders: RedBlackTreeMapSync<Text, Arc<AccountOrder>>,
    fills: RedBlackTreeMapSync<u64, Arc<AccountFill>>,
    next_fill: u64,
    /// Numbers of the kept fills by symbol and trade ID: both sides of a self trade have the same.
    by_trade: BTreeMap<(Text, Text), Vec<u64>>,
    families: Families,
    /// Done orders, the one that ended first in front.
    done: VecDeque<Text>,
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
            by_trade: BTreeMap::new(),
            families: Families::default(),
            done: VecDeque::new(),
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
        let Some(order_id) = facts.order_id.clone() else {
            self.forced_fill(info, &facts, effects);
            return;
        };
        if self.dropped.1.contains(&order_id) {
            return;
        }
        let frame = Arc::new(info.frame(facts.event.clone(), facts.time));
        let mut violations = Vec::new();
        let is_new = !self.folds.contains_key(&order_id);
        if is_new {
            let fold = Fold::new(info.ws_key, order_id.clone(), &facts, &frame);
            self.folds.insert(order_id.clone(), fold);
            if facts.stage.is_none() {
                // Perhaps it ended before the stream began.
                self.done.push_back(order_id.clone());
            }
        }
        let mut self_traded = Vec::new();
        if let Some(fill) = facts.fill.clone() {
            let fill = Arc::new(account_fill(info, fill, &facts));
            let sources = (&facts, &frame, &mut violations);
            self_traded = self.order_fill(&order_id, fill, sources, effects);
        }
        let Some(fold) = self.folds.get_mut(&order_id) else {
            return;
        };
        fold.join(&facts, &frame, &mut violations);
        fold.settle(&frame, &mut violations);
        self.publish(&order_id, info.received_at, effects);
        self.link(&order_id, is_new, info.received_at, effects);
        for other in self_traded.iter().filter(|other| **other != order_id) {
            self.publish(other, info.received_at, effects);
        }
        for violation in violations {
            effects.violation(violation);
        }
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
    }

    /// Reports the done orders whose fills have not come in time. `is_whole` says whether a connection has missed nothing.
    pub(crate) fn check(
        &mut self,
        now: Timestamp,
        is_whole: impl Fn(WsKey) -> bool,
        effects: &mut Effects,
    ) {
        while let Some((due, _)) = self.unchecked.front() {
            if *due > now {
                return;
            }
            let Some((_, order_id)) = self.unchecked.pop_front() else {
                return;
            };
            let Some(fold) = self.folds.get_mut(&order_id) else {
                continue;
            };
            let mut violations = Vec::new();
            if is_whole(fold.order().ws_key) {
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

    /// Returns the time at which [`check`](Self::check) may report more.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.unchecked.front().map(|(due, _)| *due)
    }

    /// Takes a fill of an order; returns the orders of a self trade.
    fn order_fill(
        &mut self,
        order_id: &Text,
        fill: Arc<AccountFill>,
        (facts, frame, violations): (&OrderFacts, &Arc<FrameRef>, &mut Vec<Violation>),
        effects: &mut Effects,
    ) -> Vec<Text> {
        let Some(fold) = self.folds.get_mut(order_id) else {
            return Vec::new();
        };
        let number = self.next_fill;
        match fold.add_fill(Arc::clone(&fill), number, facts, frame, violations) {
            FillOutcome::New => self.keep_fill(fill, effects),
            FillOutcome::Better(number, fill) => {
                self.replace_fill(number, fill, effects);
                Vec::new()
            }
            FillOutcome::Known => Vec::new(),
        }
    }

    /// Keeps a fill without an order, such as a liquidation on Pro V2.
    fn forced_fill(&mut self, info: &FrameInfo, facts: &OrderFacts, effects: &mut Effects) {
        let Some(fill) = facts.fill.clone() else {
            return;
        };
        let fill = account_fill(info, fill, facts);
        let key = (fill.fill.symbol.clone(), fill.fill.trade_id.clone());
        let known = self.by_trade.get(&key).into_iter().flatten().copied();
        let known = known.filter_map(|number| Some((number, self.fills.get(&number)?)));
        let same = known
            .filter(|(_, known)| known.fill.order_id.is_none())
            .map(|(number, known)| (number, merged(known, &fill)))
            .next();
        match same {
            None => {
                self.keep_fill(Arc::new(fill), effects);
            }
            Some((number, Some(better))) => self.replace_fill(number, Arc::new(better), effects),
            Some((_, None)) => {}
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

    /// Publishes an order if it has changed, and drops done orders that are too many.
    fn publish(&mut self, order_id: &Text, now: Timestamp, effects: &mut Effects) {
        let fold = self.folds.get(order_id);
        let Some(fold) = fold.filter(|fold| !fold.has_only_fills()) else {
            return;
        };
        let order = Arc::clone(fold.order());
        let before = self.orders.get(order_id);
        if before == Some(&order) {
            return;
        }
        let was_open = before.is_none_or(|before| before.is_open());
        let is_unsettled = fold.is_unsettled();
        self.orders.insert_mut(order_id.clone(), Arc::clone(&order));
        let is_open = order.is_open();
        effects.change(AccountChange::Order(order));
        if was_open && !is_open {
            self.done.push_back(order_id.clone());
            if is_unsettled {
                self.unchecked
                    .push_back((now + FILL_DELAY, order_id.clone()));
            }
            self.drop_done();
        }
    }

    fn drop_done(&mut self) {
        while self.done.len() > self.max_done {
            let Some(order_id) = self.done.pop_front() else {
                return;
            };
            // A vanished order can be open again, and is in the queue again when it ends.
            if self
                .orders
                .get(&order_id)
                .is_some_and(|order| order.is_open())
            {
                continue;
            }
            let Some(fold) = self.folds.remove(&order_id) else {
                continue;
            };
            self.orders.remove_mut(&order_id);
            self.families.forget(fold.order());
            let (queue, ids) = &mut self.dropped;
            ids.insert(order_id.clone());
            queue.push_back(order_id);
            if queue.len() > MAX_DROPPED {
                if let Some(oldest) = queue.pop_front() {
                    ids.remove(&oldest);
                }
            }
        }
    }

    /// Links an order with its parent and its children.
    fn link(&mut self, order_id: &Text, is_new: bool, now: Timestamp, effects: &mut Effects) {
        let Some(fold) = self.folds.get(order_id) else {
            return;
        };
        for (parent, child) in self.families.links(fold.order(), is_new) {
            if let Some(fold) = self.folds.get_mut(&child) {
                if fold.order().parent.is_none() {
                    fold.set_parent(super::ParentOrder {
                        order_id: parent.clone(),
                        is_named: false,
                    });
                    self.publish(&child, now, effects);
                }
            }
            match self.folds.get_mut(&parent) {
                None => self.families.await_parent(parent, child),
                Some(fold) => {
                    if fold.add_child(&child) {
                        self.publish(&parent, now, effects);
                    }
                }
            }
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
