//! Enums that are values of parameters in scripts.

use super::table::parameter_enum;

parameter_enum! {
    /// A violation of the WebSocket protocol, in the frame of a push.
    pub enum FrameViolation {
        /// The frame is masked, which only frames of a client may be.
        "masked" Masked,
        /// The first reserved bit is set, although no extension was negotiated.
        "reserved-bit" ReservedBit,
        /// The opcode is 3, which is reserved.
        "unknown-opcode" UnknownOpcode,
        /// The text is not valid UTF-8.
        "not-utf8" NotUtf8,
        /// The frame is a continuation without a first fragment.
        "stray-continuation" StrayContinuation,
        /// The first half is a fragment; the second half starts a new message instead of continuing it.
        "interrupted" Interrupted,
        /// A fragmented ping frame precedes the push.
        "fragmented-ping" FragmentedPing,
        /// A ping frame with a payload of 126 bytes precedes the push; the maximum is 125.
        "long-ping" LongPing,
        /// The frame declares a length of 2^62 bytes.
        "oversized" Oversized,
        /// Instead of the push, a close frame with a payload of one byte; then the TCP stream ends.
        "short-close" ShortClose,
        /// Instead of the push, a close frame with a reason that is not UTF-8; then the TCP stream ends.
        "close-not-utf8" CloseNotUtf8,
    }
}

impl FrameViolation {
    /// Returns `true` if the violation ends the connection.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::ShortClose | Self::CloseNotUtf8)
    }
}

parameter_enum! {
    /// A change of the content of a push, which remains valid JSON.
    pub enum Mutation {
        /// A field gets an unknown value; by default a random field with an enum value.
        "unknown-value" UnknownValue,
        /// The data has an additional field.
        "extra-field" ExtraField,
        /// A field is missing.
        "missing-field" MissingField,
        /// A field is `null`.
        "null-field" NullField,
        /// A field has another type: a number becomes a string, a numeric string a number, any other value an object.
        "other-type" OtherType,
        /// A time has another unit: milliseconds become nanoseconds, micro- and nanoseconds become milliseconds; by
        /// default all times.
        "other-time-unit" OtherTimeUnit,
        /// The topic is one that no client subscribed to.
        "unknown-topic" UnknownTopic,
        /// The `type` is unknown.
        "unknown-type" UnknownType,
        /// The `subject` is unknown. Pro V2 has no `subject` and is not affected.
        "unknown-subject" UnknownSubject,
    }
}

parameter_enum! {
    /// How the local exchange answers subscriptions to an unknown symbol.
    pub enum UnknownSymbols {
        /// Acknowledges the subscription, but never pushes, as KuCoin does today.
        "acknowledge" Acknowledge,
        /// Refuses the subscription, on V1 with code 404, as KuCoin did from 2019 to 2022.
        "refuse" Refuse,
    }
}

impl Default for UnknownSymbols {
    /// Returns KuCoin's behaviour on both protocols, according to the latest reports.
    fn default() -> Self {
        Self::Acknowledge
    }
}

parameter_enum! {
    /// Level of a liquidation warning: the `eT` of `lw`.
    #[derive(PartialOrd, Ord)]
    pub enum LiquidationLevel {
        /// Risk ratio of at least 80 %.
        "MARGIN_CALL" MarginCall,
        /// Risk ratio of at least 85 %.
        "REDUCE_ONLY" ReduceOnly,
        /// Risk ratio of at least 90 %.
        "LIQUIDATION_WARNING" LiquidationWarning,
        /// Risk ratio of at least 100 %.
        "FORCE_LIQUIDATION" ForceLiquidation,
    }
}

parameter_enum! {
    /// Status of the cross-margin account: the `type` of `position.status`.
    pub enum MarginStatusType {
        /// The debt ratio is too high: the account is frozen for trading and borrowing.
        "FROZEN_FL" Frozen,
        /// The account is no longer frozen.
        "UNFROZEN_FL" Unfrozen,
        /// The account is frozen while its loans are renewed.
        "FROZEN_RENEW" FrozenForRenewal,
        /// The loans are renewed, and the account is no longer frozen.
        "UNFROZEN_RENEW" UnfrozenAfterRenewal,
        /// The account has negative equity: its debts exceed its assets.
        "LIABILITY" Liability,
        /// The account no longer has negative equity.
        "UNLIABILITY" LiabilityCleared,
    }
}
