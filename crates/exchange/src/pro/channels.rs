//! Subscription parameters of the channels, and refusals.

use serde_json::{Map, Value};

use super::frames::Refusal;
use super::streams::{ACCOUNT_TYPES, AccountType, CHANNELS, Channel};
use crate::fault::UnknownSymbols;
use crate::{CONTRACTS, SYMBOLS};

/// A valid request for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelRequest {
    /// The request as written by the client, for example `balance?accountType=TRADING`.
    pub(super) requested: String,
    /// The request that pushes are matched with.
    ///
    /// It differs from `requested` only for the old name of the spot account.
    pub(super) canonical: String,
}

/// Name of the classic spot account in older documentation.
const TRADING: &str = "TRADING";

/// Public channels; KuCoin serves them on other hosts.
const PUBLIC: [&str; 6] = [
    "ticker",
    "kline",
    "trade",
    "obu",
    "mark-price",
    "funding-fee",
];

/// Parses the parameters of a subscription.
pub(super) fn parse(
    parameters: &Map<String, Value>,
    unknown_symbols: UnknownSymbols,
) -> Result<ChannelRequest, Refusal> {
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
    let (account_type, type_name) = match text(channel.parameter()) {
        None => return Err(missing(channel.parameter(), name)),
        Some(None) => return Err(Refusal::invalid()),
        Some(Some(type_name))
            if channel == Channel::Balance && type_name.eq_ignore_ascii_case(TRADING) =>
        {
            (AccountType::Spot, TRADING)
        }
        Some(Some(type_name)) => {
            let named =
                |account_type: &AccountType| account_type.as_str().eq_ignore_ascii_case(type_name);
            let account_type = ACCOUNT_TYPES.into_iter().find(named);
            (account_type.ok_or_else(Refusal::invalid)?, type_name)
        }
    };
    if !channel.account_types().contains(&account_type) {
        return Err(not_allowed(name, account_type.as_str()));
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
    let canonical = channel.of(account_type).request_text(symbol);
    let requested = match type_name {
        TRADING => canonical.replace(AccountType::Spot.as_str(), TRADING),
        _ => canonical.clone(),
    };
    Ok(ChannelRequest {
        requested,
        canonical,
    })
}

/// Returns the refusal for a missing parameter; KuCoin capitalises the channel name in this text.
fn missing(parameter: &str, channel: &str) -> Refusal {
    let mut name = channel.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Refusal::Reason(format!("missing `{parameter}` for topic: {name}"))
}

/// Returns the refusal for an unknown symbol.
///
/// It is worded like the other refusals. KuCoin's own text is unknown, because KuCoin acknowledges such requests.
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

    fn requested(parameters: &str) -> Result<String, String> {
        let parameters = serde_json::from_str(parameters).unwrap();
        match parse(&parameters, UnknownSymbols::Acknowledge) {
            Ok(request) => Ok(request.requested),
            Err(Refusal::Message(text) | Refusal::Reason(text)) => Err(text),
        }
    }

    #[test]
    fn trade_and_account_types_ignore_case() {
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
            assert_eq!(requested(request), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn refusal_names_the_missing_or_invalid_parameter() {
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
            assert_eq!(requested(request), Err(expected.to_owned()), "{request}");
        }
    }
}
