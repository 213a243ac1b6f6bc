//! Merges recovered events with the live events of the same period.

use std::collections::HashMap;

use kucoin_streams_core::Text;

use crate::books::{Found, Rank};
use crate::episode::Held;
use crate::facts::Change;

/// An item of the merged period.
pub(crate) enum Merged<U> {
    Found(Found),
    Live(Held<U>),
}

/// Sorts recovered events and merges them with live events, which keep their order.
///
/// Recovered events are sorted by time in milliseconds, then by trade ID; the events of one order keep the order placed,
/// matched, ended. A recovered event comes before the first live event that is later, and the end of an order after its
/// live events.
pub(crate) fn merge<U>(found: Vec<Found>, live: Vec<Held<U>>) -> Vec<Merged<U>> {
    let mut last_of_order: HashMap<Text, usize> = HashMap::new();
    for (index, held) in live.iter().enumerate() {
        if let Change::Order(order) = &held.facts.change {
            last_of_order.insert(order.order_id.clone(), index);
        }
    }
    let mut found = sort(found).into_iter().peekable();
    let mut merged = Vec::with_capacity(live.len());
    for (index, held) in live.into_iter().enumerate() {
        let is_before = |found: &Found| {
            let ends_later = found.rank == Rank::Ended
                && (found.order_id.as_ref())
                    .and_then(|order| last_of_order.get(order))
                    .is_some_and(|last| *last >= index);
            found.time.as_millis() <= held.time.as_millis() && !ends_later
        };
        while let Some(next) = found.next_if(|next| is_before(next)) {
            merged.push(Merged::Found(next));
        }
        merged.push(Merged::Live(held));
    }
    merged.extend(found.map(Merged::Found));
    merged
}

/// Sorts events by time, keeping the events of each order in their order.
fn sort(mut found: Vec<Found>) -> Vec<Found> {
    // The end of an order has often no exact time: it follows the last fill of the order.
    let mut last_match: HashMap<Text, kucoin_streams_core::Timestamp> = HashMap::new();
    let mut first_match = last_match.clone();
    for event in &found {
        if let (Rank::Matched, Some(order)) = (event.rank, &event.order_id) {
            let last = last_match.entry(order.clone()).or_insert(event.time);
            *last = event.time.max(*last);
            let first = first_match.entry(order.clone()).or_insert(event.time);
            *first = event.time.min(*first);
        }
    }
    for event in &mut found {
        let Some(order) = &event.order_id else {
            continue;
        };
        match event.rank {
            Rank::Ended => {
                let last = last_match.get(order).copied();
                event.time = event.time.max(last.unwrap_or(event.time));
            }
            Rank::Placed => {
                let first = first_match.get(order).copied();
                event.time = event.time.min(first.unwrap_or(event.time));
            }
            Rank::Matched => {}
        }
    }
    found.sort_by(|a, b| {
        let key = |event: &Found| (event.time.as_millis(), event.rank);
        // A trade ID grows with time: a longer one is later.
        let trade = |event: &Found| (event.trade_id.len(), event.trade_id.clone());
        key(a).cmp(&key(b)).then_with(|| trade(a).cmp(&trade(b)))
    });
    found
}
