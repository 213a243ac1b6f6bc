//! What to watch.

use kucoin_streams::pro::RequestError;
use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic, AnyTopic};
use kucoin_streams::{Kucoin, WsKey, pro, v1};

use crate::exit::Failed;
use crate::output::{Event, Names};
use crate::watch::feed::Feed;

/// What is watched where nothing is asked for. Pro V2 tells the same account a second time, and for a unified
/// account only: it is there for those who ask for it.
/// Where the topics are listed.
const LIST: &str = "`kucoin-streams watch --help` lists the topics";

const BY_DEFAULT: [WsKey; 2] = [WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1];

/// So many topics are named one by one.
const NAMED_AT_MOST: usize = 3;

/// All that is wanted.
pub(crate) struct Plan {
    /// The connections, in the order in which they are documented.
    pub(crate) wishes: Vec<Wish>,
    /// What topics are to be called.
    pub(crate) names: Names,
}

/// One connection, and what is wanted of it.
pub(crate) struct Wish {
    topics: Topics,
    origin: Origin,
}

/// Why a connection is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It or topics of it were asked for.
    Named,
    /// It is one of all.
    Default,
}

/// The topics of one connection.
#[derive(Debug, PartialEq)]
enum Topics {
    Spot(Vec<AnySpotTopic>),
    Futures(Vec<AnyFuturesTopic>),
    Pro(Vec<pro::AnyTopic>),
}

impl Wish {
    pub(crate) fn ws_key(&self) -> WsKey {
        match self.topics {
            Topics::Spot(_) => WsKey::SpotPrivateV1,
            Topics::Futures(_) => WsKey::FuturesPrivateV1,
            Topics::Pro(_) => WsKey::PrivateProV2,
        }
    }

    /// Whether it was asked for, and is not just one of all.
    pub(crate) fn is_named(&self) -> bool {
        self.origin == Origin::Named
    }

    /// Begins to subscribe.
    pub(crate) fn open(self, kucoin: &Kucoin) -> Feed {
        match self.topics {
            Topics::Spot(topics) => {
                Feed::open(kucoin, topics, |event| Event::V1(v1::Event::Spot(event)))
            }
            Topics::Futures(topics) => {
                Feed::open(kucoin, topics, |event| Event::V1(v1::Event::Futures(event)))
            }
            Topics::Pro(topics) => Feed::open(kucoin, topics, Event::Pro),
        }
    }

    fn names(&self) -> Vec<String> {
        match &self.topics {
            Topics::Spot(topics) => topics.iter().map(ToString::to_string).collect(),
            Topics::Futures(topics) => topics.iter().map(ToString::to_string).collect(),
            Topics::Pro(topics) => topics.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Topics {
    fn account_wide(ws_key: WsKey) -> Result<Self, Failed> {
        match ws_key {
            WsKey::SpotPrivateV1 => Ok(Self::Spot(AnySpotTopic::account_wide())),
            WsKey::FuturesPrivateV1 => Ok(Self::Futures(AnyFuturesTopic::account_wide())),
            WsKey::PrivateProV2 => Ok(Self::Pro(pro::AnyTopic::account_wide())),
            other => Err(unwatchable(other)),
        }
    }
}

impl Plan {
    /// The connections to open and their topics.
    ///
    /// A connection that is asked for without a topic of its own is wanted with all about the account, and so is every
    /// connection of [`BY_DEFAULT`] if nothing is asked for.
    pub(crate) fn new(ws_keys: &[WsKey], topics: &[String]) -> Result<Self, Failed> {
        let mut asked = Asked::parse(ws_keys, topics)?;
        let origin = match ws_keys.is_empty() && topics.is_empty() {
            true => Origin::Default,
            false => Origin::Named,
        };
        let mut wishes = Vec::new();
        for ws_key in WsKey::ALL {
            let is_wanted = match origin {
                Origin::Default => BY_DEFAULT.contains(&ws_key),
                Origin::Named => ws_keys.contains(&ws_key),
            };
            let topics = match asked.take(ws_key) {
                Some(topics) => topics,
                None if is_wanted => Topics::account_wide(ws_key)?,
                None => continue,
            };
            wishes.push(Wish { topics, origin });
        }
        let names = asked.names;
        Ok(Self { wishes, names })
    }

    /// What is watched, in one short line.
    pub(crate) fn summary(&self) -> String {
        let names: Vec<String> = self.wishes.iter().flat_map(Wish::names).collect();
        if names.len() <= NAMED_AT_MOST {
            let asked: Vec<&str> = names.iter().map(|name| self.names.asked(name)).collect();
            return asked.join(", ");
        }
        let counts = self.wishes.iter();
        let counts: Vec<String> = counts
            .map(|wish| format!("{} topics of {}", wish.names().len(), wish.ws_key()))
            .collect();
        match counts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        }
    }
}

/// The topics that were asked for, by connection, each once.
#[derive(Default)]
struct Asked {
    spot: Vec<AnySpotTopic>,
    futures: Vec<AnyFuturesTopic>,
    pro: Vec<pro::AnyTopic>,
    names: Names,
}

impl Asked {
    /// Reads topics. Where connections are named, only theirs may be.
    fn parse(ws_keys: &[WsKey], given: &[String]) -> Result<Self, Failed> {
        let mut asked = Self::default();
        for text in given {
            let ws_key = match is_path(text) {
                true => asked.add_v1(text)?,
                false => asked.add_pro(text)?,
            };
            if !ws_keys.is_empty() && !ws_keys.contains(&ws_key) {
                return Err(Failed::usage(format!(
                    "{text} is a topic of {ws_key}: add `--ws-key {ws_key}`, or leave --ws-key out"
                )));
            }
        }
        Ok(asked)
    }

    fn add_v1(&mut self, text: &str) -> Result<WsKey, Failed> {
        let topic: AnyTopic = text.parse().map_err(|error| {
            let channel = text.trim_start_matches('/');
            Failed::usage(match channel.parse::<pro::AnyTopic>() {
                Ok(_) => format!(
                    "unknown V1 topic `{text}`; did you mean `{channel}` of Pro V2, without a `/`?"
                ),
                Err(_) => format!("{error}; {LIST}"),
            })
        })?;
        let ws_key = topic.ws_key();
        let names = &mut self.names;
        match topic {
            AnyTopic::Spot(topic) => add(&mut self.spot, topic, names, text),
            AnyTopic::Futures(topic) => add(&mut self.futures, topic, names, text),
            other => return Err(unwatchable(other.ws_key())),
        }
        Ok(ws_key)
    }

    fn add_pro(&mut self, text: &str) -> Result<WsKey, Failed> {
        let topic: pro::AnyTopic = text.parse().map_err(|error| match error {
            RequestError::UnknownName {
                what: "channel", ..
            } => Failed::usage(format!("{error}; topics of V1 begin with `/`; {LIST}")),
            other => Failed::usage(format!("{other}; {LIST}")),
        })?;
        add(&mut self.pro, topic, &mut self.names, text);
        Ok(WsKey::PrivateProV2)
    }

    fn take(&mut self, ws_key: WsKey) -> Option<Topics> {
        match ws_key {
            WsKey::SpotPrivateV1 if !self.spot.is_empty() => {
                Some(Topics::Spot(std::mem::take(&mut self.spot)))
            }
            WsKey::FuturesPrivateV1 if !self.futures.is_empty() => {
                Some(Topics::Futures(std::mem::take(&mut self.futures)))
            }
            WsKey::PrivateProV2 if !self.pro.is_empty() => {
                Some(Topics::Pro(std::mem::take(&mut self.pro)))
            }
            _ => None,
        }
    }
}

/// Whether a topic is meant to be one of V1: these are paths, those of Pro V2 a channel and its parameters.
fn is_path(text: &str) -> bool {
    let (name, _) = text.split_once('?').unwrap_or((text, ""));
    name.contains('/')
}

/// Adds a topic that is not there yet, and notes what it is to be called.
fn add<T: PartialEq + ToString>(topics: &mut Vec<T>, topic: T, names: &mut Names, asked: &str) {
    if !topics.contains(&topic) {
        names.note(topic.to_string(), asked);
        topics.push(topic);
    }
}

fn unwatchable(ws_key: WsKey) -> Failed {
    Failed::usage(format!("{ws_key} cannot be watched by this version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Status;

    fn of(ws_keys: &[WsKey], topics: &[&str]) -> Result<Plan, Failed> {
        let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
        Plan::new(ws_keys, &topics)
    }

    #[track_caller]
    fn check(ws_keys: &[WsKey], topics: &[&str], expected: &[Topics], named: bool) {
        let Plan { wishes, .. } = of(ws_keys, topics).unwrap();
        let found: Vec<&Topics> = wishes.iter().map(|wish| &wish.topics).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
        assert!(wishes.iter().all(|wish| wish.is_named() == named));
    }

    fn all_of_spot() -> Topics {
        Topics::Spot(AnySpotTopic::account_wide())
    }

    fn all_of_futures() -> Topics {
        Topics::Futures(AnyFuturesTopic::account_wide())
    }

    const BALANCE: &str = "/account/balance";
    const ORDERS: &str = "/contractMarket/tradeOrders";

    #[test]
    fn without_a_wish_everything_is_watched_and_nothing_is_named() {
        check(&[], &[], &[all_of_spot(), all_of_futures()], false);
    }

    #[test]
    fn a_topic_brings_its_connection_and_no_other() {
        let balance = || Topics::Spot(vec![BALANCE.parse().unwrap()]);
        let orders = || Topics::Futures(vec![ORDERS.parse().unwrap()]);
        check(&[], &[BALANCE], &[balance()], true);
        check(&[], &[ORDERS], &[orders()], true);
        check(&[], &[ORDERS, BALANCE], &[balance(), orders()], true);
        check(&[], &[BALANCE, BALANCE], &[balance()], true);
    }

    #[test]
    fn a_connection_without_a_topic_of_its_own_is_watched_whole() {
        let both = [WsKey::FuturesPrivateV1, WsKey::SpotPrivateV1];
        check(&both[..1], &[], &[all_of_futures()], true);
        check(&both, &[], &[all_of_spot(), all_of_futures()], true);
        let orders = Topics::Futures(vec![ORDERS.parse().unwrap()]);
        check(&both, &[ORDERS], &[all_of_spot(), orders], true);
    }

    #[track_caller]
    fn wrong(ws_keys: &[WsKey], topics: &[&str], words: &[&str]) {
        let error = of(ws_keys, topics).map(|_| ()).unwrap_err();
        assert_eq!(error.status, Status::Usage);
        for word in words {
            assert!(error.message.contains(word), "{}", error.message);
        }
    }

    #[test]
    fn a_topic_of_a_connection_that_is_not_among_the_named_is_wrong_usage() {
        let words = [ORDERS, "futuresPrivateV1", "--ws-key"];
        wrong(&[WsKey::SpotPrivateV1], &[ORDERS], &words);
    }

    #[test]
    fn a_misspelt_topic_is_wrong_usage_and_the_nearest_is_named() {
        wrong(&[], &["/account/balances"], &["`/account/balance`"]);
    }

    #[test]
    fn unified_connection_is_watched_if_it_is_asked_for() {
        let all = || Topics::Pro(pro::AnyTopic::account_wide());
        check(&[WsKey::PrivateProV2], &[], &[all()], true);
        let text = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        let one = || Topics::Pro(vec![text.parse().unwrap()]);
        check(&[], &[text, text], &[one()], true);
    }

    #[test]
    fn what_is_wrong_with_a_channel_is_said_in_its_own_words() {
        let misspelt = ["`orderAll`", "begin with `/`"];
        wrong(&[], &["orderAl?tradeType=UNIFIED"], &misspelt);
        wrong(&[], &["orderAll"], &["`tradeType`"]);
        // A `/` further on makes no path.
        let symbol = ["`BTC/USDT`", "symbol"];
        wrong(&[], &["order?tradeType=SPOT&symbol=BTC/USDT"], &symbol);
        let path = ["`orderAll?tradeType=UNIFIED` of Pro V2"];
        wrong(&[], &["/orderAll?tradeType=UNIFIED"], &path);
    }

    #[test]
    fn a_topic_is_called_what_it_was_first_asked_for_by() {
        let other = "position?symbol=XBTUSDTM&tradeType=FUTURES";
        let own = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        for (asked, first) in [([other, own], other), ([own, other], own)] {
            let plan = of(&[], &asked).unwrap();
            assert_eq!(plan.names.asked(own), first);
            assert_eq!(plan.summary(), first);
        }
    }

    #[test]
    fn the_summary_is_short() {
        let two = of(&[], &[BALANCE, ORDERS]).unwrap().summary();
        assert_eq!(two, format!("{BALANCE}, {ORDERS}"));
        let all = of(&[], &[]).unwrap().summary();
        assert!(all.contains("topics of spotPrivateV1 and "), "{all}");
        assert!(all.len() < 80, "{all}");
    }
}
