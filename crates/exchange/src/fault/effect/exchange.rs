//! What changes for the exchange as a whole: its limits, its answers, and what its account says.

use std::time::Duration;

use super::Effect;
use crate::fault::table::faults;
use crate::fault::value::words;

faults! {
    /// How much the exchange accepts, from the moment at which this happens.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Limit as Effect::Limit;

    in Exchange {
        /// Messages of one connection in 10 s, pings included; the others are refused with 509. At first 100.
        "limit-messages" Messages {
            /// The number of messages.
            count: u32,
        },
        /// Topics of one connection; the others are refused with 509. At first 400.
        "limit-topics" Topics {
            /// The number of topics.
            count: u32,
        },
        /// Connections at once; the others are refused with 509. At first what the builder says.
        "limit-connections" Connections {
            /// The number of connections.
            count: u32,
        },
        /// Requests for a socket in a window; the others are answered 429 with a `Retry-After`. At first unlimited.
        "limit-dials" Dials {
            /// The number of requests.
            count: u32,
            /// The window.
            per: Duration ; "60s",
        },
        /// Connections that open from now on are cut at this age, by a close frame with 1001. At first 24 h.
        "limit-connection-life" ConnectionLife {
            /// The age.
            life: Duration ; "24h",
        },
        /// Connections that open from now on are cut after this time without a message from the client. At first 60 s.
        "limit-idle" Idle {
            /// The time.
            after: Duration ; "60s",
        },
        /// Tokens that are issued from now on expire at this age. At first 24 h.
        "limit-token-life" TokenLife {
            /// The age.
            life: Duration ; "24h",
        },
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
