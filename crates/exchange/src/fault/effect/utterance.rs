//! What the exchange says out of itself.

use std::fmt::{self, Display};

use super::Effect;
use super::words::{Hex, Quoted, Word};
use crate::fault::script::Row;

/// What the exchange says out of itself, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Utterance {
    /// A message with this text, in a frame of the kind that the connection uses.
    Text {
        /// The text, which may be anything.
        text: String,
    },
    /// A binary frame.
    Binary {
        /// Its payload.
        payload: Vec<u8>,
    },
    /// A binary frame of raw DEFLATE, some thousandth as long as what it inflates to.
    Bomb {
        /// The length of what it inflates to.
        bytes: u32,
    },
    /// These bytes with no frame around them, to make any frame whatever.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// An error frame in the form of V1, after which the connection goes on.
    Error {
        /// Its code, such as 509.
        code: u16,
        /// Its text.
        text: String,
        /// Its id, where it has one.
        id: Option<String>,
    },
    /// An acknowledgement of this id.
    Ack {
        /// The id.
        id: String,
    },
    /// Pongs that nobody asked for, with ids that nobody chose.
    Pongs {
        /// How many.
        count: u32,
    },
    /// Pings of the WebSocket protocol; [`ConnectionReport::protocol_pongs`](crate::ConnectionReport::protocol_pongs)
    /// counts the answers.
    Pings {
        /// How many.
        count: u32,
        /// The length of the payload of each, up to 125.
        bytes: u8,
    },
    /// Pushes of a topic that does not exist, in one burst: `/flood/unknown`, of Pro V2 `flood.UNKNOWN`. They are not
    /// counted as pushes.
    Flood {
        /// How many.
        pushes: u32,
    },
    /// A message in fragments of which none is the last.
    EndlessFragments {
        /// How many.
        fragments: u32,
        /// The length of each, 0 for empty ones.
        bytes: u32,
    },
}

impl Display for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text } => write!(f, "send-text text={}", Quoted(text)),
            Self::Binary { payload } => write!(f, "send-binary hex={}", Hex(payload)),
            Self::Bomb { bytes } => write!(f, "send-bomb bytes={bytes}"),
            Self::Bytes { bytes } => write!(f, "send-bytes hex={}", Hex(bytes)),
            Self::Error { code, text, id } => {
                write!(f, "send-error code={code} text={}", Quoted(text))?;
                match id {
                    Some(id) => write!(f, " id={}", Word(id)),
                    None => Ok(()),
                }
            }
            Self::Ack { id } => write!(f, "send-ack id={}", Word(id)),
            Self::Pongs { count } => write!(f, "send-pongs count={count}"),
            Self::Pings { count, bytes } => write!(f, "send-pings count={count} bytes={bytes}"),
            Self::Flood { pushes } => write!(f, "flood pushes={pushes}"),
            Self::EndlessFragments { fragments, bytes } => {
                write!(f, "endless-fragments fragments={fragments} bytes={bytes}")
            }
        }
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[
    ("send-text", &["text", "times"], |s| {
        let text = s.required("text")?;
        Ok(Effect::Say(Utterance::Text { text }))
    }),
    ("send-binary", &["hex", "times"], |s| {
        let payload = s.hex("hex")?;
        Ok(Effect::Say(Utterance::Binary { payload }))
    }),
    ("send-bomb", &["bytes", "times"], |s| {
        let bytes = s.number("bytes", 16_777_216, "a number of bytes")?;
        Ok(Effect::Say(Utterance::Bomb { bytes }))
    }),
    ("send-bytes", &["hex", "times"], |s| {
        let bytes = s.hex("hex")?;
        Ok(Effect::Say(Utterance::Bytes { bytes }))
    }),
    ("send-error", &["code", "text", "id", "times"], |s| {
        Ok(Effect::Say(Utterance::Error {
            code: s.number("code", 509, "a code such as 509")?,
            text: s.text("text", "service busy"),
            id: s.take("id"),
        }))
    }),
    ("send-ack", &["id", "times"], |s| {
        let id = s.text("id", "stray");
        Ok(Effect::Say(Utterance::Ack { id }))
    }),
    ("send-pongs", &["count", "times"], |s| {
        let count = s.number("count", 1, "a number of pongs")?;
        Ok(Effect::Say(Utterance::Pongs { count }))
    }),
    ("send-pings", &["count", "bytes", "times"], |s| {
        let count = s.number("count", 1, "a number of pings")?;
        let bytes = s.number("bytes", 4, "a length up to 125")?;
        Ok(Effect::Say(Utterance::Pings { count, bytes }))
    }),
    ("flood", &["pushes", "times"], |s| {
        let pushes = s.number("pushes", 10_000, "a number of pushes")?;
        Ok(Effect::Say(Utterance::Flood { pushes }))
    }),
    ("endless-fragments", &["fragments", "bytes", "times"], |s| {
        let fragments = s.number("fragments", 2_048, "a number of fragments")?;
        let bytes = s.number("bytes", 1_024, "a length in bytes")?;
        Ok(Effect::Say(Utterance::EndlessFragments {
            fragments,
            bytes,
        }))
    }),
];
