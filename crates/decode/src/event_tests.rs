//! What the macros make: one bad field costs nothing but itself, and what goes in comes out.

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
        /// Fee, under one of two names.
        pub fee: Option<Decimal> = "fee",
    }
}

field_group! {
    /// A cut.
    pub struct Cut {
        /// Size before; one source writes a blank behind the name.
        pub old: Option<Decimal> = "oldSize" | "oldSize ",
        /// Shares its name with a field of a fill.
        pub fee: Option<Decimal> = "fee",
    }
}

event_kind! {
    /// What happened.
    pub enum Kind = "type" {
        /// Rests.
        Open = "open",
        /// Traded.
        Match(Fill) = "match",
        /// Cut.
        Update(Cut) = "update",
    }
}

event! {
    /// Something nested.
    pub struct Inner {
        /// A name.
        pub name: Option<Text> = "name",
    }
}

event! {
    /// An event of every sort of field.
    pub struct Sample {
        /// Identifies.
        pub id: Text = "id",
        /// What happened.
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
        /// FieldAdapter currency.
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
fn a_field_of_the_wrong_type_is_kept_as_it_came() {
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
fn unknown_fields_are_kept_and_written_to_the_digit() {
    check_written(
        r#"{ "new" : {"deep": [1.10, 1e-9]}, "id":"1","type":"open","big":123456789012345678901234567890.5}"#,
        r#"{"id":"1","type":"open","new":{"deep": [1.10, 1e-9]},"big":123456789012345678901234567890.5}"#,
    );
}

#[test]
fn a_kind_takes_its_own_fields_and_leaves_the_others() {
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
fn two_kinds_may_have_a_field_of_one_name() {
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
fn a_fill_without_its_price_is_an_error_and_not_another_event() {
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
fn only_what_identifies_the_event_is_required() {
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
fn another_case_is_the_same_value_and_comes_out_as_it_came() {
    let sample = read(r#"{"id":"1","type":"open","mode":"ON"}"#).unwrap();
    assert_eq!(sample.mode, Mode::On);
    check_written(
        r#"{"id":"1","type":"open","mode":"ON"}"#,
        r#"{"id":"1","type":"open","mode":"ON"}"#,
    );
}

#[test]
fn of_a_repeated_field_the_last_value_counts_and_none_is_lost() {
    let sample = read(r#"{"id":"1","price":"1","type":"open","price":"2"}"#).unwrap();
    assert_eq!(sample.price, Some(Decimal::TWO));
    assert_eq!(extra(&sample), [("price", "\"1\""), ("price", "\"2\"")]);
    check_written(
        r#"{"id":"1","price":"1","type":"open","price":"2"}"#,
        r#"{"id":"1","type":"open","price":"1","price":"2"}"#,
    );
}

#[test]
fn keys_and_values_with_escapes_are_the_same() {
    let sample = read(r#"{"\u0069d":"a\/b","ty\u0070e":"o\u0070en"}"#).unwrap();
    assert_eq!(sample.id, "a/b");
    assert_eq!(sample.kind, Kind::Open);
}

#[test]
fn nested_values_are_written_by_their_own_rules() {
    check_written(
        r#"{"id":"1","type":"open","ts":1730848317836,"inner":{"name":"x","more":null},"debts":{"B":1e1,"A":"0.50"}}"#,
        r#"{"id":"1","type":"open","ts":"1730848317836000000","inner":{"name":"x","more":null},"debts":{"B":"10","A":"0.50"}}"#,
    );
}

#[test]
fn an_enum_shows_itself_padded() {
    assert_eq!(
        format!("[{:>4}|{:<6}]", Mode::On, Kind::Open),
        "[  on|open  ]"
    );
}

event! {
    /// An event of a protocol that abbreviates.
    pub struct Short {
        /// Its id.
        pub id: Text = "i" as "id",
        /// How much.
        pub amount: Option<Decimal> = "a" as "amount",
    }
}

#[test]
fn what_the_wire_abbreviates_is_written_in_full_even_where_it_could_not_be_read() {
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
fn repeated_fields_are_read_back_in_their_order() {
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
fn second_name_of_a_field_is_read_if_the_first_has_no_value() {
    let json = r#"{"id":"1","type":"update","oldSize":null,"oldSize ":"7"}"#;
    let Kind::Update(cut) = read(json).unwrap().kind else {
        panic!("{json}")
    };
    assert_eq!(cut.old, Some(Decimal::from(7)));
    check_read_back(json);
}

#[test]
fn time_before_1973_is_read_back_to_the_same_time() {
    for ts in ["0", "5", "-5", "99999999", "100000000", "1752400000123"] {
        check_read_back(&format!(r#"{{"id":"1","type":"open","ts":{ts}}}"#));
    }
    assert!(extra(&read(r#"{"id":"1","type":"open","ts":1752400000123}"#).unwrap()).is_empty());
}

field_group! {
    /// A fill of a protocol that abbreviates.
    pub struct ShortFill {
        /// Price.
        pub price: Decimal = "p" as "price",
        /// Its own name twice.
        pub fee: Option<Decimal> = "fee" as "fee",
    }
}

event_kind! {
    /// What happened.
    pub enum ShortKind = "k" as "kind" {
        /// Traded.
        Match(ShortFill) = "m",
    }
}

event! {
    /// A kind with its fields by long names.
    pub struct ShortSample {
        /// Its kind.
        pub kind: ShortKind,
        /// A side in capitals.
        pub side: kucoin_streams_core::Side = "s" as "side" with Uppercase,
    }
}

#[test]
fn long_names_of_kinds_and_parts_are_read_back() {
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
