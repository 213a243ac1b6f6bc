//! Lossless round trip: the serialized event has every value of the frame's data, under its long name.

use kucoin_streams_core::{Decimal, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{decoded, fixtures, push};

/// Independent description of a channel: wire names with their long names, and which of them are times.
#[derive(Debug)]
struct Channel {
    topic: &'static str,
    required: &'static str,
    names: &'static str,
    times: &'static str,
}

const ORDER: Channel = Channel {
    topic: "orderAll.UNIFIED",
    required: r#"{"oi":"412001700000000101","s":"BTC-USDT"}"#,
    names: "oi orderId ci clientOid os status eT eventType tT tradeType s symbol S side pS positionSide oT orderType \
            lR liquidity oS orderSource p price l leverage mM marginMode ti tradeId q size qU sizeUnit \
            fS filledSize rS remainSize lS lastFillSize ls lastFillPrice aP avgPrice f fee fC feeCurrency t tax \
            cR cancelReason cS canceledSize tD triggerDirection tP triggerPrice tPT triggerPriceType \
            pP tpTriggerPrice pPT tpTriggerPriceType pOP tpOrderPrice lP slTriggerPrice lPT slTriggerPriceType \
            lOP slOrderPrice toi originOrderId stp stp rO reduceOnly pO postOnly tIF timeInForce O createdAt \
            U updatedAt bT brokerTag",
    times: "O U",
};

const EXECUTION: Channel = Channel {
    topic: "execution.UNIFIED",
    required: r#"{"s":"BTC-USDT"}"#,
    names: "oi orderId s symbol S side pS positionSide mM marginMode oT orderType p price q size ti tradeId E executionTime lR liquidity f fee \
            fC feeCurrency fT executionType ci clientOid fP closedPnl t tax",
    times: "E",
};

const EXECUTION_LITE: Channel = Channel {
    topic: "execution.lite.UNIFIED",
    required: r#"{"s":"BTC-USDT"}"#,
    names: "oi orderId s symbol S side pS positionSide mM marginMode oT orderType p price q size ti tradeId E executionTime lR liquidity \
            ci clientOid",
    times: "E",
};

const BALANCE: Channel = Channel {
    topic: "balance.FUTURES",
    required: r#"{"c":"USDT"}"#,
    names: "c currency e equity b balance a available h hold l liability U updatedAt cS collateralStatus E sequence \
            tCM totalCrossMargin cPM crossPosMargin cOM crossOrderMargin cUP crossUnPnl iPM isolatedPosMargin \
            iOM isolatedOrderMargin iUP isolatedUnPnl iFF isolatedFundingFeeMargin",
    times: "U",
};

const POSITION: Channel = Channel {
    topic: "positionAll.UNIFIED",
    required: r#"{"s":"XBTUSDTM"}"#,
    names: "pi positionId s symbol mM marginMode pS positionSide q size eP entryPrice pV positionValue mP markPrice \
            lP liquidationPrice bP bankruptPrice l leverage uPL unrealisedPnl rPL realisedPnl iM initialMargin \
            mmr maintMarginRate mtM maintMargin pM positionMargin r riskRatio adl adlPercentage O createdAt \
            U updatedAt",
    times: "O U",
};

const WARNING: Channel = Channel {
    topic: "lw.UNIFIED",
    required: "{}",
    names: "eT eventType r riskRatio a adjustedEquity iM initialMargin mM maintMargin aM availableMargin e equity \
            l liability U updatedAt",
    times: "U",
};

const LEVERAGE: Channel = Channel {
    topic: "leverage.UNIFIED",
    required: "{}",
    names: "s symbol c currency l leverage mM marginMode tT tradeType",
    times: "",
};

static CHANNELS: [Channel; 7] = [
    ORDER,
    EXECUTION,
    EXECUTION_LITE,
    BALANCE,
    POSITION,
    WARNING,
    LEVERAGE,
];

impl Channel {
    fn of(topic: &str) -> Self {
        match topic.rsplit_once('.').unwrap().0 {
            "order" | "orderAll" => ORDER,
            "execution" => EXECUTION,
            "execution.lite" => EXECUTION_LITE,
            "balance" => BALANCE,
            "position" | "positionAll" => POSITION,
            "lw" | "risk" => WARNING,
            "leverage" => LEVERAGE,
            other => panic!("{other}"),
        }
    }

    fn names(&self) -> Vec<(&'static str, &'static str)> {
        let words: Vec<_> = self.names.split_whitespace().collect();
        words.chunks(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// Checks that the serialized event has all of the frame's data and nothing else.
    #[track_caller]
    fn check(&self, frame: &str) {
        let sent: Value = serde_json::from_str(frame).unwrap();
        let written = serde_json::to_value(decoded(frame).event).unwrap();
        let mut output = written.as_object().unwrap().clone();
        for (key, value) in sent["d"].as_object().unwrap() {
            let long = self.names().into_iter().find(|(wire, _)| wire == key);
            let name = long.map_or(key.as_str(), |(_, long)| long);
            let is_time = self.times.split(' ').any(|time| time == key);
            check_value(key, value, output.remove(name).as_ref(), is_time);
        }
        assert!(output.is_empty(), "{output:?} is not in the frame");
    }
}

#[track_caller]
fn check_value(key: &str, sent: &Value, output: Option<&Value>, is_time: bool) {
    match (sent, output) {
        (Value::Null, _) => {}
        (Value::String(text), _) if text.is_empty() => {}
        (sent, Some(output)) if sent == output => {}
        (sent, Some(output)) if is_time => {
            let nanos = output.as_str().and_then(|output| output.parse().ok());
            assert!(nanos.is_some(), "{key}: {sent} became {output}");
            assert_eq!(time(sent).map(Timestamp::as_nanos), nanos, "{key}");
        }
        (sent, Some(Value::Bool(output))) => assert_eq!(*sent, output.to_string(), "{key}"),
        (sent, Some(output)) if digits(sent).is_some() && digits(sent) == digits(output) => {}
        (sent, Some(output)) => {
            assert!(number(sent).is_some(), "{key}: {sent} became {output}");
            assert_eq!(number(sent), number(output), "{key}");
        }
        (sent, None) => panic!("{key}: {sent} is lost"),
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
        .or_else(|| zero(&digits))
}

/// Reads a zero with any exponent, which `Decimal` may not accept.
fn zero(digits: &str) -> Option<Decimal> {
    let (mantissa, _) = digits.split_once(['e', 'E'])?;
    let is_zero = mantissa.contains('0') && mantissa.trim_matches(['-', '0', '.']).is_empty();
    is_zero.then_some(Decimal::ZERO)
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_wire(whole(&digits(value)?)?)
}

/// Reads a whole number with any exponent; `None` if it is not whole or does not fit.
fn whole(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (number, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    let all = format!("{before}{after}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cut = all.trim_end_matches('0');
    if cut.is_empty() {
        return Some(0);
    }
    let exponent: i64 = exponent.parse().ok()?;
    let length = |text: &str| i64::try_from(text.len()).unwrap();
    let zeros = exponent + length(&all) - length(cut) - length(after);
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{cut}{}", "0".repeat(zeros)).parse().ok()
}

#[test]
fn recorded_frames_are_serialized_losslessly() {
    let mut frames = 0;
    for frame in fixtures() {
        Channel::of(&decoded(frame).topic).check(frame);
        frames += 1;
    }
    assert_eq!(frames, 56);
}

#[test]
fn documented_keys_are_typed_and_have_unique_names() {
    for channel in &CHANNELS {
        let names = channel.names();
        let mut long: Vec<_> = names.iter().map(|(_, long)| *long).collect();
        long.sort_unstable();
        long.dedup();
        assert_eq!(long.len(), names.len(), "{}", channel.topic);
        // Every type but a flag can be read from a number.
        let is_flag = |key: &str| matches!(key, "rO" | "pO");
        let members = names.iter().map(|(wire, _)| match is_flag(wire) {
            true => ((*wire).to_owned(), json!(true)),
            false => ((*wire).to_owned(), json!(1)),
        });
        let data = Value::Object(Map::from_iter(members)).to_string();
        let frame = push(channel.topic, &data);
        channel.check(&frame);
        let written = serde_json::to_value(decoded(&frame).event).unwrap();
        assert_eq!(written.as_object().unwrap().len(), names.len());
        assert!(names.iter().all(|(_, long)| written.get(*long).is_some()));
    }
}

/// A usual value of a field, in any format that KuCoin uses.
fn usual(is_time: bool) -> BoxedStrategy<Value> {
    let decimal = (any::<i64>(), 0_u32..=20).prop_map(|(high, scale)| {
        json!(Decimal::from_i128_with_scale(i128::from(high) * 1003, scale).to_string())
    });
    let word = "[A-Z_]{1,12}".prop_map(Value::from);
    let id = prop_oneof![
        "[1-9][0-9]{16,18}".prop_map(Value::from),
        (10_000_000_000_000_000_u64..100_000_000_000_000_000).prop_map(Value::from),
        "[0-9a-f]{24}".prop_map(Value::from),
    ];
    let time = (
        1_500_000_000_000_i64..2_000_000_000_000,
        0..1_000_000_i64,
        0..3,
    )
        .prop_map(|(ms, ns, format)| match format {
            0 => json!(ms),
            1 => json!(ms * 1_000_000 + ns),
            _ => json!((ms * 1_000_000 + ns).to_string()),
        });
    let usual = match is_time {
        true => time.boxed(),
        false => {
            prop_oneof![4 => decimal, 2 => id, 1 => word, 1 => any::<bool>().prop_map(Value::from)]
                .boxed()
        }
    };
    prop_oneof![8 => usual, 1 => Just(Value::Null), 1 => Just(json!(""))].boxed()
}

/// Any JSON value, for fields that expect another type.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Multiples of 1/8 convert to text and back exactly.
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

/// Data of any channel: its required fields, and any members with the given values.
fn data(
    value: fn(bool) -> BoxedStrategy<Value>,
) -> impl Strategy<Value = (&'static Channel, Value)> {
    prop::sample::select(CHANNELS.iter().collect::<Vec<_>>()).prop_flat_map(move |channel| {
        let names = channel.names();
        let is_long = {
            let names = names.clone();
            move |name: &String| names.iter().any(|(_, long)| long == name)
        };
        let wire: Vec<_> = names.iter().map(|(wire, _)| (*wire).to_owned()).collect();
        // An unknown key must not be one of the long names.
        let unknown = prop_oneof!["[a-zA-Z]{1,20}", "\\PC{1,8}"]
            .prop_filter("ours", move |name| !is_long(name));
        let name = prop_oneof![8 => prop::sample::select(wire), 1 => unknown];
        let member = name.prop_flat_map(move |name| {
            let is_time = channel.times.split(' ').any(|time| time == name);
            (Just(name), value(is_time))
        });
        prop::collection::vec(member, 0..40).prop_map(move |members| {
            let mut object = Map::from_iter(members);
            let required: Value = serde_json::from_str(channel.required).unwrap();
            object.extend(required.as_object().cloned().unwrap_or_default());
            (channel, Value::Object(object))
        })
    })
}

proptest! {
    #[test]
    fn usual_data_is_serialized_losslessly((channel, data) in data(usual)) {
        channel.check(&push(channel.topic, &data.to_string()));
    }

    #[test]
    fn arbitrary_data_is_serialized_losslessly(
        (channel, data) in data(|_| anything().boxed())
    ) {
        channel.check(&push(channel.topic, &data.to_string()));
    }
}
