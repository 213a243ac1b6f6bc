//! Parents and children: which order placed which.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use kucoin_streams_core::{Text, Timestamp, WsKey};

use super::{AccountOrder, OrderOutcome, OrderPhase};

/// Number of orders that wait for their parent or child.
const MAX_WAITING: usize = 64;

/// How far the trigger of a stop order and the placement of its order can be apart.
const MAX_APART: Duration = Duration::from_secs(2);

/// Links between orders.
#[derive(Debug, Default)]
pub(super) struct Families {
    /// Children whose named parent was not known yet, by parent.
    waiting: BTreeMap<Text, Vec<Text>>,
    /// Triggered spot stop orders without a child, and new spot orders without a parent.
    triggered: VecDeque<Candidate>,
    placed: VecDeque<Candidate>,
}

/// What a stop order and the order that it places have in common.
#[derive(Clone, Debug)]
struct Candidate {
    order_id: Text,
    client_oid: Option<Text>,
    shape: AccountOrderShape,
    at: Timestamp,
}

/// Symbol, side, size and price as text.
type AccountOrderShape = (Text, String, String);

impl Families {
    /// Returns new links of the order: each a parent and a child.
    pub(super) fn links(&mut self, order: &AccountOrder, is_new: bool) -> Vec<(Text, Text)> {
        let mut links = Vec::new();
        if let Some(children) = self.waiting.remove(&order.order_id) {
            let children = children.into_iter();
            links.extend(children.map(|child| (order.order_id.clone(), child)));
        }
        match &order.parent {
            Some(parent) => links.push((parent.order_id.clone(), order.order_id.clone())),
            None if order.ws_key == WsKey::SpotPrivateV1 => {
                links.extend(self.inferred(order, is_new));
            }
            None => {}
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

    /// Returns the link of a spot order that V1 does not name, if exactly one pair fits.
    fn inferred(&mut self, order: &AccountOrder, is_new: bool) -> Option<(Text, Text)> {
        let is_triggered = order.outcome == Some(OrderOutcome::Triggered);
        let is_placed = is_new && order.phase != OrderPhase::Waiting;
        if is_triggered && !order.children.is_empty() || !is_triggered && !is_placed {
            return None;
        }
        let candidate = Candidate::of(order, is_triggered)?;
        let others = match is_triggered {
            true => &mut self.placed,
            false => &mut self.triggered,
        };
        let mut fitting = (0..others.len()).filter(|at| others[*at].fits(&candidate));
        if let (Some(at), None) = (fitting.next(), fitting.next()) {
            let other = others.remove(at)?.order_id;
            return Some(match is_triggered {
                true => (candidate.order_id, other),
                false => (other, candidate.order_id),
            });
        }
        let own = match is_triggered {
            true => &mut self.triggered,
            false => &mut self.placed,
        };
        if !own.iter().any(|known| known.order_id == candidate.order_id) {
            own.push_back(candidate);
        }
        if own.len() > MAX_WAITING {
            own.pop_front();
        }
        None
    }
}

impl Candidate {
    fn of(order: &AccountOrder, is_triggered: bool) -> Option<Self> {
        let at = match is_triggered {
            true => order.updated_at,
            false => order.placed_at,
        };
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
