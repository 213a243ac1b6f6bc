//! A channel request: its parts, its text form, and the pushes that match it.

use std::fmt;

use kucoin_streams_core::{Text, TopicMatch};
use kucoin_streams_decode::write_string;

use crate::symbol::shape;
use crate::{AccountType, Channel, RequestError, TradeType};

/// Request of one subscription: a channel, a trade type or account type, and a symbol if needed.
///
/// It is the request type of the [`ProV2`](crate::ProV2) protocol. It is displayed and parsed as text such as
/// `orderAll?tradeType=UNIFIED`. Parameters can come in any order; names are case-sensitive.
///
/// ```
/// use kucoin_streams_pro::{AccountType, Channel, ChannelRequest, TradeType};
///
/// let position = ChannelRequest::for_symbol(Channel::Position, TradeType::Futures, "XBTUSDTM")?;
/// assert_eq!(position.to_string(), "position?tradeType=FUTURES&symbol=XBTUSDTM");
/// assert_eq!("position?symbol=XBTUSDTM&tradeType=FUTURES".parse(), Ok(position));
///
/// let balance = ChannelRequest::balance(AccountType::Unified);
/// assert_eq!(balance.to_string(), "balance?accountType=UNIFIED");
///
/// assert!("position?tradeType=FUTURES".parse::<ChannelRequest>().is_err());
/// # Ok::<(), kucoin_streams_pro::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelRequest {
    channel: Channel,
    scope: RequestScope,
    // `Some` exactly if the channel needs a symbol.
    symbol: Option<Text>,
}

/// Trade type or account type of a request.
///
/// The channel `balance` has an account type, every other channel a trade type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum RequestScope {
    Trade(TradeType),
    Account(AccountType),
}

impl RequestScope {
    fn parameter(self) -> &'static str {
        match self {
            Self::Trade(_) => "tradeType",
            Self::Account(_) => "accountType",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Trade(trade_type) => trade_type.as_str(),
            Self::Account(account_type) => account_type.as_str(),
        }
    }
}

impl ChannelRequest {
    /// Returns the request of a channel without a symbol.
    ///
    /// # Errors
    /// Returns an error if the channel needs a symbol, is [`Channel::Balance`], or does not have the trade type.
    pub fn new(channel: Channel, trade_type: TradeType) -> Result<Self, RequestError> {
        Self::with_trade_type(channel, trade_type, None)
    }

    /// Returns the request for one symbol: channel [`Channel::Order`] or [`Channel::Position`].
    ///
    /// Write the symbol exactly as KuCoin does, in upper case: KuCoin acknowledges an unknown symbol and then pushes
    /// nothing.
    ///
    /// # Errors
    /// Returns an error if the channel takes no symbol or does not have the trade type, or if `symbol` cannot be a
    /// symbol.
    pub fn for_symbol(
        channel: Channel,
        trade_type: TradeType,
        symbol: &str,
    ) -> Result<Self, RequestError> {
        Self::with_trade_type(channel, trade_type, Some(symbol))
    }

    /// Returns the request of a channel that takes no symbol and has every trade type.
    pub(crate) const fn all_symbols(channel: Channel, trade_type: TradeType) -> Self {
        Self {
            channel,
            scope: RequestScope::Trade(trade_type),
            symbol: None,
        }
    }

    /// Returns the request for the balances of an account.
    pub const fn balance(account_type: AccountType) -> Self {
        Self {
            channel: Channel::Balance,
            scope: RequestScope::Account(account_type),
            symbol: None,
        }
    }

    fn with_trade_type(
        channel: Channel,
        trade_type: TradeType,
        symbol: Option<&str>,
    ) -> Result<Self, RequestError> {
        if channel == Channel::Balance {
            return Err(RequestError::unknown_parameter(channel, "tradeType"));
        }
        if !channel.trade_types().contains(&trade_type) {
            return Err(RequestError::TradeTypeNotOffered {
                channel,
                trade_type,
            });
        }
        let symbol = match symbol {
            Some(_) if !channel.needs_symbol() => {
                return Err(RequestError::unknown_parameter(channel, "symbol"));
            }
            None if channel.needs_symbol() => {
                return Err(RequestError::MissingParameter {
                    channel,
                    parameter: "symbol",
                });
            }
            Some(symbol) => match shape(channel, trade_type).check(symbol) {
                Ok(()) => Some(Text::new(symbol)),
                Err(problem) => return Err(RequestError::invalid_symbol(symbol, problem)),
            },
            None => None,
        };
        Ok(Self {
            channel,
            scope: RequestScope::Trade(trade_type),
            symbol,
        })
    }

    /// Returns the channel.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// Returns the trade type; `None` for [`Channel::Balance`].
    pub const fn trade_type(&self) -> Option<TradeType> {
        match self.scope {
            RequestScope::Trade(trade_type) => Some(trade_type),
            RequestScope::Account(_) => None,
        }
    }

    /// Returns the account type; `None` unless the channel is [`Channel::Balance`].
    pub const fn account_type(&self) -> Option<AccountType> {
        match self.scope {
            RequestScope::Trade(_) => None,
            RequestScope::Account(account_type) => Some(account_type),
        }
    }

    /// Returns the symbol; `None` if the channel takes none.
    pub fn symbol(&self) -> Option<&str> {
        self.symbol.as_deref()
    }

    /// Returns how a push topic (`T`) matches this request.
    ///
    /// `T` is the channel, a dot and the type. The channel can contain a dot, the type cannot.
    ///
    /// - [`Exact`](TopicMatch::Exact): same channel and type, and the request has no symbol.
    /// - [`Fallback`](TopicMatch::Fallback) for a request with a symbol: `T` does not name the symbol, so all requests
    ///   with this channel and type get the push, and each decodes only the events of its own symbol. No event is lost
    ///   or reaches a request twice.
    /// - [`Fallback`](TopicMatch::Fallback) for an alternative name: `risk` for the channel `lw`, `TRADING` and `SPOT`
    ///   for each other as account types.
    /// - [`None`](TopicMatch::None) otherwise, also for `orderAll` and `order` or `positionAll` and `position`: KuCoin
    ///   pushes each subscription under its own name, so a match would duplicate events.
    pub fn match_topic(&self, pushed: &str) -> TopicMatch {
        let Some((channel, suffix)) = pushed.rsplit_once('.') else {
            return TopicMatch::None;
        };
        let by_symbol = match self.symbol {
            Some(_) => TopicMatch::Fallback,
            None => TopicMatch::Exact,
        };
        weakest([
            self.match_channel(channel),
            self.match_scope(suffix),
            by_symbol,
        ])
    }

    fn match_channel(&self, pushed: &str) -> TopicMatch {
        match self.channel {
            channel if channel.as_str() == pushed => TopicMatch::Exact,
            Channel::LiquidationWarning if pushed == "risk" => TopicMatch::Fallback,
            _ => TopicMatch::None,
        }
    }

    fn match_scope(&self, pushed: &str) -> TopicMatch {
        match (self.scope, pushed) {
            (scope, pushed) if scope.as_str() == pushed => TopicMatch::Exact,
            (RequestScope::Account(AccountType::Spot), "TRADING")
            | (RequestScope::Account(AccountType::Trading), "SPOT") => TopicMatch::Fallback,
            _ => TopicMatch::None,
        }
    }

    /// Appends channel, trade type or account type, and symbol to a request frame.
    pub(crate) fn write_members(&self, out: &mut String) {
        let scope = (self.scope.parameter(), self.scope.as_str());
        let symbol = self.symbol().map(|symbol| ("symbol", symbol));
        let members = [
            Some(("channel", self.channel.as_str())),
            Some(scope),
            symbol,
        ];
        for (key, text) in members.into_iter().flatten() {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            write_string(out, text);
        }
    }
}

/// Writes text such as `order?tradeType=UNIFIED&symbol=BTC-USDT`.
impl fmt::Display for ChannelRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, scope, .. } = self;
        let mut text = format!("{channel}?{}={}", scope.parameter(), scope.as_str());
        if let Some(symbol) = self.symbol() {
            text.push_str("&symbol=");
            text.push_str(symbol);
        }
        f.pad(&text)
    }
}

fn weakest<const N: usize>(all: [TopicMatch; N]) -> TopicMatch {
    if all.contains(&TopicMatch::None) {
        TopicMatch::None
    } else if all.contains(&TopicMatch::Fallback) {
        TopicMatch::Fallback
    } else {
        TopicMatch::Exact
    }
}

#[cfg(test)]
mod tests {
    use TopicMatch::{Exact, Fallback, None};

    use super::*;

    #[track_caller]
    fn check(request: &str, pushed: &str, expected: TopicMatch) {
        let request: ChannelRequest = request.parse().unwrap();
        assert_eq!(
            request.match_topic(pushed),
            expected,
            "{request} <- {pushed}"
        );
    }

    #[test]
    fn type_is_after_the_last_dot() {
        check("execution?tradeType=UNIFIED", "execution.UNIFIED", Exact);
        check(
            "execution?tradeType=UNIFIED",
            "execution.lite.UNIFIED",
            None,
        );
        check(
            "execution.lite?tradeType=UNIFIED",
            "execution.lite.UNIFIED",
            Exact,
        );
        check(
            "execution.lite?tradeType=UNIFIED",
            "execution.UNIFIED",
            None,
        );
        check("execution.lite?tradeType=UNIFIED", "execution.lite", None);
        check("execution?tradeType=UNIFIED", "execution.", None);
        check("execution?tradeType=UNIFIED", ".UNIFIED", None);
        check("execution?tradeType=UNIFIED", "execution", None);
        check("execution?tradeType=UNIFIED", "", None);
    }

    #[test]
    fn push_of_another_type_or_case_does_not_match() {
        check("orderAll?tradeType=UNIFIED", "orderAll.SPOT", None);
        check("orderAll?tradeType=UNIFIED", "orderall.UNIFIED", None);
        check("balance?accountType=FUNDING", "balance.UNIFIED", None);
    }

    #[test]
    fn symbol_request_is_a_fallback_on_its_own_channel_only() {
        let order = "order?tradeType=UNIFIED&symbol=BTC-USDT";
        check(order, "order.UNIFIED", Fallback);
        check(order, "orderAll.UNIFIED", None);
        check("orderAll?tradeType=UNIFIED", "order.UNIFIED", None);
        let position = "position?tradeType=FUTURES&symbol=XBTUSDTM";
        check(position, "position.FUTURES", Fallback);
        check(position, "position.UNIFIED", None);
        check(position, "positionAll.FUTURES", None);
        check("positionAll?tradeType=FUTURES", "position.FUTURES", None);
    }

    #[test]
    fn alternative_name_is_a_fallback() {
        check("lw?tradeType=UNIFIED", "lw.UNIFIED", Exact);
        check("lw?tradeType=UNIFIED", "risk.UNIFIED", Fallback);
        check("lw?tradeType=UNIFIED", "risk.FUTURES", None);
        check("leverage?tradeType=UNIFIED", "risk.UNIFIED", None);
        check("balance?accountType=SPOT", "balance.SPOT", Exact);
        check("balance?accountType=SPOT", "balance.TRADING", Fallback);
        check("balance?accountType=TRADING", "balance.SPOT", Fallback);
        check("orderAll?tradeType=SPOT", "orderAll.TRADING", None);
    }

    /// Every valid request, with two symbols for each channel that needs one.
    fn all() -> Vec<ChannelRequest> {
        let mut all = Vec::new();
        for channel in Channel::ALL {
            for trade_type in channel.trade_types() {
                if channel.needs_symbol() {
                    for symbol in crate::symbol::examples(shape(*channel, *trade_type)) {
                        let request = ChannelRequest::for_symbol(*channel, *trade_type, symbol);
                        all.push(request.unwrap());
                    }
                } else {
                    all.push(ChannelRequest::new(*channel, *trade_type).unwrap());
                }
            }
        }
        all.extend(
            AccountType::ALL
                .iter()
                .map(|account| ChannelRequest::balance(*account)),
        );
        all
    }

    #[test]
    fn push_reaches_exactly_its_own_requests() {
        let all = all();
        for request in &all {
            let pushed = format!("{}.{}", request.channel, request.scope.as_str());
            let matching = |expected: TopicMatch| -> Vec<&ChannelRequest> {
                all.iter()
                    .filter(|other| other.match_topic(&pushed) == expected)
                    .collect()
            };
            // A client routes to fallbacks only if there is no exact match.
            let mut routed = matching(Exact);
            if routed.is_empty() {
                routed = matching(Fallback);
            }
            let same = |other: &&ChannelRequest| {
                other.channel == request.channel && other.scope == request.scope
            };
            let expected: Vec<&ChannelRequest> = all.iter().filter(same).collect();
            assert_eq!(routed, expected, "{pushed}");
        }
    }

    #[test]
    fn all_requests_are_distinct() {
        let all = all();
        let distinct: std::collections::HashSet<&ChannelRequest> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        let texts: std::collections::HashSet<String> =
            all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
    }

    #[test]
    fn display_honors_alignment() {
        let request = ChannelRequest::balance(AccountType::Unified);
        assert_eq!(format!("{request:>28}"), " balance?accountType=UNIFIED");
    }
}
