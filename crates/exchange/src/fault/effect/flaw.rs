//! In which ways a frame breaks the WebSocket protocol.

use std::fmt::{self, Display};

use super::Effect;
use crate::fault::script::Row;

/// In which way the frame of a push breaks the WebSocket protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It is masked, as only a client's frame may be.
    Masked,
    /// The first reserved bit is set, though no extension was agreed on.
    ReservedBit,
    /// Its opcode is 3, which nobody has given a meaning.
    UnknownOpcode,
    /// A byte of its text is none of UTF-8.
    NotUtf8,
    /// It continues a message that was never begun.
    StrayContinuation,
    /// Its first half is a fragment, and the second half begins a new message.
    Interrupted,
    /// It is a ping that claims to have more fragments, with the push behind it.
    FragmentedPing,
    /// It is a ping with a payload of 126 bytes, with the push behind it.
    LongPing,
    /// It declares a length of 2^62 bytes.
    Oversized,
    /// It is a close frame with half of a code, and the stream ends behind it.
    ShortClose,
    /// It is a close frame whose reason is not UTF-8, and the stream ends behind it.
    CloseNotUtf8,
}

/// Each flaw and its name in a script.
const NAMES: &[(&str, Flaw)] = &[
    ("masked", Flaw::Masked),
    ("reserved-bit", Flaw::ReservedBit),
    ("unknown-opcode", Flaw::UnknownOpcode),
    ("not-utf8", Flaw::NotUtf8),
    ("stray-continuation", Flaw::StrayContinuation),
    ("interrupted", Flaw::Interrupted),
    ("fragmented-ping", Flaw::FragmentedPing),
    ("long-ping", Flaw::LongPing),
    ("oversized", Flaw::Oversized),
    ("short-close", Flaw::ShortClose),
    ("close-not-utf8", Flaw::CloseNotUtf8),
];

impl Flaw {
    /// Every flaw there is.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(_, flaw)| *flaw)
    }

    /// Whether nothing can follow on the connection.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::ShortClose | Self::CloseNotUtf8)
    }
}

impl Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.iter().find(|(_, flaw)| flaw == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[("flawed-frame", &["flaw", "count", "times"], |s| {
    let flaw = s.named(
            "flaw",
            NAMES,
            "masked, reserved-bit, unknown-opcode, not-utf8, stray-continuation, interrupted, fragmented-ping, \
             long-ping, oversized, short-close or close-not-utf8",
        )?;
    let count = s.count(Some(1))?;
    Ok(Effect::FlawedFrame { flaw, count })
})];
