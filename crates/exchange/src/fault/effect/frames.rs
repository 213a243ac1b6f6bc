//! In which ways the frame of a push breaks the WebSocket protocol, and what a push says that it should not say.

use crate::fault::value::words;

words! {
    /// In which way the frame of a push breaks the WebSocket protocol.
    pub enum Flaw {
        /// The frame is masked, as only a client's frame may be.
        "masked" Masked,
        /// The first reserved bit is set, although no extension was agreed on.
        "reserved-bit" ReservedBit,
        /// The opcode is 3, which has no meaning.
        "unknown-opcode" UnknownOpcode,
        /// A byte of the text is not UTF-8.
        "not-utf8" NotUtf8,
        /// The frame continues a message that was never begun.
        "stray-continuation" StrayContinuation,
        /// The first half is a fragment, and the second half begins a new message.
        "interrupted" Interrupted,
        /// A ping claims to have more fragments; the push follows it.
        "fragmented-ping" FragmentedPing,
        /// A ping has a payload of 126 bytes; the push follows it.
        "long-ping" LongPing,
        /// The frame declares a length of 2^62 bytes.
        "oversized" Oversized,
        /// A close frame has half of a code, and the stream ends after it.
        "short-close" ShortClose,
        /// A close frame has a reason that is not UTF-8, and the stream ends after it.
        "close-not-utf8" CloseNotUtf8,
    }
}

impl Flaw {
    /// Whether nothing can follow on the connection.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::ShortClose | Self::CloseNotUtf8)
    }
}

words! {
    /// What is done to a push, which stays JSON.
    pub enum Mutation {
        /// A field has a word that no client knows; if no field is given, one that has a word.
        "unknown-value" UnknownValue,
        /// The data has an additional field.
        "extra-field" ExtraField,
        /// A field is missing.
        "missing-field" MissingField,
        /// A field is null.
        "null-field" NullField,
        /// A number becomes text, a text that is a number becomes a number, and anything else is put into an object.
        "other-type" OtherType,
        /// A time in milliseconds is sent in nanoseconds, one in micro- or nanoseconds in milliseconds; if no field is
        /// given, each of them.
        "other-time-unit" OtherTimeUnit,
        /// The topic is one that no client subscribed to.
        "unknown-topic" UnknownTopic,
        /// The `type` is one that no client knows.
        "unknown-type" UnknownType,
        /// The `subject` is one that no client knows. Pushes of Pro V2 have none and stay as they are.
        "unknown-subject" UnknownSubject,
    }
}
