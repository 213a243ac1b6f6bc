//! Topics and events of any channel, to choose topics at run time or to decode recorded frames.

use std::fmt;
use std::str::FromStr;

use kucoin_streams_core::{DecodeError, Push, Topic};

use crate::push::{self, PushFilter};
use crate::{
    AccountType, Balance, Balances, Channel, ChannelRequest, Execution, ExecutionLite, Executions,
    ExecutionsLite, Leverage, Leverages, LiquidationWarning, LiquidationWarnings, Order, Orders,
    Position, Positions, ProPrivate, RequestError, TradeType,
};

/// Defines the topic enum and the event enum, with one line for each event, its topic and its channels.
macro_rules! any {
    ($($(#[$meta:meta])* $event:ident: $topic:ident of $($channel:ident)|+,)*) => {
        /// Any Pro V2 topic, parsed from text such as `position?tradeType=FUTURES&symbol=XBTUSDTM`.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AnyProTopic {
            $($(#[$meta])* $topic($topic),)*
        }

        /// Any Pro V2 event.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)]
        pub enum ProEvent {
            $($(#[$meta])* $event($event),)*
        }

        /// Decodes a recorded push of any channel by its `T`, without the request.
        ///
        /// Returns `None` if the frame is not a push of a known channel. Any symbol and any trade type is accepted,
        /// even an undocumented one.
        ///
        /// # Errors
        /// Returns the errors of [`Topic::decode`].
        pub fn decode(frame: &str) -> Result<Option<Push<ProEvent>>, DecodeError> {
            let pushed = push::topic(frame)?;
            let Some(channel) = pushed.as_deref().and_then(Channel::from_pushed) else {
                return Ok(None);
            };
            match channel {
                $($(Channel::$channel)|+ => {
                    let push = push::decode::<$event>(frame, PushFilter::Channel(channel))?;
                    Ok(push.map(|push| push.map(ProEvent::$event)))
                })*
            }
        }

        impl AnyProTopic {
            /// Returns the request that the topic subscribes with.
            pub fn request(&self) -> &ChannelRequest {
                match self {
                    $(Self::$topic(topic) => topic.request(),)*
                }
            }
        }

        impl Topic for AnyProTopic {
            type Kind = ProPrivate;
            type Event = ProEvent;

            const HAS_ONE_REQUEST: bool = true;

            fn requests(&self) -> Vec<ChannelRequest> {
                vec![self.request().clone()]
            }

            fn decode(&self, frame: &str) -> Result<Option<Push<ProEvent>>, DecodeError> {
                match self {
                    $(Self::$topic(topic) => {
                        Ok(topic.decode(frame)?.map(|push| push.map(ProEvent::$event)))
                    })*
                }
            }
        }

        /// Returns the topic type of the request's channel.
        impl From<ChannelRequest> for AnyProTopic {
            fn from(request: ChannelRequest) -> Self {
                match request.channel() {
                    $($(Channel::$channel)|+ => Self::$topic($topic::from_request(request)),)*
                }
            }
        }

        $(
            impl From<$topic> for AnyProTopic {
                fn from(topic: $topic) -> Self {
                    Self::$topic(topic)
                }
            }

            impl From<$event> for ProEvent {
                fn from(event: $event) -> Self {
                    Self::$event(event)
                }
            }
        )*

        /// Dedup key: the name of the event type and the key of the event inside.
        ///
        /// A fill with a fee and the same fill without a fee are therefore different events.
        impl kucoin_streams_core::Event for ProEvent {
            fn dedup_key(&self) -> String {
                match self {
                    $(Self::$event(event) => {
                        [stringify!($event), ":", &event.dedup_key()].concat()
                    })*
                }
            }

            fn has_unique_key(&self) -> bool {
                match self {
                    $(Self::$event(event) => event.has_unique_key(),)*
                }
            }

            fn occurred_at(&self) -> Option<kucoin_streams_core::Timestamp> {
                match self {
                    $(Self::$event(event) => kucoin_streams_core::Event::occurred_at(event),)*
                }
            }

            fn fill(&self) -> Option<kucoin_streams_core::Fill> {
                match self {
                    $(Self::$event(event) => kucoin_streams_core::Event::fill(event),)*
                }
            }
        }

        /// Serializes the event inside, with long names.
        ///
        /// To deserialize, use the type of the event inside: the JSON does not contain the channel.
        impl serde::Serialize for ProEvent {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$event(event) => event.serialize(serializer),)*
                }
            }
        }
    };
}

any! {
    /// Orders: channels `order` and `orderAll`.
    Order: Orders of Order | OrderAll,
    /// Fills with fees: channel `execution`.
    Execution: Executions of Execution,
    /// Fills without fees: channel `execution.lite`.
    ExecutionLite: ExecutionsLite of ExecutionLite,
    /// Futures positions: channels `position` and `positionAll`.
    Position: Positions of Position | PositionAll,
    /// Balances: channel `balance`.
    Balance: Balances of Balance,
    /// Liquidation warnings: channel `lw`.
    LiquidationWarning: LiquidationWarnings of LiquidationWarning,
    /// Leverage changes: channel `leverage`.
    Leverage: Leverages of Leverage,
}

impl AnyProTopic {
    /// Returns the topics that together cover a unified account.
    ///
    /// These are the topics for orders, fills with fees, positions, liquidation warnings, leverages, and the balances
    /// of the unified and the funding account. The same fill can arrive twice: in an order event, and
    /// as a fill with its fee.
    pub fn account_wide() -> Vec<Self> {
        let unified = |channel| ChannelRequest::all_symbols(channel, TradeType::Unified);
        let requests = [
            unified(Channel::OrderAll),
            unified(Channel::Execution),
            unified(Channel::PositionAll),
            ChannelRequest::balance(AccountType::Unified),
            ChannelRequest::balance(AccountType::Funding),
            unified(Channel::LiquidationWarning),
            unified(Channel::Leverage),
        ];
        requests.into_iter().map(Self::from).collect()
    }
}

impl FromStr for AnyProTopic {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        given.parse().map(ChannelRequest::into)
    }
}

impl fmt::Display for AnyProTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_parses_and_displays_as_its_topic() {
        for channel in Channel::ALL {
            let topic: AnyProTopic = channel.example().parse().unwrap();
            assert_eq!(topic.to_string(), channel.example());
            assert_eq!(topic.requests(), [topic.request().clone()]);
            assert_eq!(topic.request().channel(), *channel);
        }
    }

    #[test]
    fn constructed_topic_equals_parsed_topic() {
        let table: [(AnyProTopic, &str); 9] = [
            (
                Orders::all(TradeType::Cross).into(),
                "orderAll?tradeType=CROSS",
            ),
            (
                Orders::symbol(TradeType::Unified, "BTC-USDT")
                    .unwrap()
                    .into(),
                "order?tradeType=UNIFIED&symbol=BTC-USDT",
            ),
            (
                Executions::new(TradeType::Spot).into(),
                "execution?tradeType=SPOT",
            ),
            (
                ExecutionsLite::new(TradeType::Isolated).into(),
                "execution.lite?tradeType=ISOLATED",
            ),
            (
                Positions::all(TradeType::Futures).unwrap().into(),
                "positionAll?tradeType=FUTURES",
            ),
            (
                Positions::symbol(TradeType::Futures, "XBTUSDTM")
                    .unwrap()
                    .into(),
                "position?tradeType=FUTURES&symbol=XBTUSDTM",
            ),
            (
                Balances::new(AccountType::Funding).into(),
                "balance?accountType=FUNDING",
            ),
            (
                LiquidationWarnings::new(TradeType::Unified).unwrap().into(),
                "lw?tradeType=UNIFIED",
            ),
            (
                Leverages::new(TradeType::Futures).unwrap().into(),
                "leverage?tradeType=FUTURES",
            ),
        ];
        for (topic, text) in table {
            assert_eq!(text.parse(), Ok(topic.clone()));
            assert_eq!(topic.to_string(), text);
        }
    }

    #[test]
    fn channels_with_unchecked_constructor_take_every_trade_type() {
        let unchecked = [
            Channel::OrderAll,
            Channel::Execution,
            Channel::ExecutionLite,
        ];
        for channel in unchecked {
            for trade_type in TradeType::ALL {
                let checked = ChannelRequest::new(channel, *trade_type);
                assert_eq!(
                    checked,
                    Ok(ChannelRequest::all_symbols(channel, *trade_type))
                );
            }
        }
    }

    #[test]
    fn unsupported_trade_type_is_an_error() {
        for refused in [
            Positions::all(TradeType::Spot).err(),
            Positions::symbol(TradeType::Cross, "XBTUSDTM").err(),
            LiquidationWarnings::new(TradeType::Isolated).err(),
            Leverages::new(TradeType::Spot).err(),
        ] {
            let text = refused.unwrap().to_string();
            assert!(text.ends_with("expected one of UNIFIED, FUTURES"), "{text}");
        }
        let error = Orders::symbol(TradeType::Spot, "btc-usdt").unwrap_err();
        assert!(error.to_string().contains("`BTC-USDT`"), "{error}");
    }

    #[test]
    fn account_wide_topics_parse_and_match_each_push_once() {
        let topics = AnyProTopic::account_wide();
        for topic in &topics {
            assert_eq!(topic.to_string().parse().as_ref(), Ok(topic));
            let request = topic.request();
            let suffix = request.trade_type().map(TradeType::as_str);
            let suffix = suffix.or(request.account_type().map(AccountType::as_str));
            let pushed = format!("{}.{}", request.channel(), suffix.unwrap());
            let matches = topics.iter().filter(|topic| {
                topic.request().match_topic(&pushed) != kucoin_streams_core::TopicMatch::None
            });
            assert_eq!(matches.count(), 1, "{pushed}");
        }
    }
}
