//! Tests of lists of topics: the right topic decodes a push, and the hint does not change the result.

use std::cell::Cell;
use std::time::Duration;

use super::*;
use crate::{Inbound, ProtocolLimits, RequestId, TopicMatch, WireError, WsKey};

thread_local! {
    static DECODED: Cell<u32> = const { Cell::new(0) };
}

/// Test protocol whose requests are single letters.
struct Letters;

impl Protocol for Letters {
    type Request = char;
    const LIMITS: ProtocolLimits = ProtocolLimits::new(1, Duration::ZERO, None);

    fn classify(_: &str) -> Result<Inbound<'_>, WireError> {
        Ok(Inbound::Other)
    }

    fn check(_: &str) -> Result<(), WireError> {
        Ok(())
    }

    fn match_topic(_: &char, _: &str) -> TopicMatch {
        TopicMatch::None
    }

    fn subscribe(_: RequestId, _: &char, _: &mut String) {}

    fn unsubscribe(_: RequestId, _: &char, _: &mut String) {}

    fn ping(_: RequestId, _: &mut String) {}
}

struct Kind;

impl ConnectionKind for Kind {
    type Protocol = Letters;
    const WS_KEY: WsKey = WsKey::SpotPrivateV1;
}

#[derive(Debug, PartialEq)]
struct Number(u32);

impl Event for Number {
    fn dedup_key(&self) -> String {
        self.0.to_string()
    }
}

/// Topic with one request per letter. It decodes frames that begin with one of the letters or with `*`.
#[derive(Clone, Copy, Debug)]
struct Topics(&'static str);

impl Topic for Topics {
    type Kind = Kind;
    type Event = Number;

    fn requests(&self) -> Vec<char> {
        self.0.chars().collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        DECODED.set(DECODED.get() + 1);
        let (head, number) = frame.split_at_checked(1).ok_or(DecodeError::Syntax {
            reason: "empty frame",
            offset: 0,
        })?;
        if head != "*" && !self.0.contains(head) {
            return Ok(None);
        }
        match number.parse() {
            Ok(number) => Ok(Some(Push::new(Number(number), head.into()))),
            Err(_) => Err(DecodeError::Missing { field: "number" }),
        }
    }
}

/// Topics with one request, with several, with overlapping and equal requests, and with none.
const ALL: [Topics; 7] = [
    Topics("a"),
    Topics("b"),
    Topics("c"),
    Topics("ab"),
    Topics("bcd"),
    Topics("aa"),
    Topics(""),
];

const FRAMES: [&str; 10] = ["a1", "b2", "c3", "d4", "e5", "*6", "a", "b?", "*", ""];

/// Returns every list of up to `length` topics.
fn lists(length: usize) -> Vec<Vec<Topics>> {
    let Some(shorter) = length.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let mut all = lists(shorter);
    for list in lists(shorter) {
        all.extend(ALL.map(|topic| [&list[..], &[topic]].concat()));
    }
    all
}

#[test]
fn hint_never_changes_the_decoded_push() {
    for topics in lists(4) {
        for frame in FRAMES {
            let expected = topics.decode(frame);
            for index in (0..6).chain([usize::MAX]) {
                let decoded = topics.decode_at(&mut { index }, frame);
                assert_eq!(decoded, expected, "{topics:?} {frame:?} at {index}");
            }
        }
    }
}

#[test]
fn hint_never_changes_the_push_of_nested_lists() {
    for first in lists(2) {
        for second in lists(2) {
            let topics = vec![first.clone(), second];
            for frame in FRAMES {
                for index in 0..4 {
                    assert_eq!(
                        topics.decode_at(&mut { index }, frame),
                        topics.decode(frame)
                    );
                }
            }
        }
    }
}

#[test]
fn correct_hint_decodes_once() {
    let topics = vec![
        SingleTopic("a"),
        SingleTopic("b"),
        SingleTopic("c"),
        SingleTopic("d"),
    ];
    for (index, frame) in ["a1", "b2", "c3", "d4", "d", "*5"].iter().enumerate() {
        DECODED.set(0);
        let decoded = topics.decode_at(&mut index.min(3), frame);
        assert_ne!(decoded, Ok(None), "{frame}");
        assert_eq!(DECODED.get(), 1, "{frame}");
    }
    DECODED.set(0);
    assert_eq!(topics.decode_at(&mut 1, "e6"), Ok(None));
    assert_eq!(DECODED.get(), 4, "each topic decodes once");
}

#[test]
fn index_is_set_to_the_request_of_the_push() {
    let topics = vec![Topics("bcd"), Topics("ab"), Topics("e")];
    let requests = topics.requests();
    assert_eq!(requests, ['b', 'c', 'd', 'a', 'b', 'e']);
    for (at, request) in requests.iter().enumerate() {
        // A correct hint stays.
        let mut index = at;
        topics
            .decode_at(&mut index, &format!("{request}1"))
            .unwrap();
        assert_eq!(index, at);
    }
    for wrong in [0, 3, usize::MAX] {
        let mut index = wrong;
        topics.decode_at(&mut index, "e1").unwrap();
        assert_eq!(index, 5);
    }
}

/// Topic with one request that can decode the pushes of other topics too.
#[derive(Clone, Debug)]
struct SingleTopic(&'static str);

impl Topic for SingleTopic {
    type Kind = Kind;
    type Event = Number;

    const HAS_ONE_REQUEST: bool = true;

    fn requests(&self) -> Vec<char> {
        self.0.chars().take(1).collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        Topics(self.0).decode(frame)
    }
}

#[test]
fn equal_topics_of_a_list_keep_the_index() {
    // The topics `ab` also decode pushes of `b`, like an all-symbols topic and its one-symbol topic.
    let topics = vec![
        SingleTopic("ab"),
        SingleTopic("ab"),
        SingleTopic("b"),
        SingleTopic("c"),
    ];
    for (hint, frame) in [(0, "a1"), (2, "b1"), (3, "c1")] {
        let mut index = hint;
        DECODED.set(0);
        assert!(topics.decode_at(&mut index, frame).unwrap().is_some());
        assert_eq!((index, DECODED.get()), (hint, 1), "{frame}");
    }
    let mut index = 2;
    assert!(topics.decode_at(&mut index, "c1").unwrap().is_some());
    assert_eq!(index, 3);
}
