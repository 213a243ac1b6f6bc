//! Several topics in one: where a push is decoded, and that it makes no difference to what becomes of it.

use std::cell::Cell;
use std::time::Duration;

use super::*;
use crate::{Inbound, ProtocolLimits, RequestId, TopicMatch, WireError, WsKey};

thread_local! {
    static DECODED: Cell<u32> = const { Cell::new(0) };
}

/// A protocol whose requests are single letters; nobody speaks it.
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

/// It asks for each letter and takes the frames that begin with one of them, or with `*`, which is pushed for all.
#[derive(Clone, Copy, Debug)]
struct Of(&'static str);

impl Topic for Of {
    type Kind = Kind;
    type Event = Number;

    fn requests(&self) -> Vec<char> {
        self.0.chars().collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        DECODED.set(DECODED.get() + 1);
        let (head, number) = frame.split_at_checked(1).ok_or(DecodeError::Syntax {
            reason: "it is empty",
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

/// Equal ones, ones of several requests, ones that take each other's, and one that asks for nothing.
const ALL: [Of; 7] = [
    Of("a"),
    Of("b"),
    Of("c"),
    Of("ab"),
    Of("bcd"),
    Of("aa"),
    Of(""),
];

const FRAMES: [&str; 10] = ["a1", "b2", "c3", "d4", "e5", "*6", "a", "b?", "*", ""];

/// Every list of up to so many of them.
fn lists(length: usize) -> Vec<Vec<Of>> {
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
fn a_place_right_or_wrong_changes_nothing_of_what_a_push_becomes() {
    for topics in lists(4) {
        for frame in FRAMES {
            let expected = topics.decode(frame);
            for place in (0..6).chain([usize::MAX]) {
                let decoded = topics.decode_at(&mut { place }, frame);
                assert_eq!(decoded, expected, "{topics:?} {frame:?} at {place}");
            }
        }
    }
}

#[test]
fn a_list_of_lists_gives_the_same_too() {
    for first in lists(2) {
        for second in lists(2) {
            let topics = vec![first.clone(), second];
            for frame in FRAMES {
                for place in 0..4 {
                    assert_eq!(
                        topics.decode_at(&mut { place }, frame),
                        topics.decode(frame)
                    );
                }
            }
        }
    }
}

#[test]
fn a_push_is_decoded_once_where_each_topic_has_one_request() {
    let topics = vec![One("a"), One("b"), One("c"), One("d")];
    for (place, frame) in ["a1", "b2", "c3", "d4", "d", "*5"].iter().enumerate() {
        DECODED.set(0);
        let decoded = topics.decode_at(&mut place.min(3), frame);
        assert_ne!(decoded, Ok(None), "{frame}");
        assert_eq!(DECODED.get(), 1, "{frame}");
    }
    DECODED.set(0);
    assert_eq!(topics.decode_at(&mut 1, "e6"), Ok(None));
    assert_eq!(DECODED.get(), 4, "each is asked, none twice");
}

#[test]
fn place_is_that_of_the_request_of_the_push() {
    let topics = vec![Of("bcd"), Of("ab"), Of("e")];
    let requests = topics.requests();
    assert_eq!(requests, ['b', 'c', 'd', 'a', 'b', 'e']);
    for (at, request) in requests.iter().enumerate() {
        // Routed right, the place stays; routed wrong, it is one of the topic that takes the push.
        let mut place = at;
        topics
            .decode_at(&mut place, &format!("{request}1"))
            .unwrap();
        assert_eq!(place, at);
    }
    for wrong in [0, 3, usize::MAX] {
        let mut place = wrong;
        topics.decode_at(&mut place, "e1").unwrap();
        assert_eq!(place, 5);
    }
}

/// A topic of one request, which takes the pushes of others too.
#[derive(Clone, Debug)]
struct One(&'static str);

impl Topic for One {
    type Kind = Kind;
    type Event = Number;

    const HAS_ONE_REQUEST: bool = true;

    fn requests(&self) -> Vec<char> {
        self.0.chars().take(1).collect()
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        Of(self.0).decode(frame)
    }
}

#[test]
fn equal_topics_of_a_list_do_not_shift_the_place() {
    // The second `a` also takes pushes of `b`, as `positionAll` takes those of one contract.
    let topics = vec![One("ab"), One("ab"), One("b"), One("c")];
    for (routed, frame) in [(0, "a1"), (2, "b1"), (3, "c1")] {
        let mut place = routed;
        DECODED.set(0);
        assert!(topics.decode_at(&mut place, frame).unwrap().is_some());
        assert_eq!((place, DECODED.get()), (routed, 1), "{frame}");
    }
    let mut place = 2;
    assert!(topics.decode_at(&mut place, "c1").unwrap().is_some());
    assert_eq!(place, 3);
}
