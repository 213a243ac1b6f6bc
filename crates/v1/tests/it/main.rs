//! Tests of V1 decoding, one module for each topic or behaviour.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod drift;
mod envelope;
mod exact_numbers;
mod fills;
mod futures_config;
mod futures_orders;
mod futures_positions;
mod futures_stop_orders;
mod futures_wallet;
mod isolated_margin;
mod lossless;
mod many_topics;
mod margin_positions;
mod market_matches;
mod orders;
mod round_trip;
mod stop_orders;
mod trade_fills;
mod unpaired_surrogates;

use kucoin_streams_core::{DecodeError, Push, Topic};
use kucoin_streams_v1::{AnyV1Topic, V1Event};

/// Decodes a frame that is a push of `topic`.
#[track_caller]
fn decoded<T: Topic>(topic: T, frame: &str) -> Push<T::Event> {
    decode(topic, frame).unwrap().expect("a push of the topic")
}

fn decode<T: Topic>(topic: T, frame: &str) -> Result<Option<Push<T::Event>>, DecodeError> {
    topic.decode(frame)
}

/// Returns a push of `topic` with `data`.
fn push(topic: impl std::fmt::Display, data: &str) -> String {
    push_of(topic, "s", data)
}

/// Returns a push of `topic` and `subject` with `data`.
fn push_of(topic: impl std::fmt::Display, subject: &str, data: &str) -> String {
    format!(
        r#"{{"topic":"{topic}","type":"message","subject":"{subject}","userId":"u","channelType":"private","data":{data}}}"#
    )
}

/// Decodes a frame with a topic of any connection.
fn decode_any(topic: &AnyV1Topic, frame: &str) -> Result<Option<Push<V1Event>>, DecodeError> {
    match topic {
        AnyV1Topic::Spot(topic) => Ok(topic.decode(frame)?.map(|push| push.map(V1Event::Spot))),
        AnyV1Topic::Futures(topic) => {
            Ok(topic.decode(frame)?.map(|push| push.map(V1Event::Futures)))
        }
        other => panic!("unknown connection of {other}"),
    }
}

/// Returns all recorded frames with their topics.
fn fixtures() -> impl Iterator<Item = (AnyV1Topic, &'static str)> {
    let files = [
        include_str!("../fixtures/orders.ndjson"),
        include_str!("../fixtures/balances.ndjson"),
        include_str!("../fixtures/stop_orders.ndjson"),
        include_str!("../fixtures/futures_orders.ndjson"),
        include_str!("../fixtures/futures_stop_orders.ndjson"),
        include_str!("../fixtures/futures_wallet.ndjson"),
        include_str!("../fixtures/futures_positions.ndjson"),
        include_str!("../fixtures/futures_config.ndjson"),
        include_str!("../fixtures/market_matches.ndjson"),
        include_str!("../fixtures/trade_fills.ndjson"),
        include_str!("../fixtures/margin_positions.ndjson"),
        include_str!("../fixtures/isolated_margin.ndjson"),
    ];
    files.into_iter().flat_map(str::lines).map(|frame| {
        let json: serde_json::Value = serde_json::from_str(frame).unwrap();
        (json["topic"].as_str().unwrap().parse().unwrap(), frame)
    })
}

/// Returns the frame at a line of `file`, counted from 1.
fn line(file: &'static str, number: usize) -> &'static str {
    file.lines().nth(number - 1).unwrap()
}
