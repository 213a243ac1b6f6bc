//! The words of the script language that are values of parameters.

use super::table::words;

words! {
    /// In which way the frame of a push breaks the WebSocket protocol.
    pub enum FrameViolation {
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

impl FrameViolation {
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

words! {
    /// How the exchange answers a request for a symbol that is not traded.
    pub enum UnknownSymbols {
        /// The topic is acknowledged and stays silent, as on KuCoin today.
        "acknowledge" Acknowledge,
        /// The topic is refused, on V1 with 404, as KuCoin did in 2019 to 2022.
        "refuse" Refuse,
    }
}

impl Default for UnknownSymbols {
    /// What the newest reports of KuCoin say, for both generations.
    fn default() -> Self {
        Self::Acknowledge
    }
}

words! {
    /// How near the account is to liquidation: the `eT` of `lw`.
    #[derive(PartialOrd, Ord)]
    pub enum LiquidationLevel {
        /// From a ratio of 80 %.
        "MARGIN_CALL" MarginCall,
        /// From a ratio of 85 %.
        "REDUCE_ONLY" ReduceOnly,
        /// From a ratio of 90 %.
        "LIQUIDATION_WARNING" LiquidationWarning,
        /// From a ratio of 100 %.
        "FORCE_LIQUIDATION" ForceLiquidation,
    }
}

words! {
    /// What the cross-margin account says of itself: the `type` of `position.status`.
    pub enum MarginStatusType {
        /// The account owes nearly all that it has: nothing may be traded or borrowed.
        "FROZEN_FL" Frozen,
        /// The account is no longer frozen.
        "UNFROZEN_FL" Unfrozen,
        /// The account is frozen for a renewal of its loans.
        "FROZEN_RENEW" FrozenForRenewal,
        /// The renewal has ended.
        "UNFROZEN_RENEW" UnfrozenAfterRenewal,
        /// The account owes more than it has.
        "LIABILITY" Liability,
        /// The account no longer owes more than it has.
        "UNLIABILITY" LiabilityCleared,
    }
}
