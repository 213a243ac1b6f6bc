//! What goes in comes out: every value of a frame's data stands in the serialized event.

use kucoin_streams_v1::{Balances, SpotOrders, SpotStopOrders};
use kucoin_streams_wire::{Decimal, Event, Timestamp, Topic};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{decoded, fixtures, push};

/// Fields that come out in nanoseconds, whatever unit and dress they came in.
const TIMES: [&str; 5] = ["orderTime", "ts", "pt", "time", "createdAt"];

#[track_caller]
fn check<E: Event + Serialize>(topic: &impl Topic<Event = E>, frame: &str) {
    let push = topic.decode(frame).unwrap().unwrap();
    let came: Value = serde_json::from_str(frame).unwrap();
    let gone = serde_json::to_value(&push.event).unwrap();
    check_value("data", &came["data"], Some(&gone));
}

#[track_caller]
fn check_value(name: &str, came: &Value, gone: Option<&Value>) {
    match (came, gone) {
        (Value::Null, _) => {}
        (Value::String(text), _) if text.is_empty() => {}
        (Value::Object(came), Some(Value::Object(gone))) => {
            for (name, value) in came {
                check_value(name, value, gone.get(name));
            }
        }
        (came, Some(gone)) if came == gone => {}
        (came, Some(gone)) if TIMES.contains(&name) => {
            assert_eq!(time(came).map(Timestamp::as_nanos), gone.as_i64(), "{name}");
        }
        (came, Some(gone)) => {
            assert!(number(came).is_some(), "{name}: {came} became {gone}");
            assert_eq!(number(came), number(gone), "{name}");
        }
        (came, None) => panic!("{name}: {came} is lost"),
    }
}

fn digits(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Decimal> {
    let digits = digits(value)?;
    digits
        .parse()
        .ok()
        .or_else(|| Decimal::from_scientific(&digits).ok())
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_wire(digits(value)?.parse().ok()?)
}

#[test]
fn every_value_of_every_recorded_frame_comes_out() {
    let mut frames = 0;
    for (topic, frame) in fixtures() {
        check(&topic, frame);
        frames += 1;
    }
    assert_eq!(frames, 17);
}

#[test]
fn a_decimal_comes_out_with_the_very_digits_that_came() {
    let frame = push(
        Balances,
        r#"{"currency":"KCS","total":"1.500","available":0.10,"hold":"-0.000"}"#,
    );
    let written = serde_json::to_value(decoded(Balances, &frame).event).unwrap();
    assert_eq!(
        (&written["total"], &written["available"]),
        (&json!("1.500"), &json!("0.10"))
    );
    assert_eq!(number(&written["hold"]), Some(Decimal::ZERO));
}

fn decimal() -> impl Strategy<Value = Value> {
    (any::<i64>(), any::<i64>(), 0_u32..=20, any::<bool>()).prop_map(|(high, low, scale, short)| {
        let number = if short {
            i128::from(low % 1_000_000)
        } else {
            i128::from(high) * 1000 + i128::from(low % 1000)
        };
        Value::String(Decimal::from_i128_with_scale(number, scale).to_string())
    })
}

fn time_of_day() -> impl Strategy<Value = Value> {
    (
        1_500_000_000_000_i64..2_000_000_000_000,
        0_i64..1_000_000,
        0..3,
    )
        .prop_map(|(ms, ns, dress)| match dress {
            0 => json!(ms),
            1 => json!(ms * 1_000_000 + ns),
            _ => json!(ms.to_string()),
        })
}

fn id() -> impl Strategy<Value = Value> {
    "[0-9a-zA-Z_.\\-]{1,40}".prop_map(Value::String)
}

fn of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![4 => prop::sample::select(texts).prop_map(|text| json!(text)), 1 => id()]
}

/// An object of required members and of optional ones, each there or not, null or empty.
fn object(
    required: Vec<(&'static str, BoxedStrategy<Value>)>,
    optional: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Value> {
    let optional = optional.into_iter().map(|(name, value)| {
        let value = prop_oneof![
            6 => value.prop_map(Some),
            2 => Just(None),
            1 => Just(Some(Value::Null)),
            1 => Just(Some(json!(""))),
        ];
        (Just(name), value).boxed()
    });
    let required = required
        .into_iter()
        .map(|(name, value)| (Just(name), value.prop_map(Some)).boxed());
    required
        .chain(optional)
        .collect::<Vec<_>>()
        .prop_map(|members| {
            let members = members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(Map::from_iter(members))
        })
}

fn order() -> impl Strategy<Value = Value> {
    let fill = ["matchPrice", "matchSize"].map(|name| (name, decimal().boxed()));
    let sizes = [
        "price",
        "size",
        "originSize",
        "filledSize",
        "remainSize",
        "canceledSize",
        "funds",
        "originFunds",
        "remainFunds",
        "canceledFunds",
        "oldSize",
    ];
    let mut optional = sizes.map(|name| (name, decimal().boxed())).to_vec();
    optional.extend(["orderTime", "ts", "pt"].map(|name| (name, time_of_day().boxed())));
    optional.push(("clientOid", id().boxed()));
    optional.push(("status", of(&["new", "open", "match", "done"]).boxed()));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push(("orderType", of(&["limit", "market"]).boxed()));
    optional.push(("liquidity", of(&["taker", "maker"]).boxed()));
    optional.push(("feeType", of(&["takerFee", "makerFee"]).boxed()));
    let mut required = fill.to_vec();
    required.extend(["symbol", "orderId", "tradeId"].map(|name| (name, id().boxed())));
    required.push((
        "type",
        of(&["received", "open", "match", "update", "filled", "canceled"]).boxed(),
    ));
    object(required, optional)
}

fn balance() -> impl Strategy<Value = Value> {
    let amounts = [
        "total",
        "available",
        "hold",
        "availableChange",
        "holdChange",
    ];
    let mut optional = amounts.map(|name| (name, decimal().boxed())).to_vec();
    let context = object(
        vec![],
        ["symbol", "orderId", "tradeId"]
            .map(|name| (name, id().boxed()))
            .to_vec(),
    );
    optional.push(("relationContext", context.boxed()));
    optional.push((
        "relationEvent",
        of(&[
            "main.deposit",
            "trade_hf.setted",
            "isolated_A-B.hold",
            "other",
        ])
        .boxed(),
    ));
    optional.extend(["accountId", "relationEventId"].map(|name| (name, id().boxed())));
    optional.push(("time", time_of_day().boxed()));
    object(vec![("currency", id().boxed())], optional)
}

/// Anything at all: for the values of fields that expect something else.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Eighths, which the reader of this test takes back to the last bit.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "\\PC{0,30}".prop_map(Value::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Data whose members, but for those that identify the event, hold anything, unknown members included.
fn disordered(
    identity: impl Strategy<Value = Value>,
    names: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        6 => prop::sample::select(names).prop_map(str::to_owned),
        1 => "[a-zA-Z]{1,20}",
        1 => "\\PC{1,8}",
    ];
    (identity, prop::collection::vec((name, anything()), 0..12)).prop_map(|(identity, members)| {
        let mut object = Map::from_iter(members);
        object.extend(identity.as_object().cloned().unwrap_or_default());
        Value::Object(object)
    })
}

proptest! {
    #[test]
    fn any_order_comes_out_as_it_went_in(order in order()) {
        check(&SpotOrders, &push(SpotOrders, &order.to_string()));
    }

    #[test]
    fn any_balance_comes_out_as_it_went_in(balance in balance()) {
        check(&Balances, &push(Balances, &balance.to_string()));
    }

    #[test]
    fn an_order_with_anything_in_its_fields_loses_none_of_it(
        data in disordered(
            Just(json!({"symbol": "A-B", "orderId": "1", "type": "open"})),
            &["side", "price", "size", "status", "clientOid", "ts", "pt", "orderTime", "oldSize", "matchPrice", "feeType"],
        ),
    ) {
        check(&SpotOrders, &push(SpotOrders, &data.to_string()));
    }

    #[test]
    fn a_balance_with_anything_in_its_fields_loses_none_of_it(
        data in disordered(
            Just(json!({"currency": "KCS"})),
            &["total", "hold", "time", "relationEvent", "relationContext", "accountId", "relationEventId"],
        ),
    ) {
        check(&Balances, &push(Balances, &data.to_string()));
    }

    #[test]
    fn a_stop_order_with_anything_in_its_fields_loses_none_of_it(
        data in disordered(
            Just(json!({"symbol": "A-B", "orderId": "1"})),
            &["type", "side", "stop", "size", "orderPrice", "triggerSuccess", "error", "createdAt", "ts", "tradeType"],
        ),
    ) {
        check(&SpotStopOrders, &push(SpotStopOrders, &data.to_string()));
    }
}
