//! Compares pushes field by field with live captures.

mod futures;
mod hedge;
mod loans;
mod spot;

use serde_json::Value;

use super::{Push, pushes};
use crate::engine::Engine;

const NOW: u64 = 1_765_465_341_363;

fn engine() -> Engine {
    Engine::new(1, NOW)
}

/// Returns all pushes since the last call.
fn all(engine: &mut Engine) -> Vec<Push> {
    let events = engine.take_events();
    let pushes = events.iter().flat_map(|event| pushes(event, NOW + 1));
    pushes.collect()
}

/// Returns the data of the pushes on one topic since the last call.
fn pushed(engine: &mut Engine, topic: &str) -> Vec<String> {
    let on_topic = all(engine).into_iter().filter(|push| push.topic == topic);
    on_topic.map(|push| push.data).collect()
}

fn parse(data: &str) -> Value {
    serde_json::from_str(data).unwrap()
}

fn value(data: &str, key: &str) -> Value {
    parse(data)[key].clone()
}

/// Returns the keys of flat data, in order.
fn keys(data: &str) -> Vec<&str> {
    data.trim_matches(['{', '}'])
        .split(',')
        .map(|field| field.split(':').next().unwrap().trim_matches('"'))
        .collect()
}
