//! Any V1 topic and event: for topics chosen at run time, and for recorded frames.

mod error;
mod table;

use std::fmt;
use std::str::FromStr;

use kucoin_streams_core::{DecodeError, Push, Topic, WsKey};

pub use error::ParseTopicError;
pub(crate) use table::any_topic;

use crate::futures::{AnyFuturesTopic, FuturesEvent};
use crate::spot::{AnySpotTopic, SpotEvent};

/// Any private V1 topic, parsed from its path such as `/contract/position:XBTUSDTM`.
///
/// The enum does not implement [`Topic`], since the connection is not known at compile time: match on the variant and
/// subscribe to the topic inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnyV1Topic {
    /// A topic of the spot connection.
    Spot(AnySpotTopic),
    /// A topic of the futures connection.
    Futures(AnyFuturesTopic),
}

/// Any event of a private V1 topic.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)]
pub enum V1Event {
    /// An event of the spot connection.
    Spot(SpotEvent),
    /// An event of the futures connection.
    Futures(FuturesEvent),
}

/// Decodes a recorded push by the topic in the frame.
///
/// Returns `None` if the frame is not a push of a private topic. A serialized V1 update, such as an `update` line of
/// the `kucoin-streams` command, is decoded too.
///
/// # Errors
/// Returns the errors of [`Topic::decode`].
pub fn decode(frame: &str) -> Result<Option<Push<V1Event>>, DecodeError> {
    let Some(pushed) = crate::envelope::topic(frame)? else {
        return Ok(None);
    };
    match AnyV1Topic::from_pushed(&pushed) {
        Some(AnyV1Topic::Spot(topic)) => {
            Ok(topic.decode(frame)?.map(|push| push.map(V1Event::Spot)))
        }
        Some(AnyV1Topic::Futures(topic)) => {
            Ok(topic.decode(frame)?.map(|push| push.map(V1Event::Futures)))
        }
        None => Ok(None),
    }
}

impl AnyV1Topic {
    /// Returns the topic with the path of a push; `None` if no private topic has this path.
    pub fn from_pushed(path: &str) -> Option<Self> {
        AnySpotTopic::from_pushed(path)
            .map(Self::Spot)
            .or_else(|| AnyFuturesTopic::from_pushed(path).map(Self::Futures))
    }

    /// Returns the connection that serves the topic.
    pub fn ws_key(&self) -> WsKey {
        match self {
            Self::Spot(_) => WsKey::SpotPrivateV1,
            Self::Futures(_) => WsKey::FuturesPrivateV1,
        }
    }
}

impl FromStr for AnyV1Topic {
    type Err = ParseTopicError;

    fn from_str(given: &str) -> Result<Self, ParseTopicError> {
        if AnySpotTopic::knows(given) {
            given.parse().map(Self::Spot)
        } else if AnyFuturesTopic::knows(given) {
            given.parse().map(Self::Futures)
        } else {
            let all = [AnySpotTopic::PATTERNS, AnyFuturesTopic::PATTERNS];
            Err(ParseTopicError::unknown(given, &all))
        }
    }
}

impl fmt::Display for AnyV1Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spot(topic) => topic.fmt(f),
            Self::Futures(topic) => topic.fmt(f),
        }
    }
}

impl From<AnySpotTopic> for AnyV1Topic {
    fn from(topic: AnySpotTopic) -> Self {
        Self::Spot(topic)
    }
}

impl From<AnyFuturesTopic> for AnyV1Topic {
    fn from(topic: AnyFuturesTopic) -> Self {
        Self::Futures(topic)
    }
}

impl From<SpotEvent> for V1Event {
    fn from(event: SpotEvent) -> Self {
        Self::Spot(event)
    }
}

impl From<FuturesEvent> for V1Event {
    fn from(event: FuturesEvent) -> Self {
        Self::Futures(event)
    }
}

impl kucoin_streams_core::Event for V1Event {
    fn dedup_key(&self) -> String {
        match self {
            Self::Spot(event) => event.dedup_key(),
            Self::Futures(event) => event.dedup_key(),
        }
    }

    fn has_unique_key(&self) -> bool {
        match self {
            Self::Spot(event) => event.has_unique_key(),
            Self::Futures(event) => event.has_unique_key(),
        }
    }

    fn occurred_at(&self) -> Option<kucoin_streams_core::Timestamp> {
        match self {
            Self::Spot(event) => event.occurred_at(),
            Self::Futures(event) => event.occurred_at(),
        }
    }

    fn fill(&self) -> Option<kucoin_streams_core::Fill> {
        match self {
            Self::Spot(event) => event.fill(),
            Self::Futures(event) => event.fill(),
        }
    }
}

/// Serializes the event inside, with KuCoin's field names.
impl serde::Serialize for V1Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Spot(event) => event.serialize(serializer),
            Self::Futures(event) => event.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SpotOrders, SpotOrdersV1, TopicPath};

    /// Returns an example path for this pattern.
    fn example(pattern: &str) -> String {
        let symbol = match pattern.starts_with("/contract") {
            true => "XBTUSDTM",
            false => "BTC-USDT",
        };
        pattern.replace("SYMBOL", symbol)
    }

    #[test]
    fn every_topic_parses_from_its_path() {
        for pattern in AnySpotTopic::PATTERNS {
            let path = example(pattern);
            let topic: AnySpotTopic = path.parse().unwrap();
            assert_eq!(topic.to_string(), path);
            assert_eq!(topic.requests(), [TopicPath::new(&path)]);
            assert_eq!(path.parse(), Ok(AnyV1Topic::Spot(topic)));
        }
        for pattern in AnyFuturesTopic::PATTERNS {
            let path = example(pattern);
            let topic: AnyFuturesTopic = path.parse().unwrap();
            assert_eq!(topic.to_string(), path);
            assert_eq!(topic.requests(), [TopicPath::new(&path)]);
            assert_eq!(path.parse(), Ok(AnyV1Topic::Futures(topic)));
        }
    }

    #[test]
    fn misspelled_topic_suggests_most_similar() {
        for (given, nearest) in [
            ("/spotMarket/tradeOrderV2", "/spotMarket/tradeOrdersV2"),
            ("/account/balances", "/account/balance"),
            ("spotmarket/advancedorders", "/spotMarket/advancedOrders"),
            ("balance", "/account/balance"),
            ("/contract/positions:XBTUSDTM", "/contract/position:SYMBOL"),
            ("/contractMarket/tradeOrder", "/contractMarket/tradeOrders"),
            (
                "/contractMarket/tradeOrder:XBTUSDTM",
                "/contractMarket/tradeOrders:SYMBOL",
            ),
            ("/margin/positions", "/margin/position"),
        ] {
            let error = given.parse::<AnyV1Topic>().unwrap_err();
            assert_eq!(error.nearest(), Some(nearest), "{given}");
            assert!(error.to_string().contains(nearest));
        }
        for far in ["", "/", "/no/such/topic/exists"] {
            let error = far.parse::<AnyV1Topic>().unwrap_err();
            assert_eq!(error.nearest(), None, "{far}");
            assert!(!error.to_string().contains("did you mean"), "{error}");
        }
    }

    #[test]
    fn dissimilar_topic_has_no_suggestion() {
        for given in ["", "/", "/my/own/orders/please"] {
            let error = given.parse::<AnyV1Topic>().unwrap_err();
            assert_eq!(error.nearest(), None, "{given}");
            assert!(
                error
                    .to_string()
                    .contains("this SDK has private topics only, such as"),
                "{error}"
            );
        }
    }

    #[test]
    fn topic_of_other_connection_names_that_connection() {
        let error = "/contract/positionAll".parse::<AnySpotTopic>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "topic `/contract/positionAll` belongs to futuresPrivateV1, not to spotPrivateV1; subscribe on futuresPrivateV1"
        );
        let error = "/account/balance".parse::<AnyFuturesTopic>().unwrap_err();
        assert!(error.to_string().contains("spotPrivateV1"));
    }

    #[test]
    fn invalid_symbol_is_refused() {
        let error = "/contract/position:xbtusdtm".parse::<AnyV1Topic>();
        assert!(error.unwrap_err().to_string().contains("`XBTUSDTM`"));
        let error = "/contract/position:all".parse::<AnyFuturesTopic>();
        assert!(matches!(error, Err(ParseTopicError::Symbol { .. })));
    }

    #[test]
    fn invalid_topic_is_shortened_and_escaped_in_error() {
        let error = format!("\u{1b}[2J{}", "x".repeat(1000))
            .parse::<AnyV1Topic>()
            .unwrap_err();
        assert!(error.to_string().len() < 300);
        assert!(!error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn account_wide_topics_do_not_overlap() {
        let topics = AnySpotTopic::account_wide();
        assert!(topics.contains(&SpotOrders.into()));
        assert!(!topics.contains(&SpotOrdersV1.into()));
    }
}
