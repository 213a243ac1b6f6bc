//! The envelope: any order of keys, other topics, broken frames.

use kucoin_streams_core::{DecodeError, Inbound, Protocol, Topic};
use kucoin_streams_v1::{AnySpotTopic, Balances, SpotEvent, SpotOrders, SpotOrdersV1, V1};
use proptest::prelude::*;

use crate::{decode, decode_any, decoded, fixtures, push};

const DATA: &str = r#"{"currency":"KCS","total":"1"}"#;

#[test]
fn key_order_does_not_change_the_event() {
    let usual = decoded(Balances, &push(Balances, DATA));
    let members = [
        r#""topic":"/account/balance""#.to_owned(),
        r#""type":"message""#.to_owned(),
        r#""subject":"s""#.to_owned(),
        r#""userId":"u""#.to_owned(),
        r#""channelType":"private""#.to_owned(),
        format!(r#""data":{DATA}"#),
    ];
    for shift in 0..members.len() {
        let mut shifted = members.clone();
        shifted.rotate_left(shift);
        let frame = format!("{{{}}}", shifted.join(","));
        assert_eq!(decoded(Balances, &frame), usual, "{frame}");
        let spaced = format!(" {{\n {} \t}} \r\n", shifted.join(" ,\n  ")).replace("\":", "\" : ");
        assert_eq!(decoded(Balances, &spaced), usual, "{spaced}");
    }
}

#[test]
fn push_of_another_topic_is_ignored() {
    assert_eq!(decode(SpotOrders, &push(SpotOrdersV1, DATA)), Ok(None));
    assert_eq!(
        decode(Balances, &push("/account/snapshotBalance", DATA)),
        Ok(None)
    );
    assert_eq!(decode(Balances, r#"{"id":"1","type":"welcome"}"#), Ok(None));
    assert_eq!(decode(Balances, &format!(r#"{{"data":{DATA}}}"#)), Ok(None));
}

#[test]
fn push_with_private_channel_suffix_is_decoded() {
    let push = decoded(
        Balances,
        &push("/account/balance:privateChannel:60f1b2", DATA),
    );
    assert_eq!(push.topic, "/account/balance:privateChannel:60f1b2");
}

#[test]
fn frame_without_type_is_a_push() {
    let frame =
        format!(r#"{{"subject":"account.balance","topic":"/account/balance","data":{DATA}}}"#);
    assert!(matches!(V1::classify(&frame), Ok(Inbound::Message { .. })));
    assert_eq!(
        decoded(Balances, &frame).subject.as_deref(),
        Some("account.balance")
    );
}

#[test]
fn unknown_envelope_fields_are_kept() {
    let frame = format!(
        r#"{{"topic":"/account/balance","type":"message","tunnelId":"bt1","channelType":"public","userId":{{}},"sn":1.50,"data":{DATA}}}"#
    );
    let push = decoded(Balances, &frame);
    let extra: Vec<_> = push
        .extra
        .iter()
        .map(|(name, raw)| (name, raw.as_str()))
        .collect();
    assert_eq!(
        extra,
        [
            ("tunnelId", "\"bt1\""),
            ("channelType", "\"public\""),
            ("userId", "{}"),
            ("sn", "1.50")
        ]
    );
}

#[test]
fn missing_or_non_object_data_is_an_error() {
    let frame = r#"{"topic":"/account/balance","type":"message"}"#;
    assert_eq!(
        decode(Balances, frame),
        Err(DecodeError::Missing { field: "data" })
    );
    for data in ["null", "[]", "\"\"", "1"] {
        assert!(decode(Balances, &push(Balances, data)).is_err(), "{data}");
    }
    assert_eq!(
        decode(Balances, &push(Balances, "{}")),
        Err(DecodeError::Missing { field: "currency" })
    );
}

#[test]
fn truncated_frame_is_never_a_push() {
    for (topic, frame) in fixtures() {
        for end in 0..frame.len() {
            assert!(
                !matches!(decode_any(&topic, &frame[..end]), Ok(Some(_))),
                "{}",
                &frame[..end]
            );
        }
        assert!(decode_any(&topic, &format!("{frame}}}")).is_err());
    }
}

#[test]
fn topic_list_decodes_each_topic() {
    let topics = AnySpotTopic::account_wide();
    let push = topics.decode(&push(Balances, DATA)).unwrap().unwrap();
    assert!(matches!(push.event, SpotEvent::Balance(_)));
    assert_eq!(topics.requests().len(), 4);
}

proptest! {
    #[test]
    fn damaged_frames_do_not_panic(
        (at, with, cut) in (any::<prop::sample::Index>(), "\\PC{0,6}", 0_usize..6),
        which in any::<prop::sample::Index>(),
    ) {
        let all: Vec<_> = fixtures().collect();
        let (topic, frame) = &all[which.index(all.len())];
        let at = at.index(frame.len());
        // The fixtures are ASCII, so every byte is a char boundary.
        let damaged = format!("{}{with}{}", &frame[..at], &frame[(at + cut).min(frame.len())..]);
        let _ = V1::classify(&damaged);
        let _ = decode_any(topic, &damaged);
    }
}
