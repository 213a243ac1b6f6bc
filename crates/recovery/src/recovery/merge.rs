//! Merges recovered events with the live events of the same period.

use std::collections::HashMap;

use kucoin_streams_core::{Text, Timestamp};

use super::episode::Held;
use crate::books::{Found, Rank};
use crate::facts::{Change, OrderStage};

/// An item of the merged period.
#[derive(Debug)]
pub(crate) enum Merged<U> {
    Found(Found),
    Live(Held<U>),
}

/// Order of events: time in milliseconds, then rank, then trade ID, which grows with time: a longer one is later.
type SortKey = (i64, Rank, usize, Text);

fn key(time: Timestamp, rank: Rank, trade_id: &Text) -> SortKey {
    (time.as_millis(), rank, trade_id.len(), trade_id.clone())
}

/// Sorts recovered events and merges them with live events, which keep their order.
///
/// Recovered events are sorted by time in milliseconds, then by trade ID; the events of one order keep the order placed,
/// matched, ended, also if the order has live events. A recovered event comes before the first live event that is later.
pub(crate) fn merge<U>(mut found: Vec<Found>, live: Vec<Held<U>>) -> Vec<Merged<U>> {
    keep_ranks(&mut found, &live);
    found.sort_by_key(|event| key(event.time, event.rank, &event.trade_id));
    let mut found = found.into_iter().peekable();
    let mut merged = Vec::with_capacity(live.len());
    for held in live {
        let live_key = held.sort_key();
        let is_before = |event: &Found| key(event.time, event.rank, &event.trade_id) < live_key;
        while let Some(next) = found.next_if(is_before) {
            merged.push(Merged::Found(next));
        }
        merged.push(Merged::Live(held));
    }
    merged.extend(found.map(Merged::Found));
    merged
}

impl<U> Held<U> {
    fn sort_key(&self) -> SortKey {
        let (rank, trade_id) = match &self.facts.change {
            Change::Order(order) => {
                let fill = order.fill.as_ref().map(|(key, _)| key.trade_id.clone());
                let rank = match order.stage {
                    OrderStage::Done => Rank::Ended,
                    _ if fill.is_some() => Rank::Matched,
                    _ => Rank::Placed,
                };
                (rank, fill.unwrap_or_default())
            }
            Change::Fill(key, _) | Change::Trade(key, ..) => (Rank::Matched, key.trade_id.clone()),
            _ => (Rank::Matched, Text::default()),
        };
        key(self.time, rank, &trade_id)
    }
}

/// Moves the times of placed and ended orders, which are often inexact, before and after the other events of the order.
fn keep_ranks<U>(found: &mut [Found], live: &[Held<U>]) {
    let mut spans: HashMap<Text, (Timestamp, Timestamp)> = HashMap::new();
    let mut note = |order: &Text, time: Timestamp| {
        let span = spans.entry(order.clone()).or_insert((time, time));
        *span = (span.0.min(time), span.1.max(time));
    };
    for event in found.iter().filter(|event| event.rank == Rank::Matched) {
        if let Some(order) = &event.order_id {
            note(order, event.time);
        }
    }
    for held in live {
        if let Change::Order(order) = &held.facts.change {
            note(&order.order_id, held.time);
        }
    }
    for event in found {
        let span = event.order_id.as_ref().and_then(|order| spans.get(order));
        if let Some((first, last)) = span {
            event.time = match event.rank {
                Rank::Placed => event.time.min(*first),
                Rank::Matched => event.time,
                Rank::Ended => event.time.max(*last),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use kucoin_streams_core::{Decimal, FillKey};

    use super::*;
    use crate::facts::{EventFacts, Identity, OrderFacts};

    fn found(order: &'static str, rank: Rank, millis: i64, trade: &'static str) -> Found {
        Found {
            identity: Identity::OrderEnd(order.into()),
            order_id: Some(order.into()),
            rank,
            time: Timestamp::from_nanos(millis * 1_000_000),
            exact: true,
            trade_id: trade.into(),
            source: "",
            frames: Vec::new(),
        }
    }

    fn live(order: &'static str, millis: i64, trade: &'static str) -> Held<()> {
        let key = FillKey::new("A-B".into(), trade.into(), Some(order.into()));
        let order = OrderFacts {
            order_id: order.into(),
            symbol: "A-B".into(),
            filled: None,
            size: None,
            stage: OrderStage::Open,
            is_margin: false,
            fill: Some((key, Decimal::ONE)),
        };
        let time = Timestamp::from_nanos(millis * 1_000_000);
        Held {
            topic: 0,
            facts: EventFacts::new(Some(time), Change::Order(order)),
            time,
            is_before_live: true,
            update: (),
        }
    }

    fn names(merged: &[Merged<()>]) -> Vec<String> {
        let name = |item: &Merged<()>| match item {
            Merged::Found(event) => format!(
                "{}{}",
                event.order_id.as_deref().unwrap_or_default(),
                match event.rank {
                    Rank::Placed => "+",
                    Rank::Matched => &event.trade_id,
                    Rank::Ended => "-",
                }
            ),
            Merged::Live(held) => format!("live {}", held.sort_key().3),
        };
        merged.iter().map(name).collect()
    }

    #[test]
    fn events_are_sorted_by_time_then_trade_and_keep_the_order_of_ranks() {
        let events = vec![
            found("a", Rank::Ended, 10, ""),
            found("a", Rank::Matched, 20, "10"),
            found("a", Rank::Matched, 20, "9"),
            found("b", Rank::Matched, 15, "3"),
            found("a", Rank::Placed, 30, ""),
        ];
        let merged = merge(events, Vec::new());
        assert_eq!(names(&merged), ["b3", "a+", "a9", "a10", "a-"]);
    }

    #[test]
    fn end_of_an_order_comes_after_its_live_events() {
        let events = vec![
            found("a", Rank::Ended, 10, ""),
            found("b", Rank::Matched, 20, "3"),
        ];
        let held = vec![live("c", 30, "1"), live("a", 50, "2")];
        let merged = merge(events, held);
        assert_eq!(names(&merged), ["b3", "live 1", "live 2", "a-"]);
    }

    #[test]
    fn recovered_fill_of_the_same_millisecond_is_placed_by_trade_id() {
        let events = vec![
            found("a", Rank::Matched, 20, "9"),
            found("a", Rank::Matched, 20, "11"),
        ];
        let merged = merge(events, vec![live("a", 20, "10")]);
        assert_eq!(names(&merged), ["a9", "live 10", "a11"]);
    }
}
