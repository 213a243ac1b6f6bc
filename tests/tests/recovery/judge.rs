//! The judge: compares what a client received with the truth log of the exchange. It shares no code with the recovery.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_exchange::TruthEntry;
use serde_json::Value;

/// Symbol, trade ID and order ID.
pub(crate) type TradeKey = (String, String, String);

/// What happened, by the truth log.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// Price and size of each fill, and the cumulative size of its order after it.
    pub(crate) fills: BTreeMap<TradeKey, (String, String)>,
    /// Orders that have ended.
    pub(crate) ended: BTreeSet<String>,
    /// Orders that were placed before the subscription.
    pub(crate) older: BTreeSet<String>,
    pub(crate) ended_stops: BTreeSet<String>,
}

/// What a client has received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// In order of arrival: the order ID, what happened, and whether it was late.
    pub(crate) events: Vec<(String, What, bool)>,
    pub(crate) fills: Vec<(TradeKey, (String, String))>,
    pub(crate) ended_stops: BTreeSet<String>,
    /// Stop orders that the client has seen open. Others that lived in a gap only cannot be found.
    pub(crate) open_stops: BTreeSet<String>,
    /// Orders that the client has seen in an event or a snapshot.
    pub(crate) known: BTreeSet<String>,
    pub(crate) vanished: BTreeSet<String>,
    pub(crate) missing: Vec<String>,
    pub(crate) losses: usize,
    pub(crate) reports: usize,
    /// A loss is not closed by a report yet.
    pub(crate) is_stale: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Placed,
    Fill(String),
    Ended,
}

/// Names of the topics and of the fields of their events.
pub(crate) struct Names {
    /// Topic that reports the ends of orders.
    pub(crate) orders: &'static str,
    /// Topic that reports fills.
    pub(crate) fills: &'static str,
    pub(crate) stops: &'static str,
    pub(crate) data: &'static str,
    pub(crate) order: &'static str,
    pub(crate) symbol: &'static str,
    pub(crate) trade: &'static str,
    pub(crate) price: &'static str,
    pub(crate) size: &'static str,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Truth {
    /// Reads the events after the subscription; `earlier` is the number of events before it.
    pub(crate) fn read(entries: &[TruthEntry], earlier: u64, names: &Names) -> Self {
        let mut truth = Self::default();
        for entry in entries {
            if entry.sequence <= earlier {
                if entry.topic == names.orders {
                    let frame: Value = serde_json::from_str(&entry.frame).unwrap();
                    truth.older.insert(text(&frame[names.data][names.order]));
                }
                continue;
            }
            let frame: Value = serde_json::from_str(&entry.frame).unwrap();
            let data = &frame[names.data];
            let field = |name: &str| text(&data[name]);
            if entry.topic == names.stops {
                if matches!(&*field("type"), "cancel" | "triggered") {
                    truth.ended_stops.insert(field("orderId"));
                }
                continue;
            }
            let order = field(names.order);
            let is_v1 = names.data == "data";
            if entry.topic == names.fills && (!is_v1 || field("type") == "match") {
                let key = (field(names.symbol), field(names.trade), order.clone());
                truth
                    .fills
                    .insert(key, (field(names.price), field(names.size)));
            }
            let is_end = match is_v1 {
                true => matches!(&*field("type"), "filled" | "canceled"),
                false => matches!(&*field("os"), "3" | "5" | "6"),
            };
            let is_conditional = data["tP"].as_str().is_some_and(|price| !price.is_empty());
            if entry.topic == names.orders && is_end {
                match is_conditional {
                    true => truth.ended_stops.insert(order),
                    false => truth.ended.insert(order),
                };
            }
        }
        truth
    }
}

/// Returns what is wrong; empty if the client received what happened.
pub(crate) fn judge(truth: &Truth, received: &Received) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for (key, amounts) in &received.fills {
        if seen.insert(key.clone(), amounts.clone()).is_some() {
            wrong.push(format!("fill {key:?} came twice"));
        }
        match truth.fills.get(key) {
            None => wrong.push(format!("fill {key:?} never happened")),
            Some(amounts_then) if !same(amounts_then, amounts) => {
                wrong.push(format!(
                    "fill {key:?}: {amounts:?} instead of {amounts_then:?}"
                ));
            }
            Some(_) => {}
        }
    }
    if received.missing.is_empty() {
        for key in truth.fills.keys() {
            if !seen.contains_key(key) {
                wrong.push(format!(
                    "fill {key:?} is missing, and nothing is named as missing"
                ));
            }
        }
        let ended: BTreeSet<_> = received
            .events
            .iter()
            .filter(|(_, what, _)| *what == What::Ended)
            .map(|(id, _, _)| id)
            .collect();
        for id in &truth.ended {
            // An older order that ended before the first snapshot was complete is in no list.
            let must_be_known = !truth.older.contains(id) || received.known.contains(id);
            if must_be_known && !ended.contains(id) && !received.vanished.contains(id) {
                wrong.push(format!(
                    "the end of order {id} is missing (older {}, known {})",
                    truth.older.contains(id),
                    received.known.contains(id)
                ));
            }
        }
        for id in &truth.ended_stops {
            let was_seen = received.open_stops.contains(id);
            if was_seen && !received.ended_stops.contains(id) && !received.vanished.contains(id) {
                wrong.push(format!("the end of stop order {id} is missing"));
            }
        }
    }
    for id in &received.vanished {
        if !truth.ended.contains(id) && !truth.ended_stops.contains(id) {
            wrong.push(format!("order {id} is reported as vanished and is open"));
        }
    }
    wrong.extend(order_of_events(received));
    if received.is_stale {
        wrong.push("a loss was never closed by a report".to_owned());
    }
    wrong
}

fn same(a: &(String, String), b: &(String, String)) -> bool {
    use kucoin_streams_exchange::Decimal;
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    number(&a.0) == number(&b.0) && number(&a.1) == number(&b.1)
}

/// Checks the order of events of each order: placed, fills by trade ID, end.
fn order_of_events(received: &Received) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut orders: BTreeMap<&str, (Option<u128>, bool)> = BTreeMap::new();
    for (id, what, late) in &received.events {
        if *late {
            continue;
        }
        let state = orders.entry(id).or_default();
        if state.1 && *what != What::Ended {
            wrong.push(format!("order {id}: {what:?} after its end"));
        }
        match what {
            What::Placed => {}
            What::Fill(trade) => {
                let number: u128 = trade.parse().unwrap();
                if state.0.is_some_and(|before| before >= number) {
                    wrong.push(format!("order {id}: fill {trade} is out of order"));
                }
                state.0 = Some(number);
            }
            What::Ended if state.1 => wrong.push(format!("order {id} ended twice")),
            What::Ended => state.1 = true,
        }
    }
    wrong
}
