//! What to watch.

use kucoin_streams::pro::{self, RequestError};
use kucoin_streams::{AnyTopic, Kucoin, ParseAnyTopicError, WsKey};

use crate::exit::Failed;
use crate::output::Names;
use crate::watch::feed::Feed;

/// Where the topics are listed.
const LIST: &str = "`kucoin-streams watch --help` lists the topics";

/// What is watched if nothing is asked for. Pro V2 reports the same account a second time, and for a unified account only:
/// it is watched if it is asked for.
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
    ws_key: WsKey,
    topics: Vec<AnyTopic>,
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

impl Wish {
    pub(crate) fn ws_key(&self) -> WsKey {
        self.ws_key
    }

    /// Whether it was asked for, and is not just one of all.
    pub(crate) fn is_named(&self) -> bool {
        self.origin == Origin::Named
    }

    /// Begins to subscribe.
    pub(crate) fn open(self, kucoin: &Kucoin) -> Feed {
        Feed::open(kucoin, self.ws_key, self.topics)
    }
}

impl Plan {
    /// The connections to open and their topics.
    ///
    /// A connection that is asked for without a topic of its own is wanted with all about the account, and so is every
    /// connection of [`BY_DEFAULT`] if nothing is asked for.
    pub(crate) fn new(ws_keys: &[WsKey], topics: &[String]) -> Result<Self, Failed> {
        let (asked, names) = parse(ws_keys, topics)?;
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
            let of_key = asked.iter().filter(|topic| topic.ws_key() == ws_key);
            let mut topics: Vec<AnyTopic> = of_key.cloned().collect();
            if topics.is_empty() && is_wanted {
                topics = AnyTopic::account_wide(ws_key);
            }
            if !topics.is_empty() {
                wishes.push(Wish {
                    ws_key,
                    topics,
                    origin,
                });
            }
        }
        Ok(Self { wishes, names })
    }

    /// What is watched, in one short line.
    pub(crate) fn summary(&self) -> String {
        let topics = self.wishes.iter().flat_map(|wish| &wish.topics);
        let names: Vec<String> = topics.map(ToString::to_string).collect();
        if names.len() <= NAMED_AT_MOST {
            let asked: Vec<&str> = names.iter().map(|name| self.names.asked(name)).collect();
            return asked.join(", ");
        }
        let counts = self.wishes.iter();
        let counts: Vec<String> = counts
            .map(|wish| format!("{} topics of {}", wish.topics.len(), wish.ws_key()))
            .collect();
        match counts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        }
    }
}

/// Reads topics, each once, and what they are to be called. If connections are named, only theirs may be.
fn parse(ws_keys: &[WsKey], given: &[String]) -> Result<(Vec<AnyTopic>, Names), Failed> {
    let (mut topics, mut names) = (Vec::new(), Names::default());
    for text in given {
        let topic: AnyTopic = text
            .parse()
            .map_err(|error| Failed::usage(explained(text, error)))?;
        let ws_key = topic.ws_key();
        if !ws_keys.is_empty() && !ws_keys.contains(&ws_key) {
            return Err(Failed::usage(format!(
                "{text} is a topic of {ws_key}: add `--ws-key {ws_key}`, or leave --ws-key out"
            )));
        }
        if !topics.contains(&topic) {
            names.note(topic.to_string(), text);
            topics.push(topic);
        }
    }
    Ok((topics, names))
}

/// Says what is wrong with the text of a topic, and where the topics are listed.
fn explained(text: &str, error: ParseAnyTopicError) -> String {
    let channel = text.trim_start_matches('/');
    match error {
        ParseAnyTopicError::V1(_) if channel.parse::<pro::AnyProTopic>().is_ok() => {
            format!("unknown V1 topic `{text}`; did you mean `{channel}` of Pro V2, without a `/`?")
        }
        ParseAnyTopicError::Pro(RequestError::UnknownName {
            what: "channel", ..
        }) => format!("{error}; topics of V1 begin with `/`; {LIST}"),
        _ => format!("{error}; {LIST}"),
    }
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
    fn check(ws_keys: &[WsKey], topics: &[&str], expected: &[Vec<AnyTopic>], named: bool) {
        let Plan { wishes, .. } = of(ws_keys, topics).unwrap();
        let found: Vec<&Vec<AnyTopic>> = wishes.iter().map(|wish| &wish.topics).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
        assert!(wishes.iter().all(|wish| wish.is_named() == named));
    }

    fn all_of_spot() -> Vec<AnyTopic> {
        AnyTopic::account_wide(WsKey::SpotPrivateV1)
    }

    fn all_of_futures() -> Vec<AnyTopic> {
        AnyTopic::account_wide(WsKey::FuturesPrivateV1)
    }

    const BALANCE: &str = "/account/balance";
    const ORDERS: &str = "/contractMarket/tradeOrders";

    #[test]
    fn without_a_wish_everything_is_watched_and_nothing_is_named() {
        check(&[], &[], &[all_of_spot(), all_of_futures()], false);
    }

    #[test]
    fn a_topic_brings_its_connection_and_no_other() {
        let balance = || vec![BALANCE.parse().unwrap()];
        let orders = || vec![ORDERS.parse().unwrap()];
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
        let orders = vec![ORDERS.parse().unwrap()];
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
        let all = || AnyTopic::account_wide(WsKey::PrivateProV2);
        check(&[WsKey::PrivateProV2], &[], &[all()], true);
        let text = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        let one = || vec![text.parse().unwrap()];
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
