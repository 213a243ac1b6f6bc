//! The envelope of a push: any order of keys, pushes of other channels, broken frames.

use kucoin_streams_core::{DecodeError, Inbound, Protocol, Timestamp, Topic};
use kucoin_streams_pro::{self as pro, AnyProTopic, Channel, Executions, ProV2, TradeType};
use proptest::prelude::*;

use crate::{decoded, fixtures, nanos, push};

const DATA: &str = r#"{"s":"BTC-USDT","oi":"7","ti":"9"}"#;

#[test]
fn envelope_keys_can_come_in_any_order() {
    let usual = decoded(&push("execution.UNIFIED", DATA));
    assert_eq!(usual.topic, "execution.UNIFIED");
    assert_eq!(usual.pushed_at, nanos(1_781_200_000_123_456_789));
    let members = [
        r#""T":"execution.UNIFIED""#.to_owned(),
        r#""P":1781200000123456789"#.to_owned(),
        format!(r#""d":{DATA}"#),
    ];
    for [first, second, third] in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let turned = [&members[first], &members[second], &members[third]].map(String::as_str);
        let frame = format!("{{{}}}", turned.join(","));
        assert_eq!(decoded(&frame), usual, "{frame}");
        let spaced = format!(" {{\n {} \t}} \r\n", turned.join(" ,\n  ")).replace("\":", "\" : ");
        assert_eq!(decoded(&spaced), usual, "{spaced}");
        let topic = Executions::new(TradeType::Unified);
        assert!(topic.decode(&spaced).unwrap().is_some());
    }
}

#[test]
fn push_time_is_read_in_any_unit_and_format() {
    let at = |time: &str| {
        decoded(&format!(
            r#"{{"T":"execution.SPOT","P":{time},"d":{DATA}}}"#
        ))
    };
    for time in [
        "1781200000123000000",
        "\"1781200000123000000\"",
        "1781200000123",
    ] {
        let expected = Some(Timestamp::from_nanos(1_781_200_000_123_000_000));
        assert_eq!(at(time).pushed_at, expected, "{time}");
    }
    for none in ["null", "\"\""] {
        let push = at(none);
        assert_eq!(
            (push.pushed_at, push.extra.is_empty()),
            (None, true),
            "{none}"
        );
    }
    let push = at("\"now\"");
    assert_eq!(push.pushed_at, None);
    assert_eq!(push.extra.get("P").unwrap().as_str(), "\"now\"");
}

#[test]
fn unknown_envelope_fields_are_kept() {
    let frame =
        format!(r#"{{"T":"execution.SPOT","t":"delta","dp":"1","sn":1.50,"d":{DATA},"d":{{}}}}"#);
    let push = decoded(&frame);
    let extra: Vec<_> = push
        .extra
        .iter()
        .map(|(name, raw)| (name, raw.as_str()))
        .collect();
    assert_eq!(
        extra,
        [
            ("t", "\"delta\""),
            ("dp", "\"1\""),
            ("sn", "1.50"),
            ("d", "{}")
        ]
    );
}

#[test]
fn frame_of_no_known_channel_is_none() {
    for frame in [
        r#"{"sessionId":"s","message":"welcome","pingInterval":18000}"#,
        r#"{"id":"1","result":true}"#,
        r#"{"T":"","d":{}}"#,
        r#"{"T":7,"d":{}}"#,
        r#"{"T":"ticker.SPOT","P":1,"d":{"s":"BTC-USDT"}}"#,
        r#"{"T":"obu.SPOT","d":[]}"#,
        "{}",
    ] {
        assert_eq!(pro::decode(frame), Ok(None), "{frame}");
        let topic = Executions::new(TradeType::Spot);
        assert_eq!(topic.decode(frame), Ok(None), "{frame}");
    }
}

#[test]
fn recorded_push_of_any_type_is_decoded() {
    for topic in ["execution.MARGIN", "execution.UNIFITED", "execution"] {
        let push = decoded(&push(topic, DATA));
        assert_eq!(push.topic, topic);
        assert!(matches!(push.event, pro::ProEvent::Execution(_)), "{topic}");
    }
}

#[test]
fn missing_or_invalid_data_is_an_error() {
    let missing = DecodeError::Missing { field: "d" };
    assert_eq!(pro::decode(r#"{"T":"lw.UNIFIED","P":1}"#), Err(missing));
    for data in ["null", "[]", "\"\"", "1"] {
        assert!(pro::decode(&push("lw.UNIFIED", data)).is_err(), "{data}");
    }
}

#[test]
fn recorded_push_is_decoded_by_the_topic_it_matches() {
    for frame in fixtures() {
        let Ok(Inbound::Message { topic }) = ProV2::classify(frame) else {
            panic!("{frame}")
        };
        let channel = Channel::from_pushed(&topic).unwrap();
        let (_, of) = topic.rsplit_once('.').unwrap();
        let symbol = match channel.needs_symbol() {
            true => serde_json::from_str::<serde_json::Value>(frame).unwrap()["d"]["s"]
                .as_str()
                .map(|symbol| format!("&symbol={symbol}")),
            false => None,
        };
        let parameter = if channel == Channel::Balance {
            "accountType"
        } else {
            "tradeType"
        };
        let request = format!("{channel}?{parameter}={of}{}", symbol.unwrap_or_default());
        let request: AnyProTopic = request.parse().unwrap();
        assert_eq!(
            request.decode(frame).unwrap().unwrap(),
            decoded(frame),
            "{request}"
        );
    }
}

#[test]
fn cut_frame_is_an_error_or_no_push() {
    for frame in fixtures() {
        for end in 0..frame.len() {
            let cut = &frame[..end];
            assert!(!matches!(pro::decode(cut), Ok(Some(_))), "{cut}");
        }
        assert!(pro::decode(&format!("{frame}}}")).is_err());
    }
}

#[test]
fn account_wide_topics_decode_every_push() {
    let topics = AnyProTopic::account_wide();
    for frame in fixtures().filter(|frame| {
        let ours = ["order.", "execution.lite.", "position."];
        let shared = ["UNIFIED\"", "balance.FUNDING\""];
        !ours
            .iter()
            .any(|other| frame.contains(&format!("\"T\":\"{other}")))
            && shared.iter().any(|topic| frame.contains(topic))
    }) {
        assert_eq!(topics.decode(frame).unwrap().unwrap(), decoded(frame));
    }
    assert_eq!(topics.requests().len(), topics.len());
}

proptest! {
    #[test]
    fn damaged_frame_never_panics(
        (at, with, cut) in (any::<prop::sample::Index>(), "\\PC{0,6}", 0_usize..6),
        which in any::<prop::sample::Index>(),
    ) {
        let all: Vec<_> = fixtures().collect();
        let frame = all[which.index(all.len())];
        let at = at.index(frame.len());
        // The fixtures are ASCII, so every byte is a boundary.
        let damaged = format!("{}{with}{}", &frame[..at], &frame[(at + cut).min(frame.len())..]);
        let _ = ProV2::classify(&damaged);
        let _ = pro::decode(&damaged);
        let _ = AnyProTopic::account_wide().decode(&damaged);
    }
}
