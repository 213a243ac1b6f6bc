//! The macro that defines the topic enum and the event enum of one connection.

/// Defines the topic enum and the event enum of one connection.
///
/// Each topic and each event has one line.
macro_rules! any_topic {
    (
        on $kind:ident;
        $(#[$topics_meta:meta])*
        topics $topics:ident {
            $($(#[$topic_meta:meta])* $topic:ident => $event_variant:ident $($account_wide:ident)?),* $(,)?
        }
        $(#[$events_meta:meta])*
        events $events:ident {
            $($(#[$event_meta:meta])* $variant:ident($event:ty)),* $(,)?
        }
    ) => {
        use ::std::fmt;
        use ::std::str::FromStr;

        use kucoin_streams_core::{ConnectionKind, DecodeError, Event, Push, Topic};

        use $crate::{ParseTopicError, TopicPath};

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
            /// The paths of all topics of the connection; `SYMBOL` is a placeholder.
            pub const PATTERNS: &'static [&'static str] = &[$($topic::PATTERN),*];

            /// Returns the topic with the path of a push; `None` if no topic of the connection has this path.
            pub fn from_pushed(path: &str) -> Option<Self> {
                let path = $crate::path::without_private_suffix(path);
                $(
                    if let Some(topic) = $topic::from_pushed(path) {
                        return Some(Self::$topic(topic));
                    }
                )*
                None
            }

            /// Returns `true` if the connection has a topic with this path, even if the symbol is invalid.
            pub(crate) fn knows(path: &str) -> bool {
                false $(|| $topic::from_path(path).is_some())*
            }

            /// Returns the topics that together cover the whole account.
            ///
            /// Topics that need a symbol, and topics that only repeat the events of another topic, are not included.
            pub fn account_wide() -> Vec<Self> {
                vec![$($($crate::any::any_topic!(@ $account_wide Self::$topic($topic)),)?)*]
            }
        }

        impl Topic for $topics {
            type Kind = $kind;
            type Event = $events;

            const HAS_ONE_REQUEST: bool = true;

            fn requests(&self) -> Vec<TopicPath> {
                match self {
                    $(Self::$topic(topic) => topic.requests(),)*
                }
            }

            fn decode(&self, frame: &str) -> Result<Option<Push<$events>>, DecodeError> {
                match self {
                    $(Self::$topic(topic) => {
                        Ok(topic.decode(frame)?.map(|push| push.map($events::$event_variant)))
                    })*
                }
            }
        }

        impl FromStr for $topics {
            type Err = ParseTopicError;

            fn from_str(given: &str) -> Result<Self, ParseTopicError> {
                $(
                    if let Some(topic) = $topic::from_path(given) {
                        return topic
                            .map(Self::$topic)
                            .map_err(|reason| ParseTopicError::symbol(given, reason));
                    }
                )*
                Err(ParseTopicError::not_on(<$kind as ConnectionKind>::WS_KEY, given))
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
            fn dedup_key(&self) -> String {
                match self {
                    $(Self::$variant(event) => event.dedup_key(),)*
                }
            }

            fn has_unique_key(&self) -> bool {
                match self {
                    $(Self::$variant(event) => event.has_unique_key(),)*
                }
            }

            fn occurred_at(&self) -> Option<kucoin_streams_core::Timestamp> {
                match self {
                    $(Self::$variant(event) => event.occurred_at(),)*
                }
            }

            fn fill(&self) -> Option<kucoin_streams_core::Fill> {
                match self {
                    $(Self::$variant(event) => Event::fill(event),)*
                }
            }
        }

        /// Serializes the event inside, with KuCoin's field names.
        ///
        /// To deserialize, use the type of the event inside: the JSON does not contain the topic.
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

pub(crate) use any_topic;
