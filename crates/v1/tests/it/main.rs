//! What the V1 topics make of frames, each behaviour under its own name.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod envelope;
mod lossless;
mod orders;
mod stop_orders;

use kucoin_streams_v1::AnySpotTopic;
use kucoin_streams_wire::json::DecodeError;
use kucoin_streams_wire::{Push, Topic};

/// The only push in `frame` for `topic`.
#[track_caller]
fn decoded<T: Topic>(topic: T, frame: &str) -> Push<T::Event> {
    decode(topic, frame).unwrap().expect("a push of the topic")
}

fn decode<T: Topic>(topic: T, frame: &str) -> Result<Option<Push<T::Event>>, DecodeError> {
    topic.decode(frame)
}

/// A push of `topic` around `data`.
fn push(topic: impl std::fmt::Display, data: &str) -> String {
    format!(
        r#"{{"topic":"{topic}","type":"message","subject":"s","userId":"u","channelType":"private","data":{data}}}"#
    )
}

/// Every recorded frame with the topic that it is of.
fn fixtures() -> impl Iterator<Item = (AnySpotTopic, &'static str)> {
    let files = [
        include_str!("../fixtures/orders.ndjson"),
        include_str!("../fixtures/balances.ndjson"),
        include_str!("../fixtures/stop_orders.ndjson"),
    ];
    files.into_iter().flat_map(str::lines).map(|frame| {
        let json: serde_json::Value = serde_json::from_str(frame).unwrap();
        (json["topic"].as_str().unwrap().parse().unwrap(), frame)
    })
}

/// The frame of `file` at a line, counted from 1.
fn line(file: &'static str, number: usize) -> &'static str {
    file.lines().nth(number - 1).unwrap()
}
