//! Events deserialize from their JSON to the same event, with long names and with wire names, `extra` included.

use std::fmt::Debug;
use std::sync::LazyLock;

use kucoin_streams_pro::ProEvent;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{decode_data, decoded, fixtures};

/// Checks that an event survives serialization as its own type.
#[track_caller]
fn check(event: &ProEvent) {
    match event {
        ProEvent::Order(event) => same(event),
        ProEvent::Execution(event) => same(event),
        ProEvent::ExecutionLite(event) => same(event),
        ProEvent::Position(event) => same(event),
        ProEvent::LiquidationWarning(event) => same(event),
        ProEvent::Leverage(event) => same(event),
        ProEvent::Balance(event) => {
            // The account is only in the topic.
            let mut event = event.clone();
            event.account = "".into();
            same(&event);
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn same<E: Serialize + DeserializeOwned + PartialEq + Debug>(event: &E) {
    let json = serde_json::to_string(event).unwrap();
    let back: E = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(back, *event, "{json}");
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
}

#[test]
fn recorded_events_deserialize_from_their_json() {
    for frame in fixtures() {
        check(&decoded(frame).event);
    }
}

#[test]
fn wire_data_deserializes() {
    for frame in fixtures() {
        let data = serde_json::from_str::<Value>(frame).unwrap()["d"].take();
        if let ProEvent::Order(order) = decoded(frame).event {
            assert_eq!(serde_json::from_str(&data.to_string()).ok(), Some(order));
        }
    }
}

#[test]
fn wire_field_named_like_a_long_name_stays_separate() {
    for data in [
        r#"{"s":"A","oi":"1","orderId":"2","symbol":[1]}"#,
        r#"{"s":"A","orderId":"2"}"#,
        r#"{"s":"A","oi":[1],"orderId":"2"}"#,
        r#"{"s":"A","side":"x","S":"BUY"}"#,
        r#"{"s":"A","side":"x"}"#,
    ] {
        let event = decode_data("execution.UNIFIED", data).unwrap();
        let ProEvent::Execution(execution) = &event else {
            panic!("{event:?}")
        };
        assert!(!execution.extra.is_empty());
        check(&event);
    }
}

#[test]
fn enum_values_keep_their_case() {
    let event = decode_data("execution.UNIFIED", r#"{"s":"A","S":"BUY","lR":"MAKER"}"#).unwrap();
    let written = r#"{"symbol":"A","side":"BUY","liquidity":"MAKER"}"#;
    assert_eq!(serde_json::to_string(&event).unwrap(), written);
    let event = decode_data("execution.UNIFIED", r#"{"s":"A","S":"buy","lR":"Maker"}"#).unwrap();
    let written = r#"{"symbol":"A","side":"buy","liquidity":"Maker"}"#;
    assert_eq!(serde_json::to_string(&event).unwrap(), written);
    check(&event);
}

/// Values of unexpected types, and unusual spellings of numbers and strings.
const ODD: &[&str] = &[
    "null",
    "\"\"",
    "true",
    "\"true\"",
    "{}",
    "[1, {\"a\":1e-9}]",
    "0",
    "-0",
    "5",
    "-5",
    "1.0",
    "1E+3",
    "\"-0.000\"",
    "\"007\"",
    "1e400",
    "\"Infinity\"",
    "1.5",
    "123456789012345678901234567890.12345678901234567890",
    "18446744073709551616",
    "1781200000123",
    "\"1781200000123456789\"",
    "99999999999999999",
    "100000000000",
    "\"x\"",
    "\"BUY\"",
    "\"buy\"",
    "\"Maker\"",
    "\"FILL\"",
    "\"gm \\ud83d\"",
    "\"\\ud83e\\udd80 \\n\\\"\"",
];

/// Members to insert into the data: with wire names, long names and unknown names.
fn additions() -> impl Strategy<Value = Vec<(Index, Index, String)>> {
    let value = prop::sample::select(ODD).prop_map(str::to_owned);
    prop::collection::vec((any::<Index>(), any::<Index>(), value), 0..7)
}

/// A frame's topic, its data members, and names for inserted members.
struct Sample {
    topic: String,
    members: Vec<(String, String)>,
    names: Vec<String>,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let samples = fixtures().map(|frame| {
        let json: Value = serde_json::from_str(frame).unwrap();
        let data = json["d"].as_object().unwrap();
        let written = serde_json::to_value(decoded(frame).event).unwrap();
        let names = data
            .keys()
            .chain(written.as_object().map(Map::keys).unwrap());
        let unknown = ["a", "z", "\u{1f980}\"\\"].map(str::to_owned);
        Sample {
            topic: json["T"].as_str().unwrap().to_owned(),
            members: data
                .iter()
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect(),
            names: names.cloned().chain(unknown).collect(),
        }
    });
    samples.collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn decoded_event_deserializes_from_its_json(
        sample in any::<Index>(),
        additions in additions(),
        removed in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let Sample { topic, members, names } = sample.get(&SAMPLES);
        let mut members = members.clone();
        for at in removed {
            members.remove(at.index(members.len()));
            if members.is_empty() {
                break;
            }
        }
        for (name, at, value) in additions {
            let at = at.index(members.len() + 1);
            members.insert(at, (name.get(names).clone(), value));
        }
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).unwrap()))
            .collect();
        if let Ok(event) = decode_data(topic, &format!("{{{}}}", members.join(","))) {
            check(&event);
        }
    }
}
