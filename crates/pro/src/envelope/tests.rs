//! Tests of frame classification.

use kucoin_streams_core::RefusalScope;
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(frame: &str, expected: Inbound<'_>) {
    assert_eq!(classify(frame).unwrap(), expected, "{frame}");
}

fn welcome(id: Option<&str>, ping_interval_ms: Option<u64>) -> Inbound<'_> {
    Inbound::Welcome {
        id: id.map(Cow::Borrowed),
        ping_interval: ping_interval_ms.map(Duration::from_millis),
    }
}

fn ack(id: &str) -> Inbound<'_> {
    Inbound::Ack { id: id.into() }
}

fn pong(id: Option<&str>) -> Inbound<'_> {
    Inbound::Pong {
        id: id.map(Cow::Borrowed),
    }
}

fn push(topic: &str) -> Inbound<'_> {
    Inbound::Message {
        topic: topic.into(),
    }
}

fn refused<'f>(
    id: Option<&'f str>,
    code: Option<i64>,
    message: &'f str,
    scope: RefusalScope,
) -> Inbound<'f> {
    Inbound::Refused {
        id: id.map(Cow::Borrowed),
        code,
        message: message.into(),
        scope,
    }
}

#[test]
fn welcome_has_session_id_and_ping_interval() {
    check(
        r#"{"sessionId":"5d1f2a00-77aa","message":"welcome","pingInterval":18000}"#,
        welcome(Some("5d1f2a00-77aa"), Some(18_000)),
    );
    check(
        r#"{ "pingInterval": "30000", "pingTimeout": 10000, "message": "welcome", "sessionId": "s" }"#,
        welcome(Some("s"), Some(30_000)),
    );
}

#[test]
fn welcome_is_recognized_in_several_fields() {
    check(
        r#"{"sessionId":"s","data":"welcome","pingInterval":18000,"pingTimeout":10000}"#,
        welcome(Some("s"), Some(18_000)),
    );
    check(
        r#"{"sessionId":"s","op":"welcome"}"#,
        welcome(Some("s"), None),
    );
    check(r#"{"id":"c","type":"welcome"}"#, welcome(Some("c"), None));
    check(r#"{"message":"welcome"}"#, welcome(None, None));
}

#[test]
fn invalid_ping_interval_is_ignored() {
    for interval in [
        "0",
        "-1",
        "null",
        "\"\"",
        "1.5e0",
        "3600000",
        "18446744073709551616",
        "{}",
    ] {
        let frame = format!(r#"{{"sessionId":"s","message":"welcome","pingInterval":{interval}}}"#);
        check(&frame, welcome(Some("s"), None));
    }
}

#[test]
fn ack_result_is_a_boolean_or_a_string() {
    check(
        r#"{"id":"1545910660739","result":true}"#,
        ack("1545910660739"),
    );
    check(
        r#"{"id":"1545910660739","result":"true"}"#,
        ack("1545910660739"),
    );
    check(r#"{"result":true, "id":12}"#, ack("12"));
    check(
        r#"{"id":"1","op":"auth","result":true,"message":"welcome"}"#,
        ack("1"),
    );
    check(r#"{"result":true}"#, Inbound::Other);
    check(r#"{"id":"","result":true}"#, Inbound::Other);
    check(r#"{"id":"1","result":1}"#, Inbound::Other);
    check(r#"{"id":"1","result":null}"#, Inbound::Other);
}

#[test]
fn refusal_message_is_found_in_any_field() {
    let words = "invalid request data";
    let expected = || refused(Some("4"), None, words, RefusalScope::Request);
    for key in ["message", "reason", "msg", "data"] {
        for no in ["false", "\"false\""] {
            check(
                &format!(r#"{{"id":"4","result":{no},"{key}":"{words}"}}"#),
                expected(),
            );
        }
    }
    check(
        r#"{"id":"4","result":false,"message":"","reason":"invalid request dat\u0061"}"#,
        expected(),
    );
    check(
        r#"{"id":"5","result":false,"reason":"topic Obu type = \"public_spot\" not allowed in current environment"}"#,
        refused(
            Some("5"),
            None,
            "topic Obu type = \"public_spot\" not allowed in current environment",
            RefusalScope::Request,
        ),
    );
    check(
        r#"{"result":false,"data":{"why":1}}"#,
        refused(None, None, r#"{"why":1}"#, RefusalScope::Request),
    );
    check(
        r#"{"id":"6","result":false}"#,
        refused(Some("6"), None, "", RefusalScope::Request),
    );
}

#[test]
fn refusal_that_mentions_pong_or_welcome_is_a_refusal() {
    check(
        r#"{"id":"4","result":false,"message":"welcome"}"#,
        refused(Some("4"), None, "welcome", RefusalScope::Request),
    );
    check(
        r#"{"id":"4","type":"error","code":400,"op":"pong","data":"welcome"}"#,
        refused(Some("4"), Some(400), "welcome", RefusalScope::Request),
    );
}

#[test]
fn error_of_the_older_format_has_its_code() {
    check(
        r#"{"id":"a1","type":"error","code":401,"data":"token is expired"}"#,
        refused(
            Some("a1"),
            Some(401),
            "token is expired",
            RefusalScope::Token,
        ),
    );
    check(
        r#"{"type":"error","code":"509","data":"service busy"}"#,
        refused(None, Some(509), "service busy", RefusalScope::Busy),
    );
    check(
        r#"{"code":"400012","msg":"session verification timeout"}"#,
        refused(
            None,
            Some(400_012),
            "session verification timeout",
            RefusalScope::Connection,
        ),
    );
    check(r#"{"id":"1","code":"200000","data":{}}"#, Inbound::Other);
}

#[test]
fn both_pong_formats_are_recognized() {
    check(
        r#"{"type":"pong","id":"9","ts":1790113111261396000}"#,
        pong(Some("9")),
    );
    check(
        r#"{"id":"9","op":"pong","timestamp":1790113111261}"#,
        pong(Some("9")),
    );
    check(r#"{"type":"pong"}"#, pong(None));
}

#[test]
fn push_is_recognized_by_its_topic() {
    let topic = || push("orderAll.UNIFIED");
    check(
        r#"{"T":"orderAll.UNIFIED","P":1772471842275328231,"d":{"oi":"1"}}"#,
        topic(),
    );
    check(
        r#"{"P":"1772471842275328231", "T":"orderAll.UNIFIED", "d":{"oi":"1"}}"#,
        topic(),
    );
    check(
        r#"{"d":{"T":"x.Y","id":"1","result":true,"type":"pong","s":"a\"}"},"T":"orderAll.UNIFIED"}"#,
        topic(),
    );
    check(r#"{"T":"orderAll\u002eUNIFIED","d":{}}"#, topic());
    check(
        r#"{"d":[{"fr":"0.1"}],"P":1,"T":"orderAll.UNIFIED"}"#,
        topic(),
    );
}

#[test]
fn client_order_id_pong_is_not_a_pong() {
    check(
        r#"{"d":{"ci":"pong\",\"type\":\"pong","op":"pong"},"T":"order.SPOT"}"#,
        push("order.SPOT"),
    );
}

#[test]
fn keys_are_case_sensitive() {
    check(r#"{"t":"orderAll.UNIFIED","d":{}}"#, Inbound::Other);
    check(r#"{"ID":"1","Result":true}"#, Inbound::Other);
    check(r#"{"Type":"pong"}"#, Inbound::Other);
    check(r#"{"t":"snapshot","T":"obu.SPOT"}"#, push("obu.SPOT"));
}

#[test]
fn undefined_frame_is_other() {
    for frame in [
        "{}",
        r#"{"id":"1"}"#,
        r#"{"type":"notice","data":"maintenance"}"#,
        r#"{"T":"","d":{}}"#,
        r#"{"T":null,"d":{}}"#,
        r#"{"T":7,"d":{}}"#,
        r#"{"sessionId":"s","timestamp":1790113111261}"#,
    ] {
        check(frame, Inbound::Other);
    }
}

#[test]
fn usual_frames_are_borrowed() {
    for frame in [
        r#"{"T":"execution.lite.UNIFIED","P":1,"d":{}}"#,
        r#"{"sessionId":"s","message":"welcome","pingInterval":18000}"#,
        r#"{"id":"1","result":true}"#,
        r#"{"type":"pong","id":"1","ts":1}"#,
    ] {
        let borrowed = match classify(frame).unwrap() {
            Inbound::Message { topic: text } | Inbound::Ack { id: text } => {
                matches!(text, Cow::Borrowed(_))
            }
            Inbound::Welcome { id, .. } | Inbound::Pong { id } => {
                matches!(id, Some(Cow::Borrowed(_)))
            }
            other => panic!("{other:?}"),
        };
        assert!(borrowed, "{frame}");
    }
}

#[test]
fn non_object_is_an_error_with_its_offset() {
    for frame in [
        "",
        "pong",
        "[]",
        "\"pong\"",
        "{",
        r#"{"id":"1","result":true"#,
        r#"{"id":"1","result":true} x"#,
        r#"{"id":"1","result":true,}"#,
    ] {
        assert!(classify(frame).is_err(), "{frame}");
    }
    let DecodeError::Syntax { offset, .. } = classify(r#"{"result":}"#).unwrap_err() else {
        panic!("not a syntax error");
    };
    assert_eq!(offset, 10);
}

/// Frames of every kind, for damage tests.
const FRAMES: [&str; 6] = [
    r#"{"sessionId":"5d1f2a00","message":"welcome","pingInterval":18000}"#,
    r#"{"id":"1","result":"true"}"#,
    r#"{"id":"1","result":false,"reason":"missing `symbol` for topic: Position"}"#,
    r#"{"type":"error","code":"401","data":{"msg":"token is expired"}}"#,
    r#"{"type":"pong","id":"1","ts":1790113111261396000}"#,
    r#"{"P":1772471842275328231,"d":{"oi":"1","ls":"0.1","lS":0.10},"T":"orderAll.UNIFIED"}"#,
];

proptest! {
    #[test]
    fn arbitrary_text_is_a_frame_or_an_error(text in "\\PC*|\\{[\"{}:,\\\\a-zTP0-9 ]*\\}") {
        let _ = classify(&text);
    }

    #[test]
    fn damaged_frame_never_panics(frame in 0..FRAMES.len(), at: usize, byte: u8) {
        let mut bytes = FRAMES[frame].as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = classify(text);
        }
        let _ = classify(&FRAMES[frame][..at]);
    }

    #[test]
    fn order_of_keys_does_not_matter(order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle()) {
        let check = |members: [&str; 4], expected: Inbound<'_>| {
            let members: Vec<&str> = order.iter().map(|at| members[*at]).collect();
            let frame = format!("{{{}}}", members.join(", "));
            prop_assert_eq!(classify(&frame).unwrap(), expected, "{}", frame);
            Ok(())
        };
        check(
            [r#""T":"order.SPOT""#, r#""P":1"#, r#""d":{"id":"1","result":true}"#, r#""x":[]"#],
            push("order.SPOT"),
        )?;
        check(
            [r#""id":"1""#, r#""op":"auth""#, r#""result":false"#, r#""message":"no""#],
            refused(Some("1"), None, "no", RefusalScope::Request),
        )?;
        check(
            [r#""sessionId":"s""#, r#""message":"welcome""#, r#""pingInterval":9"#, r#""id":"1""#],
            welcome(Some("s"), Some(9)),
        )?;
    }
}
