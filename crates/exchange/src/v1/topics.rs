//! The topics of the spot host, and what may be asked of them.

/// Order changes, without `received`.
pub(crate) const ORDERS: &str = "/spotMarket/tradeOrders";
/// Order changes, `received` included.
pub(crate) const ORDERS_V2: &str = "/spotMarket/tradeOrdersV2";
/// Balance changes.
pub(crate) const BALANCE: &str = "/account/balance";
/// Stop orders.
pub(crate) const STOP_ORDERS: &str = "/spotMarket/advancedOrders";

/// The private topics that are served here.
pub(crate) const PRIVATE: [&str; 4] = [ORDERS, ORDERS_V2, BALANCE, STOP_ORDERS];

/// Public families that are taken and stay silent: this exchange has no public market data.
const PUBLIC: [&str; 5] = [
    "/market/ticker:",
    "/market/match:",
    "/market/level2:",
    "/market/snapshot:",
    "/market/candles:",
];

/// Topics that one subscribe message may name.
const MAX_PER_MESSAGE: usize = 100;

/// What a topic string turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// One of [`PRIVATE`].
    Private(&'static str),
    /// Public topics, one for each symbol of a comma list.
    Public(Vec<String>),
}

/// Why a topic is refused: code and text as KuCoin sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(code: u16, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// Reads the `topic` of a subscribe or unsubscribe message.
pub(crate) fn parse(topic: Option<&str>) -> Result<Asked, Refusal> {
    let Some(topic) = topic.filter(|topic| !topic.is_empty()) else {
        return Err(Refusal::new(406, "topic is required"));
    };
    if !topic.starts_with('/') || topic.contains(char::is_whitespace) || topic.len() > 4096 {
        return Err(Refusal::new(400, format!("topic {topic} is invalid")));
    }
    if let Some(known) = PRIVATE.into_iter().find(|known| *known == topic) {
        return Ok(Asked::Private(known));
    }
    let family = PUBLIC.into_iter().find(|family| topic.starts_with(family));
    let Some((family, symbols)) =
        family.and_then(|family| Some((family, topic.strip_prefix(family)?)))
    else {
        return Err(Refusal::new(404, format!("topic {topic} is not found")));
    };
    let symbols: Vec<&str> = symbols.split(',').collect();
    if symbols.iter().any(|symbol| symbol.is_empty()) {
        return Err(Refusal::new(400, format!("topic {topic} is invalid")));
    }
    if symbols.len() > MAX_PER_MESSAGE {
        let text =
            format!("exceed max subscription count limitation of {MAX_PER_MESSAGE} per time");
        return Err(Refusal::new(509, text));
    }
    Ok(Asked::Public(
        symbols
            .iter()
            .map(|symbol| format!("{family}{symbol}"))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(topic: Option<&str>) -> u16 {
        parse(topic).unwrap_err().code
    }

    #[test]
    fn every_private_topic_is_found() {
        for topic in PRIVATE {
            assert_eq!(parse(Some(topic)), Ok(Asked::Private(topic)));
        }
    }

    #[test]
    fn refuses_with_the_codes_of_kucoin() {
        assert_eq!(code(None), 406);
        assert_eq!(code(Some("")), 406);
        assert_eq!(code(Some("account/balance")), 400);
        assert_eq!(code(Some("/market/match: BTC-USDT")), 400);
        assert_eq!(code(Some("/account/balances")), 404);
        assert_eq!(code(Some("/account/balance,/spotMarket/tradeOrders")), 404);
        let many = format!("/market/match:{}", vec!["A-B"; 101].join(","));
        assert_eq!(code(Some(&many)), 509);
    }

    #[test]
    fn comma_lists_are_for_market_topics() {
        let asked = parse(Some("/market/match:BTC-USDT,ETH-USDT")).unwrap();
        let topics = ["/market/match:BTC-USDT", "/market/match:ETH-USDT"];
        assert_eq!(asked, Asked::Public(topics.map(str::to_owned).to_vec()));
    }
}
