//! The connections and topics to watch.

use kucoin_streams::pro::{self, RequestError};
use kucoin_streams::{AnyTopic, Kucoin, ParseAnyTopicError, RecoverySettings, WsKey};

use crate::exit::CommandError;
use crate::output::TopicAliases;
use crate::watch::feed::ConnectionFeed;

/// Hint for errors: the help lists the topics.
const LIST: &str = "`kucoin-streams watch --help` lists all topics";

/// Connections to watch without `--ws-key` and `--topic`.
///
/// Pro V2 is not one of them: it would report the same account again, and only if the account is unified.
const DEFAULT_CONNECTIONS: [WsKey; 2] = [WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1];

/// Maximum number of topics that the summary lists by name.
const MAX_LISTED: usize = 3;

/// Connections and topics to watch.
pub(crate) struct Plan {
    /// Connections in the order of the documentation.
    pub(crate) connections: Vec<PlannedConnection>,
    /// The user's texts of the topics.
    pub(crate) aliases: TopicAliases,
}

/// A connection to open, and its topics.
pub(crate) struct PlannedConnection {
    ws_key: WsKey,
    topics: Vec<AnyTopic>,
    /// `true` if the user asked for the connection or for any of its topics.
    is_requested: bool,
}

impl PlannedConnection {
    pub(crate) fn ws_key(&self) -> WsKey {
        self.ws_key
    }

    /// Returns `true` if the user asked for the connection or for any of its topics.
    pub(crate) fn is_requested(&self) -> bool {
        self.is_requested
    }

    /// Opens the connection and starts to subscribe; with `recovery`, gaps are filled over REST.
    pub(crate) fn open(
        self,
        kucoin: &Kucoin,
        recovery: Option<RecoverySettings>,
    ) -> ConnectionFeed {
        ConnectionFeed::open(kucoin, self.ws_key, self.topics, recovery)
    }
}

impl Plan {
    /// Plans the connections for `--ws-key` and `--topic`.
    ///
    /// A requested connection without topics gets all account-wide topics. Without both options, every connection of
    /// [`DEFAULT_CONNECTIONS`] gets them.
    pub(crate) fn new(ws_keys: &[WsKey], topics: &[String]) -> Result<Self, CommandError> {
        let is_requested = !ws_keys.is_empty() || !topics.is_empty();
        let (requested, aliases) = parse(ws_keys, topics)?;
        let mut connections = Vec::new();
        for ws_key in WsKey::ALL {
            let is_wanted = match is_requested {
                true => ws_keys.contains(&ws_key),
                false => DEFAULT_CONNECTIONS.contains(&ws_key),
            };
            let of_key = requested.iter().filter(|topic| topic.ws_key() == ws_key);
            let mut topics: Vec<AnyTopic> = of_key.cloned().collect();
            if topics.is_empty() && is_wanted {
                topics = AnyTopic::account_wide(ws_key);
            }
            if !topics.is_empty() {
                connections.push(PlannedConnection {
                    ws_key,
                    topics,
                    is_requested,
                });
            }
        }
        Ok(Self {
            connections,
            aliases,
        })
    }

    /// Returns a one-line summary of what is watched.
    pub(crate) fn summary(&self) -> String {
        let topics = self.connections.iter().flat_map(|planned| &planned.topics);
        let names: Vec<String> = topics.map(ToString::to_string).collect();
        if names.len() <= MAX_LISTED {
            let names: Vec<&str> = names.iter().map(|name| self.aliases.name(name)).collect();
            return names.join(", ");
        }
        let counts = self.connections.iter();
        let counts: Vec<String> = counts
            .map(|planned| format!("{} topics of {}", planned.topics.len(), planned.ws_key()))
            .collect();
        match counts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        }
    }
}

/// Parses topics and removes duplicates.
///
/// If `ws_keys` is not empty, a topic of another connection is an error.
fn parse(
    ws_keys: &[WsKey],
    given: &[String],
) -> Result<(Vec<AnyTopic>, TopicAliases), CommandError> {
    let (mut topics, mut aliases) = (Vec::new(), TopicAliases::default());
    for text in given {
        let topic: AnyTopic = text
            .parse()
            .map_err(|error| CommandError::usage(parse_error(text, error)))?;
        let ws_key = topic.ws_key();
        if !ws_keys.is_empty() && !ws_keys.contains(&ws_key) {
            return Err(CommandError::usage(format!(
                "topic `{text}` belongs to connection {ws_key}: add `--ws-key {ws_key}`, or remove --ws-key"
            )));
        }
        if !topics.contains(&topic) {
            aliases.insert(topic.to_string(), text);
            topics.push(topic);
        }
    }
    Ok((topics, aliases))
}

/// Describes why a topic cannot be parsed, and how to list all topics.
fn parse_error(text: &str, error: ParseAnyTopicError) -> String {
    let channel = text.trim_start_matches('/');
    match error {
        ParseAnyTopicError::V1(_) if channel.parse::<pro::AnyProTopic>().is_ok() => {
            format!(
                "unknown V1 topic `{text}`; did you mean `{channel}` of Pro V2, without the `/`?"
            )
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
    use crate::exit::ExitStatus;

    fn of(ws_keys: &[WsKey], topics: &[&str]) -> Result<Plan, CommandError> {
        let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
        Plan::new(ws_keys, &topics)
    }

    #[track_caller]
    fn check(ws_keys: &[WsKey], topics: &[&str], expected: &[Vec<AnyTopic>], requested: bool) {
        let Plan { connections, .. } = of(ws_keys, topics).unwrap();
        let found: Vec<&Vec<AnyTopic>> =
            connections.iter().map(|planned| &planned.topics).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
        assert!(
            connections
                .iter()
                .all(|planned| planned.is_requested() == requested)
        );
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
    fn default_is_both_connections_of_v1() {
        check(&[], &[], &[all_of_spot(), all_of_futures()], false);
    }

    #[test]
    fn topic_adds_only_its_connection() {
        let balance = || vec![BALANCE.parse().unwrap()];
        let orders = || vec![ORDERS.parse().unwrap()];
        check(&[], &[BALANCE], &[balance()], true);
        check(&[], &[ORDERS], &[orders()], true);
        check(&[], &[ORDERS, BALANCE], &[balance(), orders()], true);
        check(&[], &[BALANCE, BALANCE], &[balance()], true);
    }

    #[test]
    fn connection_without_topics_gets_all_topics() {
        let both = [WsKey::FuturesPrivateV1, WsKey::SpotPrivateV1];
        check(&both[..1], &[], &[all_of_futures()], true);
        check(&both, &[], &[all_of_spot(), all_of_futures()], true);
        let orders = vec![ORDERS.parse().unwrap()];
        check(&both, &[ORDERS], &[all_of_spot(), orders], true);
    }

    #[track_caller]
    fn wrong(ws_keys: &[WsKey], topics: &[&str], words: &[&str]) {
        let error = of(ws_keys, topics).map(|_| ()).unwrap_err();
        assert_eq!(error.status, ExitStatus::Usage);
        for word in words {
            assert!(error.message.contains(word), "{}", error.message);
        }
    }

    #[test]
    fn topic_of_another_connection_is_wrong_usage() {
        let words = [ORDERS, "futuresPrivateV1", "--ws-key"];
        wrong(&[WsKey::SpotPrivateV1], &[ORDERS], &words);
    }

    #[test]
    fn misspelt_topic_suggests_the_nearest() {
        wrong(&[], &["/account/balances"], &["`/account/balance`"]);
    }

    #[test]
    fn pro_v2_is_watched_only_on_request() {
        let all = || AnyTopic::account_wide(WsKey::PrivateProV2);
        check(&[WsKey::PrivateProV2], &[], &[all()], true);
        let text = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        let one = || vec![text.parse().unwrap()];
        check(&[], &[text, text], &[one()], true);
    }

    #[test]
    fn invalid_channel_says_what_is_wrong() {
        let misspelt = ["`orderAll`", "begin with `/`"];
        wrong(&[], &["orderAl?tradeType=UNIFIED"], &misspelt);
        wrong(&[], &["orderAll"], &["`tradeType`"]);
        // A `/` after the `?` does not make it a V1 topic.
        let symbol = ["`BTC/USDT`", "symbol"];
        wrong(&[], &["order?tradeType=SPOT&symbol=BTC/USDT"], &symbol);
        let path = ["`orderAll?tradeType=UNIFIED` of Pro V2"];
        wrong(&[], &["/orderAll?tradeType=UNIFIED"], &path);
    }

    #[test]
    fn topic_keeps_the_text_first_given() {
        let other = "position?symbol=XBTUSDTM&tradeType=FUTURES";
        let own = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        for (asked, first) in [([other, own], other), ([own, other], own)] {
            let plan = of(&[], &asked).unwrap();
            assert_eq!(plan.aliases.name(own), first);
            assert_eq!(plan.summary(), first);
        }
    }

    #[test]
    fn summary_is_short() {
        let two = of(&[], &[BALANCE, ORDERS]).unwrap().summary();
        assert_eq!(two, format!("{BALANCE}, {ORDERS}"));
        let all = of(&[], &[]).unwrap().summary();
        assert!(all.contains("topics of spotPrivateV1 and "), "{all}");
        assert!(all.len() < 80, "{all}");
    }
}
