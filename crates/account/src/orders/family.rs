//! Parents and children: which order placed which.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use kucoin_streams_core::{Text, Timestamp, WsKey};

use super::{AccountOrder, OrderOutcome, OrderPhase};

/// Number of stop orders, and of placed orders, that are compared with each other.
const MAX_CANDIDATES: usize = 1_024;

/// How far the exchange times of the trigger of a stop order and the placement of its order can be apart.
const MAX_APART: Duration = Duration::from_secs(2);

/// How long after a candidate the others can be received.
const LATENESS: Duration = Duration::from_secs(4);

/// How long a candidate is kept.
const KEPT: Duration = Duration::from_secs(60);

/// Links between orders.
#[derive(Debug, Default)]
pub(super) struct Families {
    /// Children whose named parent was not known yet, by parent.
    waiting: BTreeMap<Text, Vec<Text>>,
    /// Triggered spot stop orders, and new spot orders: V1 does not name the stop order that placed an order.
    triggered: VecDeque<Candidate>,
    placed: VecDeque<Candidate>,
}

/// What a stop order and the order that it places have in common.
#[derive(Clone, Debug)]
struct Candidate {
    order_id: Text,
    client_oid: Option<Text>,
    shape: OrderShape,
    /// Exchange time of the trigger or the placement.
    at: Timestamp,
    received_at: Timestamp,
    /// Local time when every other candidate has been received; `None` if the parent or child was looked for.
    due: Option<Timestamp>,
}

/// Symbol, side, size and price as text.
type OrderShape = (Text, String, String);

impl Families {
    /// Returns new links of the order that KuCoin names: each a parent and a child.
    pub(super) fn links(&mut self, order: &AccountOrder) -> Vec<(Text, Text)> {
        let mut links = Vec::new();
        if let Some(children) = self.waiting.remove(&order.order_id) {
            let children = children.into_iter();
            links.extend(children.map(|child| (order.order_id.clone(), child)));
        }
        if let Some(parent) = &order.parent {
            links.push((parent.order_id.clone(), order.order_id.clone()));
        }
        links
    }

    /// Remembers a child whose parent is not known yet.
    pub(super) fn await_parent(&mut self, parent: Text, child: Text) {
        let children = self.waiting.entry(parent).or_default();
        if !children.contains(&child) {
            children.push(child);
        }
    }

    /// Forgets an order that is not kept any more.
    pub(super) fn forget(&mut self, order: &AccountOrder) {
        let Some(parent) = &order.parent else { return };
        if let Some(children) = self.waiting.get_mut(&parent.order_id) {
            children.retain(|child| *child != order.order_id);
            if children.is_empty() {
                self.waiting.remove(&parent.order_id);
            }
        }
    }

    /// Remembers a spot order that may be the parent or the child of another one; `is_new` says that its placement is news.
    pub(super) fn consider(&mut self, order: &AccountOrder, is_new: bool, now: Timestamp) {
        let is_stop = order.outcome == Some(OrderOutcome::Triggered);
        let is_placed = is_new && order.phase != OrderPhase::Waiting && order.stop_price.is_none();
        if order.ws_key != WsKey::SpotPrivateV1 || !is_stop && !is_placed {
            return;
        }
        self.prune(now);
        if is_stop {
            let is_known = |stop: &Candidate| stop.order_id == order.order_id;
            if !self.triggered.iter().any(is_known) {
                let stop = Candidate::of(order, order.updated_at, now);
                self.triggered.extend(stop);
            }
        } else if let Some(placed) = Candidate::of(order, order.placed_at, now) {
            let stops = self.triggered.iter_mut();
            for stop in stops.filter(|stop| stop.fits(&placed)) {
                stop.due = placed.due;
            }
            self.placed.push_back(placed);
        }
    }

    /// Returns the links that follow from symbol, side, size, price and time: a stop order and a placed order that fit each
    /// other, and no other one.
    pub(super) fn inferred(&mut self, now: Timestamp) -> Vec<(Text, Text)> {
        let mut links = Vec::new();
        for at in 0..self.triggered.len() {
            if self.triggered[at].due.is_none_or(|due| due > now) {
                continue;
            }
            self.triggered[at].due = None;
            let stop = &self.triggered[at];
            let mut children = self.placed.iter().filter(|placed| stop.fits(placed));
            let (Some(child), None) = (children.next(), children.next()) else {
                continue;
            };
            let parents = self.triggered.iter().filter(|other| other.fits(child));
            if parents.count() == 1 {
                links.push((stop.order_id.clone(), child.order_id.clone()));
            }
        }
        links
    }

    /// Returns the time at which [`inferred`](Self::inferred) may return more.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.triggered.iter().filter_map(|stop| stop.due).min()
    }

    fn prune(&mut self, now: Timestamp) {
        // If there are too many to compare, nothing is certain.
        if self.triggered.len().max(self.placed.len()) >= MAX_CANDIDATES {
            self.triggered.clear();
            self.placed.clear();
        }
        for candidates in [&mut self.triggered, &mut self.placed] {
            candidates.retain(|candidate| candidate.received_at + KEPT > now);
        }
    }
}

impl Candidate {
    fn of(order: &AccountOrder, at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let amounts = [order.size.or(order.funds), order.price];
        let amounts = amounts.map(|amount| amount.map(|amount| amount.normalize()));
        Some(Self {
            order_id: order.order_id.clone(),
            client_oid: order.client_oid.clone(),
            shape: (
                order.symbol.clone(),
                order.side.as_str().to_owned(),
                format!("{amounts:?}"),
            ),
            at: at?,
            received_at: now,
            due: Some(now + LATENESS),
        })
    }

    fn fits(&self, other: &Self) -> bool {
        let apart = match self.at > other.at {
            true => self.at.duration_since(other.at),
            false => other.at.duration_since(self.at),
        };
        let is_other_client = self
            .client_oid
            .as_ref()
            .zip(other.client_oid.as_ref())
            .is_some_and(|(a, b)| a != b);
        self.shape == other.shape && apart <= MAX_APART && !is_other_client
    }
}
