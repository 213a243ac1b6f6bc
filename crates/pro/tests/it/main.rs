//! Tests of decoding Pro V2 frames.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod drift;
mod envelope;
mod exact_texts;
mod executions;
mod fills;
mod life_cycles;
mod lossless;
mod many_topics;
mod orders;
mod positions;
mod risk;
mod round_trip;
mod symbols;

use kucoin_streams_core::{Decimal, DecodeError, Push, Timestamp};
use kucoin_streams_pro as pro;
use pro::ProEvent;

/// Every recorded frame.
fn fixtures() -> impl Iterator<Item = &'static str> {
    let files = [
        include_str!("../fixtures/orders.ndjson"),
        include_str!("../fixtures/classic_orders.ndjson"),
        include_str!("../fixtures/conditional.ndjson"),
        include_str!("../fixtures/take_profit_stop_loss.ndjson"),
        include_str!("../fixtures/executions.ndjson"),
        include_str!("../fixtures/executions_lite.ndjson"),
        include_str!("../fixtures/balances.ndjson"),
        include_str!("../fixtures/positions.ndjson"),
        include_str!("../fixtures/risk.ndjson"),
    ];
    files.into_iter().flat_map(str::lines)
}

/// Decodes a frame that must be a push.
#[track_caller]
fn decoded(frame: &str) -> Push<ProEvent> {
    pro::decode(frame)
        .unwrap()
        .expect("push of a known channel")
}

/// Decodes a file of frames to events of one type.
#[track_caller]
fn events<E>(file: &str, select: impl Fn(ProEvent) -> Option<E>) -> Vec<E> {
    let events = file.lines().map(|frame| select(decoded(frame).event));
    events
        .map(|event| event.expect("event of this type"))
        .collect()
}

fn order(event: ProEvent) -> Option<pro::Order> {
    match event {
        ProEvent::Order(order) => Some(order),
        _ => None,
    }
}

/// Returns a push frame with a topic and data.
fn push(topic: impl std::fmt::Display, data: &str) -> String {
    format!(r#"{{"T":"{topic}","P":1781200000123456789,"d":{data}}}"#)
}

fn decode_data(topic: &str, data: &str) -> Result<ProEvent, DecodeError> {
    pro::decode(&push(topic, data)).map(|push| push.unwrap().event)
}

fn dec(digits: &str) -> Decimal {
    digits.parse().unwrap()
}

fn nanos(nanos: i64) -> Option<Timestamp> {
    Some(Timestamp::from_nanos(nanos))
}
