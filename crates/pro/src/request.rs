//! One channel request: what it holds, how users write it, and which pushes belong to it.

use std::fmt;

use kucoin_streams_core::{Text, TopicMatch};
use kucoin_streams_decode::write_string;

use crate::symbol::shape;
use crate::{AccountType, Channel, RequestError, TradeType};

/// What one subscription asks for: a channel, the trading or the account that it is of, and the symbol where the
/// channel is of one symbol. It is the request of the [`ProV2`](crate::ProV2) protocol.
///
/// It prints, and parses, as users write it: `orderAll?tradeType=UNIFIED`. Parameters may stand in any order;
/// names are taken in the exchange's case only.
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
    of: Of,
    // Present exactly where the channel is of one symbol.
    symbol: Option<Text>,
}

/// Which part of the account: `balance` is of an account, every other channel of a trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Of {
    Trade(TradeType),
    Account(AccountType),
}

impl Of {
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
    /// A channel of all symbols.
    ///
    /// # Errors
    /// Where the channel is of one symbol, is [`Channel::Balance`], or has no such trade type.
    pub fn new(channel: Channel, trade_type: TradeType) -> Result<Self, RequestError> {
        Self::of_trade(channel, trade_type, None)
    }

    /// A channel of one symbol, [`Channel::Order`] or [`Channel::Position`].
    ///
    /// Write the symbol in the exchange's spelling, which has capitals only: the exchange acknowledges a symbol
    /// that it does not know, and then pushes nothing.
    ///
    /// # Errors
    /// Where the channel is not of one symbol or has no such trade type, or the text cannot be a symbol.
    pub fn for_symbol(
        channel: Channel,
        trade_type: TradeType,
        symbol: &str,
    ) -> Result<Self, RequestError> {
        Self::of_trade(channel, trade_type, Some(symbol))
    }

    /// A channel of all symbols that is known to have every trade type.
    pub(crate) const fn of_all(channel: Channel, trade_type: TradeType) -> Self {
        Self {
            channel,
            of: Of::Trade(trade_type),
            symbol: None,
        }
    }

    /// The balances of an account.
    pub const fn balance(account_type: AccountType) -> Self {
        Self {
            channel: Channel::Balance,
            of: Of::Account(account_type),
            symbol: None,
        }
    }

    fn of_trade(
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
            Some(_) if !channel.is_of_one_symbol() => {
                return Err(RequestError::unknown_parameter(channel, "symbol"));
            }
            None if channel.is_of_one_symbol() => {
                return Err(RequestError::MissingParameter {
                    channel,
                    parameter: "symbol",
                });
            }
            Some(symbol) => match shape(channel, trade_type).flaw(symbol) {
                Some(flaw) => return Err(RequestError::invalid_symbol(symbol, flaw)),
                None => Some(Text::new(symbol)),
            },
            None => None,
        };
        Ok(Self {
            channel,
            of: Of::Trade(trade_type),
            symbol,
        })
    }

    /// What is pushed.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// Which trading it is of; `None` for [`Channel::Balance`].
    pub const fn trade_type(&self) -> Option<TradeType> {
        match self.of {
            Of::Trade(trade_type) => Some(trade_type),
            Of::Account(_) => None,
        }
    }

    /// Which account it is of; `None` for any channel but [`Channel::Balance`].
    pub const fn account_type(&self) -> Option<AccountType> {
        match self.of {
            Of::Trade(_) => None,
            Of::Account(account_type) => Some(account_type),
        }
    }

    /// The one symbol that it is of; `None` where it is of all.
    pub fn symbol(&self) -> Option<&str> {
        self.symbol.as_deref()
    }

    /// Whether a push under `pushed` (its `T`) belongs to this request.
    ///
    /// `T` is channel and type with a dot between them; a channel's own name may hold a dot, a type's does not.
    ///
    /// - Exact: this channel and type, where the request is of all symbols.
    /// - Fallback, a request of one symbol: `T` does not name the symbol, so every such request of the channel and
    ///   type gets the push, and each decodes only the events of its own symbol. None of them is ever served
    ///   exactly, so none hides the push from another; nothing is lost, and no event reaches a request twice.
    /// - Fallback, another name for the same: `risk` for `lw`, `TRADING` and `SPOT` for each other.
    /// - Not at all: `orderAll` for `order` or `positionAll` for `position`, nor the reverse. The exchange pushes
    ///   each subscription under its own name, so that anything else would give events twice.
    pub fn match_topic(&self, pushed: &str) -> TopicMatch {
        let Some((channel, of)) = pushed.rsplit_once('.') else {
            return TopicMatch::None;
        };
        let by_symbol = match self.symbol {
            Some(_) => TopicMatch::Fallback,
            None => TopicMatch::Exact,
        };
        weakest([
            self.serves_channel(channel),
            self.serves_type(of),
            by_symbol,
        ])
    }

    fn serves_channel(&self, pushed: &str) -> TopicMatch {
        match self.channel {
            channel if channel.as_str() == pushed => TopicMatch::Exact,
            Channel::LiquidationWarning if pushed == "risk" => TopicMatch::Fallback,
            _ => TopicMatch::None,
        }
    }

    fn serves_type(&self, pushed: &str) -> TopicMatch {
        match (self.of, pushed) {
            (of, pushed) if of.as_str() == pushed => TopicMatch::Exact,
            (Of::Account(AccountType::Spot), "TRADING")
            | (Of::Account(AccountType::Trading), "SPOT") => TopicMatch::Fallback,
            _ => TopicMatch::None,
        }
    }

    /// Appends the members of a request frame that say what is asked for.
    pub(crate) fn push_members(&self, out: &mut String) {
        let of = (self.of.parameter(), self.of.as_str());
        let symbol = self.symbol().map(|symbol| ("symbol", symbol));
        let members = [Some(("channel", self.channel.as_str())), Some(of), symbol];
        for (key, text) in members.into_iter().flatten() {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            write_string(out, text);
        }
    }
}

/// As users write it: `order?tradeType=UNIFIED&symbol=BTC-USDT`.
impl fmt::Display for ChannelRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, of, .. } = self;
        let mut text = format!("{channel}?{}={}", of.parameter(), of.as_str());
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
    fn the_type_stands_behind_the_last_dot() {
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
    fn a_push_of_another_type_or_case_is_none_of_ours() {
        check("orderAll?tradeType=UNIFIED", "orderAll.SPOT", None);
        check("orderAll?tradeType=UNIFIED", "orderall.UNIFIED", None);
        check("balance?accountType=FUNDING", "balance.UNIFIED", None);
    }

    #[test]
    fn a_symbol_may_be_anyones_under_its_channel_and_nobodys_under_the_channel_of_all() {
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
    fn another_name_for_the_same_is_taken_while_nobody_bears_it() {
        check("lw?tradeType=UNIFIED", "lw.UNIFIED", Exact);
        check("lw?tradeType=UNIFIED", "risk.UNIFIED", Fallback);
        check("lw?tradeType=UNIFIED", "risk.FUTURES", None);
        check("leverage?tradeType=UNIFIED", "risk.UNIFIED", None);
        check("balance?accountType=SPOT", "balance.SPOT", Exact);
        check("balance?accountType=SPOT", "balance.TRADING", Fallback);
        check("balance?accountType=TRADING", "balance.SPOT", Fallback);
        check("orderAll?tradeType=SPOT", "orderAll.TRADING", None);
    }

    /// Every request that can be made, of two symbols where there is one.
    fn all() -> Vec<ChannelRequest> {
        let mut all = Vec::new();
        for channel in Channel::ALL {
            for trade_type in channel.trade_types() {
                if channel.is_of_one_symbol() {
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
                .map(|of| ChannelRequest::balance(*of)),
        );
        all
    }

    #[test]
    fn with_every_request_in_force_each_push_reaches_all_its_requests_and_no_other() {
        let all = all();
        for asked in &all {
            let pushed = format!("{}.{}", asked.channel, asked.of.as_str());
            let served = |wanted: TopicMatch| -> Vec<&ChannelRequest> {
                all.iter()
                    .filter(|other| other.match_topic(&pushed) == wanted)
                    .collect()
            };
            // As a client routes: loosely only where nobody is served exactly.
            let mut served_by = served(Exact);
            if served_by.is_empty() {
                served_by = served(Fallback);
            }
            let same =
                |other: &&ChannelRequest| other.channel == asked.channel && other.of == asked.of;
            let wanted: Vec<&ChannelRequest> = all.iter().filter(same).collect();
            assert_eq!(served_by, wanted, "{pushed}");
        }
    }

    #[test]
    fn equal_requests_are_one_and_others_are_not() {
        let all = all();
        let distinct: std::collections::HashSet<&ChannelRequest> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        let texts: std::collections::HashSet<String> =
            all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
    }

    #[test]
    fn a_request_can_be_aligned() {
        let request = ChannelRequest::balance(AccountType::Unified);
        assert_eq!(format!("{request:>28}"), " balance?accountType=UNIFIED");
    }
}
