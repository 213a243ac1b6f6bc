//! Random steps of the property test of a session.

use proptest::prelude::*;

/// An action of the user, the network or the server.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    /// Time passes; the session is ticked.
    Wait(u16),
    /// The server answers this number of unanswered frames.
    Answer(u8),
    /// One frame gets no answer: a subscription is lost, an unsubscription takes effect.
    SwallowOne,
    /// The server refuses one request, for good or temporarily.
    RefuseOne {
        code: u16,
        with_id: bool,
    },
    /// The server starts or stops refusing all requests for a topic temporarily.
    Trouble(u8, bool),
    /// Result of a pending fetch or dial.
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

/// Half of them for good; the others because of the message limit, a server error, or a busy server.
fn refusal() -> impl Strategy<Value = Step> {
    let code = prop_oneof![3 => Just(404), 1 => Just(429), 1 => Just(500), 1 => Just(503)];
    let with_id = prop::bool::weighted(0.8);
    (code, with_id).prop_map(|(code, with_id)| Step::RefuseOne { code, with_id })
}
