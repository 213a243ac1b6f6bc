//! Parent and child orders: each child finds its parent by the originating order ID, in any order of events.

use std::collections::HashMap;

use kucoin_streams_pro::{CancelReason, Order, OrderEventType, OrderStatus};

use crate::{events, order};

const CONDITIONAL: &str = include_str!("../fixtures/conditional.ndjson");
const TAKE_PROFIT_STOP_LOSS: &str = include_str!("../fixtures/take_profit_stop_loss.ndjson");

/// State of a user: the last event of each order, and the child orders of each parent.
#[derive(Default)]
struct Book {
    orders: HashMap<String, Order>,
    children: HashMap<String, Vec<String>>,
}

impl Book {
    fn of(orders: Vec<Order>) -> Self {
        let mut book = Self::default();
        for order in orders {
            book.take(order);
        }
        book
    }

    fn take(&mut self, order: Order) {
        let id = order.order_id.to_string();
        if let Some(origin) = order.origin_order_id() {
            let children = self.children.entry(origin.to_string()).or_default();
            if !children.contains(&id) {
                children.push(id.clone());
            }
        }
        self.orders.insert(id, order);
    }

    #[track_caller]
    fn children(&self, id: &str) -> Vec<&Order> {
        let children = self.children.get(id).into_iter().flatten();
        children.map(|child| &self.orders[child]).collect()
    }
}

#[test]
fn child_order_comes_before_the_trigger_of_its_parent() {
    let orders = events(CONDITIONAL, order);
    let [waiting, child, trigger, filled] = &orders[..] else {
        panic!("four events")
    };
    assert_eq!(child.origin_order_id(), Some(&waiting.order_id));
    assert_eq!(child.status, OrderStatus::Live);
    assert_eq!(child.client_oid, None);
    assert_eq!(trigger.event_type, Some(OrderEventType::Trigger));
    assert_eq!(trigger.order_id, waiting.order_id);
    assert!(child.updated_at < trigger.updated_at);
    assert_eq!(
        (filled.order_id.clone(), filled.is_done()),
        (child.order_id.clone(), true)
    );
    assert_eq!(waiting.origin_order_id(), None);

    // The link exists with the child's first event, even without an event of the parent.
    let mut book = Book::default();
    book.take(child.clone());
    assert_eq!(book.children(&waiting.order_id), [child]);
    assert!(!book.orders.contains_key(waiting.order_id.as_str()));
    book.take(trigger.clone());
    book.take(filled.clone());
    assert_eq!(book.children(&waiting.order_id), [filled]);
    assert_eq!(book.orders[waiting.order_id.as_str()], *trigger);
}

#[test]
fn triggered_leg_cancels_the_other_leg() {
    let orders = events(TAKE_PROFIT_STOP_LOSS, order);
    let entry = orders[0].order_id.clone();
    let book = Book::of(orders.clone());
    let legs = book.children(&entry);
    let [take_profit, stop_loss] = &legs[..] else {
        panic!("two legs: {legs:?}")
    };
    assert!(legs.iter().all(|leg| leg.reduce_only == Some(true)));
    assert_eq!(take_profit.status, OrderStatus::Triggered);
    assert_eq!(stop_loss.status, OrderStatus::Canceled);
    assert_eq!(stop_loss.cancel_reason, Some(CancelReason::SystemCancel));
    assert_eq!(stop_loss.canceled_size, stop_loss.size);
    assert!(stop_loss.is_done() && !take_profit.is_done());

    let closing = book.children(&take_profit.order_id);
    assert_eq!(closing.len(), 1);
    assert_eq!(closing[0].status, OrderStatus::Filled);
    assert_eq!(closing[0].fill().unwrap().trade_id, "1917000001002");
    let first = |id: &str, status| {
        orders
            .iter()
            .position(|order| order.order_id == *id && order.status == status)
    };
    assert!(
        first(&closing[0].order_id, OrderStatus::Live)
            < first(&take_profit.order_id, OrderStatus::Triggered)
    );
}

#[test]
fn parent_links_do_not_depend_on_event_order() {
    let orders = events(TAKE_PROFIT_STOP_LOSS, order);
    let links = |book: Book| {
        let mut links = book.children;
        links.values_mut().for_each(|children| children.sort());
        links
    };
    let expected = links(Book::of(orders.clone()));
    assert_eq!(expected.len(), 2);
    for turn in 0..orders.len() {
        let mut turned = orders.clone();
        turned.rotate_left(turn);
        assert_eq!(links(Book::of(turned)), expected);
    }
}
