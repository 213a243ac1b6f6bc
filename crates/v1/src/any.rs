//! Topics and events of one connection as one type each, for those who choose topics while running.

use std::fmt;
use std::str::FromStr;

use kucoin_streams_wire::json::DecodeError;
use kucoin_streams_wire::{Event, Push, Topic};

use crate::spot::{
    Balance, Balances, SpotOrder, SpotOrders, SpotOrdersV1, SpotStopOrder, SpotStopOrders,
};
use crate::{SpotPrivate, TopicPath};
use kucoin_streams_wire::nearest;

/// Why a text is no topic. Choose the topic that it names, or ask for the list of the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no topic of this connection; did you mean `{nearest}`?")]
pub struct ParseTopicError {
    given: String,
    nearest: &'static str,
}

impl ParseTopicError {
    /// The topic whose spelling is nearest.
    pub fn nearest(&self) -> &'static str {
        self.nearest
    }
}

/// Defines the topics and the events of one connection from one table: a line for each topic, a line for each
/// event.
macro_rules! any_topic {
    (
        on $kind:ty;
        $(#[$topics_meta:meta])*
        topics $topics:ident {
            $($(#[$topic_meta:meta])* $topic:ident => $gives:ident $($account_wide:ident)?),* $(,)?
        }
        $(#[$events_meta:meta])*
        events $events:ident {
            $($(#[$event_meta:meta])* $variant:ident($event:ty)),* $(,)?
        }
    ) => {
        $(#[$topics_meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $topics {
            $($(#[$topic_meta])* $topic($topic),)*
        }

        $(#[$events_meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $events {
            $($(#[$event_meta])* $variant($event),)*
        }

        impl $topics {
            /// How each topic of the connection is written.
            pub const PATTERNS: &'static [&'static str] = &[$($topic::PATTERN),*];

            /// The topics that together tell all about the account, each event once.
            pub fn account_wide() -> Vec<Self> {
                vec![$($(any_topic!(@ $account_wide Self::$topic($topic)),)?)*]
            }
        }

        impl Topic for $topics {
            type Kind = $kind;
            type Event = $events;

            fn requests(&self) -> Vec<TopicPath> {
                match self {
                    $(Self::$topic(topic) => topic.requests(),)*
                }
            }

            fn decode(&self, frame: &str) -> Result<Option<Push<$events>>, DecodeError> {
                match self {
                    $(Self::$topic(topic) => {
                        Ok(topic.decode(frame)?.map(|push| push.map($events::$gives)))
                    })*
                }
            }
        }

        impl FromStr for $topics {
            type Err = ParseTopicError;

            fn from_str(given: &str) -> Result<Self, ParseTopicError> {
                $(
                    if let Some(topic) = $topic::from_path(given) {
                        return Ok(Self::$topic(topic));
                    }
                )*
                Err(ParseTopicError {
                    given: given.chars().take(64).flat_map(char::escape_debug).collect(),
                    nearest: nearest(given, Self::PATTERNS),
                })
            }
        }

        impl fmt::Display for $topics {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$topic(topic) => topic.fmt(f),)*
                }
            }
        }

        $(impl From<$topic> for $topics {
            fn from(topic: $topic) -> Self {
                Self::$topic(topic)
            }
        })*

        impl Event for $events {
            fn identity(&self) -> String {
                match self {
                    $(Self::$variant(event) => event.identity(),)*
                }
            }
        }

        /// Writes the event itself, by the exchange's field names.
        impl serde::Serialize for $events {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(serializer),)*
                }
            }
        }
    };
    (@ account_wide $topic:expr) => { $topic };
}

any_topic! {
    on SpotPrivate;

    /// Any topic of the spot connection, parsed from its path such as `/account/balance`.
    ///
    /// A topic of the futures connection is not among them, so that it cannot be subscribed to here.
    topics AnySpotTopic {
        /// `/spotMarket/tradeOrdersV2`.
        SpotOrders => Order account_wide,
        /// `/spotMarket/tradeOrders`.
        SpotOrdersV1 => Order,
        /// `/account/balance`.
        Balances => Balance account_wide,
        /// `/spotMarket/advancedOrders`.
        SpotStopOrders => StopOrder account_wide,
    }

    /// Any event of the spot connection.
    events SpotEvent {
        /// A change of an order.
        Order(SpotOrder),
        /// A change of a balance.
        Balance(Balance),
        /// A change of a stop order.
        StopOrder(SpotStopOrder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_parses_from_its_own_path() {
        for path in AnySpotTopic::PATTERNS {
            let topic: AnySpotTopic = path.parse().unwrap();
            assert_eq!(topic.to_string(), *path);
            assert_eq!(topic.requests(), [TopicPath::new(path)]);
        }
    }

    #[test]
    fn a_misspelt_topic_is_answered_with_the_nearest() {
        for (given, nearest) in [
            ("/spotMarket/tradeOrderV2", "/spotMarket/tradeOrdersV2"),
            ("/account/balances", "/account/balance"),
            ("spotmarket/advancedorders", "/spotMarket/advancedOrders"),
            ("balance", "/account/balance"),
        ] {
            let error = given.parse::<AnySpotTopic>().unwrap_err();
            assert_eq!(error.nearest(), nearest, "{given}");
            assert!(error.to_string().contains(nearest));
        }
    }

    #[test]
    fn a_foreign_topic_is_cut_and_escaped_in_the_error() {
        let error = format!("\u{1b}[2J{}", "x".repeat(1000))
            .parse::<AnySpotTopic>()
            .unwrap_err();
        assert!(error.to_string().len() < 200);
        assert!(!error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn the_topics_of_the_account_give_no_event_twice() {
        let topics = AnySpotTopic::account_wide();
        assert!(topics.contains(&SpotOrders.into()));
        assert!(!topics.contains(&SpotOrdersV1.into()));
    }
}
