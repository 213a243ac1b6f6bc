//! Parses a channel request from text such as `order?tradeType=UNIFIED&symbol=BTC-USDT`.

use std::str::FromStr;

use crate::{Channel, ChannelRequest, RequestError};

impl FromStr for ChannelRequest {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        let (channel, parameters) = given.split_once('?').unwrap_or((given, ""));
        let channel: Channel = channel.parse()?;
        let parameters = Parameters::read(channel, parameters)?;
        if channel == Channel::Balance {
            let account_type = parameters.required("accountType", parameters.scope)?;
            return Ok(Self::balance(account_type.parse()?));
        }
        let trade_type = parameters
            .required("tradeType", parameters.scope)?
            .parse()?;
        match parameters.symbol {
            Some(symbol) => Self::for_symbol(channel, trade_type, symbol),
            None => Self::new(channel, trade_type),
        }
    }
}

/// Parameters of a request: each at most once, and only those that the channel takes.
struct Parameters<'t> {
    channel: Channel,
    /// Trade type, or account type of `balance`.
    scope: Option<&'t str>,
    symbol: Option<&'t str>,
}

impl<'t> Parameters<'t> {
    fn read(channel: Channel, text: &'t str) -> Result<Self, RequestError> {
        let mut parameters = Self {
            channel,
            scope: None,
            symbol: None,
        };
        if text.is_empty() {
            return Ok(parameters);
        }
        for part in text.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, slot) = match name {
                "tradeType" if channel != Channel::Balance => ("tradeType", &mut parameters.scope),
                "accountType" if channel == Channel::Balance => {
                    ("accountType", &mut parameters.scope)
                }
                "symbol" if channel.needs_symbol() => ("symbol", &mut parameters.symbol),
                _ => return Err(RequestError::unknown_parameter(channel, name)),
            };
            if slot.replace(value).is_some() {
                return Err(RequestError::RepeatedParameter { parameter: name });
            }
        }
        Ok(parameters)
    }

    fn required(
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
    fn parse_error(given: &str) -> RequestError {
        given.parse::<ChannelRequest>().unwrap_err()
    }

    #[test]
    fn every_example_parses_and_displays_as_itself() {
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
                    [symbol, _] if channel.needs_symbol() => format!("&symbol={symbol}"),
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
    fn parameters_can_come_in_any_order() {
        let request: ChannelRequest = "order?symbol=BTC-USDT&tradeType=UNIFIED".parse().unwrap();
        assert_eq!(request.symbol(), Some("BTC-USDT"));
        assert_eq!(
            request.to_string(),
            "order?tradeType=UNIFIED&symbol=BTC-USDT"
        );
    }

    #[test]
    fn misspelled_name_suggests_the_nearest() {
        for (given, expected) in [
            ("orderall?tradeType=UNIFIED", "orderAll"),
            ("orders?tradeType=UNIFIED", "order"),
            ("execution-lite?tradeType=UNIFIED", "execution.lite"),
            ("balances?accountType=UNIFIED", "balance"),
            ("orderAll?tradeType=UNIFITED", "UNIFIED"),
            ("orderAll?tradeType=futures", "FUTURES"),
            ("balance?accountType=TRADE", "TRADING"),
        ] {
            let RequestError::UnknownName { nearest, .. } = parse_error(given) else {
                panic!("{given}");
            };
            assert_eq!(nearest, Some(expected), "{given}");
        }
    }

    #[test]
    fn empty_or_distant_name_has_no_suggestion() {
        for given in ["", "x?tradeType=UNIFIED", "orderAll?tradeType=nonsense"] {
            let error = parse_error(given);
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
    fn missing_parameter_is_named() {
        for (given, expected) in [
            ("orderAll", "tradeType"),
            ("orderAll?", "tradeType"),
            ("orderAll?tradeType=", "tradeType"),
            ("order?symbol=BTC-USDT", "tradeType"),
            ("order?tradeType=SPOT", "symbol"),
            ("position?tradeType=FUTURES", "symbol"),
            ("balance", "accountType"),
        ] {
            let RequestError::MissingParameter { parameter, .. } = parse_error(given) else {
                panic!("{given}");
            };
            assert_eq!(parameter, expected, "{given}");
        }
    }

    #[test]
    fn parameter_of_another_channel_is_an_error() {
        for (given, expected) in [
            ("orderAll?tradeType=UNIFIED&symbol=BTC-USDT", "symbol"),
            ("balance?tradeType=UNIFIED", "tradeType"),
            ("orderAll?accountType=UNIFIED", "accountType"),
            ("orderAll?UNIFIED", "UNIFIED"),
            ("orderAll?tradeType=UNIFIED&", ""),
            ("orderAll?TradeType=UNIFIED", "TradeType"),
        ] {
            let RequestError::UnknownParameter { given: named, .. } = parse_error(given) else {
                panic!("{given}");
            };
            assert_eq!(named, expected, "{given}");
        }
        assert_eq!(
            parse_error("order?tradeType=SPOT&symbol=A&symbol=B"),
            RequestError::RepeatedParameter {
                parameter: "symbol"
            }
        );
    }

    #[test]
    fn unsupported_type_is_an_error() {
        assert_eq!(
            parse_error("positionAll?tradeType=SPOT"),
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
    fn symbol_must_be_a_single_symbol() {
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
                SymbolProblem::Lowercase {
                    uppercase: "BTC-USDT".into()
                }
            ))
        );
        let too_long = "X".repeat(65);
        for text in [
            "",
            " ",
            "A,B",
            "A B",
            "A&b=c",
            "a\"b",
            "BTC%2DUSDT",
            "A\n",
            &too_long,
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
        fn request_of_any_symbol_parses_back(symbol in "\\PC{1,8}", futures: bool) {
            let trade_type = if futures { TradeType::Futures } else { TradeType::Unified };
            if let Ok(request) = ChannelRequest::for_symbol(Channel::Position, trade_type, &symbol) {
                prop_assert_eq!(request.to_string().parse(), Ok(request));
            }
        }
    }
}
