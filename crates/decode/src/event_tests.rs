//! Tests of the macros: a bad field does not lose the event, and serialization is lossless.

#![allow(unreachable_pub, unnameable_types)]

use rust_decimal::Decimal;

use super::*;
use crate::{Text, Timestamp, event, event_kind, field_group, open_enum};

open_enum! {
    /// A mode, in any case.
    pub enum Mode ignoring case {
        /// On.
        On = "on",
    }
}

field_group! {
    /// A fill.
    pub struct Fill {
        /// Price.
        pub price: Decimal = "matchPrice",
        /// Fee.
        pub fee: Option<Decimal> = "fee",
    }
}

field_group! {
    /// A size reduction.
    pub struct Reduction {
        /// Old size; the second name has a trailing space.
        pub old: Option<Decimal> = "oldSize" | "oldSize ",
        /// A fee, under the same wire name as a field of `Fill`.
        pub fee: Option<Decimal> = "fee",
    }
}

event_kind! {
    /// Kind of event.
    pub enum Kind = "type" {
        /// Opened.
        Open = "open",
        /// Filled.
        Match(Fill) = "match",
        /// Reduced.
        Update(Reduction) = "update",
    }
}

event! {
    /// A nested object.
    pub struct Inner {
        /// A name.
        pub name: Option<Text> = "name",
    }
}

event! {
    /// An event with every kind of field.
    pub struct Sample {
        /// ID.
        pub id: Text = "id",
        /// Kind.
        pub kind: Kind,
        /// A mode.
        pub mode: Mode = "mode",
        /// A price.
        pub price: Option<Decimal> = "price",
        /// A count.
        pub count: Option<i64> = "count",
        /// A time.
        pub time: Option<Timestamp> = "ts",
        /// Nested.
        pub inner: Option<Inner> = "inner",
        /// Debt by currency.
        pub debts: Option<Entries<Decimal>> = "debts",
    }
}

fn read(json: &str) -> Result<Sample, DecodeError> {
    Sample::read(&mut Scanner::new(json))
}

fn extra(sample: &Sample) -> Vec<(&str, &str)> {
    sample
        .extra
        .iter()
        .map(|(name, raw)| (name, raw.as_str()))
        .collect()
}

#[track_caller]
fn check_written(json: &str, expected: &str) {
    assert_eq!(
        serde_json::to_string(&read(json).unwrap()).unwrap(),
        expected
    );
}

#[test]
fn unreadable_field_is_kept_raw() {
    let sample = read(
        r#"{"id":"1","type":"open","mode":["?"],"price":"12,5","count":1.5,"ts":"soon","debts":{"A":"x"},"inner":3}"#,
    )
    .unwrap();
    assert_eq!(sample.price, None);
    assert_eq!(
        extra(&sample),
        [
            ("mode", "[\"?\"]"),
            ("price", "\"12,5\""),
            ("count", "1.5"),
            ("ts", "\"soon\""),
            ("inner", "3"),
            ("debts", "{\"A\":\"x\"}"),
        ]
    );
    check_written(
        r#"{"id":"1","type":"open","mode":["?"],"price":"12,5"}"#,
        r#"{"id":"1","type":"open","mode":["?"],"price":"12,5"}"#,
    );
}

#[test]
fn unknown_fields_are_kept_and_written_exactly() {
    check_written(
        r#"{ "new" : {"deep": [1.10, 1e-9]}, "id":"1","type":"open","big":123456789012345678901234567890.5}"#,
        r#"{"id":"1","type":"open","new":{"deep": [1.10, 1e-9]},"big":123456789012345678901234567890.5}"#,
    );
}

#[test]
fn kind_reads_its_own_fields_only() {
    let sample = read(r#"{"matchPrice":"1.50","fee":"0.1","id":"1","type":"match"}"#).unwrap();
    let Kind::Match(fill) = &sample.kind else {
        panic!("{:?}", sample.kind)
    };
    assert_eq!(
        (fill.price, fill.fee),
        (Decimal::new(150, 2), Some(Decimal::new(1, 1)))
    );

    let sample = read(r#"{"matchPrice":"1.50","id":"1","type":"open"}"#).unwrap();
    assert_eq!(sample.kind, Kind::Open);
    assert_eq!(extra(&sample), [("matchPrice", "\"1.50\"")]);

    let sample = read(r#"{"matchPrice":"1.50","id":"1","type":"merge"}"#).unwrap();
    assert_eq!(sample.kind, Kind::Unknown("merge".into()));
    check_written(
        r#"{"matchPrice":"1.50","id":"1","type":"merge"}"#,
        r#"{"id":"1","type":"merge","matchPrice":"1.50"}"#,
    );
}

#[test]
fn two_kinds_can_share_a_field_name() {
    let sample = read(r#"{"type":"update","fee":2,"oldSize ":"7","id":"1"}"#).unwrap();
    let Kind::Update(cut) = &sample.kind else {
        panic!("{:?}", sample.kind)
    };
    assert_eq!(
        (cut.old, cut.fee),
        (Some(Decimal::from(7)), Some(Decimal::from(2)))
    );
    let spelled: Vec<_> = sample.extra.iter().map(|(name, _)| name).collect();
    assert_eq!(spelled, ["oldSize "], "the other spelling is kept too");
    check_written(
        r#"{"type":"update","fee":2,"oldSize ":"7","id":"1"}"#,
        r#"{"id":"1","type":"update","oldSize":"7","fee":"2","oldSize ":"7"}"#,
    );
}

#[test]
fn fill_without_price_is_an_error() {
    assert_eq!(
        read(r#"{"id":"1","type":"match"}"#),
        Err(DecodeError::Missing {
            field: "matchPrice"
        })
    );
    let json = r#"{"id":"1","type":"match","matchPrice":""}"#;
    assert_eq!(
        read(json),
        Err(DecodeError::Unreadable {
            field: "matchPrice",
            found: "\"\"".into(),
            offset: 38
        })
    );
    assert_eq!(&json[38..40], "\"\"");
}

#[test]
fn only_required_fields_are_required() {
    assert!(read(r#"{"id":"1","type":"open"}"#).is_ok());
    assert_eq!(
        read(r#"{"type":"open"}"#),
        Err(DecodeError::Missing { field: "id" })
    );
    assert_eq!(
        read(r#"{"id":"1"}"#),
        Err(DecodeError::Missing { field: "type" })
    );
}

#[test]
fn value_in_another_case_is_read_and_written_unchanged() {
    let sample = read(r#"{"id":"1","type":"open","mode":"ON"}"#).unwrap();
    assert_eq!(sample.mode, Mode::On);
    check_written(
        r#"{"id":"1","type":"open","mode":"ON"}"#,
        r#"{"id":"1","type":"open","mode":"ON"}"#,
    );
}

#[test]
fn repeated_field_has_its_last_value_and_keeps_all() {
    let sample = read(r#"{"id":"1","price":"1","type":"open","price":"2"}"#).unwrap();
    assert_eq!(sample.price, Some(Decimal::TWO));
    assert_eq!(extra(&sample), [("price", "\"1\""), ("price", "\"2\"")]);
    check_written(
        r#"{"id":"1","price":"1","type":"open","price":"2"}"#,
        r#"{"id":"1","type":"open","price":"1","price":"2"}"#,
    );
}

#[test]
fn escaped_keys_and_values_are_read() {
    let sample = read(r#"{"\u0069d":"a\/b","ty\u0070e":"o\u0070en"}"#).unwrap();
    assert_eq!(sample.id, "a/b");
    assert_eq!(sample.kind, Kind::Open);
}

#[test]
fn nested_values_use_their_own_format() {
    check_written(
        r#"{"id":"1","type":"open","ts":1730848317836,"inner":{"name":"x","more":null},"debts":{"B":1e1,"A":"0.50"}}"#,
        r#"{"id":"1","type":"open","ts":"1730848317836000000","inner":{"name":"x","more":null},"debts":{"B":"10","A":"0.50"}}"#,
    );
}

#[test]
fn enum_display_honors_padding() {
    assert_eq!(
        format!("[{:>4}|{:<6}]", Mode::On, Kind::Open),
        "[  on|open  ]"
    );
}

event! {
    /// An event with abbreviated wire names.
    pub struct Short {
        /// ID.
        pub id: Text = "i" as "id",
        /// Amount.
        pub amount: Option<Decimal> = "a" as "amount",
    }
}

#[test]
fn unreadable_field_is_written_under_its_serialized_name() {
    let written = |frame: &str| {
        let event = Short::read(&mut Scanner::new(frame)).unwrap();
        serde_json::to_string(&event).unwrap()
    };
    assert_eq!(
        written(r#"{"i":"7","a":1.50}"#),
        r#"{"id":"7","amount":"1.50"}"#
    );
    assert_eq!(
        written(r#"{"i":"7","a":[1],"b":2}"#),
        r#"{"id":"7","b":2,"amount":[1]}"#
    );
    assert_eq!(
        written(r#"{"i":"7","a":"2","amount":"3"}"#),
        r#"{"id":"7","a":"2","amount":"3"}"#
    );
}

#[track_caller]
fn check_read_back(json: &str) {
    let sample = read(json).unwrap();
    let written = serde_json::to_string(&sample).unwrap();
    assert_eq!(
        serde_json::from_str::<Sample>(&written).unwrap(),
        sample,
        "{written}"
    );
}

#[test]
fn repeated_fields_deserialize_in_order() {
    for json in [
        r#"{"id":"1","type":"open","price":"1","x":0,"price":"2","y":0}"#,
        r#"{"id":"1","type":"open","price":"1","price":"2","price":"1"}"#,
        r#"{"id":"1","type":"open","price":"1","price":"1"}"#,
        r#"{"mode":"a","price":"1","price":"2","mode":"b","id":"1","type":"open"}"#,
        r#"{"id":"1","type":"update","oldSize ":"1","mode":[],"oldSize ":"2","fee":3}"#,
    ] {
        check_read_back(json);
    }
}

#[test]
fn second_name_is_read_if_the_first_has_no_value() {
    let json = r#"{"id":"1","type":"update","oldSize":null,"oldSize ":"7"}"#;
    let Kind::Update(cut) = read(json).unwrap().kind else {
        panic!("{json}")
    };
    assert_eq!(cut.old, Some(Decimal::from(7)));
    check_read_back(json);
}

#[test]
fn time_before_1973_deserializes_to_the_same_time() {
    for ts in ["0", "5", "-5", "99999999", "100000000", "1752400000123"] {
        check_read_back(&format!(r#"{{"id":"1","type":"open","ts":{ts}}}"#));
    }
    assert!(extra(&read(r#"{"id":"1","type":"open","ts":1752400000123}"#).unwrap()).is_empty());
}

field_group! {
    /// A fill with abbreviated wire names.
    pub struct ShortFill {
        /// Price.
        pub price: Decimal = "p" as "price",
        /// Fee, with equal wire and serialized names.
        pub fee: Option<Decimal> = "fee" as "fee",
    }
}

event_kind! {
    /// Kind of event.
    pub enum ShortKind = "k" as "kind" {
        /// Filled.
        Match(ShortFill) = "m",
    }
}

event! {
    /// An event with a kind and serialized names.
    pub struct ShortSample {
        /// Kind.
        pub kind: ShortKind,
        /// Side in upper case.
        pub side: kucoin_streams_core::Side = "s" as "side" with Uppercase,
    }
}

#[test]
fn serialized_names_of_kinds_and_groups_deserialize() {
    let written = r#"{"kind":"m","price":"1.50","fee":"2","side":"SELL","x":0}"#;
    let long: ShortSample = serde_json::from_str(written).unwrap();
    let wire = r#"{"k":"m","p":1.50,"fee":2,"s":"SELL","x":0}"#;
    assert_eq!(long, ShortSample::read(&mut Scanner::new(wire)).unwrap());
    assert_eq!(serde_json::from_str::<ShortSample>(wire).unwrap(), long);
    assert_eq!(serde_json::to_string(&long).unwrap(), written);
    let error = serde_json::from_str::<ShortSample>(r#"{"kind":"m"}"#).unwrap_err();
    assert_eq!(error.to_string(), "field `p` is missing");
    assert!(serde_json::from_str::<ShortSample>("[]").is_err());
    assert!(serde_json::from_value::<ShortSample>(serde_json::from_str(written).unwrap()).is_ok());
}
