//! Topics and events of any channel, for those who choose topics while running or read recorded frames.

use std::fmt;
use std::str::FromStr;

use kucoin_streams_core::{DecodeError, Push, Topic};

use crate::push::{self, Wanted};
use crate::{
    AccountType, Balance, Balances, Channel, ChannelRequest, Execution, ExecutionLite, Executions,
    ExecutionsLite, Leverage, Leverages, LiquidationWarning, LiquidationWarnings, Order, Orders,
    Position, Positions, ProPrivate, RequestError, TradeType,
};

/// Defines the topics and the events from one table: for each event its topic, and the channels that give it.
macro_rules! any {
    ($($(#[$meta:meta])* $event:ident: $topic:ident of $($channel:ident)|+,)*) => {
        /// Any topic of the connection, parsed from a text such as `position?tradeType=FUTURES&symbol=XBTUSDTM`.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AnyProTopic {
            $($(#[$meta])* $topic($topic),)*
        }

        /// Any event of the connection.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)]
        pub enum ProEvent {
            $($(#[$meta])* $event($event),)*
        }

        /// Decodes a push by the `T` that it carries: for recorded frames, of which nobody knows what was asked for.
        ///
        /// `None`: it is no push of a channel of ours. A push of one symbol is decoded whatever its symbol, and one
        /// of a trade type that no document names as well.
        ///
        /// # Errors
        /// Those of [`Topic::decode`].
        pub fn decode(frame: &str) -> Result<Option<Push<ProEvent>>, DecodeError> {
            let pushed = push::topic(frame)?;
            let Some(channel) = pushed.as_deref().and_then(Channel::of_push) else {
                return Ok(None);
            };
            match channel {
                $($(Channel::$channel)|+ => {
                    let push = push::decode::<$event>(frame, Wanted::Of(channel))?;
                    Ok(push.map(|push| push.map(ProEvent::$event)))
                })*
            }
        }

        impl AnyProTopic {
            /// What is subscribed to.
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

        /// The topic that a request is for.
        impl From<ChannelRequest> for AnyProTopic {
            fn from(request: ChannelRequest) -> Self {
                match request.channel() {
                    $($(Channel::$channel)|+ => Self::$topic($topic::of(request)),)*
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

        /// That of the event inside, behind the name of its kind: a fill with its fee is another event than the
        /// same fill without.
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

            fn fill(&self) -> Option<kucoin_streams_core::Fill> {
                match self {
                    $(Self::$event(event) => kucoin_streams_core::Event::fill(event),)*
                }
            }
        }

        /// Writes the event itself, by long names. To read it back, deserialize its own type: the JSON does not name the
        /// channel.
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
    /// Channels `order` and `orderAll`.
    Order: Orders of Order | OrderAll,
    /// Channel `execution`.
    Execution: Executions of Execution,
    /// Channel `execution.lite`.
    ExecutionLite: ExecutionsLite of ExecutionLite,
    /// Channels `position` and `positionAll`.
    Position: Positions of Position | PositionAll,
    /// Channel `balance`.
    Balance: Balances of Balance,
    /// Channel `lw`.
    LiquidationWarning: LiquidationWarnings of LiquidationWarning,
    /// Channel `leverage`.
    Leverage: Leverages of Leverage,
}

impl AnyProTopic {
    /// The topics that together tell all about a unified account, each event once: its orders, fills with fees,
    /// positions, warnings and leverages, and the balances of the unified and of the funding account.
    pub fn account_wide() -> Vec<Self> {
        let unified = |channel| ChannelRequest::of_all(channel, TradeType::Unified);
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
    fn every_channel_parses_to_its_topic_and_prints_as_itself() {
        for channel in Channel::ALL {
            let topic: AnyProTopic = channel.example().parse().unwrap();
            assert_eq!(topic.to_string(), channel.example());
            assert_eq!(topic.requests(), [topic.request().clone()]);
            assert_eq!(topic.request().channel(), *channel);
        }
    }

    #[test]
    fn a_topic_by_its_constructor_is_the_parsed_one() {
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
    fn what_a_constructor_does_not_check_every_trade_type_has() {
        let unchecked = [
            Channel::OrderAll,
            Channel::Execution,
            Channel::ExecutionLite,
        ];
        for channel in unchecked {
            for trade_type in TradeType::ALL {
                let checked = ChannelRequest::new(channel, *trade_type);
                assert_eq!(checked, Ok(ChannelRequest::of_all(channel, *trade_type)));
            }
        }
    }

    #[test]
    fn a_trade_type_that_a_channel_lacks_is_refused() {
        for refused in [
            Positions::all(TradeType::Spot).err(),
            Positions::symbol(TradeType::Cross, "XBTUSDTM").err(),
            LiquidationWarnings::new(TradeType::Isolated).err(),
            Leverages::new(TradeType::Spot).err(),
        ] {
            let told = refused.unwrap().to_string();
            assert!(told.ends_with("expected one of UNIFIED, FUTURES"), "{told}");
        }
        let told = Orders::symbol(TradeType::Spot, "btc-usdt").unwrap_err();
        assert!(told.to_string().contains("`BTC-USDT`"), "{told}");
    }

    #[test]
    fn the_topics_of_the_account_are_requests_that_can_be_made_and_serve_no_push_twice() {
        let topics = AnyProTopic::account_wide();
        for topic in &topics {
            assert_eq!(topic.to_string().parse().as_ref(), Ok(topic));
            let request = topic.request();
            let of = request.trade_type().map(TradeType::as_str);
            let of = of.or(request.account_type().map(AccountType::as_str));
            let pushed = format!("{}.{}", request.channel(), of.unwrap());
            let takers = topics.iter().filter(|topic| {
                topic.request().match_topic(&pushed) != kucoin_streams_core::TopicMatch::None
            });
            assert_eq!(takers.count(), 1, "{pushed}");
        }
    }
}
