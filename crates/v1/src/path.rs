//! The path of a V1 topic, and which pushes belong to which path.

use std::fmt;

use kucoin_streams_core::{Text, TopicMatch};

/// A V1 topic as it stands in a subscribe frame, such as `/contract/position:XBTUSDTM`: the request of the
/// [`V1`](crate::V1) protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPath(Text);

impl TopicPath {
    /// Takes a path as it is; whether KuCoin has such a topic is for its answer to say.
    pub fn new(path: &str) -> Self {
        Self(Text::new(path))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a push with this topic belongs to the subscription of this path.
    pub fn match_topic(&self, pushed: &str) -> TopicMatch {
        match_topic(self.as_str(), pushed)
    }
}

impl From<&str> for TopicPath {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl AsRef<str> for TopicPath {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TopicPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

const ALL_POSITIONS: &str = "/contract/positionAll";
const POSITION: &str = "/contract/position";

/// Whether a push with the topic `pushed` belongs to a subscription of `requested`.
///
/// Exact: the same topic, or one symbol of a list that was asked for. Fallback: a symbol's topic for a request
/// of the whole family, and `/contract/positionAll` with `/contract/position:SYMBOL` either way round; the
/// published examples show each under the other's name.
pub(crate) fn match_topic(requested: &str, pushed: &str) -> TopicMatch {
    if requested == pushed {
        return TopicMatch::Exact;
    }
    let pushed = without_private_suffix(pushed);
    if requested == pushed {
        return TopicMatch::Exact;
    }
    let (family, symbols) = split(requested);
    let (pushed_family, symbol) = split(pushed);
    match (symbols, symbol) {
        (Some(symbols), Some(symbol)) => {
            let listed = symbols.split(',').any(|wanted| wanted == symbol);
            when(listed && pushed_family == family, TopicMatch::Exact)
        }
        (None, Some(_)) => {
            let either = requested == ALL_POSITIONS && pushed_family == POSITION;
            when(either || pushed_family == family, TopicMatch::Fallback)
        }
        // Which symbol it is stands in the event; the topic's own decoder looks there.
        (Some(_), None) => when(
            pushed == ALL_POSITIONS && family == POSITION,
            TopicMatch::Fallback,
        ),
        (None, None) => TopicMatch::None,
    }
}

/// What stands behind the colon of a topic.
pub(crate) fn symbol(topic: &str) -> Option<&str> {
    split(without_private_suffix(topic)).1
}

fn when(holds: bool, serves: TopicMatch) -> TopicMatch {
    if holds { serves } else { TopicMatch::None }
}

/// Family and symbols of a topic: `/market/match:A,B` is `/market/match` and `A,B`.
fn split(topic: &str) -> (&str, Option<&str>) {
    match topic.split_once(':') {
        Some((family, symbols)) => (family, Some(symbols)),
        None => (topic, None),
    }
}

/// Pushes of 2019 and 2020 carried `{topic}:privateChannel:{userId}`.
pub(crate) fn without_private_suffix(pushed: &str) -> &str {
    const SUFFIX: &[u8] = b":privateChannel:";
    // Most topics have no colon, and a byte is found sooner than a word.
    let bytes = pushed.as_bytes();
    let mut colons = (0..bytes.len()).filter(|&at| bytes[at] == b':');
    match colons.find(|&at| bytes[at..].starts_with(SUFFIX)) {
        Some(end) => &pushed[..end],
        None => pushed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TopicMatch::{Exact, Fallback, None};

    #[track_caller]
    fn check(requested: &str, pushed: &str, expected: TopicMatch) {
        assert_eq!(
            match_topic(requested, pushed),
            expected,
            "{requested} <- {pushed}"
        );
    }

    #[test]
    fn a_topic_serves_itself_and_no_neighbour() {
        check("/spotMarket/tradeOrders", "/spotMarket/tradeOrders", Exact);
        check("/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2", None);
        check("/spotMarket/tradeOrdersV2", "/spotMarket/tradeOrders", None);
        check("/account/balance", "/account/snapshotBalance", None);
        check("/account/balance", "", None);
    }

    #[test]
    fn a_topic_without_symbol_takes_pushes_under_any_symbol() {
        check(
            "/contractMarket/tradeOrders",
            "/contractMarket/tradeOrders:XBTUSDTM",
            Fallback,
        );
        check(
            "/contractMarket/tradeOrders:XBTUSDTM",
            "/contractMarket/tradeOrders:ETHUSDTM",
            None,
        );
        check(
            "/contractMarket/tradeOrders:XBTUSDTM",
            "/contractMarket/tradeOrders",
            None,
        );
    }

    #[test]
    fn a_list_of_symbols_takes_each_of_them() {
        check(
            "/market/match:BTC-USDT,KCS-USDT",
            "/market/match:KCS-USDT",
            Exact,
        );
        check(
            "/market/match:BTC-USDT,KCS-USDT",
            "/market/match:BTC-USDT,KCS-USDT",
            Exact,
        );
        check(
            "/market/match:BTC-USDT,KCS-USDT",
            "/market/match:BTC-USD",
            None,
        );
    }

    #[test]
    fn all_positions_and_one_position_may_push_under_each_other() {
        check(
            "/contract/positionAll",
            "/contract/position:XBTUSDTM",
            Fallback,
        );
        check(
            "/contract/position:XBTUSDTM",
            "/contract/positionAll",
            Fallback,
        );
        check(
            "/contract/position:XBTUSDTM",
            "/contract/position:ETHUSDTM",
            None,
        );
        check("/contract/positionAll", "/contract/position", None);
    }

    #[test]
    fn the_private_suffix_of_old_pushes_is_no_symbol() {
        check(
            "/account/balance",
            "/account/balance:privateChannel:5bd6e9",
            Exact,
        );
        check(
            "/contract/position:XBTUSDTM",
            "/contract/position:XBTUSDTM:privateChannel:5bd6e9",
            Exact,
        );
        check(
            "/contract/position:XBTUSDTM",
            "/contract/position:ETHUSDTM:privateChannel:5bd6e9",
            None,
        );
    }
}
