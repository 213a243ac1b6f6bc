//! What may be asked of the channels, and how the server says no.

use serde_json::{Map, Value};

use super::frames::Refusal;
use super::streams::{CHANNELS, Channel, PARTS, Part};
use crate::fault::UnknownSymbols;
use crate::{CONTRACTS, SYMBOLS};

/// A request for one channel that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The request as users write it.
    pub(super) written: String,
    /// The request under which pushes find it, which differs from what is written for the older name
    /// of an account only.
    pub(super) served: String,
}

/// The name of the classic spot account in older documents.
const TRADING: &str = "TRADING";

/// Channels of public data, which other hosts serve.
const PUBLIC: [&str; 6] = [
    "ticker",
    "kline",
    "trade",
    "obu",
    "mark-price",
    "funding-fee",
];

/// Reads the parameters of a subscription.
pub(super) fn parse(
    parameters: &Map<String, Value>,
    unknown_symbols: UnknownSymbols,
) -> Result<Asked, Refusal> {
    let text = |key: &str| parameters.get(key).map(Value::as_str);
    let Some(Some(name)) = text("channel") else {
        return Err(Refusal::invalid());
    };
    if PUBLIC.contains(&name) {
        return Err(not_allowed(name, "public"));
    }
    let channel = CHANNELS.into_iter().find(|known| known.as_str() == name);
    let channel = channel.ok_or_else(Refusal::invalid)?;
    if parameters.contains_key("symbols") {
        let text = format!("symbols are not supported for topic {name}");
        return Err(Refusal::Reason(text));
    }
    let (part, asked) = match text(channel.parameter()) {
        None => return Err(missing(channel.parameter(), name)),
        Some(None) => return Err(Refusal::invalid()),
        Some(Some(asked)) if channel == Channel::Balance && asked.eq_ignore_ascii_case(TRADING) => {
            (Part::Spot, TRADING)
        }
        Some(Some(asked)) => {
            let named = |part: &Part| part.as_str().eq_ignore_ascii_case(asked);
            let part = PARTS.into_iter().find(named);
            (part.ok_or_else(Refusal::invalid)?, asked)
        }
    };
    if !channel.parts().contains(&part) {
        return Err(not_allowed(name, part.as_str()));
    }
    let symbol = match text("symbol") {
        _ if !channel.needs_symbol() => None,
        None | Some(Some("")) => return Err(missing("symbol", name)),
        Some(None) => return Err(Refusal::invalid()),
        Some(symbol) => symbol,
    };
    let known = |symbol: &str| SYMBOLS.contains(&symbol) || CONTRACTS.contains(&symbol);
    let unknown = symbol.filter(|symbol| !known(symbol));
    if let (Some(symbol), UnknownSymbols::Refuse) = (unknown, unknown_symbols) {
        return Err(not_found(name, symbol));
    }
    let served = channel.of(part).written(symbol);
    let written = match asked {
        TRADING => served.replace(Part::Spot.as_str(), TRADING),
        _ => served.clone(),
    };
    Ok(Asked { written, served })
}

/// The server names channels with a capital in front.
fn missing(parameter: &str, channel: &str) -> Refusal {
    let mut name = channel.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Refusal::Reason(format!("missing `{parameter}` for topic: {name}"))
}

/// In the words of the other refusals: how KuCoin would say it is not known, as it acknowledges such requests.
fn not_found(channel: &str, symbol: &str) -> Refusal {
    let text = format!("topic {channel} symbol = \"{symbol}\" is not found");
    Refusal::Reason(text)
}

fn not_allowed(channel: &str, kind: &str) -> Refusal {
    let text = format!("topic {channel} type = \"{kind}\" not allowed in current environment");
    Refusal::Reason(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(parameters: &str) -> Result<String, String> {
        let parameters = serde_json::from_str(parameters).unwrap();
        match parse(&parameters, UnknownSymbols::Acknowledge) {
            Ok(asked) => Ok(asked.written),
            Err(Refusal::Message(text) | Refusal::Reason(text)) => Err(text),
        }
    }

    #[test]
    fn trade_and_account_types_are_taken_in_any_case() {
        for (request, expected) in [
            (
                r#"{"channel":"orderAll","tradeType":"unified"}"#,
                "orderAll?tradeType=UNIFIED",
            ),
            (
                r#"{"channel":"balance","accountType":"Unified"}"#,
                "balance?accountType=UNIFIED",
            ),
            (
                r#"{"channel":"balance","accountType":"trading"}"#,
                "balance?accountType=TRADING",
            ),
        ] {
            assert_eq!(asked(request), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn refusals_say_what_is_missing_or_wrong() {
        let invalid = "invalid request data";
        let table = [
            (r#"{}"#, invalid),
            (r#"{"channel":"orders","tradeType":"UNIFIED"}"#, invalid),
            (r#"{"channel":"orderAll","tradeType":7}"#, invalid),
            (r#"{"channel":"orderAll","tradeType":"TRADING"}"#, invalid),
            (
                r#"{"channel":"order","tradeType":"SPOT","symbol":1}"#,
                invalid,
            ),
            (
                r#"{"channel":"orderAll"}"#,
                "missing `tradeType` for topic: OrderAll",
            ),
            (
                r#"{"channel":"balance","tradeType":"UNIFIED"}"#,
                "missing `accountType` for topic: Balance",
            ),
            (
                r#"{"channel":"position","tradeType":"FUTURES"}"#,
                "missing `symbol` for topic: Position",
            ),
            (
                r#"{"channel":"order","tradeType":"SPOT","symbol":""}"#,
                "missing `symbol` for topic: Order",
            ),
            (
                r#"{"channel":"positionAll","tradeType":"SPOT"}"#,
                "topic positionAll type = \"SPOT\" not allowed in current environment",
            ),
            (
                r#"{"channel":"orderAll","tradeType":"FUNDING"}"#,
                "topic orderAll type = \"FUNDING\" not allowed in current environment",
            ),
            (
                r#"{"channel":"obu","tradeType":"SPOT","symbol":"BTC-USDT"}"#,
                "topic obu type = \"public\" not allowed in current environment",
            ),
            (
                r#"{"channel":"order","tradeType":"SPOT","symbols":["BTC-USDT"]}"#,
                "symbols are not supported for topic order",
            ),
        ];
        for (request, expected) in table {
            assert_eq!(asked(request), Err(expected.to_owned()), "{request}");
        }
    }
}
