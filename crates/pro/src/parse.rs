//! From the text that users write to a channel request: `order?tradeType=UNIFIED&symbol=BTC-USDT`.

use std::str::FromStr;

use crate::{Channel, ChannelRequest, RequestError};

impl FromStr for ChannelRequest {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        let (channel, parameters) = given.split_once('?').unwrap_or((given, ""));
        let channel: Channel = channel.parse()?;
        let parameters = Parameters::read(channel, parameters)?;
        if channel == Channel::Balance {
            let account_type = parameters.needed("accountType", parameters.of)?;
            return Ok(Self::balance(account_type.parse()?));
        }
        let trade_type = parameters.needed("tradeType", parameters.of)?.parse()?;
        match parameters.symbol {
            Some(symbol) => Self::for_symbol(channel, trade_type, symbol),
            None => Self::new(channel, trade_type),
        }
    }
}

/// The parameters of a request, each at most once and none that its channel does not take.
struct Parameters<'t> {
    channel: Channel,
    /// The trade type, or the account type of `balance`.
    of: Option<&'t str>,
    symbol: Option<&'t str>,
}

impl<'t> Parameters<'t> {
    fn read(channel: Channel, text: &'t str) -> Result<Self, RequestError> {
        let mut parameters = Self {
            channel,
            of: None,
            symbol: None,
        };
        if text.is_empty() {
            return Ok(parameters);
        }
        for part in text.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, slot) = match name {
                "tradeType" if channel != Channel::Balance => ("tradeType", &mut parameters.of),
                "accountType" if channel == Channel::Balance => ("accountType", &mut parameters.of),
                "symbol" if channel.is_of_one_symbol() => ("symbol", &mut parameters.symbol),
                _ => return Err(RequestError::unknown_parameter(channel, name)),
            };
            if slot.replace(value).is_some() {
                return Err(RequestError::RepeatedParameter { parameter: name });
            }
        }
        Ok(parameters)
    }

    fn needed(
        &self,
        parameter: &'static str,
        value: Option<&'t str>,
    ) -> Result<&'t str, RequestError> {
        value
            .filter(|value| !value.is_empty())
            .ok_or(RequestError::MissingParameter {
                channel: self.channel,
                parameter,
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use kucoin_streams_core::SymbolProblem;

    use crate::symbol::{examples, shape};
    use crate::{AccountType, TradeType};

    #[track_caller]
    fn refusal(given: &str) -> RequestError {
        given.parse::<ChannelRequest>().unwrap_err()
    }

    #[test]
    fn every_example_parses_and_prints_as_itself() {
        for channel in Channel::ALL {
            let request: ChannelRequest = channel.example().parse().unwrap();
            assert_eq!(request.channel(), *channel);
            assert_eq!(request.to_string(), channel.example());
        }
    }

    #[test]
    fn every_documented_type_parses() {
        for channel in Channel::ALL {
            for trade_type in channel.trade_types() {
                let symbol = match examples(shape(*channel, *trade_type)) {
                    [symbol, _] if channel.is_of_one_symbol() => format!("&symbol={symbol}"),
                    _ => String::new(),
                };
                let text = format!("{channel}?tradeType={trade_type}{symbol}");
                let request: ChannelRequest = text.parse().unwrap();
                assert_eq!(request.trade_type(), Some(*trade_type));
                assert_eq!(request.to_string(), text);
            }
        }
        for account_type in AccountType::ALL {
            let text = format!("balance?accountType={account_type}");
            let request: ChannelRequest = text.parse().unwrap();
            assert_eq!(request.account_type(), Some(*account_type));
            assert_eq!(request.trade_type(), None);
            assert_eq!(request, ChannelRequest::balance(*account_type));
        }
    }

    #[test]
    fn parameters_stand_in_any_order() {
        let request: ChannelRequest = "order?symbol=BTC-USDT&tradeType=UNIFIED".parse().unwrap();
        assert_eq!(request.symbol(), Some("BTC-USDT"));
        assert_eq!(
            request.to_string(),
            "order?tradeType=UNIFIED&symbol=BTC-USDT"
        );
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest() {
        for (given, wanted) in [
            ("orderall?tradeType=UNIFIED", "orderAll"),
            ("orders?tradeType=UNIFIED", "order"),
            ("execution-lite?tradeType=UNIFIED", "execution.lite"),
            ("balances?accountType=UNIFIED", "balance"),
            ("orderAll?tradeType=UNIFITED", "UNIFIED"),
            ("orderAll?tradeType=futures", "FUTURES"),
            ("balance?accountType=TRADE", "TRADING"),
        ] {
            let RequestError::UnknownName { nearest, .. } = refusal(given) else {
                panic!("{given}");
            };
            assert_eq!(nearest, Some(wanted), "{given}");
        }
    }

    #[test]
    fn nothing_is_suggested_for_an_empty_or_far_off_name() {
        for given in ["", "x?tradeType=UNIFIED", "orderAll?tradeType=nonsense"] {
            let error = refusal(given);
            let RequestError::UnknownName { nearest, valid, .. } = &error else {
                panic!("{given}");
            };
            assert_eq!(*nearest, None, "{given}");
            let text = error.to_string();
            assert!(
                text.contains(valid[0]) && !text.contains("did you mean"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_missing_parameter_is_named() {
        for (given, wanted) in [
            ("orderAll", "tradeType"),
            ("orderAll?", "tradeType"),
            ("orderAll?tradeType=", "tradeType"),
            ("order?symbol=BTC-USDT", "tradeType"),
            ("order?tradeType=SPOT", "symbol"),
            ("position?tradeType=FUTURES", "symbol"),
            ("balance", "accountType"),
        ] {
            let RequestError::MissingParameter { parameter, .. } = refusal(given) else {
                panic!("{given}");
            };
            assert_eq!(parameter, wanted, "{given}");
        }
    }

    #[test]
    fn a_parameter_of_another_channel_is_refused() {
        for (given, wanted) in [
            ("orderAll?tradeType=UNIFIED&symbol=BTC-USDT", "symbol"),
            ("balance?tradeType=UNIFIED", "tradeType"),
            ("orderAll?accountType=UNIFIED", "accountType"),
            ("orderAll?UNIFIED", "UNIFIED"),
            ("orderAll?tradeType=UNIFIED&", ""),
            ("orderAll?TradeType=UNIFIED", "TradeType"),
        ] {
            let RequestError::UnknownParameter { given: named, .. } = refusal(given) else {
                panic!("{given}");
            };
            assert_eq!(named, wanted, "{given}");
        }
        assert_eq!(
            refusal("order?tradeType=SPOT&symbol=A&symbol=B"),
            RequestError::RepeatedParameter {
                parameter: "symbol"
            }
        );
    }

    #[test]
    fn a_type_that_the_channel_lacks_is_refused() {
        assert_eq!(
            refusal("positionAll?tradeType=SPOT"),
            RequestError::TradeTypeNotOffered {
                channel: Channel::PositionAll,
                trade_type: TradeType::Spot,
            }
        );
        assert!(ChannelRequest::new(Channel::Balance, TradeType::Spot).is_err());
        assert!(ChannelRequest::new(Channel::Order, TradeType::Spot).is_err());
        assert!(ChannelRequest::for_symbol(Channel::OrderAll, TradeType::Spot, "A").is_err());
    }

    #[test]
    fn a_symbol_is_one_symbol() {
        for symbol in [
            "BTC-USDT",
            "XBTUSDTM",
            "1000BONK-USDT",
            "XBTMZ26",
            "币安人生-USDT",
        ] {
            let request = ChannelRequest::for_symbol(Channel::Order, TradeType::Unified, symbol);
            assert_eq!(request.unwrap().symbol(), Some(symbol));
        }
        let case = "order?tradeType=SPOT&symbol=btc-usdt".parse::<ChannelRequest>();
        assert_eq!(
            case,
            Err(RequestError::invalid_symbol(
                "btc-usdt",
                SymbolProblem::Case {
                    capitals: "BTC-USDT".into()
                }
            ))
        );
        let endless = "X".repeat(65);
        for text in [
            "",
            " ",
            "A,B",
            "A B",
            "A&b=c",
            "a\"b",
            "BTC%2DUSDT",
            "A\n",
            &endless,
        ] {
            let request = ChannelRequest::for_symbol(Channel::Order, TradeType::Unified, text);
            assert!(
                matches!(request, Err(RequestError::InvalidSymbol { .. })),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_request_or_an_error(
            text in "\\PC*|(order|position|balance|lw)(\\?(tradeType|accountType|symbol)=[A-Z&=?]*)*"
        ) {
            if let Ok(request) = text.parse::<ChannelRequest>() {
                prop_assert_eq!(request.to_string().parse(), Ok(request));
            }
        }

        #[test]
        fn a_request_of_any_symbol_reads_back_as_itself(symbol in "\\PC{1,8}", futures: bool) {
            let trade_type = if futures { TradeType::Futures } else { TradeType::Unified };
            if let Ok(request) = ChannelRequest::for_symbol(Channel::Position, trade_type, &symbol) {
                prop_assert_eq!(request.to_string().parse(), Ok(request));
            }
        }
    }
}
