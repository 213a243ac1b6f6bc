//! What may happen in a property test of a session, at random.

use proptest::prelude::*;

/// One thing that a user, the network or the server does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    /// Time passes; the session is ticked.
    Wait(u16),
    /// The server answers so many of the frames that it has not answered yet.
    Answer(u8),
    /// One frame gets no answer: a subscription is lost, an unsubscription is carried out in silence.
    SwallowOne,
    /// The server refuses one request, for good or for now.
    RefuseOne {
        code: u16,
        with_id: bool,
    },
    /// The server begins, or ceases, to refuse each request about a topic for now.
    Trouble(u8, bool),
    /// The outcome of a pending fetch or dial.
    Attempt {
        fails: bool,
    },
    Cut,
    Garbage,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..6).prop_map(Step::Subscribe),
        3 => (0u8..6).prop_map(Step::Unsubscribe),
        3 => (0u16..8_000).prop_map(Step::Wait),
        5 => (1u8..5).prop_map(Step::Answer),
        1 => Just(Step::SwallowOne),
        3 => refusal(),
        2 => (0u8..6, any::<bool>()).prop_map(|(topic, is_on)| Step::Trouble(topic, is_on)),
        6 => prop::bool::weighted(0.2).prop_map(|fails| Step::Attempt { fails }),
        1 => Just(Step::Cut),
        1 => Just(Step::Garbage),
    ]
}

/// Half of them for good; the others for pace, for trouble of the server's own, or because it is busy.
fn refusal() -> impl Strategy<Value = Step> {
    let code = prop_oneof![3 => Just(404), 1 => Just(429), 1 => Just(500), 1 => Just(503)];
    let with_id = prop::bool::weighted(0.8);
    (code, with_id).prop_map(|(code, with_id)| Step::RefuseOne { code, with_id })
}
