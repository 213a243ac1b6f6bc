//! The path of a V1 topic, and how pushes match it.

use std::fmt;

use kucoin_streams_core::{Text, TopicMatch};

/// The path of a V1 topic, such as `/contract/position:XBTUSDTM`.
///
/// It is the request type of the [`V1`](crate::V1) protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPath(Text);

impl TopicPath {
    /// Creates a topic path without a check; KuCoin refuses unknown topics.
    pub fn new(path: &str) -> Self {
        Self(Text::new(path))
    }

    /// Returns the path.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns how a push with the topic `pushed` matches a subscription to this path.
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

/// Returns how a push with the topic `pushed` matches a subscription to `requested`.
///
/// Exact: the same topic, or one symbol of a requested list. Fallback: a topic with a symbol if the request has none,
/// or one of `/contract/positionAll` and `/contract/position:SYMBOL` if the other is requested, since published
/// examples show both.
pub(crate) fn match_topic(requested: &str, pushed: &str) -> TopicMatch {
    if requested == pushed {
        return TopicMatch::Exact;
    }
    let pushed = without_private_suffix(pushed);
    if requested == pushed {
        return TopicMatch::Exact;
    }
    let (base, symbols) = split(requested);
    let (pushed_base, symbol) = split(pushed);
    match (symbols, symbol) {
        (Some(symbols), Some(symbol)) => {
            let listed = symbols.split(',').any(|wanted| wanted == symbol);
            match_if(listed && pushed_base == base, TopicMatch::Exact)
        }
        (None, Some(_)) => {
            let is_position = requested == ALL_POSITIONS && pushed_base == POSITION;
            match_if(is_position || pushed_base == base, TopicMatch::Fallback)
        }
        // The symbol is in the event: the decoder of the topic checks it.
        (Some(_), None) => match_if(
            pushed == ALL_POSITIONS && base == POSITION,
            TopicMatch::Fallback,
        ),
        (None, None) => TopicMatch::None,
    }
}

/// Returns the symbol of a topic: the text after the colon.
pub(crate) fn symbol(topic: &str) -> Option<&str> {
    split(without_private_suffix(topic)).1
}

fn match_if(condition: bool, matched: TopicMatch) -> TopicMatch {
    if condition { matched } else { TopicMatch::None }
}

/// Splits a topic at its colon: `/market/match:A,B` into `/market/match` and `A,B`.
fn split(topic: &str) -> (&str, Option<&str>) {
    match topic.split_once(':') {
        Some((base, symbols)) => (base, Some(symbols)),
        None => (topic, None),
    }
}

/// Removes the suffix `:privateChannel:{userId}`, which pushes of 2019 and 2020 had.
pub(crate) fn without_private_suffix(pushed: &str) -> &str {
    const SUFFIX: &[u8] = b":privateChannel:";
    // Most topics have no colon, so this looks for the byte first, which is faster.
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
    fn topic_matches_only_itself() {
        check("/spotMarket/tradeOrders", "/spotMarket/tradeOrders", Exact);
        check("/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2", None);
        check("/spotMarket/tradeOrdersV2", "/spotMarket/tradeOrders", None);
        check("/account/balance", "/account/snapshotBalance", None);
        check("/account/balance", "", None);
    }

    #[test]
    fn topic_without_symbol_accepts_any_symbol() {
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
    fn symbol_list_accepts_each_symbol() {
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
    fn position_topics_accept_each_other() {
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
    fn private_channel_suffix_is_ignored() {
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
