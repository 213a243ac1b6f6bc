//! Random steps of the property test of rotations.

use kucoin_streams_session::ConnectionRole;
use proptest::prelude::*;

use ConnectionRole::{Current, Replacement};

/// Number of topics that are always wanted; the others come and go.
pub(super) const ALWAYS_WANTED: u8 = 2;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    Rotate,
    Wait(u16),
    /// Result of a pending fetch or dial.
    Attempt(ConnectionRole, bool),
    /// The server handles this number of frames.
    Serve(ConnectionRole, u8),
    /// The server refuses a topic that is not always wanted.
    Refuse(ConnectionRole),
    /// The server refuses a topic temporarily.
    Postpone(ConnectionRole),
    /// The driver reports whether both connections are in sync.
    SetInSync(bool),
    /// An event, pushed once or twice.
    Push(u8, bool),
    /// The client reads this number of frames.
    Read(ConnectionRole, u8),
    Cut(ConnectionRole),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let role = || prop_oneof![Just(Current), Just(Replacement)];
    prop_oneof![
        3 => (ALWAYS_WANTED..4).prop_map(Step::Subscribe),
        2 => (ALWAYS_WANTED..4).prop_map(Step::Unsubscribe),
        3 => Just(Step::Rotate),
        4 => (0u16..300).prop_map(Step::Wait),
        8 => (role(), prop::bool::weighted(0.03)).prop_map(|(role, fails)| Step::Attempt(role, fails)),
        12 => (role(), 1u8..4).prop_map(|(role, frames)| Step::Serve(role, frames)),
        1 => role().prop_map(Step::Refuse),
        1 => role().prop_map(Step::Postpone),
        1 => any::<bool>().prop_map(Step::SetInSync),
        8 => (0u8..4, prop::bool::weighted(0.2)).prop_map(|(topic, twice)| Step::Push(topic, twice)),
        12 => (role(), 1u8..6).prop_map(|(role, frames)| Step::Read(role, frames)),
        1 => prop::bool::weighted(0.5).prop_map(|current| Step::Cut(if current { Current } else { Replacement })),
    ]
}
