//! Events are deserialized from their own JSON to the same event, with the same `extra`.

use std::fmt::Debug;
use std::sync::LazyLock;

use kucoin_streams_v1::{
    AnyV1Topic, FuturesEvent, FuturesPosition, FuturesWalletChange, MarginPosition, SpotEvent,
    V1Event,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{decode_any, fixtures};

/// Returns the event without the symbol of its topic, if `extra` has an unreadable symbol that is written instead.
macro_rules! own_symbol {
    ($event:ident, $name:literal) => {{
        let mut event = $event.clone();
        if event.extra.get($name).is_some() {
            event.symbol = read_back(&event).symbol;
        }
        event
    }};
}

/// Checks the round trip of an event as its own type.
#[track_caller]
fn check(event: &V1Event) {
    match event {
        V1Event::Spot(event) => match event {
            SpotEvent::Order(event) => same(event),
            SpotEvent::Balance(event) => same(event),
            SpotEvent::StopOrder(event) => same(event),
            SpotEvent::MarketMatch(event) => same(event),
            SpotEvent::TradeFill(event) => same(event),
            SpotEvent::IsolatedMarginPosition(event) => same(&own_symbol!(event, "tag")),
            SpotEvent::MarginPosition(event) => match event {
                MarginPosition::DebtRatio(event) => same(event),
                MarginPosition::Status(event) => same(event),
                MarginPosition::Other(event) => same(event),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
        V1Event::Futures(event) => match event {
            FuturesEvent::Order(event) => same(event),
            FuturesEvent::StopOrder(event) => same(event),
            FuturesEvent::MarginMode(event) => same(event),
            FuturesEvent::CrossLeverage(event) => same(event),
            FuturesEvent::Wallet(event) => match event {
                FuturesWalletChange::Balance(event) => same(&**event),
                FuturesWalletChange::OrderMargin(event) => same(event),
                FuturesWalletChange::AvailableBalance(event) => same(event),
                FuturesWalletChange::WithdrawHold(event) => same(event),
                FuturesWalletChange::Other(event) => same(event),
                other => panic!("{other:?}"),
            },
            FuturesEvent::Position(event) => match event {
                FuturesPosition::Change(event) => same(&*own_symbol!(event, "symbol")),
                FuturesPosition::MarkPrice(event) => same(&own_symbol!(event, "symbol")),
                FuturesPosition::Settlement(event) => same(&own_symbol!(event, "symbol")),
                FuturesPosition::RiskLimit(event) => same(&own_symbol!(event, "symbol")),
                FuturesPosition::Other(event) => same(event),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn same<E: Serialize + DeserializeOwned + PartialEq + Debug>(event: &E) {
    let json = serde_json::to_string(event).unwrap();
    let back = read_back(event);
    assert_eq!(back, *event, "{json}");
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
}

#[track_caller]
fn read_back<E: Serialize + DeserializeOwned>(event: &E) -> E {
    let json = serde_json::to_string(event).unwrap();
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

#[test]
fn recorded_events_round_trip() {
    for (topic, frame) in fixtures() {
        check(&decode_any(&topic, frame).unwrap().unwrap().event);
    }
}

#[test]
fn data_of_a_frame_is_deserialized() {
    let mut events = 0;
    for (topic, frame) in fixtures() {
        let data = members(frame).into_iter().find(|(key, _)| key == "data");
        if let V1Event::Spot(SpotEvent::Order(order)) =
            decode_any(&topic, frame).unwrap().unwrap().event
        {
            assert_eq!(serde_json::from_str(&data.unwrap().1).ok(), Some(order));
            events += 1;
        }
    }
    assert!(events > 5);
}

#[test]
fn variants_are_deserialized_by_their_fields() {
    let mut ambiguous = 0;
    for (topic, frame) in fixtures() {
        match decode_any(&topic, frame).unwrap().unwrap().event {
            V1Event::Spot(SpotEvent::MarginPosition(event)) => same(&event),
            V1Event::Futures(FuturesEvent::Wallet(event)) => same(&event),
            V1Event::Futures(FuturesEvent::Position(event)) => {
                let json = serde_json::to_string(&event).unwrap();
                if json == r#"{"symbol":"XBTUSDM"}"# {
                    // An adjustment without data: only the subject shows its variant.
                    let back: FuturesPosition = serde_json::from_str(&json).unwrap();
                    assert!(matches!(back, FuturesPosition::Other(_)));
                    assert_eq!(serde_json::to_string(&back).unwrap(), json);
                    ambiguous += 1;
                } else {
                    same(&event);
                }
            }
            _ => {}
        }
    }
    assert_eq!(ambiguous, 1);
}

#[test]
fn enum_values_round_trip() {
    use kucoin_streams_v1::{OrderStatus, RelationEvent};
    same(&OrderStatus::Done);
    same(&OrderStatus::from("frozen"));
    same(&RelationEvent::from("isolatedV2_BTC-USDT.hold"));
}

/// Returns the members of an object, each value as its JSON text.
fn members(json: &str) -> Vec<(String, String)> {
    struct Members(Vec<(String, String)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                        members.push((key, value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(json).unwrap().0
}

/// Unexpected values, and unusual spellings of numbers and texts.
const UNUSUAL_VALUES: &[&str] = &[
    "null",
    r#""""#,
    "true",
    r#""true""#,
    "{}",
    "[]",
    r#"[1, {"a":1e-9}]"#,
    r#"{"a":"1","b":{"c":null}}"#,
    r#"{"leverage":"3","leverage":1E+1}"#,
    r#"{"total":"1.50","total":2,"x":0}"#,
    "0",
    "-0",
    "5",
    "-5",
    "1.0",
    "1E+3",
    r#""-0.000""#,
    r#""007""#,
    "1e400",
    r#""Infinity""#,
    "1.5",
    "123456789012345678901234567890.12345678901234567890",
    "18446744073709551616",
    "1752400000123",
    r#""1752400000123000001""#,
    "99999999999999999",
    "1.765E18",
    "100000000000",
    r#""x""#,
    r#""BUY""#,
    r#""Buy""#,
    r#""maker""#,
    r#""TAKER""#,
    r#""match""#,
    r#""open""#,
    r#""update""#,
    r#""CROSS""#,
    r#""cross""#,
    r#""gm \ud83d""#,
    r#""\ud83e\udd80 \n\"\\""#,
    r#""b\u0075y""#,
    r#""main.deposit""#,
    r#""."#,
];

fn unusual_value() -> impl Strategy<Value = String> {
    let values: Vec<_> = UNUSUAL_VALUES
        .iter()
        .filter(|text| serde_json::from_str::<&RawValue>(text).is_ok())
        .collect();
    prop::sample::select(values).prop_map(|text| (*text).to_owned())
}

/// A mutation of the members of an object.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(prop::sample::Index, String),
    Repeat(prop::sample::Index, prop::sample::Index, String),
    Add(prop::sample::Index, String, String),
    Move(prop::sample::Index, prop::sample::Index),
    Remove(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    let name = prop_oneof![
        "[a-z]{1,6}",
        Just("oldSize ".to_owned()),
        Just("oldSize".to_owned()),
        Just("\u{1f980}\"\\".to_owned()),
        prop::sample::select(
            &[
                "matchPrice",
                "matchSize",
                "tradeId",
                "type",
                "symbol",
                "liquidity"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        (at(), unusual_value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        (at(), at(), unusual_value()).prop_map(|(of, at, value)| Mutation::Repeat(of, at, value)),
        (at(), name, unusual_value()).prop_map(|(at, name, value)| Mutation::Add(at, name, value)),
        (at(), at()).prop_map(|(from, to)| Mutation::Move(from, to)),
        at().prop_map(Mutation::Remove),
    ]
}

fn mutate(members: &mut Vec<(String, String)>, mutation: &Mutation) {
    let len = members.len();
    let at = |index: &prop::sample::Index| index.index(len.max(1));
    match mutation {
        _ if len == 0 => members.push(("a".into(), "1".into())),
        Mutation::Replace(index, value) => members[at(index)].1.clone_from(value),
        Mutation::Repeat(of, index, value) => {
            let name = members[at(of)].0.clone();
            members.insert(at(index), (name, value.clone()));
        }
        Mutation::Add(index, name, value) => {
            members.insert(at(index), (name.clone(), value.clone()));
        }
        Mutation::Move(from, to) => {
            let member = members.remove(at(from));
            members.insert(at(to).min(len - 1), member);
        }
        Mutation::Remove(index) => drop(members.remove(at(index))),
    }
}

/// Returns the JSON text of the members.
fn object(members: &[(String, String)]) -> String {
    let members = members.iter().map(|(key, value)| {
        let key = serde_json::to_string(key).unwrap();
        format!("{key}:{value}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

static FRAMES: LazyLock<Vec<(AnyV1Topic, &str)>> = LazyLock::new(|| fixtures().collect());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_decodable_event_round_trips(
        frame in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 0..6),
    ) {
        let (topic, frame) = frame.get(&FRAMES);
        let mut frame = members(frame);
        for (key, value) in &mut frame {
            if key == "data" {
                let mut data = members(value);
                for mutation in &mutations {
                    mutate(&mut data, mutation);
                }
                *value = object(&data);
            }
        }
        if let Ok(Some(push)) = decode_any(topic, &object(&frame)) {
            check(&push.event);
        }
    }
}
