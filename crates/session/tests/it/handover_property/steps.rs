//! What may happen in a property test of hand-overs, at random.

use kucoin_streams_session::ConnectionRole;
use proptest::prelude::*;

use ConnectionRole::{Current, Replacement};

/// These are wanted all the time; the others come and go.
pub(super) const STEADY: u8 = 2;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    Rotate,
    Wait(u16),
    /// The outcome of a pending fetch or dial.
    Attempt(ConnectionRole, bool),
    /// The server takes so many of the frames that it was sent.
    Serve(ConnectionRole, u8),
    /// The server refuses a topic that is not wanted all the time.
    Refuse(ConnectionRole),
    /// The server refuses a topic for now.
    Postpone(ConnectionRole),
    /// The driver finds that both connections bring the same, or not.
    Even(bool),
    /// Something happens at the exchange, pushed once or twice.
    Happen(u8, bool),
    /// The client reads so many frames.
    Read(ConnectionRole, u8),
    Cut(ConnectionRole),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let role = || prop_oneof![Just(Current), Just(Replacement)];
    prop_oneof![
        3 => (STEADY..4).prop_map(Step::Subscribe),
        2 => (STEADY..4).prop_map(Step::Unsubscribe),
        3 => Just(Step::Rotate),
        4 => (0u16..300).prop_map(Step::Wait),
        8 => (role(), prop::bool::weighted(0.03)).prop_map(|(role, fails)| Step::Attempt(role, fails)),
        12 => (role(), 1u8..4).prop_map(|(role, frames)| Step::Serve(role, frames)),
        1 => role().prop_map(Step::Refuse),
        1 => role().prop_map(Step::Postpone),
        1 => any::<bool>().prop_map(Step::Even),
        8 => (0u8..4, prop::bool::weighted(0.2)).prop_map(|(topic, twice)| Step::Happen(topic, twice)),
        12 => (role(), 1u8..6).prop_map(|(role, frames)| Step::Read(role, frames)),
        1 => prop::bool::weighted(0.5).prop_map(|current| Step::Cut(if current { Current } else { Replacement })),
    ]
}
